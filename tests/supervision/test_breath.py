"""A supervisor with much to do gives the event loop a turn every few milliseconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from cybernetic import DynamicSupervisor, Kill, Supervisor, System, child
from tests.supervision.agents import Family, Worker, family, kin

WORK = 0.0003  # seconds that the start, and the end, of a child holds the loop
PATIENCE = (
    0.010  # seconds: 5 ms, and what the run queue, which does not look at the clock after every turn, adds
)


def toil() -> None:
    """Hold the loop for a while, in virtual time."""
    loop: Any = asyncio.get_running_loop()
    loop._virtual_now += WORK


class Toiler(Worker):
    """Takes its time to begin and to end, without giving it back."""

    def setup(self) -> None:
        toil()

    def terminate(self, reason: Any) -> None:
        toil()


class Plain(Worker):
    """Takes its time to begin."""

    def setup(self) -> None:
        toil()


@asynccontextmanager
async def watched(passes: int) -> AsyncIterator[None]:
    """In this block the loop must make at least so many passes, with no long time between two."""
    loop = asyncio.get_running_loop()
    times = [loop.time()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(0)
            times.append(loop.time())

    ticker = asyncio.ensure_future(tick())
    await asyncio.sleep(0)
    yield
    ticker.cancel()
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) <= PATIENCE
    assert sum(gap > 0 for gap in gaps) >= passes


@pytest.mark.parametrize("cls", [Toiler, Plain])
async def test_starting_and_stopping_many_children(cls: Any) -> None:
    async with System() as system:
        async with watched(12):
            top = await family(system, *(child(cls, id=i) for i in range(300)))
        async with watched(12 if cls is Toiler else 0):
            await top.stop()


async def test_restarting_a_large_group() -> None:
    async with System() as system:
        top = await family(system, *(child(Toiler, id=i) for i in range(300)), strategy="one_for_all")
        async with watched(24):
            (await kin(top))[150].exit(Kill())
            while len(await kin(top)) < 300 or (await kin(top))[299] is None:
                await asyncio.sleep(0)
            await top.call(Supervisor.count_children)


async def test_stopping_many_children_at_once() -> None:
    async with System() as system:
        top = await system.start(DynamicSupervisor, type="temporary")
        for _ in range(300):
            await top.call(DynamicSupervisor.start_child, child(Toiler))
        async with watched(12):
            await top.stop()


async def test_a_deep_tree_of_many_children() -> None:
    trees = [child(Family, *(child(Toiler, id=i) for i in range(17)), id=i) for i in range(17)]
    async with System() as system, watched(12):
        await family(system, *trees)
