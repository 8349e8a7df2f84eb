"""A stream of tasks: lazy, bounded, in order or not, and clean however it is left (statements TK-9 to TK-12)."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from dataclasses import replace
from typing import Any

from cybernetic.core import CallTimeout, OptionError
from cybernetic.supervision.job import Job
from cybernetic.supervision.outcome import Done, Failed, TimedOut

END: Any = object()  # what a source gives when it has no more


class Source:
    """The items of a stream, from an iterable of either kind, taken one at a time."""

    __slots__ = ("_items", "_next", "asynchronous")

    def __init__(self, items: Any) -> None:
        self.asynchronous = isinstance(items, AsyncIterable)
        if not self.asynchronous and not isinstance(items, Iterable):
            raise OptionError("items", "an iterable, or an asynchronous one", items)
        self._items = aiter(items) if self.asynchronous else iter(items)

    def take(self) -> Any:
        """The next item, or `END`. Raises what the source raises."""
        return next(self._items, END)

    async def take_later(self) -> Any:
        """The next item of an asynchronous source, or `END`. Raises what the source raises."""
        return await anext(self._items, END)

    async def close(self) -> None:
        """Run the source's own cleanup, if it has any."""
        if self.asynchronous:
            close = getattr(self._items, "aclose", None)
            if close is not None:
                await close()
        else:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()


class Flow:
    """One stream at work. It looks at one end of a task at a time, so that it never takes more than it must."""

    def __init__(
        self,
        source: Source,
        start: Callable[[Any], Job[Any]],
        concurrency: int,
        ordered: bool,
        seconds: float | None,
        tolerant: bool,
    ) -> None:
        self._source, self._start = source, start
        self._concurrency, self._ordered = concurrency, ordered
        self._seconds, self._tolerant = seconds, tolerant
        self._taken = 0
        self._running: dict[Job[Any], tuple[int, Any, asyncio.TimerHandle | None]] = {}
        self._ended: deque[Job[Any]] = deque()
        self._late: set[Job[Any]] = set()
        self._pull: asyncio.Task[Any] | None = None  # the next item, on its way
        self._news = asyncio.Event()
        self._dry = False  # the source has no more

    async def results(self) -> AsyncGenerator[Done[Any] | Failed, None]:
        """The outcomes, one for each item."""
        kept: dict[int, Done[Any] | Failed] = {}  # those that wait for earlier ones
        due = 0
        try:
            while (ended := await self._next_end()) is not None:
                position, outcome = ended
                if not self._ordered:
                    yield outcome
                    continue
                kept[position] = outcome
                while due in kept:
                    due += 1
                    yield kept.pop(due - 1)
        finally:
            await self._close()

    async def _next_end(self) -> tuple[int, Done[Any] | Failed] | None:
        """Keep as many tasks running as may run until one ends; None when there is nothing more to come."""
        while True:
            self._fill()
            if self._ended:
                return self._judge(self._ended.popleft())
            if not self._running and self._pull is None:
                return None
            self._news.clear()
            await self._news.wait()

    def _fill(self) -> None:
        """Take items and start tasks, as long as there are both items and room."""
        while not self._dry and len(self._running) < self._concurrency:
            if not self._source.asynchronous:
                item = self._source.take()
            elif self._pull is None:
                self._pull = asyncio.ensure_future(self._source.take_later())
                self._pull.add_done_callback(lambda _: self._news.set())
                return
            elif self._pull.done():
                pull, self._pull = self._pull, None
                item = pull.result()
            else:
                return
            if item is END:
                self._dry = True
            else:
                self._begin(item)

    def _begin(self, item: Any) -> None:
        job = self._start(item)
        late = None
        if self._seconds is not None:
            late = asyncio.get_running_loop().call_later(self._seconds, self._too_late, job)
        self._running[job] = (self._taken, item, late)
        self._taken += 1
        job.when_ended(self._has_ended)

    def _has_ended(self, job: Job[Any]) -> None:
        self._ended.append(job)
        self._news.set()

    def _too_late(self, job: Job[Any]) -> None:
        if not job.done():
            self._late.add(job)
            job.drop()

    def _judge(self, job: Job[Any]) -> tuple[int, Done[Any] | Failed]:
        """What a task's end means. Raises `CallTimeout` if that is wanted, or why there was no task at all."""
        position, item, late = self._running.pop(job)
        if late is not None:
            late.cancel()
        if job in self._late:
            self._late.discard(job)
            seconds = self._seconds or 0.0
            if not self._tolerant:
                raise CallTimeout(job.ref, job.what, seconds)
            return position, Failed(TimedOut(seconds), item)
        outcome = job.outcome()
        if isinstance(outcome, Failed):
            job.ignore()  # takes back the message that an owner who traps exits would get
            outcome = replace(outcome, item=item)
        return position, outcome

    async def _close(self) -> None:
        """Kill what still runs, wait until it is gone, and close the source."""
        for job, (_, _, late) in self._running.items():
            if late is not None:
                late.cancel()
            job.drop()
        if self._pull is not None:
            self._pull.cancel()
            await asyncio.gather(self._pull, return_exceptions=True)
        for job in self._running:
            await job.gone()
        await self._source.close()
