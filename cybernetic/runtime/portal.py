"""The door for other threads: call, cast and run on the system's event loop (`System.portal`)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from cybernetic.core import OptionError, PortalMisused
from cybernetic.runtime.address import Address

A = TypeVar("A")
P = ParamSpec("P")
R = TypeVar("R")


class Portal:
    """What `System.portal()` gives to other threads. Its methods may be used from any thread but the loop's own."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(
        self, ref: Address[A], method: Callable[Concatenate[A, P], Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        """`await ref.call(method, ...)` for a thread: blocks until the answer is there; raises as `call` does.

        The time-out is the address's own: `portal.call(ref.within(30), Counter.add, 1)`.
        """
        return self.run(lambda: ref.call(method, *args, **kwargs))

    def cast(
        self, ref: Address[A], method: Callable[Concatenate[A, P], Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """`ref.cast(method, ...)`: returns at once. Messages of one thread arrive in order. Raises `BadCall`."""
        ref._resolve(method)
        self._loop.call_soon_threadsafe(lambda: ref.cast(method, *args, **kwargs))

    def send(self, ref: Address[Any], message: object) -> None:
        """`ref.send(message)`: returns at once."""
        self._loop.call_soon_threadsafe(ref.send, message)

    def run(self, make: Callable[[], Awaitable[R]]) -> R:
        """Run what `make()` returns on the loop and block until it is done; returns or raises what it does."""
        if not callable(make):
            raise OptionError("run", "a function that returns an awaitable", make)
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self._loop:
            raise PortalMisused
        return asyncio.run_coroutine_threadsafe(_await(make), self._loop).result()


async def _await(make: Callable[[], Awaitable[R]]) -> R:
    return await make()
