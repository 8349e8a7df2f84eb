"""Restarts, paced: when many units of a level die together they do not all come back in the same moment."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.supervision import Backoff
from cybernetic.vsm.damping.pacer import Pacer

RATE = 20.0  # operations of a level that are restarted in a second, on one node
BURST = 20.0  # of them at once, after a calm
BRIEF = 0.01  # seconds that an operation must have lived to be back at once when it dies
STEADY = 30.0  # seconds that others must have
AGAIN = Backoff(0.2, 10.0, jitter=0.2, reset_after=STEADY)
"""Growing pauses, of what does not start, or does not stay."""

_begun: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_gates: WeakKeyDictionary[Any, dict[str, "Gate"]] = WeakKeyDictionary()


def begin(system: Any, level: str) -> None:
    """All units of the level at a path have begun, once: from now on what does not start there is tried again."""
    _begun.setdefault(system, set()).add(level)


def has_begun(system: Any, level: str) -> bool:
    """Whether all units of a level have begun before, in this process."""
    return level in _begun.get(system, ())


def forget(system: Any, top: str) -> None:
    """A top is started, and does not begin anew: what does not start in it, or in the levels within, is told to who
    starts it.
    """
    known = _begun.get(system, set())
    known -= {one for one in known if f"{one}/".startswith(f"{top}/")}


class Gate:
    """Gives each restart of a level its turn: in any `w` seconds `RATE * w + BURST` at most."""

    def __init__(self) -> None:
        self._pacer = Pacer(RATE, BURST)

    def wait(self) -> float:
        """Seconds until the next turn, which is taken; 0 while they are few."""
        now = asyncio.get_running_loop().time()
        self._pacer, at = self._pacer.grant(max(now, self._pacer.seen or now))
        return max(0.0, at - now)


class Turnstile(Backoff):
    """Gives each restart of a level its turn: at once while they are few, so many a second in a storm, with jitter.
    What does not start even so waits besides, longer each time (`AGAIN`).

    The gate is shared by the supervisors of all units of the level in the process, and asks nobody: restarts are paced
    with system 2 dead as well. In any `w` seconds it lets through `RATE * w + BURST` at most, and one for the jitter;
    those that wait besides come later than that.

    Args:
        gate: that of the level.
        reset_after: how long who is restarted must have lived to be forgiven, in seconds, > 0.
    """

    __slots__ = ("_gate",)

    _gate: Gate

    def __init__(self, gate: Gate, reset_after: float = BRIEF) -> None:
        super().__init__(1.0 / RATE, 1.0 / RATE, reset_after=reset_after)
        object.__setattr__(self, "_gate", gate)

    def delay(self, attempt: int, chance: float = 0.0) -> float:
        """Seconds until restart number `attempt` of a row, counted from 0; `chance` spreads those that have to wait."""
        turn = self._gate.wait()
        spread = turn + chance / RATE if turn else 0.0
        return spread + (AGAIN.delay(attempt - 1, chance) if attempt else 0.0)


def turnstile(system: Any, level: str, reset_after: float = BRIEF) -> Turnstile:
    """One before the gate of the level at a path, in this process."""
    return Turnstile(_gates.setdefault(system, {}).setdefault(level, Gate()), reset_after)
