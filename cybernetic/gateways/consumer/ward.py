"""How many suspects are handled at a time: the fewer, the more processes they have taken along."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def beside(crashes: int, most: int, prefetch: int) -> int:
    """How many suspects may be handled at a time, one of which may have caused so many crashes.

    Half of all, a quarter ... and alone for the last three times before it would be parked: a process that ended for
    another reason must be no fault of those that were being handled.
    """
    return 1 if crashes >= most - 3 else max(1, prefetch >> crashes)


class Ward:
    """Lets suspects in, first come, first served: never more together than any one of them allows."""

    def __init__(self) -> None:
        self._inside: list[int] = []
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def place(self, together: int) -> AsyncIterator[None]:
        """Wait for a place among at most `together`, and have it inside."""
        if self._waiting or not self._fits(together):
            await self._turn(together)
        else:
            self._inside.append(together)
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
            raise

    def _leave(self, together: int) -> None:
        self._inside.remove(together)
        while self._waiting and self._fits(self._waiting[0][0]):
            next_, come = self._waiting.popleft()
            if not come.done():
                self._inside.append(next_)
                come.set_result(None)

    def _fits(self, together: int) -> bool:
        return len(self._inside) < min((together, *self._inside))
