"""Whatever callable a user gives: a coroutine function is awaited, a plain one runs where it holds up nobody else."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from cybernetic.core import real_time

Aside = Callable[..., Awaitable[Any]]
"""Runs a function with arguments in a thread: `Agent.run_blocking`."""


async def made(target: Callable[..., Any], aside: Aside, /, *args: Any, **keywords: Any) -> Any:
    """What `target(*args, **keywords)` comes to; an awaitable result is awaited.

    What is no coroutine function runs by `aside`, so whoever waits may give it up: the thread goes on to its end then,
    as nothing can stop it, and what it gives is dropped. On a loop whose time is simulated it runs at once: that time
    stands still meanwhile.
    """
    if is_async(target) or not real_time(asyncio.get_running_loop()):
        value = target(*args, **keywords)
    else:
        value = await aside(partial(target, *args, **keywords))
    return await value if isawaitable(value) else value


def is_async(target: Callable[..., Any]) -> bool:
    """Whether calling `target` only makes a coroutine."""
    return iscoroutinefunction(target) or iscoroutinefunction(getattr(target, "__call__", None))  # noqa: B004
