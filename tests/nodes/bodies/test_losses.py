"""Nodes that are lost: what is told, what is held, what comes back, what is not concerned."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    ChildNotStarted,
    Crash,
    Down,
    Exit,
    Kill,
    Limits,
    NoConnection,
    Supervisor,
)
from tests.nodes.bodies.acts import seen, until
from tests.nodes.bodies.cast import Actor, Pair, Upset
from tests.nodes.bodies.test_groups import Joiner, news, teams
from tests.nodes.stage import FAR, OTHER, TWO, Stage, apart, stage


def _are(s: Stage, nodes: list[str]) -> Callable[[], Awaitable[bool]]:
    """Whether the nodes are these."""

    async def are() -> bool:
        return sorted(s.nodes) == nodes

    return are


@apart
async def test_all_that_had_arrived_comes_before_the_loss(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Actor, True), await s.spawn(Actor)
        await near.call(Actor.watch, far)
        await near.call(Actor.tie, far)
        near.cast(Actor.hold, 0.5)
        await far.call(Actor.say, near, *range(100))
        await s.calm()
        s.kill_far()
        got = await seen(near, 102)
        assert got[:100] == list(range(100))
        assert {(type(m), m.ref, m.reason) for m in got[100:]} == {
            (Down, far, NoConnection()),
            (Exit, far, NoConnection()),
        }


@apart
async def test_calls_in_flight_fail_at_once_and_old_addresses_stay_dead(where: str) -> None:
    async with stage(where) as s:
        near, far, other = await s.here(Actor), await s.spawn(Actor, name="x"), await s.here(Actor)
        calls = [far.within(None).request(Actor.slow, 1000) for _ in range(5)]
        asked = near.within(None).request(Actor.ask, far.within(None), 1)
        await s.calm()
        before = asyncio.get_running_loop().time()
        s.kill_far()
        for failed in await asyncio.gather(*calls, asked, return_exceptions=True):
            assert isinstance(failed, CallFailed)
        assert asyncio.get_running_loop().time() - before < 0.1 + s.slack
        assert not s.system.alive(far)
        with pytest.raises(CallFailed) as failed:
            await far.call(Actor.kind)
        assert failed.value.reason == NoConnection()
        assert await s.system.wait(far) == NoConnection()
        await until(_are(s, ["main", FAR]))
        again = await s.spawn(Actor, name="x")
        assert again != far
        assert not s.system.alive(far)
        far.cast(Actor.note, "nobody")
        await other.call(Actor.say, far, "nobody")
        await s.calm()
        assert await again.call(Actor.seen) == []


@apart
async def test_a_plain_agent_ends_with_what_it_is_linked_to_there(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Actor), await s.spawn(Actor)
        await near.call(Actor.tie, far)
        end = asyncio.ensure_future(s.system.wait(near))
        await s.calm()
        s.kill_far()
        assert await end == NoConnection()


@apart
async def test_a_child_that_may_run_elsewhere_does(where: str) -> None:
    async with stage(where, nodes=2, capabilities={"work": True}) as s:
        specs = [(n, "actor", (), {"name": f"c{n}", "requires": ["work"]}) for n in range(6)]
        top = await s.system.start(Pair, specs, {"max_restarts": 1}, type="temporary")
        await s.calm()
        before = {n: s.system.whereis(f"c{n}") for n in range(6)}
        assert {ref.node for ref in before.values() if ref} == {FAR, OTHER}
        lost = [ref for ref in before.values() if ref is not None and ref.node == FAR]
        s.kill_far()

        async def back() -> bool:
            refs = [s.system.whereis(f"c{n}") for n in range(6)]
            return all(ref is not None and ref not in lost and s.system.alive(ref) for ref in refs)

        await until(back)
        for n, ref in before.items():
            assert ref is not None
            if ref.node == OTHER:
                assert s.system.whereis(f"c{n}") == ref  # what was not concerned went on
            else:
                assert s.system.whereis(f"c{n}") != ref
        assert s.system.alive(top)


@apart
async def test_names_that_were_there_can_be_taken_in_the_down(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Actor, True), await s.spawn(Actor, name="taken")
        await near.call(Actor.watch, far)
        freed: list[Any] = []
        wait = asyncio.ensure_future(s.system.wait(far))
        wait.add_done_callback(lambda _: freed.append(s.system.whereis("taken")))
        await s.calm()
        s.kill_far()
        await wait
        assert freed == [None]
        assert await (await s.here(Actor, name="taken")).call(Actor.kind) == "actor"


@apart
async def test_a_third_node_learns_of_the_loss_too(where: str) -> None:
    async with stage(where, nodes=2) as s:
        far, third = await s.spawn(Actor, name="far"), await s.spawn(Actor, True, node=OTHER)
        await third.call(Actor.watch, far)
        await third.call(Actor.tie, far)
        await s.calm()
        s.kill_far()
        got = await seen(third, 2)
        assert {type(m) for m in got} == {Down, Exit}
        assert {m.reason for m in got} == {NoConnection()}


@apart
async def test_groups_and_topics_forget_who_was_there(where: str) -> None:
    async with stage(where, nodes=2) as s:
        await teams.start(s.system)
        await news.start(s.system)
        near, far, third = await s.here(Joiner), await s.spawn(Joiner), await s.spawn(Joiner, node=OTHER)
        await s.calm()
        for ref in (near, far, third):
            await ref.call(Joiner.join, "g")
            await ref.call(Joiner.subscribe, "t")
        await s.calm()
        assert set(await third.call(Joiner.members, "g")) == {near, far, third}
        gone = asyncio.ensure_future(s.system.wait(far))
        await s.calm()
        s.kill_far()
        await gone
        await until(_are(s, ["main", FAR, OTHER]))
        await s.calm()
        for ref in (near, third):
            assert set(await ref.call(Joiner.members, "g")) == {near, third}
        await near.call(Joiner.publish, "t", 1)
        await s.calm()
        for ref in (near, third):
            assert [m.message for m in await ref.call(Actor.seen)] == [1]
        again = await s.spawn(Joiner)
        await again.call(Joiner.join, "g")
        await s.calm()
        assert set(await near.call(Joiner.members, "g")) == {near, third, again}
        assert set(await again.call(Joiner.members, "g")) == {near, third, again}


@apart
async def test_a_child_bound_to_a_node_waits_and_its_supervisor_serves(where: str) -> None:
    async with stage(where) as s:
        specs = [
            ("a", "actor", (), {"name": "a", "node": FAR}),
            ("b", "actor", (), {"name": "b"}),
        ]
        top = await s.system.start(Pair, specs, {"max_restarts": 1, "max_seconds": 1.0}, type="temporary")
        b = s.system.whereis("b")
        old: list[Any] = [None]

        async def back() -> bool:
            return s.system.whereis("a") not in old

        for _ in range(3):
            await until(back)
            old.append(s.system.whereis("a"))
            s.kill_far()
            await s.calm()
            assert (await top.call(Supervisor.count_children)).specs == 2
            await until(back)
            a = s.system.whereis("a")
            assert a is not None
            assert a.node == FAR
            await asyncio.sleep(1.1)
        assert s.system.whereis("b") == b


async def test_a_sender_that_is_held_can_be_killed_and_the_rest_goes_on() -> None:
    async with stage(TWO) as s:
        one, two, far = await s.here(Actor), await s.here(Actor), await s.spawn(Actor)
        s.part()
        for _ in range(300):
            one.cast(Actor.say, far, *["x" * 1000] * 10)
            two.cast(Actor.say, far, *["y" * 1000] * 10)
        await asyncio.sleep(1)
        assert one.inspect().info().length > 10
        one.exit(Kill())
        assert await s.system.wait(one) is not None
        free = await s.here(Actor)
        assert await free.call(Actor.kind) == "actor"
        s.kill_far()
        await asyncio.sleep(1)
        assert two.inspect().info().length == 0  # what is sent to nobody holds nobody
        assert await two.call(Actor.kind) == "actor"


async def test_a_handler_that_waits_is_held_in_its_next_turn() -> None:
    async with stage(TWO) as s:
        sender, far = await s.here(Actor), await s.spawn(Actor)
        s.delay(2.0)
        for _ in range(30):
            sender.cast(Actor.say, far, *["z" * 1000] * 50)
            sender.cast(Actor.slow, 0.0)
        await asyncio.sleep(1)
        assert sender.inspect().info().length > 10
        s.delay(0.0)
        await asyncio.sleep(60)
        assert sender.inspect().info().length == 0
        assert len(await far.call(Actor.seen)) == 1500


@apart
async def test_isolated_agents_have_a_node_of_their_own_that_ends_with_them(where: str) -> None:
    async with stage(where) as s:
        alone = await s.spawn(Actor, node=None, isolate=True, name="alone")
        assert alone.node.startswith("main.")
        assert await alone.call(Actor.kind) == "actor"
        near = await s.here(Actor)
        await near.call(Actor.watch, alone)
        alone.exit(Upset())
        assert [m.reason for m in await seen(near, 1)] == [Upset()]
        await until(_are(s, ["main", FAR]))


@apart
async def test_an_isolated_permanent_child_gets_a_new_node(where: str) -> None:
    async with stage(where) as s:
        alone = await s.spawn(Actor, node=None, isolate=True, name="alone", restart="permanent")
        alone.exit(Upset())

        async def back() -> bool:
            found = s.system.whereis("alone")
            return found is not None and found != alone

        await until(back)
        again = s.system.whereis("alone", Actor)
        assert again is not None
        assert again.node != alone.node
        assert await again.call(Actor.kind) == "actor"


async def test_limits_that_cannot_be_held_are_refused() -> None:
    async with stage(TWO) as s:
        with pytest.raises(ChildNotStarted) as failed:
            await s.spawn(Actor, node=None, isolate=Limits(address_space=2**30))
        assert isinstance(failed.value.reason, Crash)
        assert failed.value.reason.type == "HostFailed"
        assert "limits" in failed.value.reason.text
        assert s.nodes == ["main", FAR]
