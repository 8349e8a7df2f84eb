"""Two kinds of suspects, of which only one is handled at a time: those before their last trial, and the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary


class Sides:
    """Lets in any number of one side, and nobody of the other meanwhile."""

    def __init__(self) -> None:
        self._inside = {True: 0, False: 0}
        self._left = asyncio.Event()

    @asynccontextmanager
    async def side(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait until nobody of the other side is inside, and be inside."""
        while self._inside[not alone]:
            await self._left.wait()
        self._inside[alone] += 1
        try:
            yield
        finally:
            self._inside[alone] -= 1
            if not self._inside[alone]:
                self._left.set()
                self._left = asyncio.Event()


_benches: WeakKeyDictionary[asyncio.AbstractEventLoop, Sides] = WeakKeyDictionary()


def bench() -> Sides:
    """Where the suspects of the process sit, of whatever gateway, so that an end of it speaks for who is apart."""
    return _benches.setdefault(asyncio.get_running_loop(), Sides())
