"""How many are handled at a time where a process may end of one of them: of suspects the fewer, the more there is."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

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


class Ward:
    """Lets some in, first come, first served: never more together than any one of them allows."""

    def __init__(self) -> None:
        self._inside: Counter[int] = Counter()  # how many that allow so many
        self._count = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def place(self, together: int) -> AsyncIterator[None]:
        """Wait for a place among at most `together`, and have it inside."""
        if self._waiting or not self._fits(together):
            await self._turn(together)
        else:
            self._enter(together)
        try:
            yield
        finally:
            self._leave(together)

    async def _turn(self, together: int) -> None:
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((together, come))
        try:
            await come
        except asyncio.CancelledError:
            if come.done() and not come.cancelled():  # the place was given, and is not wanted any more
                self._leave(together)
            elif (together, come) in self._waiting:
                self._waiting.remove((together, come))
                self._let_in()  # who waited behind it may fit
            raise

    def _enter(self, together: int) -> None:
        self._inside[together] += 1
        self._count += 1

    def _leave(self, together: int) -> None:
        self._count -= 1
        self._inside[together] -= 1
        if not self._inside[together]:
            del self._inside[together]
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            next_, come = self._waiting.popleft()
            if not come.done():
                self._enter(next_)
                come.set_result(None)

    def _fits(self, together: int) -> bool:
        return self._count < min((together, *self._inside))


_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, Ward] = WeakKeyDictionary()


def door() -> Ward:
    """What all handlers of the process go through, of whatever gateway, so that one can be handled alone."""
    return _doors.setdefault(asyncio.get_running_loop(), Ward())
