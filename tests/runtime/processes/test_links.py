"""Links (L-1 to L-7), and chains of them of any length."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from cybernetic import CallFailed, Crash, Down, Exit, Kill, Killed, NoProc, Normal, Reason, System
from tests.runtime.processes.agents import (
    Mopper,
    Puppet,
    Upset,
    crash,
    ends,
    held,
    linked,
    monitored,
    raised_by,
    settled,
    stop_with,
)
from tests.support import soak


@pytest.mark.parametrize("by", ["one", "other", "both"])
async def test_l_1_a_link_works_both_ways_and_there_is_one(by: str) -> None:
    for dies in (0, 1):
        async with System() as system:
            pair = [await system.start(Puppet, True) for _ in range(2)]
            for _ in range(2):
                if by != "other":
                    await linked(pair[0], pair[1])
                if by != "one":
                    await linked(pair[1], pair[0])
            assert pair[0].inspect().info().links == (pair[1],)
            assert pair[1].inspect().info().links == (pair[0],)
            pair[dies].cast(Puppet.do, stop_with(Upset()))
            await settled()
            assert await pair[1 - dies].call(Puppet.seen) == [Exit(pair[dies], Upset())]
            assert pair[1 - dies].inspect().info().links == ()


async def test_l_1_one_unlink_by_either_side_undoes_any_number_of_links() -> None:
    async with System() as system:
        one, other = await system.start(Puppet, True), await system.start(Puppet)
        for _ in range(3):
            await linked(one, other)
        await other.call(Puppet.do, lambda me: me.unlink(one))
        assert one.inspect().info().links == other.inspect().info().links == ()
        other.cast(Puppet.do, crash)
        await settled()
        assert await one.call(Puppet.seen) == []


async def test_l_1_linking_to_oneself_does_nothing() -> None:
    async with System() as system:
        agent = await system.start(Puppet)
        await linked(agent, agent)
        assert agent.inspect().info().links == ()
        with ends() as reasons:
            agent.cast(Puppet.do, stop_with(Upset()))
            await settled()
        assert reasons == {agent: Upset()}


@pytest.mark.parametrize("exiting", [False, True], ids=["dead", "exiting"])
async def test_l_2_linking_to_one_that_is_gone(exiting: bool) -> None:
    async def slow(me: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)

    async with System() as system:
        gone, plain, trapping = [await system.start(Puppet, trap) for trap in (False, False, True)]
        if exiting:
            gone.cast(Puppet.do, slow)
            await settled()
        gone.exit(Upset())
        error = await plain.call(Puppet.do, lambda me: raised_by(me.link, gone))
        assert isinstance(error, CallFailed)
        assert error.reason == NoProc()
        assert system.alive(plain)
        await linked(trapping, gone)
        assert await trapping.call(Puppet.seen) == [Exit(gone, NoProc())]
        await system.wait(gone)
        assert await trapping.call(Puppet.seen) == [Exit(gone, NoProc())]


@pytest.mark.parametrize("trap", [False, True])
@pytest.mark.parametrize("die", [crash, stop_with(Upset()), lambda me: me.exit(me.ref, Kill())])
async def test_l_3_everyone_linked_gets_the_exit_whether_the_victim_traps_or_not(
    die: Any, trap: bool
) -> None:
    async with System() as system:
        victim = await system.start(Puppet, trap)
        peers = [await system.start(Puppet, True) for _ in range(5)]
        for peer in peers:
            await linked(victim, peer)
        with ends() as reasons:
            victim.cast(Puppet.do, die)
            await settled()
        for peer in peers:
            assert await peer.call(Puppet.seen) == [Exit(victim, reasons[victim])]


async def test_l_4_an_orderly_death_spares_peers_so_a_child_outlives_its_parent() -> None:
    async with System() as system:
        parent = await system.start(Puppet)
        child = await parent.call(Puppet.do, lambda me: me.spawn(Puppet, link=True))
        await parent.stop()
        assert await child.call(Puppet.do, lambda me: "orphan") == "orphan"
        assert child.inspect().info().links == ()


async def test_l_4_a_child_that_traps_or_cleans_up_ends_with_its_parent() -> None:
    mopped: list[Reason] = []
    async with System() as system:
        parent = await system.start(Puppet)
        trapping = await parent.call(Puppet.do, lambda me: me.spawn(Puppet, True, link=True))
        cleaning = await parent.call(Puppet.do, lambda me: me.spawn(Mopper, mopped, link=True))
        await settled()
        with ends() as reasons:
            await parent.stop()
            await settled()
        assert reasons == {parent: Normal(), trapping: Normal(), cleaning: Normal()}
        assert mopped == [Normal()]


async def test_l_5_after_unlink_no_exit_comes() -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)

        def work(me: Any) -> None:
            me.link(peer)
            me.unlink(peer)
            peer.exit(Kill())

        await agent.call(Puppet.do, work)
        await settled()
        assert await agent.call(Puppet.seen) == []


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("length", [1, 100], ids=["short", "longer than a turn"])
async def test_l_5_an_exit_that_is_queued_stays_unless_it_is_flushed(flush: bool, length: int) -> None:
    async with System() as system:
        agent = await system.start(Puppet, True)
        peers = [await system.start(Puppet) for _ in range(2)]
        for peer in peers:
            await linked(agent, peer)
        with held(agent):
            await settled()
            agent.cast(Puppet.do, lambda me: me.unlink(peers[0], flush=flush))
            for n in range(length):
                agent.cast(Puppet.note, n)
            for peer in peers:
                peer.exit(Upset())
            agent.cast(Puppet.note, "last")
        kept = [Exit(peer, Upset()) for peer in peers[int(flush) :]]
        assert await agent.call(Puppet.seen) == [*range(length), *kept, "last"]


async def test_l_6_a_link_and_a_monitor_of_one_peer_are_independent() -> None:
    async with System() as system:
        agent, peer = await system.start(Puppet, True), await system.start(Puppet)
        await linked(agent, peer)
        token = await monitored(agent, peer)
        peer.exit(Upset())
        messages = await agent.call(Puppet.seen)
        assert len(messages) == 2
        assert Exit(peer, Upset()) in messages
        assert Down(token, peer, Upset()) in messages


async def test_l_6_undoing_one_leaves_the_other() -> None:
    async with System() as system:
        for undo in ("link", "monitor"):
            agent, peer = await system.start(Puppet, True), await system.start(Puppet)
            await linked(agent, peer)
            token = await monitored(agent, peer)
            await agent.call(
                Puppet.do,
                lambda me, undo=undo, peer=peer, token=token: (
                    me.unlink(peer) if undo == "link" else me.demonitor(token)
                ),
            )
            peer.exit(Upset())
            rest = Down(token, peer, Upset()) if undo == "link" else Exit(peer, Upset())
            assert await agent.call(Puppet.seen) == [rest]


async def test_l_7_failure_spreads_with_the_same_reason_up_to_those_that_trap() -> None:
    async with System() as system:
        chain = [await system.start(Puppet, trap) for trap in (False, False, False, True, False)]
        for one, other in pairwise(chain):
            await linked(one, other)
        with ends() as reasons:
            chain[0].cast(Puppet.do, crash)
            await settled()
        assert reasons == dict.fromkeys(chain[:3], Crash("ValueError", "on purpose"))
        assert await chain[3].call(Puppet.seen) == [Exit(chain[2], reasons[chain[0]])]
        assert system.alive(chain[4])


async def test_l_7_a_ring_dies_once_around() -> None:
    async with System() as system:
        ring = [await system.start(Puppet) for _ in range(5)]
        for one, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            await linked(one, other)
        with ends() as reasons:
            ring[2].exit(Kill())
        assert reasons == dict.fromkeys(ring, Killed())


async def test_l_7_a_long_chain_of_links_does_not_overflow() -> None:
    length = soak(10_000, 100_000)

    class Node(Puppet):
        def __init__(self, left: int) -> None:
            super().__init__()
            if left:
                self.spawn(Node, left - 1, link=True)

    async with System() as system:
        head = await system.start(Node, length - 1)
        await settled()
        assert system.statistics()["agents"] == length
        with ends() as reasons:
            head.exit(Kill())
            assert len(reasons) == length
        assert set(reasons.values()) == {Killed()}
        assert system.statistics()["agents"] == 0


async def test_l_7_a_crash_spreads_through_a_long_chain_with_one_reason() -> None:
    async with System() as system:
        agents = [await system.start(Puppet) for _ in range(2000)]
        for one, other in pairwise(agents):
            one.cast(Puppet.do, lambda me, other=other: me.link(other))
        await settled()
        with ends() as reasons:
            agents[1000].cast(Puppet.do, crash)
            await settled()
        assert len(reasons) == 2000
        assert {id(reason) for reason in reasons.values()} == {id(reasons[agents[1000]])}
