"""Names over nodes that come, go and disagree: who holds one, on every node, and what is forgotten."""

import asyncio
from typing import Any

import pytest

from cybernetic import Exit, Kill, NameConflict, Ref, Registry, System
from cybernetic.crdt import Stamp
from cybernetic.nodes.directory.parts import Claims, released
from tests.nodes.cluster.mesh import Holder, apart, inside, names, one

book = Registry("book of the cluster")


def holder(system: System, name: str) -> tuple[str, int] | None:
    """The node and the number of the agent that holds a name, as a system sees it."""
    ref: Any = system.whereis(name)
    return None if ref is None else (ref.node, ref._serial)


def known(ref: Any) -> tuple[str, int]:
    return ref.node, ref._serial


async def test_of_two_that_take_a_name_at_once_one_is_told_and_all_nodes_agree() -> None:
    async with one("hub") as hub, one("a", "hub") as first, one("b", "hub") as second:
        await asyncio.sleep(1)
        earlier = first.spawn(Holder, True, name="chief")
        later = second.spawn(Holder, name="chief")
        await asyncio.sleep(1)
        for system in (hub, first, second):
            assert holder(system, "chief") == known(later)
        (exit,) = await earlier.call(Holder.seen)
        assert isinstance(exit, Exit)
        assert exit.reason == NameConflict("chief")
        await later.stop()
        await asyncio.sleep(1)
        for system in (hub, first, second):  # what the loser claimed is forgotten everywhere
            assert holder(system, "chief") is None
            assert inside(system).exchange.directory.holder("chief") is None


async def test_the_end_of_one_that_lost_its_name_frees_nothing() -> None:
    async with one("hub") as hub, one("a", "hub") as first, one("b", "hub") as second:
        await asyncio.sleep(1)
        earlier = first.spawn(Holder, True, name="chief")
        later = second.spawn(Holder, name="chief")
        await asyncio.sleep(1)
        assert "chief" not in repr(earlier)
        await earlier.stop()
        await asyncio.sleep(1)
        for system in (hub, first, second):
            assert holder(system, "chief") == known(later)
        again = await first.named("chief", Holder).call(Holder.seen)
        assert again == []


async def test_an_address_says_the_name_its_agent_has_elsewhere() -> None:
    async with one("a") as first, one("b", "a") as second:
        second.spawn(Holder, name="known here")
        await asyncio.sleep(1)
        assert "known here" in repr(first.whereis("known here"))


async def test_a_late_release_of_an_earlier_holder_takes_the_name_from_nobody() -> None:
    async with one("a") as first, one("b", "a") as second, one("c", "a") as third:
        await asyncio.sleep(1)
        old = second.spawn(Holder)
        new, other = second.spawn(Holder, name="x"), third.spawn(Holder)
        await asyncio.sleep(1)
        inside(second).exchange.follow(inside(second).exchange.directory.release("x", old._serial))
        await asyncio.sleep(1)
        assert holder(first, "x") == known(new)
        here, source = inside(first).exchange, ("c", inside(third).incarnation)
        part = here.directory.part(source)
        path = inside(third).exchange.path(other)
        claim = Claims("c").take(part, "x", Stamp(10**14, 0, "c"), other._serial, path)
        here.follow(here.directory.learn(source, claim))
        assert holder(first, "x") == known(other)
        release = released(part.join(claim), "c", "x")
        here.follow(here.directory.learn(source, release))
        assert holder(first, "x") == known(new)


async def test_what_serves_one_node_only_keeps_its_name_there() -> None:
    async with one("a") as first, one("b", "a") as second:
        mine = await book.start(first)
        await asyncio.sleep(1)
        assert second.whereis(book.name) is None
        other = second.spawn(Holder, name=book.name)
        await asyncio.sleep(1)
        assert holder(first, book.name) == known(mine)
        assert holder(second, book.name) == known(other)
        await other.stop()
        await asyncio.sleep(1)
        assert holder(first, book.name) == known(mine)
        assert first.alive(mine)


async def test_nothing_is_kept_of_the_names_of_a_node_that_is_lost() -> None:
    async with one("a") as first:
        async with one("b", "a") as second:
            for n in range(5):
                second.spawn(Holder, name=f"n{n}")
            await asyncio.sleep(1)
            directory = inside(first).exchange.directory
            assert directory.sources == [directory.me, (second.nodes[0].name, second.nodes[0].incarnation)]
            assert holder(first, "n3") is not None
        await asyncio.sleep(1)
        assert directory.sources == [directory.me]
        assert directory.holders() == []
        assert holder(first, "n3") is None


async def test_names_taken_before_there_were_other_nodes_are_told_to_them() -> None:
    async with one("a") as first:
        early = first.spawn(Holder, name="early")
        async with one("b", "a") as second:
            assert holder(second, "early") == known(early)


@pytest.mark.parametrize("later", ["a", "c"])
async def test_after_a_one_sided_cut_all_three_see_the_later_holder(later: str) -> None:
    """`a` and `c` do not hear each other, `b` hears both: each may give a name that the other has given."""
    async with one("b") as middle, one("a", "b") as left, one("c", "b") as right:
        await asyncio.sleep(1)
        sides = (left, right) if later == "c" else (right, left)
        with apart(left, right):
            await asyncio.sleep(15)
            assert names(middle) == ["a", "b", "c"]
            first = sides[0].spawn(Holder, True, name="chief")
            await asyncio.sleep(1)
            assert holder(middle, "chief") == known(first)
            assert holder(sides[1], "chief") is None  # its news does not come by way of `b`
            second = sides[1].spawn(Holder, name="chief")
            await asyncio.sleep(1)
            assert holder(middle, "chief") == known(second)
            assert holder(sides[0], "chief") == known(first)
        await asyncio.sleep(10)
        for system in (left, middle, right):
            assert names(system) == ["a", "b", "c"]
            assert holder(system, "chief") == known(second)
        assert [m.reason for m in await first.call(Holder.seen)] == [NameConflict("chief")]
        await second.stop()
        await asyncio.sleep(1)
        assert [holder(system, "chief") for system in (left, middle, right)] == [None] * 3


async def test_a_name_held_beyond_a_cut_is_free_there_when_its_holder_ends_meanwhile() -> None:
    async with one("b") as middle, one("a", "b") as left, one("c", "b") as right:
        await asyncio.sleep(1)
        ref = left.spawn(Holder, name="x")
        await asyncio.sleep(1)
        assert holder(right, "x") == known(ref)
        with apart(left, right):
            await asyncio.sleep(15)
            assert holder(right, "x") is None
            assert holder(middle, "x") == known(ref)
            ref.exit(Kill())
            await asyncio.sleep(1)
            assert holder(middle, "x") is None
        await asyncio.sleep(10)
        assert holder(right, "x") is None
        new = right.spawn(Holder, name="x")
        await asyncio.sleep(1)
        assert holder(left, "x") == holder(middle, "x") == known(new)


async def test_an_address_that_comes_round_a_cut_is_dead_and_the_agent_is_not() -> None:
    async with one("b") as middle, one("a", "b") as left, one("c", "b") as right:
        await asyncio.sleep(1)
        far = right.spawn(Holder, name="far")
        between = middle.spawn(Holder, name="between")
        await asyncio.sleep(1)
        with apart(left, right):
            await asyncio.sleep(15)
            await between.call(Holder.note, middle.whereis("far"))
            (come,) = await left.named("between", Holder).call(Holder.seen)
            assert isinstance(come, Ref)
            assert not left.alive(come)
            assert await middle.named("far", Holder).call(Holder.seen) == []
        assert right.alive(far)
