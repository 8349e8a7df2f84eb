"""Names that all nodes know."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from cybernetic import AlreadyStarted, Exit, Kill, NameConflict, System, attach
from cybernetic.nodes import NameLost
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from tests.nodes.bodies.acts import seen, until
from tests.nodes.bodies.cast import Actor, Upset
from tests.nodes.stage import A_WHILE, apart, everywhere, stage


@everywhere
async def test_a_name_is_found_from_every_node_and_freed_with_its_holder(where: str) -> None:
    async with stage(where) as s:
        far, near = await s.spawn(Actor, name="far"), await s.here(Actor, name="near")
        await s.calm()
        assert s.system.whereis("far", Actor) == far
        assert await s.system.named("far", Actor).call(Actor.own_name) == far
        assert await far.call(Actor.ask_who, s.system.named("near", Actor)) == far
        await near.stop()
        await far.stop()
        await s.calm()
        assert s.system.whereis("far") is None
        assert s.system.whereis("near") is None
        s.system.named("far", Actor).cast(Actor.note, "nobody")


@everywhere
async def test_a_name_outlives_restarts_of_its_holder(where: str) -> None:
    async with stage(where) as s:
        first = await s.spawn(Actor, name="x", restart="permanent")
        address = s.system.named("x", Actor)
        await s.calm()
        for _ in range(5):
            before = await address.call(Actor.own_name)
            before.exit(Upset())

            async def back(before: Any = before) -> bool:
                found = s.system.whereis("x")
                return found is not None and found != before

            await until(back)
        assert await address.call(Actor.own_name) != first
        assert await address.call(Actor.seen) == []


@everywhere
async def test_a_name_is_free_in_the_down_of_its_holder(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor, name="x")
        freed: list[Any] = []
        await s.calm()
        wait = asyncio.ensure_future(s.system.wait(far))
        wait.add_done_callback(lambda _: freed.append(s.system.whereis("x")))
        await s.calm()
        far.exit(Kill())
        await wait
        await asyncio.sleep(0)
        assert freed == [None]
        again = await s.here(Actor, name="x")
        assert s.system.whereis("x") == again


@apart
async def test_names_reach_a_third_node_and_are_refused_there(where: str) -> None:
    async with stage(where, nodes=2) as s:
        far = await s.spawn(Actor, name="x")
        await s.calm()
        with pytest.raises(AlreadyStarted) as held:
            await s.spawn(Actor, name="x", node="worker-2")
        assert held.value.ref == far


@asynccontextmanager
async def two() -> AsyncIterator[tuple[System, System]]:
    """Two systems that are linked, and can be parted."""
    async with (
        System(nodes=0, host_port=MemoryHost(), node="one", secret="s" * 16, listen=["memory:one"]) as one,
        System(nodes=0, host_port=MemoryHost(), node="two", secret="s" * 16, join=["memory:one"]) as other,
    ):
        await asyncio.sleep(1)
        yield one, other


@contextmanager
def parted() -> Iterator[None]:
    """Inside the block nothing gets through, and nobody can be called anew."""
    for pair in network().pairs:
        pair.partition = True
    names, network()._names = network()._names, {}
    try:
        yield
    finally:
        network()._names = names


@pytest.mark.parametrize("later", ["one", "two"])
@pytest.mark.parametrize("trap", [False, True])
async def test_ex_4_after_a_partition_the_later_holder_keeps_the_name(later: str, trap: bool) -> None:
    told: list[Any] = []
    end = attach(NameLost, told.append)
    async with two() as systems:
        first, last = systems if later == "two" else systems[::-1]
        with parted():
            await asyncio.sleep(12)
            assert [len(system.nodes) for system in systems] == [1, 1]
            loser = first.spawn(Actor, trap, name="chief")
            await asyncio.sleep(1)
            winner = last.spawn(Actor, name="chief")
        over = asyncio.ensure_future(first.wait(loser))
        await asyncio.sleep(30)
        assert [len(system.nodes) for system in systems] == [2, 2]
        for system in systems:
            found = system.whereis("chief")
            assert found is not None
            assert (found.node, found._serial) == (winner.node, winner._serial)
        if trap:
            assert await loser.call(Actor.seen) == [Exit(None, NameConflict("chief"))]
            over.cancel()
        else:
            assert await over == NameConflict("chief")
        assert [(lost.taken, lost.loser) for lost in told] == [("chief", loser)]
        assert await first.named("chief", Actor).call(Actor.kind) == "actor"
    end()


async def test_a_parted_node_is_joined_again_and_its_agents_are_new() -> None:
    async with two() as (one, other):
        there = other.spawn(Actor, name="there")
        await asyncio.sleep(A_WHILE)
        seen_from_one = one.whereis("there", Actor)
        assert seen_from_one is not None
        watcher = one.spawn(Actor)
        await watcher.call(Actor.watch, seen_from_one)
        with parted():
            await asyncio.sleep(12)
            assert one.whereis("there") is None
            assert len(await seen(watcher, 1)) == 1
        await asyncio.sleep(30)
        again = one.whereis("there", Actor)
        assert again is not None
        assert await again.call(Actor.kind) == "actor"
        assert other.alive(there)
