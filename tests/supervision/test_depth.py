"""Trees may be as deep as they like, and a child that is to be killed brutally does not keep anybody waiting."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, Kill, Shutdown, StartFailed, StopFailed, Supervisor, System, child


class Level(Supervisor):
    """One level of a deep tree, and a leaf at its end."""

    def __init__(self, below: int) -> None:
        self.below = below

    def children(self) -> Any:
        return [child(Level, self.below - 1)] if self.below else [child(Leaf)]


class Leaf(Agent):
    """Nothing."""


class Busy(Agent):
    """Never comes to an end by itself."""

    async def wait(self) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
                raise


class Brutal(Supervisor):
    """Its child is killed when it is to end."""

    def children(self) -> Any:
        return [child(Busy, name="busy", shutdown="brutal_kill", restart="temporary")]


async def test_a_tree_of_three_hundred_levels_starts_and_stops() -> None:
    async with System() as system:
        top = await system.start(Level, 300, type="temporary")
        assert system.statistics()["agents"] == 302
        await top.stop(Shutdown())
        assert system.statistics()["agents"] == 0


async def test_a_child_with_brutal_kill_that_is_asked_to_stop_is_killed_at_once() -> None:
    async with System() as system:
        await system.start(Brutal)
        busy = system.named("busy", Busy)
        busy.cast(Busy.wait)
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        try:
            await busy.stop()
        except StopFailed:
            assert asyncio.get_running_loop().time() == began
        else:
            raise AssertionError("expected it to be killed")


class Stuck(Agent):
    """Never finishes its start, unless it is the first one."""

    first = True

    async def setup(self) -> None:
        if not Stuck.first:
            await asyncio.sleep(10**9)
        Stuck.first = False


class Patient(Supervisor):
    """Waits for its child without a limit."""

    def children(self) -> Any:
        return [child(Stuck, name="stuck")]


async def test_a_supervisor_that_waits_for_a_start_can_be_stopped_meanwhile() -> None:
    Stuck.first = True
    async with System() as system:
        top = await system.start(Patient, type="temporary")
        system.named("stuck", Stuck).exit(Kill())
        await asyncio.sleep(60)
        assert system.whereis("stuck") is not None
        began = asyncio.get_running_loop().time()
        await top.stop(Shutdown())
        assert asyncio.get_running_loop().time() == began
        assert system.statistics()["agents"] == 0


async def test_a_system_that_ends_while_a_tree_starts_does_not_wait_for_it() -> None:
    Stuck.first = False
    async with System() as system:
        starting = asyncio.ensure_future(system.start(Patient))
        await asyncio.sleep(60)
        assert not starting.done()
    with pytest.raises(StartFailed):
        await starting
