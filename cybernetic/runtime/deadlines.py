"""Deadlines of calls: calls with equal time-outs share one queue under one timer, instead of a timer each."""

import asyncio
from collections.abc import Callable
from typing import Any

MANY = 1000  # pending replies; beyond, they expire in bunches, as finding the first costs a walk past those answered
GRAIN = 0.005  # seconds between two bunches


class Deadlines:
    """The pending replies of one system, grouped by time-out, first due first.

    A group is a dict in order of insertion, which is the order of deadlines as all its members wait equally long;
    an answered reply leaves at once. `expire(reply, seconds)` is called for each that was not answered in time.
    """

    __slots__ = ("_clock", "_expire", "_groups", "_loop", "_timers")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        expire: Callable[[Any, float], None],
    ) -> None:
        self._loop, self._clock, self._expire = loop, clock, expire
        self._groups: dict[float, dict[Any, None]] = {}
        self._timers: dict[float, asyncio.TimerHandle] = {}

    def add(self, reply: Any, seconds: float) -> None:
        """Let `reply` expire in `seconds`."""
        reply.deadline = deadline = self._clock() + seconds
        group = self._groups.get(seconds)
        if group is None:
            group = self._groups[seconds] = {}
            self._timers[seconds] = self._loop.call_at(deadline, self._due, seconds)
        group[reply] = None
        reply._pending = group

    def _due(self, seconds: float) -> None:
        group, now = self._groups[seconds], self._clock()
        over: list[Any] = []
        for reply in group:
            if reply.deadline > now:
                when = reply.deadline if len(group) < MANY else max(reply.deadline, now + GRAIN)
                self._timers[seconds] = self._loop.call_at(when, self._due, seconds)
                break
            over.append(reply)
        else:
            del self._groups[seconds], self._timers[seconds]
        for reply in over:
            group.pop(reply, None)
            reply._pending = None
            self._expire(reply, seconds)

    def close(self) -> None:
        """Cancel the timers; pending replies never expire."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._groups.clear()
