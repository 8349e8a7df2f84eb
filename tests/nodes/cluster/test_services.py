"""What nodes tell each other of groups: who is told what, once, and what is forgotten with a node or a host."""

import asyncio
from typing import Any

import pytest

from cybernetic import CallFailed, Groups
from cybernetic.nodes.directory.entries import Seat
from tests.nodes.cluster.mesh import Holder, apart, inside, one

teams = Groups("teams of the cluster")


class Joiner(Holder):
    """Joins and looks."""

    def join(self) -> None:
        teams.join(self, "g")

    def leave(self) -> None:
        teams.leave(self, "g")

    def members(self) -> list[Any]:
        return list(teams.members(self, "g"))


def _seats(system: Any) -> list[Seat]:
    """Who of other nodes is in a group, as one node knows it."""
    return list(inside(system).exchange.directory.seats(teams.name))


async def _members(ref: Any) -> list[str]:
    """The nodes of the members as an agent sees them."""
    return sorted(str(member.node) for member in await ref.call(Joiner.members))


async def test_a_host_that_stands_for_one_elsewhere_ends_with_the_last_that_has_one() -> None:
    async with one("a") as first:
        near = first.spawn(Joiner, True)
        async with one("b", "a") as second, one("c", "a") as third:
            for system in (second, third):
                await teams.start(system)
                await system.spawn(Joiner).call(Joiner.join)
            await asyncio.sleep(1)
            assert await _members(near) == ["b", "c"]
            spread = inside(first).exchange.spread
            stand = spread._stands[teams.name].ref
            await third.stop()
            await asyncio.sleep(1)
            assert first.alive(stand)
            assert await _members(near) == ["b"]
            assert len(_seats(first)) == 1
        await asyncio.sleep(1)
        assert not first.alive(stand)
        assert spread._stands == {}
        assert _seats(first) == []
        with pytest.raises(CallFailed, match=r"expected .* to be running"):
            await near.call(Joiner.members)


async def test_a_host_that_is_stopped_takes_its_members_out_of_the_others() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        other = await teams.start(second)
        near, far = first.spawn(Joiner), second.spawn(Joiner, True)
        await asyncio.sleep(1)
        await near.call(Joiner.join)
        await far.call(Joiner.join)
        await asyncio.sleep(1)
        assert await _members(near) == await _members(far) == ["a", "b"]
        await other.stop()
        await asyncio.sleep(1)
        assert await _members(near) == ["a"]
        assert _seats(first) == []


async def test_one_that_leaves_or_ends_is_forgotten_by_what_was_told_too() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        await teams.start(second)
        far = second.spawn(Joiner)
        for _ in range(3):
            await far.call(Joiner.join)
        await asyncio.sleep(1)
        assert len(_seats(first)) == 3
        await far.call(Joiner.leave)
        await asyncio.sleep(1)
        assert len(_seats(first)) == 2
        await far.stop()
        await asyncio.sleep(1)
        assert _seats(first) == []


async def test_a_node_that_comes_later_is_told_of_each_member_once_by_its_own_node() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        near, far = first.spawn(Joiner), second.spawn(Joiner)
        await asyncio.sleep(1)
        await near.call(Joiner.join)
        await far.call(Joiner.join)  # by a host that stands for the one of `a`
        await asyncio.sleep(1)
        async with one("c", "a") as third:
            late = third.spawn(Joiner)
            await asyncio.sleep(1)
            assert await _members(late) == ["a", "b"]
            assert sorted(seat.source[0] for seat in _seats(third)) == ["a", "b"]
            await late.call(Joiner.join)
            await asyncio.sleep(1)
            for ref in (near, far, late):
                assert await _members(ref) == ["a", "b", "c"]
        await asyncio.sleep(1)
        assert await _members(near) == await _members(far) == ["a", "b"]


async def test_a_host_that_stands_for_one_of_a_node_that_is_cut_off_ends_with_it() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(second)
        near, far = first.spawn(Joiner, True), second.spawn(Joiner)
        await asyncio.sleep(1)
        await far.call(Joiner.join)
        await asyncio.sleep(1)
        assert await _members(near) == ["b"]
        spread = inside(first).exchange.spread
        stand = spread._stands[teams.name].ref
        with apart(first, second):
            await asyncio.sleep(15)
            assert not first.alive(stand)
            assert spread._stands == {}
            assert _seats(first) == []
        await asyncio.sleep(15)
        assert await _members(near) == ["b"]
        assert len(_seats(first)) == 1
