"""Groups keep the promises of statements PG-1 to PG-7."""

from typing import Any

import pytest

from cybernetic import Agent, Down, Kill, Killed, OptionError, System, Token
from cybernetic.core import NotJoined
from cybernetic.naming import Groups, Joined, Left
from tests.naming.agents import Member, Trapper, do, error, kill, members

teams = Groups("teams")
others = Groups("others")


async def test_pg_1_scopes_are_independent() -> None:
    async with System() as system:
        for scope in (teams, others):
            await scope.start(system)
        one, other = await members(system, 2)
        teams.join(system, "red", one)
        others.join(system, "red", other)
        assert teams.members(system, "red") == [one]
        assert others.members(system, "red") == [other]
        others.leave(system, "red", other)
        assert teams.which_groups(system) == ["red"]
        assert others.which_groups(system) == []


async def test_pg_1_a_group_exists_while_it_has_members() -> None:
    async with System() as system:
        await teams.start(system)
        (one,) = await members(system, 1)
        assert teams.which_groups(system) == []
        teams.join(system, "red", one)
        assert teams.which_groups(system) == ["red"]
        teams.leave(system, "red", one)
        assert teams.which_groups(system) == []


async def test_pg_1_any_hashable_value_names_a_group() -> None:
    groups = [1, 1.0, True, None, "", ("a", 1), ("a", 1.0), frozenset("ab"), Agent]
    async with System() as system:
        await teams.start(system)
        agents = await members(system, len(groups))
        for agent, group in zip(agents, groups, strict=True):
            teams.join(system, group, agent)
        for agent, group in zip(agents, groups, strict=True):
            assert teams.members(system, group) == [agent]
        assert list(map(repr, teams.which_groups(system))) == list(map(repr, groups))


async def test_pg_2_who_joins_several_times_is_listed_so_and_must_leave_as_often() -> None:
    async with System() as system:
        await teams.start(system)
        one, other = await members(system, 2)
        teams.join(system, "red", one, other, one)
        await do(one, lambda agent: teams.join(agent, "red"))
        assert teams.members(system, "red") == [one, other, one, one]
        for left in (2, 1, 0):
            await do(one, lambda agent: teams.leave(agent, "red"))
            assert teams.members(system, "red").count(one) == left
        with pytest.raises(NotJoined):
            await do(one, lambda agent: teams.leave(agent, "red"))
        assert teams.members(system, "red") == [other]


async def test_pg_2_one_leave_may_name_an_agent_several_times() -> None:
    async with System() as system:
        await teams.start(system)
        (one,) = await members(system, 1)
        teams.join(system, "red", one, one, one)
        teams.leave(system, "red", one, one)
        assert teams.members(system, "red") == [one]


async def test_pg_3_leaving_is_refused_only_when_nobody_was_a_member() -> None:
    async with System() as system:
        await teams.start(system)
        one, other, third = await members(system, 3)
        teams.join(system, "red", one, other)
        with pytest.raises(NotJoined, match="not a member of the group 'blue'"):
            teams.leave(system, "blue", one)
        with pytest.raises(NotJoined):
            teams.leave(system, "red", third)
        teams.leave(system, "red", third, one)
        assert teams.members(system, "red") == [other]


async def test_pg_4_death_removes_all_memberships_before_it_is_told() -> None:
    class Watcher(Member):
        def receive(self, message: Any) -> None:
            self.got.append((type(message), teams.members(self, "red"), teams.members(self, "blue")))

    async with System() as system:
        await teams.start(system)
        one, other = await members(system, 2)
        watcher = await system.start(Watcher)
        teams.join(system, "red", one, other, one)
        teams.join(system, "blue", one)
        await do(watcher, lambda agent: agent.monitor(one))
        await kill(system, one)
        assert await watcher.call(Member.seen) == [(Down, [other], [])]
        assert teams.which_groups(system) == ["red"]


async def test_pg_4_who_has_ended_cannot_join() -> None:
    async with System() as system:
        await teams.start(system)
        one, other = await members(system, 2)
        await kill(system, one)
        teams.join(system, "red", one)
        assert teams.which_groups(system) == []
        teams.join(system, "red", one, other)
        assert teams.members(system, "red") == [other]


async def test_pg_5_an_unknown_group_has_no_members() -> None:
    async with System() as system:
        await teams.start(system)
        (one,) = await members(system, 1)
        teams.join(system, "red", one)
        assert teams.local_members(system, "red") == teams.members(system, "red") == [one]
        assert teams.members(system, "blue") == teams.local_members(system, "blue") == []
        assert await do(one, lambda agent: teams.which_groups(agent)) == ["red"]


async def test_pg_6_a_monitor_gives_the_members_now_and_every_change_after() -> None:
    async with System() as system:
        await teams.start(system)
        one, other, watcher = await members(system, 3)
        teams.join(system, "red", one)
        token, now = await do(watcher, lambda agent: teams.monitor(agent, "red"))
        assert isinstance(token, Token)
        assert now == [one]
        teams.join(system, "red", other, other, one)
        teams.join(system, "blue", other)
        teams.leave(system, "red", one, watcher)
        await kill(system, other)
        assert await watcher.call(Member.seen) == [
            Joined(token, "red", (other, other, one)),
            Left(token, "red", (one,)),
            Left(token, "red", (other, other)),
        ]


async def test_pg_6_a_monitor_of_the_scope_sees_every_group() -> None:
    async with System() as system:
        await teams.start(system)
        one, watcher = await members(system, 2)
        for group in (1, True):
            teams.join(system, group, one)
        token, now = await do(watcher, lambda agent: teams.monitor_scope(agent))
        assert [(repr(group), refs) for group, refs in now] == [("1", [one]), ("True", [one])]
        teams.join(system, "red", one)
        await kill(system, one)
        seen = await watcher.call(Member.seen)
        assert [(type(news), repr(news.group), news.refs) for news in seen] == [
            (Joined, "'red'", (one,)),
            (Left, "1", (one,)),
            (Left, "True", (one,)),
            (Left, "'red'", (one,)),
        ]
        assert {news.token for news in seen} == {token}


async def test_pg_6_each_monitor_has_a_token_of_its_own() -> None:
    async with System() as system:
        await teams.start(system)
        one, watcher = await members(system, 2)
        first, _ = await do(watcher, lambda agent: teams.monitor(agent, "red"))
        second, _ = await do(watcher, lambda agent: teams.monitor(agent, "red"))
        third, _ = await do(watcher, lambda agent: teams.monitor_scope(agent))
        teams.join(system, "red", one)
        seen = await watcher.call(Member.seen)
        assert [news.token for news in seen] == [first, second, third]
        assert await do(watcher, lambda agent: teams.demonitor(agent, second))
        teams.leave(system, "red", one)
        assert [news.token for news in (await watcher.call(Member.seen))[3:]] == [first, third]


async def test_pg_6_demonitor_takes_back_what_is_queued_and_knows_its_tokens() -> None:
    async with System() as system:
        await teams.start(system)
        one, watcher = await members(system, 2)
        token, _ = await do(watcher, lambda agent: teams.monitor(agent, "red"))
        kept, _ = await do(watcher, lambda agent: teams.monitor(agent, "red"))

        def change_and_stop(agent: Agent) -> bool:
            teams.join(agent, "red", one)
            return teams.demonitor(agent, token)

        assert await do(watcher, change_and_stop) is True
        assert await watcher.call(Member.seen) == [Joined(kept, "red", (one,))]
        assert await do(watcher, lambda agent: teams.demonitor(agent, token)) is False
        assert await do(one, lambda agent: teams.demonitor(agent, kept)) is False
        assert await do(one, lambda agent: teams.demonitor(agent, Token("strange"))) is False
        assert isinstance(await error(one, lambda agent: teams.demonitor(agent, "red")), OptionError)
        host = system.whereis("teams")
        assert host is not None
        assert len(host.inspect().info().monitored_by) == 1


async def test_pg_6_the_end_of_the_scope_is_told_and_members_live_on() -> None:
    async with System() as system:
        host = await teams.start(system)
        one, watcher = await members(system, 2)
        teams.join(system, "red", one)
        token, _ = await do(watcher, lambda agent: teams.monitor(agent, "red"))
        await kill(system, host)
        assert await watcher.call(Member.seen) == [Down(token, host, Killed())]
        assert system.alive(one)
        await teams.start(system)
        assert teams.members(system, "red") == []
        teams.join(system, "red", one)
        await kill(system, one)
        assert teams.members(system, "red") == []
        assert len(await watcher.call(Member.seen)) == 1


async def test_pg_6_a_full_mailbox_misses_no_change() -> None:
    class Small(Member):
        mailbox_limit = 1

    async with System() as system:
        await teams.start(system)
        watcher = await system.start(Small)
        await do(watcher, lambda agent: teams.monitor(agent, "red"))

        def fill(agent: Agent) -> None:
            for _ in range(5):
                teams.join(agent, "red")

        (one,) = await members(system, 1)
        await do(one, fill)
        assert len(await watcher.call(Member.seen)) == 5


async def test_pg_6_a_watcher_that_ends_is_forgotten() -> None:
    async with System() as system:
        await teams.start(system)
        one, watcher = await members(system, 2)
        await do(watcher, lambda agent: (teams.monitor(agent, "red"), teams.monitor_scope(agent)))
        await kill(system, watcher)
        before = system.statistics()["dead_letters"]
        teams.join(system, "red", one)
        assert system.statistics()["dead_letters"] == before
        host = system.whereis("teams")
        assert host is not None
        assert host.inspect().info().monitored_by == ()


async def test_pg_6_who_monitors_and_is_a_member_hears_of_itself() -> None:
    async with System() as system:
        await teams.start(system)
        (one,) = await members(system, 1)
        token, _ = await do(one, lambda agent: teams.monitor(agent, "red"))
        await do(one, lambda agent: teams.join(agent, "red"))
        assert await do(one, lambda agent: teams.demonitor(agent, token))
        assert await one.call(Member.seen) == [Joined(token, "red", (one,))]
        await kill(system, one)
        assert teams.which_groups(system) == []


async def test_pg_7_only_agents_of_this_system_join() -> None:
    async with System() as system, System() as elsewhere:
        await teams.start(system)
        (stranger,) = await members(elsewhere, 1)
        (one,) = await members(system, 1)
        for what in (stranger, "red", system.named("teams", Member), None):
            with pytest.raises(OptionError, match="refs: expected agents of this node"):
                teams.join(system, "red", one, what)  # type: ignore[arg-type]
        assert teams.members(system, "red") == []


async def test_a_group_is_not_bound_to_its_members_by_links() -> None:
    async with System() as system:
        host = await teams.start(system)
        trapper = await system.start(Trapper)
        teams.join(system, "red", trapper)
        assert trapper.inspect().info().links == ()
        host.exit(Kill())
        assert await trapper.call(Member.seen) == []
