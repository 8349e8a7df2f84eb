"""The ways in which a body is run, and what is written down of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from cybernetic import Agent, System

Body = Callable[[Any], Coroutine[Any, Any, Any]]
Stage = Callable[[Any, "Run"], Coroutine[Any, Any, None]]


class Outcome(NamedTuple):
    """What a body noted, each line with its time, and how it ended."""

    lines: tuple[Any, ...]
    end: tuple[Any, ...]


class Run:
    """One run of a body: tells its task apart, writes down what it does."""

    def __init__(self, body: Body, cancelled_at: tuple[float, ...]) -> None:
        self._body, self._cancelled_at = body, cancelled_at
        self._loop = asyncio.get_running_loop()
        self._lines: list[Any] = []
        self._began = 0.0
        self._end: tuple[Any, ...] = ("never",)
        self.over = asyncio.Event()

    def note(self, *what: Any) -> None:
        """Write a line."""
        self._lines.append((round(self._loop.time() - self._began, 6), *what))

    async def whole(self) -> None:
        """Run the body in the task that is current; whoever is to cancel it will find that task."""
        task = asyncio.current_task()
        assert task is not None
        self._began = self._loop.time()
        timers = [self._loop.call_later(at, task.cancel, f"at {at}") for at in self._cancelled_at]
        try:
            self._end = ("returned", await self._body(self.note))
        except BaseException as error:
            self._end = ("raised", *_described(error))
        finally:
            for timer in timers:
                timer.cancel()
            self._end += (round(self._loop.time() - self._began, 6), task.cancelling())
            self.over.set()

    async def outcome(self) -> Outcome:
        """What came of it."""
        await self.over.wait()
        await asyncio.sleep(0)
        return Outcome(tuple(self._lines), self._end)


def _described(error: BaseException) -> tuple[Any, ...]:
    """An exception and what led to it, without what differs from run to run."""
    inner = tuple(_described(e) for e in error.exceptions) if isinstance(error, BaseExceptionGroup) else ()
    led = tuple(None if e is None else type(e).__name__ for e in (error.__cause__, error.__context__))
    text = "" if inner else str(error)
    if text.startswith("Cancelled via cancel scope"):  # anyio's words name an address in memory
        text = "by a scope"
    return (type(error).__name__, text, inner, led)


async def as_task(body: Body, cancelled_at: tuple[float, ...] = ()) -> Outcome:
    """The measure of all: run under `asyncio.create_task`."""
    run = Run(body, cancelled_at)
    task = asyncio.create_task(run.whole())
    found = await run.outcome()
    await asyncio.gather(task, return_exceptions=True)
    return found


async def inline(_: Any, run: Run) -> None:
    """As a handler whose first step is the body's first step."""
    await run.whole()


async def parked(_: Any, run: Run) -> None:
    """As a handler that has suspended before."""
    await asyncio.sleep(1)
    await run.whole()


class Host(Agent):
    """Runs bodies as handlers."""

    async def host(self, stage: Stage, run: Run) -> None:
        await stage(self, run)


async def under_agent(
    stage: Stage, body: Body, cancelled_at: tuple[float, ...] = (), *, inline: bool = True
) -> Outcome:
    """Run a body as the handler of an agent."""
    async with System(inline=inline) as system:
        host = await system.start(Host)
        run = Run(body, cancelled_at)
        host.cast(Host.host, stage, run)
        return await run.outcome()
