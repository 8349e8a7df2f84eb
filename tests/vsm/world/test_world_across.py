"""A world on two nodes: each reads and writes it, also while cut off, and both know the same a moment after."""

import asyncio
from typing import Any

from cybernetic import Agent
from cybernetic.state import Graph, Var
from tests.nodes.stage import TWO, stage
from tests.vsm.world.towns import Region, does, known


async def test_what_is_told_on_one_node_is_read_on_the_other_within_a_second() -> None:
    async with stage(TWO) as s:
        region = await s.system.start(Region)
        await asyncio.sleep(2.0)
        await does(region, "region/a", tell=["river", "is", "high"])
        await asyncio.sleep(1.0)
        for who in ("region/far", "region/in/a"):
            assert await known(region, who, "river", "is", "?how") == [{"how": "high"}]
        await does(region, "region/in/b", tell=["bridge", "is", "shut", 1.0, 20.0])
        await asyncio.sleep(1.0)
        for who in ("region/a", "region/far"):
            assert await known(region, who, "?what", "is", "shut") == [{"what": "bridge"}]
        await asyncio.sleep(21.0)
        for who in ("region/a", "region/far"):
            assert await known(region, who, "?what", "is", "shut") == []


class Clerk(Agent):
    """Tells the graph of its own node something after a while."""

    def later(self, seconds: float, name: str, *fact: Any) -> None:
        """So many seconds from now."""
        self.task(self._tell(seconds, name, fact))

    async def _tell(self, seconds: float, name: str, fact: tuple[Any, ...]) -> None:
        await asyncio.sleep(seconds)
        await self.system.named(name, Graph).call(Graph.add, *fact, who=name)


async def test_both_sides_of_a_cut_go_on_and_know_the_same_after_it() -> None:
    async with stage(TWO) as s:
        await s.system.start(Region)
        await asyncio.sleep(2.0)
        near, far = await s.here(Clerk), await s.spawn(Clerk)
        near.cast(Clerk.later, 2.0, "region:world", "river", "is", "high")
        far.cast(Clerk.later, 2.0, "region/far:world", "bridge", "is", "shut")
        await asyncio.sleep(1.0)
        s.part()
        await asyncio.sleep(3.0)
        graph = s.system.named("region:world", Graph)
        assert (await graph.call(Graph.status)).facts == 1
        s.part(False)
        await asyncio.sleep(2.0)
        for name in ("region:world", "region/far:world", "region/in:world"):
            found = await s.system.named(name, Graph).call(Graph.query, (Var("what"), "is", Var("how")))
            assert sorted(row["what"] for row in found.rows) == ["bridge", "river"]
