"""A probe: an agent whose messages a test can wait for, or wait for in vain."""

import asyncio
from collections import deque
from typing import Any, TypeVar, overload

from cybernetic.runtime import Address, Agent, LocalSystem, Ref

T = TypeVar("T")

_NOTHING: Any = object()


class ProbeFailed(AssertionError):
    """A probe got something other than was expected, or nothing."""


class Probe:
    """An agent for tests: give away its `ref`, then wait for what comes.

        probe = Probe(system)
        service.cast(Service.subscribe, probe.ref)
        assert await probe.next() == "welcome"
        await probe.nothing(60)

    Args:
        system: where it runs.
        trap_exit: whether exit signals reach it as `Exit` messages. Default True, so that it survives.
    """

    def __init__(self, system: LocalSystem, *, trap_exit: bool = True) -> None:
        self._waiting: deque[Any] = deque()
        self._came = asyncio.Event()
        self.seen: list[Any] = []
        self.ref: Ref[Ear] = system.spawn(Ear, self._take, trap_exit)

    def _take(self, message: Any) -> None:
        self.seen.append(message)
        self._waiting.append(message)
        self._came.set()

    def monitor(self, ref: Address[Any]) -> None:
        """Have the probe told of the end of `ref`, by a `Down`."""
        self.ref.cast(Ear.watch, ref)

    def link(self, ref: Ref[Any]) -> None:
        """Link the probe with `ref`: its end comes as an `Exit`."""
        self.ref.cast(Ear.bind, ref)

    @overload
    async def next(self, kind: type[T], timeout: float = ...) -> T: ...
    @overload
    async def next(self, kind: None = ..., timeout: float = ...) -> Any: ...
    async def next(self, kind: Any = None, timeout: float = 5.0) -> Any:
        """The next message. Raises `ProbeFailed` if none comes in `timeout` seconds, or it is not of type `kind`."""
        message = await self._next(timeout)
        if message is _NOTHING:
            expected = "a message" if kind is None else f"a {kind.__name__}"
            raise ProbeFailed(
                f"expected {expected} within {timeout:g} s, got: nothing; before: {self.seen!r}"
            )
        if kind is not None and not isinstance(message, kind):
            raise ProbeFailed(f"expected a {kind.__name__}, got: {message!r}")
        return message

    async def nothing(self, seconds: float = 0.0) -> None:
        """Let `seconds` pass. Raises `ProbeFailed` if a message is there or comes."""
        message = await self._next(seconds)
        if message is not _NOTHING:
            raise ProbeFailed(f"expected nothing for {seconds:g} s, got: {message!r}")

    async def _next(self, timeout: float) -> Any:
        if not self._waiting:
            self._came.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._came.wait()
            except TimeoutError:
                return _NOTHING
        return self._waiting.popleft()


class Ear(Agent):
    """The agent behind a `Probe`."""

    def __init__(self, take: Any, trap_exit: bool) -> None:
        self.trap_exit = trap_exit
        self._take = take

    def receive(self, message: Any) -> None:
        """Whatever comes goes to the probe."""
        self._take(message)

    def watch(self, ref: Address[Any]) -> None:
        """Monitor."""
        self.monitor(ref)

    def bind(self, ref: Ref[Any]) -> None:
        """Link."""
        self.link(ref)
