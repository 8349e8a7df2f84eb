"""Exit signals, links, monitors, stops: the same on one node and on two, whichever of the two acts."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    CallTimeout,
    Crash,
    Down,
    Exit,
    Kill,
    Killed,
    NoProc,
    Normal,
    Reason,
    Shutdown,
    StopFailed,
)
from tests.nodes.bodies.acts import both_ways, seen
from tests.nodes.bodies.cast import Actor, Deaf, Slow, Tidy, Upset
from tests.nodes.stage import TWO, everywhere, stage

REASONS = [Normal(), Kill(), Killed(), Upset("x"), Shutdown(), Shutdown("detail")]
traps = pytest.mark.parametrize("trap", [False, True])


async def _actor(s: Any, way: str, trap: bool) -> tuple[Any, Any]:
    """One that acts, and one to be acted upon that traps or does not."""
    one = await (s.here(Actor) if way == "outwards" else s.spawn(Actor))
    other = await (s.spawn(Actor, trap) if way == "outwards" else s.here(Actor, trap))
    return one, other


@everywhere
@both_ways
@traps
@pytest.mark.parametrize("reason", REASONS)
async def test_p_4_the_table_of_explicit_exit_signals(
    where: str, way: str, trap: bool, reason: Reason
) -> None:
    async with stage(where) as s:
        one, other = await _actor(s, way, trap)
        end = asyncio.ensure_future(s.system.wait(other))
        await s.calm()
        await one.call(Actor.signal, other, reason)
        await s.calm()
        if isinstance(reason, Kill):
            assert await end == Killed()
        elif trap:
            assert await other.call(Actor.seen) == [Exit(one, reason)]
        elif isinstance(reason, Normal):
            assert await other.call(Actor.seen) == []
        else:
            assert await end == reason
        end.cancel()


@everywhere
@both_ways
@traps
@pytest.mark.parametrize("reason", REASONS)
async def test_p_5_through_a_link_a_reason_is_the_victims_own(
    where: str, way: str, trap: bool, reason: Reason
) -> None:
    async with stage(where) as s:
        victim, peer = await _actor(s, way, trap)
        await victim.call(Actor.tie, peer)
        await s.calm()
        end = asyncio.ensure_future(s.system.wait(peer))
        await s.calm()
        victim.cast(Actor.quit, reason)
        await s.calm()
        if trap:
            assert [(type(m), m.reason) for m in await peer.call(Actor.seen)] == [(Exit, reason)]
        elif isinstance(reason, Normal):
            assert await peer.call(Actor.seen) == []
        else:
            assert await end == reason
        end.cancel()


@everywhere
@both_ways
async def test_l_1_a_link_works_both_ways_and_one_unlink_undoes_it(where: str, way: str) -> None:
    async with stage(where) as s:
        for dies in (0, 1):
            for undone in (None, 0, 1):
                pair = await _actor(s, way, True)
                pair[0].cast(Actor.note, None)
                pair[0].exit(Normal())
                trapping = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True)), pair[1]
                for one, other in (trapping, trapping[::-1], trapping):
                    await one.call(Actor.tie, other)
                if undone is not None:
                    await trapping[undone].call(Actor.untie, trapping[1 - undone])
                await s.calm()
                trapping[dies].cast(Actor.boom, "x")
                got = await seen(trapping[1 - dies], int(undone is None))
                assert got == ([Exit(trapping[dies], Crash("ValueError", "x"))] if undone is None else [])


@everywhere
@both_ways
@pytest.mark.parametrize("known", [False, True])
async def test_l_2_linking_to_one_that_is_gone(where: str, way: str, known: bool) -> None:
    async with stage(where) as s:
        plain, gone = await _actor(s, way, False)
        trapping = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True))
        if known:
            await trapping.call(Actor.watch, gone)
        await gone.stop()
        await s.calm()
        await trapping.call(Actor.tie, gone)
        got = await seen(trapping, 1 + known)
        assert got[-1] == Exit(gone, NoProc())
        end = asyncio.ensure_future(s.system.wait(plain))
        try:
            said = await plain.call(Actor.tie_to_gone, gone)
        except CallFailed as failed:
            said = repr(failed.reason)
        if where == "one node":
            assert said == "CallFailed: NoProc()"
        elif said == "linked":
            assert await end == NoProc()
        end.cancel()


@everywhere
@both_ways
async def test_l_4_an_orderly_end_hurts_no_peer(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await _actor(s, way, False)
        await one.call(Actor.tie, other)
        await one.stop()
        await s.calm()
        assert await other.call(Actor.kind) == "actor"


@everywhere
@both_ways
@pytest.mark.parametrize("flush", [False, True])
async def test_l_5_m_6_what_is_queued_stays_unless_it_is_flushed(where: str, way: str, flush: bool) -> None:
    async with stage(where) as s:
        one = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True))
        other = await (s.spawn(Actor) if way == "outwards" else s.here(Actor))
        await one.call(Actor.watch, other)
        await one.call(Actor.tie, other)
        one.cast(Actor.hold_until_behind, 4)
        one.cast(Actor.unwatch_behind, flush)
        one.cast(Actor.untie_behind, other, flush)
        await s.calm()
        other.exit(Kill())
        await s.calm()
        got = await seen(one, 0 if flush else 2)
        assert {type(m) for m in got} == (set() if flush else {Down, Exit})


@everywhere
@both_ways
async def test_l_6_a_link_and_a_monitor_are_independent(where: str, way: str) -> None:
    async with stage(where) as s:
        for undo in ("link", "monitor"):
            one = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True))
            other = await (s.spawn(Actor) if way == "outwards" else s.here(Actor))
            await one.call(Actor.tie, other)
            await one.call(Actor.watch, other)
            if undo == "link":
                await one.call(Actor.untie, other)
            else:
                assert await one.call(Actor.unwatch)
            other.exit(Upset())
            (rest,) = await seen(one, 1)
            assert type(rest) is (Down if undo == "link" else Exit)
            assert rest.reason == Upset()


@everywhere
@both_ways
async def test_l_7_a_failure_spreads_through_a_chain_over_nodes(where: str, way: str) -> None:
    async with stage(where) as s:
        chain = [await (s.here(Actor) if n % 2 else s.spawn(Actor)) for n in range(6)]
        last = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True))
        for one, other in zip(chain, [*chain[1:], last], strict=True):
            await one.call(Actor.tie, other)
        await s.calm()
        chain[0].cast(Actor.boom, "x")
        assert await seen(last, 1) == [Exit(chain[-1], Crash("ValueError", "x"))]
        for ref in chain:
            with pytest.raises(CallFailed):
                await ref.call(Actor.seen)


@everywhere
@both_ways
async def test_m_1_monitors_stack_and_work_one_way(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await _actor(s, way, False)
        for _ in range(3):
            await one.call(Actor.watch, other)
        assert await one.call(Actor.unwatch, 1)
        other.exit(Upset())
        got = await seen(one, 2)
        assert {m.reason for m in got} == {Upset()}
        assert {m.ref for m in got} == {other}
        assert sorted(await one.call(Actor.in_order)) == [0, 2]
        assert not await one.call(Actor.unwatch, 0)


@everywhere
@both_ways
async def test_m_3_m_4_monitors_of_the_dead_and_of_names(where: str, way: str) -> None:
    async with stage(where) as s:
        one = await (s.here(Actor) if way == "outwards" else s.spawn(Actor))
        other = await (s.spawn(Actor, name="watched") if way == "outwards" else s.here(Actor, name="watched"))
        await s.calm()
        named = s.system.named("watched", Actor)
        await one.call(Actor.watch, named)
        other.exit(Upset())
        assert [(m.ref, m.reason) for m in await seen(one, 1)] == [(named, Upset())]
        await one.call(Actor.watch, named)
        await one.call(Actor.watch, other)
        got = await seen(one, 3)
        assert [m.reason for m in got[1:]] == [NoProc(), NoProc()]


@everywhere
@both_ways
async def test_priority_goes_before_what_is_queued(where: str, way: str) -> None:
    async with stage(where) as s:
        for kind in ("watch", "tie"):
            one = await (s.here(Actor, True) if way == "outwards" else s.spawn(Actor, True))
            other = await (s.spawn(Actor) if way == "outwards" else s.here(Actor))
            await one.call(getattr(Actor, kind), other, True)
            one.cast(Actor.hold_until_behind, 6)
            for n in range(5):
                one.cast(Actor.note, n)
            await s.calm()
            other.exit(Kill())
            await s.calm()
            got = await seen(one, 6)
            assert got[0].reason == Killed()
            assert got[1:] == [0, 1, 2, 3, 4]


@everywhere
@both_ways
async def test_linking_to_one_that_unwinds_leaves_its_monitors_their_reason(where: str, way: str) -> None:
    async with stage(where) as s:
        near = s.here if way == "outwards" else s.spawn
        one, trapping = await near(Actor), await near(Actor, True)
        other = await (s.spawn(Slow) if way == "outwards" else s.here(Slow))
        await one.call(Actor.watch, other)
        other.cast(Slow.linger, 0.5)
        await s.calm()
        other.exit(Upset("true"))
        await s.calm()
        await trapping.call(Actor.tie, other)
        assert (await seen(trapping, 1))[0].reason == NoProc()
        await asyncio.sleep(0.6)
        assert [m.reason for m in await seen(one, 1)] == [Upset("true")]


@everywhere
async def test_stopping_runs_terminate_and_tells_how_it_went(where: str) -> None:
    async with stage(where) as s:
        near = await s.here(Actor)
        tidy = await s.spawn(Tidy, near)
        await tidy.stop(Shutdown("enough"))
        assert await seen(near, 1) == [("tidied", Shutdown("enough"))]
        tidy = await s.spawn(Tidy, near, 1.0)
        with pytest.raises(CallTimeout):
            await tidy.stop(timeout=0.2)
        await asyncio.sleep(1.2)
        assert await seen(near, 2) == [("tidied", Shutdown("enough")), ("tidied", Normal())]
        stuck = await s.spawn(Tidy, None, 60.0, shutdown=0.3)
        with pytest.raises(StopFailed) as failed:
            await stuck.stop()
        assert failed.value.reason == Killed()


@everywhere
@both_ways
async def test_one_agent_stops_another(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await _actor(s, way, False)
        await one.call(Actor.watch, other)
        await one.call(Actor.halt, other, Shutdown("by you"))
        assert [m.reason for m in await seen(one, 1)] == [Shutdown("by you")]


@everywhere
async def test_waiting_tells_the_reason_or_that_it_was_over(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        waits = [asyncio.ensure_future(s.system.wait(far)) for _ in range(3)]
        await s.calm()
        far.exit(Upset("w"))
        assert await asyncio.gather(*waits) == [Upset("w")] * 3
        assert await s.system.wait(far) == NoProc()


@everywhere
async def test_one_that_traps_and_does_not_end_is_killed_by_kill_alone(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Deaf)
        far.exit(Shutdown())
        await s.calm()
        assert await far.call(Actor.kind) == "actor"
        end = asyncio.ensure_future(s.system.wait(far))
        await s.calm()
        far.exit(Kill())
        assert await end == Killed()


@everywhere
@both_ways
async def test_an_exit_names_the_very_agent_on_every_node(where: str, way: str) -> None:
    async with stage(where) as s:
        victim, peer = await _actor(s, way, True)
        await victim.call(Actor.tie, peer)
        victim.cast(Actor.quit, Upset())
        assert await seen(peer, 1) == [Exit(victim, Upset())]


@everywhere
async def test_addresses_of_the_dead_are_the_same_however_they_come(where: str) -> None:
    async with stage(where) as s:
        near, far, keeper = await s.here(Actor), await s.spawn(Actor), await s.spawn(Actor)
        await keeper.call(Actor.note, far)
        await near.call(Actor.watch, far)
        far.exit(Upset())
        (down,) = await seen(near, 1)
        assert down.ref == far
        (again,) = await keeper.call(Actor.seen)
        assert again == far


async def test_a_link_made_while_it_is_undone_from_afar_is_one_for_both_or_for_none() -> None:
    ended: set[int] = set()
    for victim in (0, 1):
        async with stage(TWO) as s:
            pair = await s.here(Actor, True), await s.spawn(Actor, True)
            await pair[0].call(Actor.tie, pair[1])
            await s.calm()
            s.delay(0.2)
            pair[1].cast(Actor.remind_to_tie, pair[0])
            await asyncio.sleep(0.15)
            pair[0].cast(Actor.untie, pair[1])  # on its way while the other links
            await asyncio.sleep(1)
            s.delay(0.0)
            pair[victim].exit(Kill())
            await s.calm()
            if await pair[1 - victim].call(Actor.seen):
                ended.add(victim)
    assert len(ended) in (0, 2), f"only the end of {ended} was told"


@everywhere
@both_ways
@pytest.mark.parametrize("cleans", [False, True])
async def test_a_parents_exit_lets_a_child_clean_up(where: str, way: str, cleans: bool) -> None:
    async with stage(where) as s:
        elder = await s.system.start(Actor)
        make = s.spawn if way == "outwards" else s.here
        child = await (make(Tidy, elder) if cleans else make(Actor))
        assert s.system.alive(child)
        await s.nursery.stop()
        await s.calm()
        with pytest.raises(CallFailed):
            await child.call(Actor.kind)
        assert await elder.call(Actor.seen) == ([("tidied", Shutdown())] if cleans else [])
