"""Nothing is left behind: no hook, no link, no entry, no log line, no agent in memory."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, Kill, System
from cybernetic.naming import Groups, Registry, Topics
from tests.naming.agents import Member, Trapper, do, kill, members

rooms = Registry("rooms")
halls = Registry("halls", keys="duplicate")
teams = Groups("teams")
news = Topics("news")

Act = Callable[[Any], object]
USES: list[tuple[Any, Act, Act]] = [
    (rooms, lambda agent: rooms.register(agent, "k"), lambda agent: rooms.unregister(agent, "k")),
    (halls, lambda agent: halls.register(agent, "k"), lambda agent: halls.unregister(agent, "k")),
    (teams, lambda agent: teams.join(agent, "k"), lambda agent: teams.leave(agent, "k")),
    (news, lambda agent: news.subscribe(agent, "k"), lambda agent: news.unsubscribe(agent, "k")),
]
uses = pytest.mark.parametrize(("service", "enter", "leave"), USES, ids=[use[0].name for use in USES])


def hooks(ref: Any) -> int:
    """How many would be told of the end of an agent by the runtime."""
    details = ref._details
    return 0 if details is None else len(details.on_death or ())


@uses
async def test_who_leaves_is_as_if_it_had_never_entered(service: Any, enter: Act, leave: Act) -> None:
    async with System() as system:
        host = await service.start(system)
        (one,) = await members(system, 1)
        await do(one, enter)
        assert hooks(one) == 1
        await do(one, leave)
        assert hooks(one) == 0
        assert one.inspect().info().links == host.inspect().info().links == ()


@uses
async def test_who_outlives_the_agent_behind_a_service_forgets_it(
    service: Any, enter: Act, leave: Act
) -> None:
    async with System() as system:
        host = await service.start(system)
        one = await system.start(Trapper, enter)
        gone = weakref.ref(host._agent)
        await kill(system, host)
        assert hooks(one) == 0
        gc.collect()
        assert gone() is None


@uses
async def test_who_ends_is_freed_without_a_word(service: Any, enter: Act, leave: Act, caplog: Any) -> None:
    async with System() as system:
        host = await service.start(system)
        one = await system.start(Member, enter)
        gone = weakref.ref(one._agent)
        await kill(system, one)
        await system.drain()
        assert gone() is None
        assert len(host._agent.table) == 0
        assert host.inspect().info().links == ()
    assert caplog.text == ""


async def test_who_has_stopped_monitoring_groups_is_forgotten_unless_it_is_in_one() -> None:
    async with System() as system:
        host = await teams.start(system)
        (one,) = await members(system, 1)
        await do(one, lambda agent: teams.join(agent, "red"))
        token, _ = await do(one, lambda agent: teams.monitor(agent, "red"))
        await do(one, lambda agent: teams.demonitor(agent, token))
        assert hooks(one) == 1
        await do(one, lambda agent: teams.leave(agent, "red"))
        assert hooks(one) == 0
        token, _ = await do(one, lambda agent: teams.monitor_scope(agent))
        await do(one, lambda agent: teams.demonitor(agent, token))
        assert hooks(one) == 0
        assert await one.call(Member.seen) == []
        await kill(system, host)
        assert await one.call(Member.seen) == []


async def test_a_watcher_of_groups_that_ends_leaves_no_entry() -> None:
    async with System() as system:
        host = await teams.start(system)
        (one,) = await members(system, 1)
        await do(one, lambda agent: (teams.monitor(agent, "red"), teams.monitor_scope(agent)))
        await kill(system, one)
        assert len(host._agent.watchers) == 0


async def test_thousands_enter_and_end_and_nothing_is_left() -> None:
    def enter(agent: Agent) -> None:
        rooms.register(agent, agent.ref)
        halls.register(agent, "all")
        teams.join(agent, "all")
        news.subscribe(agent, "all")

    async with System() as system:
        for service in (rooms, halls, teams, news):
            await service.start(system)
        refs = [system.spawn(Member, enter) for _ in range(2000)]
        await system.drain()
        assert (rooms.count(system), halls.count(system)) == (2000, 2000)
        news.publish(system, "all", 1)
        for ref in refs[::2]:
            await kill(system, ref)
        assert teams.members(system, "all") == news.subscribers(system, "all") == refs[1::2]
        for ref in refs[1::2]:
            await ref.stop()
        assert (rooms.count(system), halls.count(system)) == (0, 0)
        assert (teams.which_groups(system), news.subscribers(system, "all")) == ([], [])


async def test_who_comes_and_goes_while_it_watches_is_still_missed_when_it_ends() -> None:
    async def hold(agent: Agent) -> None:
        async with rooms.lock(agent, "k"):
            rooms.register(agent, "k")
            rooms.unregister(agent, "k")
            await asyncio.sleep(3600)

    async with System() as system:
        await rooms.start(system)
        host = await teams.start(system)
        one, holder = await members(system, 2)
        await do(one, lambda agent: teams.monitor(agent, "red"))
        await do(one, lambda agent: (teams.join(agent, "red"), teams.leave(agent, "red")))
        holder.cast(Member.do_async, hold)
        await asyncio.sleep(1.0)
        await kill(system, one)
        holder.exit(Kill())
        assert len(host._agent.watchers) == 0
        keeper = system.whereis("rooms")
        assert keeper is not None
        assert not keeper._agent.locks.concern(holder)
