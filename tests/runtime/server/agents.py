"""What these tests share: small agents, and a person outside who listens."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, Down, Normal, Reason, Ref, Refusal, System


class Boom(Exception):
    """What handlers of these tests raise when they crash."""


class No(Refusal):
    """What handlers of these tests raise when they refuse."""


class Counter(Agent):
    """The counter of the README."""

    def __init__(self, start: int = 0) -> None:
        self.value = start

    def add(self, by: int = 1) -> int:
        self.value += by
        return self.value

    async def add_slowly(self, by: int, seconds: float) -> int:
        await asyncio.sleep(seconds)
        self.value += by
        return self.value

    def crash(self, text: str = "boom") -> None:
        raise Boom(text)

    def refuse(self, text: str = "no") -> None:
        raise No(text)

    def get(self) -> int:
        return self.value


class Journal(Agent):
    """Writes down all it is told, and what comes to `receive`."""

    def __init__(self, lines: list[Any] | None = None) -> None:
        self.lines: list[Any] = [] if lines is None else lines

    def note(self, line: Any) -> int:
        self.lines.append(line)
        return len(self.lines)

    async def note_slowly(self, line: Any, seconds: float = 1.0) -> int:
        self.lines.append(("begin", line))
        await asyncio.sleep(seconds)
        self.lines.append(("end", line))
        return len(self.lines)

    def receive(self, message: Any) -> None:
        self.lines.append(message)

    def read(self) -> list[Any]:
        return list(self.lines)


class Doer(Agent):
    """Does in a turn of its own what a test asks for; traps exits if told to, and keeps what `receive` gets."""

    def __init__(self, traps: bool = False) -> None:
        self.trap_exit = traps
        self.got: list[Any] = []

    def do(self, job: Callable[["Doer"], Any]) -> Any:
        return job(self)

    def receive(self, message: Any) -> None:
        self.got.append(message)


class Witness(Journal):
    """Starts agents for the tests, monitors them, and keeps each `Down`."""

    def begin(self, cls: Any, *args: Any) -> Ref[Any]:
        ref, _ = self.spawn(cls, *args, monitor=True)
        return ref

    def watch(self, ref: Ref[Any]) -> None:
        self.monitor(ref)


def now() -> float:
    """The loop's time, in seconds."""
    return asyncio.get_running_loop().time()


async def passes(count: int = 5) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def ending(system: System, ref: Any) -> "asyncio.Task[Reason]":
    """A task that waits already for the end of `ref`."""
    task = asyncio.create_task(system.wait(ref))
    await asyncio.sleep(0)
    return task


async def reason_of_end(system: System, cls: Any, *args: Any) -> Reason:
    """Spawn an agent that is to end by itself, and return why it did."""
    witness = await system.start(Witness)
    await witness.call(Witness.begin, cls, *args)
    await asyncio.sleep(600)
    (down,) = await witness.call(Witness.read)
    assert isinstance(down, Down)
    await witness.stop(Normal())
    return down.reason


async def failure_of(awaitable: Any) -> Reason:
    """The reason inside the `CallFailed` that awaiting raises."""
    with pytest.raises(CallFailed) as caught:
        await awaitable
    reason: Reason = caught.value.reason
    return reason


def reports(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """The crash reports that were logged."""
    return [record.report for record in caplog.records if hasattr(record, "report")]


def texts(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """What the library logged at `level` or above."""
    return [r.getMessage() for r in caplog.records if r.levelno >= level and r.name.startswith("cybernetic")]
