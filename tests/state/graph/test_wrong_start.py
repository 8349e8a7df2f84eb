"""A clock that is wrong from the start takes nothing out of a graph that others have said."""

import asyncio

import pytest

from cybernetic import System
from cybernetic.state import Graph
from tests.state.replica.net import Net, clock


@pytest.mark.parametrize("ahead", [1800.0, 5000.0, 8 * 86_400.0])
async def test_a_node_that_starts_with_a_clock_ahead_takes_nothing_out_for_the_others(ahead: float) -> None:
    off = [ahead]
    async with System() as system:
        net = Net(1)
        one = await system.start(Graph, "w", None, None, net.peers("a"), clock)
        await asyncio.sleep(3.0)
        await one.call(Graph.add, "bridge", "is", "closed", who="ann", ttl=3600.0)
        await one.call(Graph.add, "old", "is", "closed", who="ann")
        await one.call(Graph.remove, "old", "is", "closed", by="ann")
        await asyncio.sleep(2.0)
        wrong = await system.start(Graph, "w", None, None, net.peers("b"), lambda: clock() + off[0])
        await asyncio.sleep(30.0)
        off[0] = 0.0
        await asyncio.sleep(60.0)
        for graph in (one, wrong):
            assert len(await graph.call(Graph.assertions, "bridge", "is", "closed")) == 1
            assert len(await graph.call(Graph.history, "old", "is", "closed")) == 1
