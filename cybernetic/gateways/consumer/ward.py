"""How many are handled at a time where a process may end of one of them: of suspects the fewer, the more there is."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from math import inf
from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from cybernetic.gateways.consumer.entrance import Entrance

N = TypeVar("N", int, float)

MANY = 1 << 62  # beside these as many as like may be


def beside(crashes: int, most: int, prefetch: int) -> int:
    """How many suspects may be handled at a time, one of which may have caused so many crashes.

    Half of all, a quarter, and so on, as one looks for a fault; and alone when the next crash is the last: a process
    that ended for another reason must be no fault of those that were being handled.
    """
    return 1 if last(crashes, most) else max(1, prefetch >> crashes)


def last(crashes: int, most: int) -> bool:
    """Whether one that may have caused so many crashes is parked after the next."""
    return crashes >= most - 1


class Place(NamedTuple):
    """A place among at most `together`, for `seconds` at most; inf: nobody knows."""

    together: int
    seconds: float


class Taken(NamedTuple):
    """A place that is taken, among at most `together`, until `end` at the latest, by the loop's time."""

    together: int
    end: float


class Ward(Entrance[Place, Taken]):
    """Lets some in, first come, first served: never more together than any one of them allows.

    Who has to be outside again before the last of those that are inside has to be goes past those who wait. So one
    that needs it empty has it by when all that it found there have to be outside, and who comes meanwhile waits for
    that no longer than it may be inside itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self._inside: Counter[int] = Counter()  # how many that allow so many
        self._ends: Counter[float] = Counter()  # when they have to be outside again, where that is known
        self._count = 0

    def place(self, together: int, seconds: float = inf) -> AbstractAsyncContextManager[None]:
        """Wait for a place among at most `together`, and have it inside, for `seconds` at most."""
        return self.entered(Place(together, seconds))

    def _fits(self, who: Place) -> bool:
        return self._count < min((who.together, *self._inside))

    def _passes(self, who: Place) -> bool:
        return asyncio.get_running_loop().time() + who.seconds < max(self._ends, default=0.0)

    def _enter(self, who: Place) -> Taken:
        end = who.seconds
        if end < inf:
            end += asyncio.get_running_loop().time()
            self._ends[end] += 1
        self._inside[who.together] += 1
        self._count += 1
        return Taken(who.together, end)

    def _leave(self, entered: Taken) -> None:
        self._count -= 1
        _less(self._inside, entered.together)
        if entered.end < inf:
            _less(self._ends, entered.end)


def _less(counter: Counter[N], one: N) -> None:
    """Take one out, and forget what none is left of."""
    counter[one] -= 1
    if not counter[one]:
        del counter[one]


_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, Ward] = WeakKeyDictionary()


def door() -> Ward:
    """What all handlers of the process go through, of whatever gateway, so that one can be handled alone."""
    return _doors.setdefault(asyncio.get_running_loop(), Ward())
