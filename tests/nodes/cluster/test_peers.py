"""What one node keeps of another's agents: nothing is kept longer than it is needed, and nobody waits in vain."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallFailed,
    CallTimeout,
    Crash,
    Deferred,
    DynamicSupervisor,
    Kill,
    NoProc,
    Reason,
    child,
)
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.answer import Answer
from cybernetic.nodes.remote.classes import Classes
from cybernetic.nodes.remote.peer import KEPT
from cybernetic.nodes.remote.travel import address
from cybernetic.runtime import protocol_of
from tests.nodes.cluster.mesh import Holder, inside, names, one, pairs, until


class Odd(Reason):
    """A reason that does not travel."""


class Busy(Holder):
    """Leaves calls unanswered; watches and links."""

    def __init__(self) -> None:
        super().__init__(trap=True)
        self.open: list[Deferred[Any]] = []

    def put_off(self) -> Deferred[Any]:
        self.open.append(self.defer())
        return self.open[-1]

    def end(self) -> None:
        self.stop(Odd())

    def watch(self, other: Any) -> None:
        self.monitor(other)

    def tie(self, other: Any) -> None:
        self.link(other)

    def much(self, other: Any, count: int) -> None:
        for n in range(count):
            other.cast(Holder.note, n)


class Asking(Agent):
    """Asks another agent what it has seen."""

    def __init__(self, other: Any) -> None:
        self.other = other

    async def ask(self) -> Any:
        return await self.other.call(Holder.seen)


async def test_a_call_whose_time_is_over_is_not_kept() -> None:
    async with one("a") as first, one("b", "a") as second:
        second.spawn(Busy, name="far")
        await asyncio.sleep(1)
        for _ in range(5):
            with pytest.raises(CallTimeout):
                await first.named("far", Busy).within(0.1).call(Busy.put_off)
        assert inside(first).peers["b"].calls == {}


async def test_the_end_of_an_agent_is_told_once_and_then_forgotten() -> None:
    async with one("a") as first, one("b", "a") as second:
        far = second.spawn(Busy, name="far")
        near = first.spawn(Busy)
        await asyncio.sleep(1)
        await near.call(Busy.watch, first.whereis("far"))
        await asyncio.sleep(1)
        here, there = inside(first).peers["b"], inside(second).peers["a"]
        assert (list(here.watching), list(there.telling)) == ([far._serial], [far._serial])
        far.exit(Kill())
        await asyncio.sleep(1)
        assert len(await near.call(Holder.seen)) == 1
        assert (here.watching, there.telling) == ({}, {})


async def test_agents_that_others_were_told_of_forget_a_node_that_is_lost() -> None:
    async with one("a") as first, one("b", "a") as second:
        far, near = second.spawn(Busy), first.spawn(Busy, name="near")
        await asyncio.sleep(1)
        await far.call(Busy.watch, second.whereis("near"))
        await asyncio.sleep(1)
        assert near.details().watchers
        await second.stop()
        await asyncio.sleep(1)
        assert names(first) == ["a"]
        assert not near.details().watchers


async def test_what_is_asked_of_an_agent_that_has_ended_is_answered() -> None:
    """Its end is not known yet where they are asked: the messages meet nobody."""
    async with one("a") as first, one("b", "a") as second:
        far = [second.spawn(Busy, name=f"far {n}") for n in range(3)]
        watching, tied = first.spawn(Busy), first.spawn(Busy)
        await asyncio.sleep(1)
        refs = [first.whereis(f"far {n}", Busy) for n in range(3)]
        (pair,) = pairs("a", "b")
        pair.delay = 0.5
        for ref in far:
            ref.exit(Kill())
        await asyncio.sleep(0.1)
        call = asyncio.ensure_future(refs[0].call(Holder.seen))  # type: ignore[union-attr]
        watching.cast(Busy.watch, refs[1])
        tied.cast(Busy.tie, refs[2])
        await asyncio.sleep(3)
        with pytest.raises(CallFailed) as failed:
            await asyncio.wait_for(call, 0.1)
        assert failed.value.reason == NoProc()
        for ref in (watching, tied):
            (told,) = await ref.call(Holder.seen)
            assert told.reason == NoProc()


async def test_who_calls_from_another_node_is_remembered_for_its_next_call_until_that_node_is_lost() -> None:
    async with one("a") as first, one("b", "a") as second:
        second.spawn(Busy, name="far")
        await asyncio.sleep(1)
        peer = inside(second).peers["a"]
        before, far = len(peer.proxies), first.whereis("far", Busy)
        callers = [first.spawn(Asking, far) for _ in range(KEPT + 10)]
        for caller in callers:
            await caller.call(Asking.ask)
        last = peer.proxies[callers[-1]._serial]
        assert KEPT <= len(peer.proxies) <= before + KEPT
        await callers[-1].call(Asking.ask)
        assert peer.proxies[callers[-1]._serial] is last
        await first.stop()
        await asyncio.sleep(1)
        assert last.gone
        assert (len(peer.proxies), len(peer._kept)) == (0, 0)


@pytest.mark.parametrize("op", [ops.WATCH, ops.LINK])
async def test_the_end_of_one_that_never_was_is_told_to_who_asks(op: int) -> None:
    async with one("a") as first, one("b", "a") as second:
        near = first.spawn(Busy)
        await asyncio.sleep(1)
        peer = inside(first).peers["b"]
        ref = peer.proxy(4711, protocol_of(Busy))
        await near.call(Busy.watch if op == ops.WATCH else Busy.tie, ref)
        await asyncio.sleep(1)
        (told,) = await near.call(Holder.seen)
        assert told.reason == NoProc()
        assert names(second) == ["a", "b"]


async def test_a_call_fails_in_words_when_its_agent_ends_for_a_reason_that_does_not_travel() -> None:
    async with one("a") as first, one("b", "a") as second:
        far = second.spawn(Busy, name="far")
        await asyncio.sleep(1)
        call = first.named("far", Busy).request(Busy.put_off)
        await asyncio.sleep(0.1)
        far.cast(Busy.end)
        with pytest.raises(CallFailed) as failed:
            await asyncio.wait_for(call, 5)
        assert failed.value.reason == Crash("Odd", str(Odd()))
        assert names(first) == ["a", "b"]


async def test_an_answer_to_a_lost_node_is_not_waited_for() -> None:
    async with one("a") as first, one("b", "a") as second:
        second.spawn(Busy, name="far")
        await asyncio.sleep(1)
        peer = inside(second).peers["a"]
        answer = Answer(peer, 1, None, Busy.put_off)
        assert not answer.done()
        await first.stop()
        await until(lambda: peer.lost)
        assert answer.done()
        assert answer.answer(1) in (True, False)  # and harms nobody


async def test_who_sends_to_a_node_that_is_not_linked_yet_waits_when_there_is_much() -> None:
    async with one("m") as system, one("teller", "m") as teller:
        ghost = Member("z", "1.ghost", "memory:nobody", "here", {})
        inside(teller).peers["m"].post((ops.MEMBERS, [tuple(ghost)]))
        await asyncio.sleep(0.01)
        peer = inside(system).peers["z"]
        ref = peer.proxy(1, protocol_of(Holder))
        busy, modest = system.spawn(Busy), system.spawn(Busy)
        modest.cast(Busy.much, ref, 1000)
        modest.cast(Holder.note, "went on")
        await asyncio.sleep(0.1)
        assert modest.inspect().info().length == 0
        busy.cast(Busy.much, ref, 5000)
        busy.cast(Holder.note, "went on")
        await asyncio.sleep(0.1)
        assert busy.inspect().info().length == 1
        await until(lambda: peer.lost)
        assert await busy.call(Holder.seen) == ["went on"]


async def test_who_is_held_by_a_link_goes_on_when_its_node_is_lost() -> None:
    async with one("a") as first, one("b", "a") as second:
        far = second.spawn(Holder, name="far")
        busy = first.spawn(Busy)
        await asyncio.sleep(1)
        ref = first.whereis("far", Holder)
        (pair,) = pairs("a", "b")
        pair.partition = True
        for _ in range(20):
            busy.cast(Busy.much, ref, 20_000)
        busy.cast(Holder.note, "went on")
        await asyncio.sleep(2)
        assert busy.inspect().info().length > 0
        await asyncio.sleep(15)
        assert await busy.call(Holder.seen) == ["went on"]
        assert second.alive(far)


async def test_an_address_of_an_earlier_incarnation_leads_to_nobody() -> None:
    async with one("a") as first, one("b", "a") as second:
        far = second.spawn(Holder)
        cluster = inside(first)
        path = cluster.classes.path(protocol_of(Holder))
        now = address(cluster, "b", cluster.peers["b"].incarnation, far._serial, path)
        assert first.alive(now)
        before = address(cluster, "b", "0.before", far._serial, path)
        assert not first.alive(before)
        assert before != now
        before.cast(Holder.note, "nobody")
        with pytest.raises(CallFailed, match="NoConnection"):
            await before.call(Holder.seen)
        assert await far.call(Holder.seen) == []
        own = address(cluster, "a", "0.before", 1, path)
        assert not first.alive(own)


async def test_a_supervisor_elsewhere_is_watched_by_the_node_of_its_child() -> None:
    async with one("a", nodes=1) as system:
        nursery = await system.start(DynamicSupervisor, type="temporary")
        ref = await nursery.call(
            DynamicSupervisor.start_child, child(Busy, node="worker-1", restart="temporary")
        )
        assert ref is not None
        nursery.exit(Kill())
        await asyncio.sleep(1)
        assert not system.alive(ref)
        with pytest.raises(CallFailed):
            await ref.call(Holder.seen)


def test_a_class_of_the_main_program_is_known_by_the_name_others_import_it_by() -> None:
    from_main = type("Hidden", (Agent,), {"__module__": "__main__"})
    module, _, name = Classes().path(protocol_of(from_main)).partition(":")
    assert name == "Hidden"
    assert module not in ("__main__", "")
