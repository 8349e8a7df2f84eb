"""How much of what is asked of an agent it does in one turn of the loop: many small things, or a large one."""

import asyncio
from collections.abc import Callable
from typing import Any

from cybernetic.core import loop_clock

_EACH = 3  # places that might have been handled in the time that anything takes besides
_BYTES = 24  # that a place takes, in a frame or the journal: few take less
_LONG = 0.005  # seconds of a turn after which nothing more is begun, as what edits do besides is not known


class Pace:
    """Counts what is done in this turn of the loop, up to `most` places. Lives on the loop it is made on."""

    def __init__(self, most: int) -> None:
        self._loop, self._most = asyncio.get_running_loop(), most
        self._clock = loop_clock(self._loop)
        self._done = 0
        self._since: float | None = None  # when the first of this turn was begun

    def full(self) -> bool:
        """Whether the next thing is for another turn; asked before each. If not, it counts as begun."""
        if self._since is None:
            self._since = self._clock()
            self._loop.call_soon(self._over)
        elif self._done >= self._most or self._clock() - self._since >= _LONG:
            return True
        self._done += _EACH
        return False

    def did(self, data: object) -> None:
        """A change of these bytes, none if they are very many, or a frame that came, has been dealt with."""
        size = len(data) if isinstance(data, bytes) else 0
        self._done += size // _BYTES if size else self._most

    def do(self, handler: Callable[..., Any], *args: Any) -> Any:
        """Call `handler` in this turn, or in the next as a coroutine: messages after the one at hand wait for that."""
        return self._later(handler, *args) if self.full() else handler(*args)

    async def turn(self) -> None:
        """Wait until there is room for the next thing, which is begun then."""
        while self.full():
            await asyncio.sleep(0)

    async def _later(self, handler: Callable[..., Any], *args: Any) -> Any:
        await self.turn()
        return handler(*args)

    def _over(self) -> None:
        self._done, self._since = 0, None
