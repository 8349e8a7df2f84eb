"""Restarts, paced: when many units of a level die together they do not all come back in the same moment."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.supervision import Backoff
from cybernetic.vsm.damping.pacer import Pacer

RATE = 20.0  # operations of a level that are restarted in a second, on one node
BURST = 20.0  # of them at once, after a calm

_turnstiles: WeakKeyDictionary[Any, dict[str, "Turnstile"]] = WeakKeyDictionary()


class Turnstile(Backoff):
    """Gives each restart of a level its turn: at once while they are few, so many a second in a storm, with jitter.

    It is shared by the supervisors of all units of the level in the process, and asks nobody: restarts are paced with
    system 2 dead as well. In any `w` seconds it lets through `RATE * w + BURST` at most, and one for the jitter.
    """

    __slots__ = ("_pacer",)

    _pacer: Pacer

    def __init__(self) -> None:
        super().__init__(1.0 / RATE, 1.0 / RATE)
        object.__setattr__(self, "_pacer", Pacer(RATE, BURST))

    def delay(self, attempt: int, chance: float = 0.0) -> float:
        """Seconds until the turn of a restart; `chance` spreads those that have to wait within their turns."""
        now = asyncio.get_running_loop().time()
        pacer, at = self._pacer.grant(max(now, self._pacer.seen or now))
        object.__setattr__(self, "_pacer", pacer)
        return 0.0 if at <= now else at - now + chance / RATE


def turnstile(system: Any, level: str) -> Turnstile:
    """That of the level at a path, in this process."""
    known = _turnstiles.setdefault(system, {})
    return known.setdefault(level, Turnstile())
