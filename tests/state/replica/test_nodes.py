"""Replicas on two nodes: cut off for a while, or killed, they are the same seconds after they can talk again."""

import asyncio
from pathlib import Path
from typing import Any

from cybernetic import Agent
from cybernetic.state import AWSet, Replica
from tests.nodes.stage import TWO, stage
from tests.state.replica.fleet import add


class Hand(Agent):
    """Changes the replica of its own node: what an edit is does not travel."""

    def __init__(self, name: str) -> None:
        self.name = name

    def begin(self, first: int, pause: float) -> None:
        self.task(self._go_on(first, pause))

    async def put(self, element: Any) -> None:
        await self._replica().call(Replica.change, add, element)

    async def elements(self) -> list[Any]:
        return sorted(await self._replica().call(Replica.value))

    async def _go_on(self, first: int, pause: float) -> None:
        for n in range(first, first + 20):
            await self.put(n)
            await asyncio.sleep(pause)

    def _replica(self) -> Any:
        return self.system.named(self.name, Replica)


async def test_nodes_cut_off_under_writes_are_the_same_two_seconds_after_the_heal() -> None:
    async with stage(TWO) as s:
        await s.here(Replica, AWSet.kind, "facts", name="near.facts")
        await s.spawn(Replica, AWSet.kind, "facts", name="far.facts")
        near, far = await s.here(Hand, "near.facts"), await s.spawn(Hand, "far.facts")
        await asyncio.sleep(2)
        await near.call(Hand.begin, 0, 0.3)
        await far.call(Hand.begin, 100, 0.3)
        s.part()
        await asyncio.sleep(7)
        assert len(await near.call(Hand.elements)) < 40
        s.part(False)
        await asyncio.sleep(2)
        everything = [*range(20), *range(100, 120)]
        assert await near.call(Hand.elements) == await far.call(Hand.elements) == everything


async def test_what_a_killed_node_had_acknowledged_comes_back_with_it(tmp_path: Path) -> None:
    async with stage(TWO) as s:
        folder = str(tmp_path)
        await s.here(Replica, AWSet.kind, "facts", f"{folder}/near", name="near.facts")
        await s.spawn(Replica, AWSet.kind, "facts", f"{folder}/far", name="far.facts", restart="permanent")
        near, far = await s.here(Hand, "near.facts"), await s.spawn(Hand, "far.facts", restart="permanent")
        await asyncio.sleep(2)
        await near.call(Hand.put, "near")
        await far.call(Hand.put, "far")
        s.kill_far()
        await near.call(Hand.put, "meanwhile")
        await asyncio.sleep(20)
        assert await near.call(Hand.elements) == ["far", "meanwhile", "near"]
