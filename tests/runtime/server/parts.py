"""What the bodies are made of: small coroutines, a context manager, a generator."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

Note = Callable[..., None]

NUMBER: ContextVar[int] = ContextVar("number", default=0)


class Wrong(Exception):
    """What some bodies raise."""


def this_task() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task


async def slowly(note: Note, seconds: float) -> int:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        note("slowly cancelled")  # in which order, a task group does not say
        raise
    return int(seconds)


async def fails_after(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise Wrong(f"after {seconds}")


async def read_and_set() -> int:
    found = NUMBER.get()
    NUMBER.set(100)
    await asyncio.sleep(0)
    return found


async def current() -> Any:
    return asyncio.current_task()


async def say(note: Note, what: str) -> None:
    await asyncio.sleep(1)
    note(what)


@contextlib.asynccontextmanager
async def block(note: Note) -> AsyncIterator[int]:
    await asyncio.sleep(1)
    try:
        yield 10
    finally:
        note("block left")
        await asyncio.sleep(1)


async def numbers(note: Note) -> AsyncIterator[int]:
    try:
        for i in range(4):
            await asyncio.sleep(1)
            yield i
    finally:
        note("numbers closed")


def bodies_of(module: dict[str, Any]) -> list[Any]:
    """The bodies that a module defines, by name."""
    return [
        thing
        for _, thing in sorted(module.items())
        if asyncio.iscoroutinefunction(thing) and thing.__module__ == module["__name__"]
    ]
