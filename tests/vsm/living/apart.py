"""Hosts whose clocks are apart, in simulated time: a system goes by what was said where it began."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

from cybernetic import System
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.host.port import NodeOrder
from cybernetic.vsm import timing

AHEAD = ContextVar("AHEAD", default=0.0)
BEGUN = 1_200_000.0  # seconds that a right clock says when a test begins: one that is behind has been through epochs


class ByHost(float):
    """What `timing` adds to the loop's time, as it is where it is asked for."""

    def __radd__(self, time: float) -> float:
        return time + BEGUN + AHEAD.get()


@contextmanager
def ahead(seconds: float) -> Iterator[None]:
    """What begins within has a clock that is so far ahead of the right one (< 0: behind)."""
    timing._offsets[asyncio.get_running_loop()], timing._latest = ByHost(), None
    token = AHEAD.set(seconds)
    try:
        yield
    finally:
        AHEAD.reset(token)


@asynccontextmanager
async def host(node: str, off: float = 0.0, **options: Any) -> AsyncIterator[System]:
    """A system whose clock is so many seconds ahead, as long as it runs."""
    async with AsyncExitStack() as stack:
        with ahead(off):
            system = await stack.enter_async_context(System(node=node, **options))
        yield system


class HostApart(MemoryHost):
    """Its nodes have a clock that is so many seconds ahead."""

    def __init__(self, off: float) -> None:
        super().__init__()
        self._off = off

    def create(self, order: NodeOrder) -> None:
        """By that clock."""
        with ahead(self._off):
            super().create(order)
