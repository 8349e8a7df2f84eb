"""Letting in, first come, first served, whoever fits beside those who are inside."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

W = TypeVar("W")
T = TypeVar("T")


class Entrance(Generic[W, T]):
    """An entrance whose subclass says who fits; who comes first goes first, so that nobody waits for ever.

    A subclass has `_fits`, `_enter` and `_leave`, and `_passes` where some may go past those who wait.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[W, asyncio.Future[T]]] = deque()

    @asynccontextmanager
    async def entered(self, who: W) -> AsyncIterator[None]:
        """Wait until `who` fits, and be inside."""
        if self._fits(who) and (not self._waiting or self._passes(who)):
            pass_ = self._enter(who)
        else:
            pass_ = await self._turn(who)
        try:
            yield
        finally:
            self._leave(pass_)
            self._let_in()

    async def _turn(self, who: W) -> T:
        come: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((who, come))
        try:
            return await come
        except asyncio.CancelledError:
            if come.done() and not come.cancelled():  # it was let in, and does not want it any more
                self._leave(come.result())
            elif (who, come) in self._waiting:
                self._waiting.remove((who, come))
            self._let_in()  # who waited behind it may fit
            raise

    def _let_in(self) -> None:
        before = len(self._waiting)
        while self._waiting and self._fits(self._waiting[0][0]):
            self._admit(*self._waiting.popleft())
        if len(self._waiting) < before:
            # another is the first now: who could not pass the one before may pass it
            for who, come in tuple(self._waiting):
                if self._fits(who) and self._passes(who):
                    self._waiting.remove((who, come))
                    self._admit(who, come)

    def _admit(self, who: W, come: "asyncio.Future[T]") -> None:
        if not come.done():  # else it has given up
            come.set_result(self._enter(who))

    def _fits(self, who: W) -> bool:
        """Whether `who` may be inside, too."""
        raise NotImplementedError

    def _passes(self, who: W) -> bool:
        """Whether `who`, who fits, may go past those who wait."""
        return False

    def _enter(self, who: W) -> T:
        """Note that `who` is inside; what `_leave` is given then."""
        raise NotImplementedError

    def _leave(self, entered: T) -> None:
        """Note that one is not inside any more."""
        raise NotImplementedError
