"""What a delivery may have to wait for before it is handled: those before it with its key, and those that caused it."""

import asyncio
from collections.abc import Hashable
from typing import NamedTuple

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


class _Behind(NamedTuple):
    """What a delivery waits for that is being handled, or is to come again; until when; how it is told to go on."""

    cause: Dot
    deadline: float
    go: "asyncio.Future[None]"


class Causality:
    """Holds deliveries until those that caused them are over, bounded in number and time.

    Args:
        held: how many may wait, at least 0; one more, and the oldest goes on.
        wait: for how many seconds each, >= 0.
    """

    def __init__(self, held: int, wait: float) -> None:
        self._buffer: CausalBuffer[Waiter] = CausalBuffer(held, wait)
        self._held, self._wait = held, wait
        self._working: dict[Dot, asyncio.Future[bool]] = {}
        self._for: dict[
            Dot, _Behind
        ] = {}  # who waits for whom, of those that are being handled; the oldest first
        self._away: dict[Dot, asyncio.TimerHandle] = {}  # those that came, and are to come again
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, dot: Dot, causes: tuple[Dot, ...]) -> tuple[Dot, ...]:
        """Wait until the causes of `dot` are over; those that were not in time. Call `leave(dot, ...)` afterwards."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        self._stop_waiting(dot)
        self._working.setdefault(
            dot, loop.create_future()
        )  # before waiting: those it causes wait for it in turn
        self._let_go(self._buffer.offer(dot, causes, waiter, loop.time()))
        self._bound()
        missing = await waiter
        for cause in causes:
            working = self._working.get(cause)
            if working is None or cause == dot or cause in missing:
                continue
            if self._waits_for(cause, dot) or not await self._over(dot, cause, working):
                missing = (*missing, cause)
        return missing

    async def _over(self, dot: Dot, cause: Dot, working: "asyncio.Future[bool]") -> bool:
        """Wait until a cause is over that is being handled; False: it was given up, or its place is needed."""
        loop = asyncio.get_running_loop()
        mine = self._for[dot] = _Behind(cause, loop.time() + self._wait, loop.create_future())
        self._bound()
        try:
            await asyncio.wait((working, mine.go), return_when=asyncio.FIRST_COMPLETED)
            return working.done() and working.result()
        finally:
            if self._for.get(dot) is mine:
                del self._for[dot]

    def _bound(self) -> None:
        """Let the oldest go on where more wait than may: else no credit would be left for what they wait for."""
        while len(self._buffer) + len(self._for) > self._held:
            held, behind = self._buffer.deadline, next(iter(self._for.items()), None)
            if behind is None or (held is not None and held <= behind[1].deadline):
                self._let_go(self._buffer.crowded())
                continue
            dot, waiting = behind
            del self._for[dot]
            if not waiting.go.done():
                waiting.go.set_result(None)

    def _waits_for(self, one: Dot | None, other: Dot) -> bool:
        """Whether one waits for the other, perhaps by way of more: two that name each other must not both wait."""
        while one is not None and one != other:
            behind = self._for.get(one)
            one = None if behind is None else behind.cause
        return one is not None

    def leave(self, dot: Dot, *, over: bool) -> None:
        """`dot` was handled; or (`over=False`) it comes again: what it caused waits for that, for the usual time."""
        if over:
            self.done(dot)
        elif dot in self._working and dot not in self._away:
            self._away[dot] = asyncio.get_running_loop().call_later(self._wait, self._end, dot, False)
            if len(self._away) > self._held:
                self._end(next(iter(self._away)), False)

    def done(self, dot: Dot) -> None:
        """`dot` was handled."""
        self._end(dot, True)

    def _end(self, dot: Dot, came: bool) -> None:
        self._stop_waiting(dot)
        working = self._working.pop(dot, None)
        if working is not None and not working.done():
            working.set_result(came)

    def _stop_waiting(self, dot: Dot) -> None:
        timer = self._away.pop(dot, None)
        if timer is not None:
            timer.cancel()

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
