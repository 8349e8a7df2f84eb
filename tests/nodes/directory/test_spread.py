"""Groups between nodes: keys of any kind, what stands for a service, and members of nodes that come and go."""

import asyncio

import pytest

from cybernetic import CannotTravel, Joined, Left, System
from tests.nodes.cluster.mesh import apart, inside, one
from tests.nodes.directory.stage import Joiner, Loud, part, serials, teams


async def test_a_new_node_is_told_of_many_members_in_the_order_of_joining() -> None:
    async with one("a") as first:
        await teams.start(first)
        refs = [first.spawn(Joiner) for _ in range(1200)]
        for ref in refs:
            await ref.call(Joiner.join)
        async with one("b", "a") as second:
            await teams.start(second)
            assert serials(teams.members(second, "g")) == serials(refs)


async def test_who_leaves_by_a_key_that_is_equal_and_written_otherwise_has_left_everywhere() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        await teams.start(second)
        far = second.spawn(Joiner)
        await asyncio.sleep(1)
        await far.call(Joiner.join, Loud("Choir"))
        await asyncio.sleep(1)
        assert len(teams.members(first, Loud("choir"))) == 1
        await far.call(Joiner.leave, Loud("CHOIR"))
        await asyncio.sleep(1)
        assert teams.members(first, Loud("choir")) == []
        assert part(first, second).store.trie.size <= 2  # that the service runs, and a mark


async def test_a_key_too_large_to_be_told_is_refused_at_the_line_and_nobody_has_joined() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        near = first.spawn(Joiner)
        await asyncio.sleep(1)
        with pytest.raises(CannotTravel):
            teams.join(first, "g" * (1 << 20), near)
        with pytest.raises(CannotTravel):
            teams.join(first, object(), near)
        assert teams.which_groups(first) == []
        assert inside(first).exchange.directory._seats == {}
        await near.call(Joiner.join)
        await asyncio.sleep(1)
        assert inside(second).exchange.directory.seats(teams.name) != []


async def test_two_that_stand_for_a_service_do_not_keep_each_other_alive() -> None:
    async with one("a") as first, one("b", "a") as second, one("c", "a") as third:
        host = await teams.start(first)
        await asyncio.sleep(1)
        for system in (second, third):
            await system.spawn(Joiner).call(Joiner.join)
        await asyncio.sleep(1)
        await host.stop()
        await asyncio.sleep(1)
        for system in (second, third):
            assert inside(system).exchange.spread._stands == {}
            assert inside(system).exchange.directory.seats(teams.name) == []


async def test_what_stands_for_a_service_takes_its_members_along_when_it_ends() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        await asyncio.sleep(1)
        await second.spawn(Joiner).call(Joiner.join)
        await asyncio.sleep(1)
        assert len(teams.members(first, "g")) == 1
        await inside(second).exchange.spread._stands[teams.name].ref.stop()
        await asyncio.sleep(1)
        assert teams.members(first, "g") == []


async def test_members_from_before_there_were_nodes_are_told_save_those_whose_key_cannot_travel() -> None:
    """A process alone becomes one of many when it first needs another."""
    async with System() as system:
        await teams.start(system)
        near = system.spawn(Joiner)
        await near.call(Joiner.join)
        teams.join(system, object(), near)
        system._become_many()
        exchange = inside(system).exchange
        places = exchange.directory._seats[teams.name][exchange.directory.me]
        assert [(exchange.decode(key), serial) for _, key, serial in places] == [("g", *serials([near]))]


async def test_members_of_a_node_that_is_cut_off_have_left_and_come_back_with_it() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        await teams.start(second)
        near, far = first.spawn(Joiner), second.spawn(Joiner)
        await near.call(Joiner.watch)
        for _ in range(2):
            await far.call(Joiner.join)
        await asyncio.sleep(1)
        with apart(first, second):
            await asyncio.sleep(15)
            assert teams.members(first, "g") == []
        await asyncio.sleep(15)
        assert serials(teams.members(first, "g")) == serials([far, far])
        told = [(type(news), len(news.refs)) for news in await near.call(Joiner.seen)]
        assert told == [(Joined, 1), (Joined, 1), (Left, 2), (Joined, 1), (Joined, 1)]
