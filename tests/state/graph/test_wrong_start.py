"""A clock that is wrong from the start takes nothing out of a graph, and one that is right takes out what is to go."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.state import Graph, Replica, ReplicaOptions, Store
from tests.state.replica.net import BEGAN, Net, clock

BRIDGE, OLD = ("bridge", "is", "closed"), ("old", "is", "closed")
HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize("ahead", [1800.0, 5000.0, 8 * 86_400.0])
async def test_a_node_that_starts_with_a_clock_ahead_takes_nothing_out_for_the_others(ahead: float) -> None:
    off = [ahead]
    async with System() as system:
        net = Net(1)
        one = await system.start(Graph, "w", None, None, net.peers("a"), clock)
        await asyncio.sleep(3.0)
        await one.call(Graph.add, *BRIDGE, who="ann", ttl=3600.0)
        await one.call(Graph.add, *OLD, who="ann")
        await one.call(Graph.remove, *OLD, by="ann")
        await asyncio.sleep(2.0)
        wrong = await system.start(Graph, "w", None, None, net.peers("b"), lambda: clock() + off[0])
        await asyncio.sleep(30.0)
        off[0] = 0.0
        await asyncio.sleep(60.0)
        for graph in (one, wrong):
            assert len(await graph.call(Graph.assertions, *BRIDGE)) == 1
            assert len(await graph.call(Graph.history, *OLD)) == 1


SLOWLY = ReplicaOptions(pulse=60.0)


@pytest.fixture
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days pass quickly."""
    monkeypatch.setattr("cybernetic.state.graph.keeping._PULSE", 60.0)


async def kept(graph: Any) -> int:
    """Places of its value."""
    replica = await graph.call(Graph.replica)
    return len(await replica.call(Replica.value))


@pytest.mark.usefixtures("few_looks")
async def test_a_clock_that_was_behind_at_the_start_takes_out_what_has_expired_once_it_is_right() -> None:
    off = [10.0 - BEGAN]
    async with System() as system:
        graph = await system.start(Graph, "w", None, SLOWLY, Net().peers("a"), lambda: clock() + off[0], DAY)
        await asyncio.sleep(5.0)
        off[0] = 0.0
        await graph.call(Graph.add, *BRIDGE, who="ann", ttl=60.0)
        await asyncio.sleep(DAY)
        assert await kept(graph) == 1
        (period,) = await graph.call(Graph.history, *BRIDGE)
        assert period.how == "expired"
        await asyncio.sleep(DAY)
        assert await kept(graph) == 0


async def another_start(system: System, graph: Any, net: Net, store: Store, ahead: float = 0.0) -> Any:
    """The node "a" ends, and begins anew with a clock that is ahead for an hour."""
    net.here.pop("a")
    await graph.stop()
    right = clock() + HOUR
    return await system.start(
        Graph, "w", store, SLOWLY, net.peers("a"), lambda: clock() + (ahead if clock() < right else 0.0)
    )


@pytest.mark.parametrize("who", ["a peer that is gone", "nobody else"])
@pytest.mark.usefixtures("few_looks")
async def test_what_expired_is_taken_out_though_nobody_speaks_and_the_node_starts_anew_each_day(
    tmp_path: Path, who: str
) -> None:
    async with System() as system, await Store.open(tmp_path / "a") as store:
        net = Net()
        graph = says = await system.start(Graph, "w", store, SLOWLY, net.peers("a"), clock)
        if who != "nobody else":
            says = await system.start(Graph, "w", None, SLOWLY, net.peers("b"), clock)
            await asyncio.sleep(3.0)
        await says.call(Graph.add, *BRIDGE, who="ann", ttl=2 * DAY)
        await asyncio.sleep(3.0)
        if says is not graph:
            net.here.pop("b")
            await says.stop()
        for _ in range(3):
            await asyncio.sleep(DAY)
            graph = await another_start(system, graph, net, store)
        await asyncio.sleep(DAY / 2)
        (period,) = await graph.call(Graph.history, *BRIDGE)
        assert period.how == "expired"
        await graph.stop()


@pytest.mark.parametrize("says", ["a", "b"])
@pytest.mark.usefixtures("few_looks")
async def test_a_node_that_starts_anew_with_a_clock_ahead_takes_nothing_out_though_nobody_speaks(
    tmp_path: Path, says: str
) -> None:
    async with System() as system, await Store.open(tmp_path / "a") as store:
        net = Net()
        graphs = {
            "a": await system.start(Graph, "w", store, SLOWLY, net.peers("a"), clock),
            "b": await system.start(Graph, "w", None, SLOWLY, net.peers("b"), clock),
        }
        await asyncio.sleep(3.0)
        await graphs[says].call(Graph.add, *BRIDGE, who="ann", ttl=4 * HOUR)
        await graphs[says].call(Graph.add, *OLD, who="ann")
        await graphs[says].call(Graph.remove, *OLD, by="ann")
        await asyncio.sleep(HOUR)
        graphs["a"] = await another_start(system, graphs["a"], net, store, ahead=8 * DAY)
        await asyncio.sleep(HOUR + 120.0)
        for graph in graphs.values():
            assert len(await graph.call(Graph.assertions, *BRIDGE)) == 1
            assert len(await graph.call(Graph.history, *OLD)) == 1
        await graphs["a"].stop()
