"""What an operation can be seen to do from outside while it is at a task: without a sign for too long, it hangs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.core import Refusal
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.operations.messages import Intervention

LONG = 600.0  # seconds without a sign, where a unit has no limits for its `cycle_time`
MISSES = 2  # so many times as long as a task may take: the fourth principle allows two periods


@dataclass(frozen=True, slots=True)
class Circling:
    """An operation goes on with a task (its id) although it was told that it is in a loop (`error`)."""

    task: str
    error: Refusal


class Progress:
    """The signs of one life of an operation.

    While it waits at a port it does not hang: a port has a time-out of its own. While it waits for a lease it is
    given `LONG` at the least, for others are at work meanwhile.
    """

    def __init__(self) -> None:
        self._at, self._ports, self._turns = 0.0, 0, 0

    def port(self, by: int, now: float) -> None:
        """It goes to a port (1), or comes from there (-1)."""
        self._ports, self._at = self._ports + by, now

    def turn(self, by: int, now: float) -> None:
        """It begins to wait for a lease (1), or ends to (-1)."""
        self._turns, self._at = self._turns + by, now

    def hangs(self, since: float, limit: float, now: float) -> float:
        """Seconds without a sign, of an operation that is at a task since then, if these are too many; else 0."""
        allowed = inf if self._ports else max(limit, LONG) if self._turns else limit
        silent = now - max(since, self._at)
        return silent if silent >= allowed else 0.0


def limit_of(indices: Sequence[Index]) -> float:
    """Seconds without a sign after which an operation with such `indices` hangs."""
    limits = [one.limits[1] for one in indices if one.name == "cycle_time" and one.limits is not None]
    return MISSES * limits[0] if limits else LONG


def outlasts(one: Intervention, since: float, now: float) -> bool:
    """Whether an operation that is replaced now, as an index of its unit is out of bounds, was at a task (`since` then,
    seconds) also in the rung before, in which it was suspended: what was begun after that is younger by far than the
    time for which a rung stands. Where somebody asked for it nothing is known against the task.
    """
    stands = one.until - now
    return bool(one.index) and 0.0 < stands / 2 < now - since


_seen: WeakKeyDictionary[Any, dict[str, Progress]] = WeakKeyDictionary()


def begin_progress(system: Any, path: str) -> Progress:
    """A life of the operation at a path begins: who manages it, in the same process, sees its signs."""
    found = _seen.setdefault(system, {})[path] = Progress()
    return found


def progress_at(system: Any, path: str) -> Progress:
    """The signs of the operation at a path; one that was never at work has given none."""
    return _seen.get(system, {}).get(path) or Progress()
