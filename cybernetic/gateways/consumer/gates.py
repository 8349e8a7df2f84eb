"""What a delivery may have to wait for before it is handled: those before it with its key, and those that caused it."""

import asyncio
from collections.abc import Hashable

from cybernetic.gateways.envelope import CausalBuffer, Dot, Released

Waiter = asyncio.Future[tuple[Dot, ...]]


class Lanes:
    """One at a time of each key, in the order they came."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Future[None]] = {}

    def join(self, key: Hashable) -> tuple["asyncio.Future[None] | None", "asyncio.Future[None]"]:
        """Stand in the lane of `key`: what to wait for (None: nothing), and what to give to `leave`."""
        before = self._last.get(key)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[key] = mine
        return before, mine

    def leave(self, key: Hashable, mine: "asyncio.Future[None]") -> None:
        """Let the next one of `key` go."""
        if self._last.get(key) is mine:
            del self._last[key]
        if not mine.done():
            mine.set_result(None)


class Causality:
    """Holds deliveries until those that caused them are done, bounded in number and time.

    Args:
        held: how many may be held, at least 0.
        wait: for how many seconds each, >= 0.
    """

    def __init__(self, held: int, wait: float) -> None:
        self._buffer: CausalBuffer[Waiter] = CausalBuffer(held, wait)
        self._working: dict[Dot, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, dot: Dot, causes: tuple[Dot, ...]) -> tuple[Dot, ...]:
        """Wait until the causes of `dot` are done; those that did not come in time. Call `done(dot)` afterwards."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        self._working.setdefault(
            dot, loop.create_future()
        )  # before waiting: those it causes wait for it in turn
        self._let_go(self._buffer.offer(dot, causes, waiter, loop.time()))
        missing = await waiter
        for cause in causes:
            working = self._working.get(cause)
            if working is not None and cause != dot and cause not in missing:
                await working
        return missing

    def done(self, dot: Dot) -> None:
        """`dot` was handled."""
        working = self._working.pop(dot, None)
        if working is not None and not working.done():
            working.set_result(None)

    def _let_go(self, released: list[Released[Waiter]]) -> None:
        for one in released:
            if not one.item.done():
                one.item.set_result(one.missing)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._buffer.deadline
        loop = asyncio.get_running_loop()
        self._timer = None if deadline is None else loop.call_at(deadline, self._time_over)

    def _time_over(self) -> None:
        self._timer = None
        self._let_go(self._buffer.due(asyncio.get_running_loop().time()))
