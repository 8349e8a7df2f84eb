"""How a node's links come, break and end: what is told of them, what is made anew, what is given up in time."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cybernetic import CallFailed, DynamicSupervisor, Ref, System, attach, child
from cybernetic.nodes import NodeJoined, NodeLost
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.plan.reach import in_order
from cybernetic.nodes.remote import ops
from tests.nodes.cluster.mesh import Holder, apart, inside, names, one, pairs, until


@pytest.fixture
def lost() -> Iterator[list[Any]]:
    told: list[Any] = []
    end = attach(NodeLost, told.append)
    yield told
    end()


async def test_two_that_a_third_introduced_are_linked_again_after_a_cut(lost: list[Any]) -> None:
    async with one("hub") as hub, one("a", "hub") as first, one("b", "hub") as second:
        await asyncio.sleep(1)
        (pair,) = pairs("a", "b")
        pair.cut()
        await until(lambda: {event.node for event in lost} == {"a", "b"})
        await until(lambda: names(first) == names(second) == ["a", "b", "hub"], 5.0)
        assert names(hub) == ["a", "b", "hub"]
        assert len(lost) == 2
        assert pairs("a", "b") != [pair]


async def test_who_leaves_says_so_after_all_else(lost: list[Any]) -> None:
    async with one("a") as stays:
        near = stays.spawn(Holder, name="near")
        async with one("b", "a") as leaves:
            await asyncio.sleep(1)
            leaves.spawn(Holder).cast(Holder.say, leaves.named("near", Holder), *range(50))
            await asyncio.sleep(0)
        await until(lambda: names(stays) == ["a"], 1.0)
        assert await near.call(Holder.seen) == list(range(50))
    assert {(event.node, event.why) for event in lost} == {
        ("b", "the peer closed the link: b leaves"),
        ("a", "b leaves"),
    }


async def test_who_was_told_of_and_does_not_call_is_given_up_after_ten_seconds(lost: list[Any]) -> None:
    async with one("m") as node, one("teller", "m") as teller:
        cluster = inside(node)
        await _tell(teller, "m", Member("a", "1.ghost", "memory:nobody", "here", {}))  # it is for `a` to call
        settled = cluster.settled()
        assert sorted(cluster.peers) == ["a", "teller"]
        await asyncio.sleep(9)
        assert not settled.done()
        await asyncio.sleep(2)
        assert sorted(cluster.peers) == ["teller"]
        assert settled.done()
        assert [(event.node, event.why) for event in lost] == [("a", "it was told of, and never linked")]


async def test_who_was_told_of_and_cannot_be_called_is_given_up_too(lost: list[Any]) -> None:
    async with one("m") as node, one("teller", "m") as teller:
        await _tell(teller, "m", Member("z", "1.ghost", "memory:nobody", "here", {}))
        assert await until(lambda: "z" not in inside(node).peers) > 9
        assert "it could not be linked" in lost[0].why
        assert "nobody" in lost[0].why


async def test_another_incarnation_than_was_told_of_is_not_taken_for_it(lost: list[Any]) -> None:
    joined: list[Any] = []
    end = attach(NodeJoined, joined.append)
    async with one("m") as node, one("teller", "m") as teller, one("z") as other:
        there = inside(other)
        await _tell(teller, "m", Member("z", "1.before", there.me.address, "here", {}))
        await asyncio.sleep(15)
        assert "1.before" in {event.incarnation for event in lost}
        assert "1.before" not in {event.incarnation for event in joined}
        assert inside(node).peers["teller"].incarnation == inside(teller).incarnation
    end()


async def test_one_link_at_a_time_is_kept_with_each_node(lost: list[Any]) -> None:
    async with one("a") as first, one("b", "a") as second:
        address = inside(first)._listeners[0].address
        await inside(second).join(address)
        await asyncio.sleep(1)
        assert len(pairs("a", "b")) == 1
        assert names(first) == names(second) == ["a", "b"]
        assert {event.why for event in lost if event.node == "a"} == {"it has linked itself anew"}


async def test_the_process_of_one_agent_is_lost_after_a_second_of_silence(lost: list[Any]) -> None:
    async with one("a", nodes=1) as node:
        ref = await _start(node, isolate=True)
        shared = await _start(node, node="worker-1")
        for name in (ref.node, "worker-1"):
            for pair in pairs("a", name):
                pair.partition = True
        gone = asyncio.ensure_future(node.wait(ref))
        begin = asyncio.get_running_loop().time()
        await asyncio.wait_for(gone, 20)
        assert 0.5 < asyncio.get_running_loop().time() - begin < 2.5
        assert "silent for 1 s" in {event.why for event in lost}
        assert node.alive(shared)


async def test_asking_a_node_is_answered_or_fails_with_a_sentence() -> None:
    async with one("a") as first, one("b", "a") as second:
        here, there = inside(first), inside(second)

        async def add(x: int, y: int) -> int:
            return x + y

        async def fail() -> None:
            raise ValueError("not today")

        async def wait() -> None:
            await asyncio.Event().wait()

        there.answers.update(add=add, fail=fail, wait=wait)
        peer = here.peers["b"]

        async def ask(*question: Any) -> Any:
            return await asyncio.wait_for(here.ask(peer, *question), 5)

        assert await ask("add", 2, 3) == 5
        with pytest.raises(CallFailed, match="ValueError: not today"):
            await ask("fail")
        with pytest.raises(
            CallFailed, match=r"expected one of \['add', .*'fail', .*'wait'\], got: 'nonsense'"
        ):
            await ask("nonsense")
        assert peer.asked == {}
        waiting = asyncio.ensure_future(here.ask(peer, "wait"))
        await asyncio.sleep(0.1)
        (pair,) = pairs("a", "b")
        pair.cut()
        with pytest.raises(CallFailed, match="NoConnection"):
            await asyncio.wait_for(waiting, 5)


async def test_children_are_placed_on_nodes_alone() -> None:
    async with (
        one("a", nodes=1, capabilities={"work": True}) as first,
        one("b", "a", nodes=["far"], only_door=True, capabilities={"work": True}) as second,
    ):
        await _start(first, isolate=True)
        await asyncio.sleep(1)
        assert {node.kind for node in first.nodes} == {"node", "door", "isolated"}
        (cell,) = (node for node in first.nodes if node.kind == "isolated")
        assert cell.capabilities == {}
        for system in (first, second):
            found = inside(system).candidates()
            assert sorted(each.name for each in found) == ["a", "far", "worker-1"]
            assert {each.name: dict(each.capabilities) for each in found} == {
                "a": {},
                "far": {"work": True},
                "worker-1": {"work": True},
            }


async def test_the_load_of_a_node_is_the_agents_started_there() -> None:
    async with one("a", nodes=2) as node:
        nursery = await node.start(DynamicSupervisor, type="temporary")
        for _ in range(7):
            await nursery.call(
                DynamicSupervisor.start_child, child(Holder, node="worker-1", restart="temporary")
            )
        load = {each.name: each.load for each in inside(node).candidates()}
        assert (load["worker-1"], load["worker-2"]) == (7, 0)


async def test_a_cut_of_one_link_of_three_is_not_felt_by_the_third() -> None:
    async with one("b") as hub, one("a", "b") as first, one("c", "b") as second:
        await asyncio.sleep(1)
        with apart(first, second):
            await asyncio.sleep(15)
            assert (names(first), names(hub), names(second)) == (["a", "b"], ["a", "b", "c"], ["b", "c"])
        await asyncio.sleep(10)
        assert names(first) == names(hub) == names(second) == ["a", "b", "c"]


def test_addresses_for_the_own_host_stand_before_those_for_others() -> None:
    assert in_order(["tcp:10.0.0.1:4711", "unix:/run/x"]) == "unix:/run/x tcp:10.0.0.1:4711"
    assert in_order(["unix:/run/x", "tcp:10.0.0.1:4711"]) == "unix:/run/x tcp:10.0.0.1:4711"


async def _start(system: System, **options: Any) -> Ref[Any]:
    nursery = await system.start(DynamicSupervisor, type="temporary")
    ref = await nursery.call(DynamicSupervisor.start_child, child(Holder, restart="temporary", **options))
    assert ref is not None
    return ref


async def _tell(system: System, node: str, *members: Member) -> None:
    """Have a node tell another of nodes it knows."""
    inside(system).peers[node].post((ops.MEMBERS, [tuple(member) for member in members]))
    await asyncio.sleep(0.01)
