"""What is shared and supervised across nodes: groups, topics, trees, starts, introductions, back-pressure, timers."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    AlreadyStarted,
    CallDeadlock,
    CallFailed,
    ChildNotStarted,
    Crash,
    Joined,
    Kill,
    Left,
    NoConnection,
    NoNode,
    Published,
    Refusal,
    Shutdown,
    StopFailed,
    Supervisor,
    System,
    child,
)
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from cybernetic.testing import settle
from tests.nodes.bodies.acts import until
from tests.nodes.players import (
    Branch,
    Early,
    Fifty,
    Member,
    Stubborn,
    Trio,
    Waiting,
    news,
    teams,
)
from tests.nodes.stage import FAR, TWO, WHERES, stage

everywhere = pytest.mark.parametrize("where", WHERES)


async def _another(s: Any, name: str, before: Any) -> bool:
    return s.system.whereis(name) not in (None, before)


@everywhere
async def test_groups_are_one_on_all_nodes(where: str) -> None:
    async with stage(where) as s:
        await teams.start(s.system)
        near, far = await s.here(Member), await s.spawn(Member)
        await s.calm()
        assert await near.call(Member.watch, "red") == []
        await far.call(Member.join, "red")
        await s.calm()
        await near.call(Member.join, "red")
        await s.calm()
        assert set(await near.call(Member.members, "red")) == {near, far}
        assert set(await far.call(Member.members, "red")) == {near, far}
        assert set(await far.call(Member.local, "red")) == ({far} if s.far else {near, far})
        await far.call(Member.leave, "red")
        await s.calm()
        assert await near.call(Member.members, "red") == [near]
        await far.call(Member.join, "red")
        await s.calm()
        far.exit(Kill())
        await s.calm()
        assert await near.call(Member.members, "red") == [near]
        kinds = [(type(m), m.refs) for m in await near.call(Member.logged)]
        assert kinds == [
            (Joined, (far,)),
            (Joined, (near,)),
            (Left, (far,)),
            (Joined, (far,)),
            (Left, (far,)),
        ]


@everywhere
async def test_topics_reach_all_nodes(where: str) -> None:
    async with stage(where) as s:
        await news.start(s.system)
        near, far = await s.here(Member), await s.spawn(Member)
        await s.calm()
        await far.call(Member.subscribe, "prices.*")
        await near.call(Member.subscribe, "prices.eur")
        await s.calm()
        await near.call(Member.publish, "prices.eur", {"n": 1})
        await far.call(Member.publish, "prices.eur", {"n": 2})
        await s.calm()
        for ref in (near, far):
            told = await ref.call(Member.logged)
            assert {m.message["n"] for m in told if isinstance(m, Published)} == {1, 2}


@everywhere
async def test_a_third_party_is_introduced(where: str) -> None:
    async with stage(where, nodes=2) as s:
        near = await s.here(Member)
        one = await s.spawn(Member)
        other = await s.spawn(Member, node="worker-2" if s.far else None)
        said, ref = await near.call(Member.introduce, one, other)
        assert said == f"hello from {other.node}"
        assert ref == other


@everywhere
@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_strategies_reach_across(where: str, strategy: str) -> None:
    async with stage(where) as s:
        await s.system.start(Trio, strategy, s.far)
        await s.calm()
        before = {name: s.system.whereis(name) for name in "abc"}
        assert before["b"].node == (s.far or before["a"].node)
        before["b"].exit(Kill())
        await until(lambda: _another(s, "b", before["b"]))
        await s.calm()
        after = {name: s.system.whereis(name) for name in "abc"}
        changed = {name for name in "abc" if before[name] != after[name]}
        assert (
            changed
            == {"one_for_one": {"b"}, "one_for_all": {"a", "b", "c"}, "rest_for_one": {"b", "c"}}[strategy]
        )
        assert all(after.values())


@everywhere
async def test_a_tree_runs_elsewhere_and_is_managed_from_here(where: str) -> None:
    async with stage(where) as s:
        branch = await s.spawn(Branch, restart="permanent")
        infos = await branch.call(Supervisor.which_children)
        assert [info.id for info in infos] == [2, 1, 0]
        assert {info.ref.node for info in infos} == {branch.node}
        extra = await branch.call(Supervisor.start_child, child(Member, id="more"))
        assert await extra.call(Member.say, "hi") == f"hi from {branch.node}"
        await branch.call(Supervisor.terminate_child, "more")
        assert (await branch.call(Supervisor.count_children)).active == 3
        before = s.system.whereis("leaf 1")
        await branch.stop()
        await until(lambda: _another(s, "leaf 1", before))  # permanent: it came back


@everywhere
async def test_starts_fail_as_they_do_at_home(where: str) -> None:
    async with stage(where) as s:
        for how, reason, limit in (
            ("crash", Crash("ValueError", "no"), 60.0),
            ("hang", None, 1.0),
            ("call", None, 60.0),
        ):
            with pytest.raises(ChildNotStarted) as failed:
                await s.spawn(Stubborn, how, start_timeout=limit)
            if reason is not None:
                assert failed.value.reason == reason
        assert "CallDeadlock" in str(failed.value.reason), CallDeadlock
        with pytest.raises(ChildNotStarted, match="never"):
            await s.spawn(Stubborn, "refuse")
        with pytest.raises(AssertionError):
            await s.spawn(Stubborn, "ignore")
        first = await s.spawn(Member, name="only")
        with pytest.raises(AlreadyStarted) as held:
            await s.spawn(Member, name="only")
        assert held.value.ref == first
        await s.calm()
        counts = await s.nursery.call(Supervisor.count_children)
        assert counts.active == 1


@everywhere
async def test_an_order_to_stop_cuts_a_start_short(where: str) -> None:
    async with stage(where) as s:
        waiting = s.system.spawn(Waiting, s.far)
        await s.calm()
        gone = asyncio.ensure_future(s.system.wait(waiting))
        with pytest.raises(StopFailed):  # it failed to start, which is another end than the one asked for
            await waiting.stop(Shutdown("enough"), timeout=30)
        assert isinstance(await gone, Shutdown)
        await s.calm()
        assert not [ref for ref in s.system.agents() if ref.cls is Stubborn]


@everywhere
async def test_refusals_and_timers(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Member), await s.spawn(Member)
        with pytest.raises(Refusal, match="not on a Sunday" if s.far is None else "Special: not on a Sunday"):
            await far.call(Member.refuse)
        await near.call(Member.later, far)

        async def both() -> bool:
            return len(await far.call(Member.logged)) == 2

        await until(both)
        assert await far.call(Member.logged) == [7, "late"]


async def test_a_sender_waits_while_its_node_cannot_keep_up() -> None:
    async with stage(TWO) as s:
        sender, other, far = await s.here(Member), await s.here(Member), await s.spawn(Member)
        for pair in network().pairs:
            pair.delay = 1.0
        for _ in range(20):
            sender.cast(Member.flood, far, 1000)
        await asyncio.sleep(0.5)
        await settle(s.system)
        assert sender.inspect().info().length > 10
        assert await other.call(Member.say, "still here") == "still here from main"
        for pair in network().pairs:
            pair.delay = 0.0
        await asyncio.sleep(60)
        assert sender.inspect().info().length == 0
        assert await far.call(Member.logged) == list(range(1000)) * 20


async def test_a_sender_of_little_at_a_time_waits_too() -> None:
    async with stage(TWO) as s:
        sender, far = await s.here(Member), await s.spawn(Member)
        for pair in network().pairs:
            pair.delay = 1.0
        for _ in range(20_000):
            sender.cast(Member.flood, far, 1)
        await asyncio.sleep(0.5)
        await settle(s.system)
        assert sender.inspect().info().length > 10_000
        for pair in network().pairs:
            pair.delay = 0.0
        await asyncio.sleep(60)
        assert len(await far.call(Member.logged)) == 20_000


async def test_a_node_with_fifty_children_is_one_loss() -> None:
    async with stage(TWO, nodes=2, capabilities={"work": True}) as s:
        fifty = await s.system.start(Fifty)
        await s.calm()
        before = [s.system.whereis(f"m{n}") for n in range(50)]
        assert {ref.node for ref in before if ref is not None} == {"worker-1", "worker-2"}
        s.kill_far()
        await asyncio.sleep(5)
        assert s.system.alive(fifty)
        after = [s.system.whereis(f"m{n}") for n in range(50)]
        assert all(ref is not None and s.system.alive(ref) for ref in after)


async def test_a_child_of_a_dead_node_waits_for_it() -> None:
    async with stage(TWO) as s:
        far = await s.spawn(Member, name="there", restart="permanent")
        near = await s.here(Member)
        gone = asyncio.ensure_future(s.system.wait(far))
        await settle(s.system)
        s.kill_far()
        assert await gone == NoConnection()
        await asyncio.sleep(5)
        again = s.system.whereis("there")
        assert again is not None
        assert again.node == FAR
        assert again != far
        with pytest.raises(ChildNotStarted) as failed:
            await s.spawn(Member, node="nowhere")
        assert isinstance(failed.value.reason, NoNode)
        assert "nowhere" in failed.value.reason.why
        assert await near.call(Member.say, "x") == "x from main"
        with pytest.raises(CallFailed):
            await far.call(Member.say, "y")


async def test_a_tree_starts_without_the_child_no_node_fits_and_it_follows_when_one_comes() -> None:
    async with System(
        nodes=0, node="one", host_port=MemoryHost(), secret="s" * 16, listen=["memory:early"]
    ) as one:
        early = await one.start(Early)
        assert one.whereis("gpu") is None
        assert [info.ref for info in await early.call(Supervisor.which_children)][1] == "restarting"
        await asyncio.sleep(100)
        async with System(
            nodes=["two"],
            node="two.door",
            only_door=True,
            host_port=MemoryHost(),
            capabilities={"gpu": True},
            secret="s" * 16,
            join=["memory:early"],
        ):
            await asyncio.sleep(0.1)
            gpu = one.whereis("gpu")
            assert gpu is not None
            assert gpu.node == "two"
        assert one.alive(early)
