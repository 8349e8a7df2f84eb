"""A start that was given up leaves nothing, and who wanted it hears of it when that is so."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, ChildNotStarted, DynamicSupervisor, Shutdown, System, child
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network


class Slow(Agent):
    """Takes its time to start."""

    async def setup(self) -> None:
        await asyncio.sleep(1.0)


class Quick(Agent):
    """Takes none."""


async def nursery_of(system: System) -> Any:
    return await system.start(DynamicSupervisor, type="temporary")


def delay(seconds: float) -> None:
    for pair in network().pairs:
        pair.delay = seconds


def slow(timeout: float) -> Any:
    return child(Slow, name="slow", node="worker-1", restart="temporary", start_timeout=timeout)


@pytest.mark.parametrize(
    ("timeout", "late"), [(0.5, 0.01), (0.5, 0.3), (1.0, 0.1), (1.1, 0.2), (1.5, 0.5), (0.5, 0.6)]
)
async def test_who_gives_up_a_start_hears_of_it_when_name_and_child_are_gone(
    timeout: float, late: float
) -> None:
    async with System(nodes=1, host_port=MemoryHost()) as system:
        nursery = await nursery_of(system)
        loop = asyncio.get_running_loop()
        delay(late)
        begin = loop.time()
        with pytest.raises(ChildNotStarted):
            await nursery.call(DynamicSupervisor.start_child, slow(timeout))
        assert timeout < loop.time() - begin < timeout + 2.0
        assert system.whereis("slow") is None
        spec = child(Quick, name="slow", node="worker-1", restart="temporary")
        assert await nursery.within(20).call(DynamicSupervisor.start_child, spec) is not None


async def test_a_node_that_does_not_answer_is_waited_for_two_seconds() -> None:
    async with System(nodes=1, host_port=MemoryHost()) as system:
        nursery = await nursery_of(system)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        start = asyncio.ensure_future(nursery.call(DynamicSupervisor.start_child, slow(0.5)))
        await asyncio.sleep(0.1)
        for pair in network().pairs:
            pair.partition = True
        with pytest.raises(ChildNotStarted):
            await start
        assert loop.time() - begin == pytest.approx(2.5)


async def test_a_node_that_is_lost_meanwhile_is_not_waited_for() -> None:
    async with System(nodes=1, host_port=MemoryHost()) as system:
        nursery = await nursery_of(system)
        loop = asyncio.get_running_loop()
        start = asyncio.ensure_future(nursery.call(DynamicSupervisor.start_child, slow(0.5)))
        await asyncio.sleep(0.1)
        delay(5.0)
        await asyncio.sleep(0.9)
        assert not start.done()
        begin = loop.time()
        for pair in network().pairs:
            pair.cut()
        with pytest.raises(ChildNotStarted):
            await start
        assert loop.time() - begin < 0.1


@pytest.mark.parametrize("node", ["main", "worker-1"])
@pytest.mark.parametrize("connecting", [0.0, 1.0])
async def test_the_process_made_for_an_isolated_start_that_was_given_up_is_ended_at_once(
    node: str, connecting: float
) -> None:
    host = MemoryHost()
    async with System(nodes=1, host_port=host) as system:
        keeper = await nursery_of(system)
        spec = child(DynamicSupervisor, id="nursery", node=node, restart="temporary")
        nursery: Any = await keeper.call(DynamicSupervisor.start_child, spec)
        network().delay = connecting
        start = asyncio.ensure_future(
            nursery.call(
                DynamicSupervisor.start_child,
                child(Slow, isolate=True, restart="temporary", start_timeout=0.5),
            )
        )
        await asyncio.sleep(0.4)
        assert len(host._nodes) == 2
        with pytest.raises(ChildNotStarted):
            await start
        await asyncio.sleep(0.5)
        assert [name for name, _ in host._nodes] == ["worker-1"]


@pytest.mark.parametrize("node", ["main", "worker-1"])
async def test_so_is_the_one_whose_supervisor_was_stopped(node: str) -> None:
    host = MemoryHost()
    async with System(nodes=1, host_port=host) as system:
        keeper = await nursery_of(system)
        spec = child(DynamicSupervisor, id="nursery", node=node, restart="temporary")
        nursery: Any = await keeper.call(DynamicSupervisor.start_child, spec)
        network().delay = 1.0
        start = asyncio.ensure_future(
            nursery.call(DynamicSupervisor.start_child, child(Quick, isolate=True, restart="temporary"))
        )
        await asyncio.sleep(0.4)
        assert len(host._nodes) == 2
        await nursery.stop(Shutdown())
        await asyncio.sleep(0.5)
        assert [name for name, _ in host._nodes] == ["worker-1"]
        with pytest.raises(ChildNotStarted, match="Killed"):
            await start
