"""A registry keeps the promises of statements REG-1 to REG-9 and REG-14."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, Down, Kill, OptionError, Shutdown, System
from cybernetic.core import AlreadyRegistered, NotRegistered
from cybernetic.naming import Entry, Registry
from tests.naming.agents import Lingerer, Member, Trapper, do, error, kill, members

rooms = Registry("rooms")
topics = Registry("topics", keys="duplicate")
STRICT = [1, 1.0, True, "1", b"1", (1,), (1.0,), (True,), None, ""]


async def test_reg_1_a_unique_key_has_one_holder() -> None:
    async with System() as system:
        await rooms.start(system)
        one, other = await members(system, 2)
        await do(one, lambda agent: rooms.register(agent, "kitchen", "hot"))
        with pytest.raises(AlreadyRegistered):
            await do(other, lambda agent: rooms.register(agent, "kitchen", "cold"))
        assert rooms.lookup(system, "kitchen") == [Entry("kitchen", one, "hot")]


async def test_reg_1_a_duplicate_key_has_many_entries_also_of_one_agent() -> None:
    async with System() as system:
        await topics.start(system)
        one, other = await members(system, 2)
        for agent, value in ((one, 1), (other, 2), (one, 3), (one, 3)):
            await do(agent, lambda agent, value=value: topics.register(agent, "news", value))
        assert topics.lookup(system, "news") == [
            Entry("news", one, 1),
            Entry("news", other, 2),
            Entry("news", one, 3),
            Entry("news", one, 3),
        ]
        assert topics.count(system) == 4


async def test_reg_2_a_taken_key_is_refused_also_to_its_own_holder_and_nothing_is_left_behind() -> None:
    async with System() as system:
        host = await rooms.start(system)
        one, other = await members(system, 2)
        await do(one, lambda agent: rooms.register(agent, "kitchen", "hot"))
        for agent in (one, other):
            refused = await error(agent, lambda agent: rooms.register(agent, "kitchen", "cold"))
            assert isinstance(refused, AlreadyRegistered)
            assert (refused.key, refused.ref) == ("kitchen", one)
        assert rooms.select(system) == [Entry("kitchen", one, "hot")]
        assert rooms.keys_of(system, other) == []
        assert host not in other.inspect().info().links
        await kill(system, other)
        assert rooms.whereis(system, "kitchen") is one


async def test_reg_2_an_agent_registers_only_itself() -> None:
    async with System() as system:
        await rooms.start(system)
        (one,) = await members(system, 1)
        for who in (one, system, "kitchen", None):
            with pytest.raises(OptionError):
                rooms.register(who, "kitchen")  # type: ignore[arg-type]
        assert rooms.count(system) == 0


async def test_reg_3_the_key_of_an_agent_that_was_killed_is_free_at_once() -> None:
    async with System() as system:
        await rooms.start(system)
        one, other = await members(system, 2)
        await do(one, lambda agent: rooms.register(agent, "kitchen"))

        def take_over(agent: Member) -> None:
            one.exit(Kill())
            rooms.register(agent, "kitchen")

        await do(other, take_over)
        assert rooms.whereis(system, "kitchen") is other


async def test_reg_3_an_agent_that_is_exiting_is_not_found_but_holds_its_key_until_it_has_unwound() -> None:
    async with System() as system:
        await rooms.start(system)
        holder = await system.start(Lingerer)
        (other,) = await members(system, 1)
        await do(holder, lambda agent: rooms.register(agent, "kitchen"))
        holder.cast(Lingerer.linger, 1.0)
        await asyncio.sleep(1.0)
        holder.exit(Shutdown())
        assert rooms.whereis(system, "kitchen") is None
        assert [entry.ref for entry in rooms.lookup(system, "kitchen")] == [holder]
        assert isinstance(
            await error(other, lambda agent: rooms.register(agent, "kitchen")), AlreadyRegistered
        )
        await system.wait(holder)
        await do(other, lambda agent: rooms.register(agent, "kitchen"))


@pytest.mark.parametrize("registry", [rooms, topics], ids=["unique", "duplicate"])
async def test_reg_4_keys_compare_by_type_and_value(registry: Registry) -> None:
    async with System() as system:
        await registry.start(system)
        agents = await members(system, len(STRICT))
        for agent, key in zip(agents, STRICT, strict=True):
            await do(agent, lambda agent, key=key: registry.register(agent, key, repr(key)))
        for agent, key in zip(agents, STRICT, strict=True):
            (entry,) = registry.lookup(system, key)
            assert entry == Entry(key, agent, repr(key))
            assert type(entry.key) is type(key)
            assert registry.keys_of(system, agent) == [key]
        await do(agents[0], lambda agent: registry.unregister(agent, 1.0))
        assert registry.count(system) == len(STRICT)


async def test_reg_5_whereis_finds_the_living_holder_and_checks_its_class() -> None:
    async with System() as system:
        await rooms.start(system)
        one = await system.start(Trapper)
        await do(one, lambda agent: rooms.register(agent, "kitchen"))
        assert rooms.whereis(system, "kitchen") is one
        assert rooms.whereis(system, "kitchen", Member) is one
        assert rooms.whereis(system, "cellar") is None
        with pytest.raises(OptionError, match="whereis 'kitchen': expected an agent of class Lingerer"):
            rooms.whereis(system, "kitchen", Lingerer)


async def test_reg_5_keys_come_with_repetitions_and_values_in_order() -> None:
    async with System() as system:
        await topics.start(system)
        one, other = await members(system, 2)

        def enter(agent: Agent) -> None:
            for key, value in (("a", 1), ("b", 2), ("a", 3)):
                topics.register(agent, key, value)

        await do(one, enter)
        await do(other, lambda agent: topics.register(agent, "a", 9))
        assert topics.keys_of(system, one) == ["a", "b", "a"]
        assert topics.values(system, "a", one) == [1, 3]
        assert await do(one, lambda agent: topics.keys_of(agent)) == ["a", "b", "a"]
        assert await do(other, lambda agent: topics.values(agent, "a")) == [9]
        assert topics.values(system, "c", one) == []


async def test_reg_5_match_and_select_choose_by_what_an_entry_says() -> None:
    async with System() as system:
        await topics.start(system)
        agents = await members(system, 4)
        for number, agent in enumerate(agents):
            key = "even" if number % 2 == 0 else "odd"
            await do(agent, lambda agent, key=key, number=number: topics.register(agent, key, number))
        assert [entry.ref for entry in topics.match(system, "even", lambda value: value > 0)] == [agents[2]]
        assert [entry.value for entry in topics.select(system)] == [0, 1, 2, 3]
        assert [e.value for e in topics.select(system, lambda e: e.key == "odd" or e.ref is agents[0])] == [
            0,
            1,
            3,
        ]
        assert topics.match(system, "none", lambda value: True) == []


async def test_reg_6_update_value_changes_the_agents_own_entry() -> None:
    async with System() as system:
        await rooms.start(system)
        one, other = await members(system, 2)
        await do(one, lambda agent: rooms.register(agent, "kitchen", 1))
        assert await do(one, lambda agent: rooms.update_value(agent, "kitchen", lambda old: old + 1)) == (
            2,
            1,
        )
        assert rooms.values(system, "kitchen", one) == [2]
        for agent, key in ((other, "kitchen"), (one, "cellar")):
            with pytest.raises(NotRegistered):
                await do(agent, lambda agent, key=key: rooms.update_value(agent, key, lambda old: old))
        assert rooms.lookup(system, "kitchen") == [Entry("kitchen", one, 2)]


async def test_reg_6_update_value_that_raises_changes_nothing() -> None:
    async with System() as system:
        await rooms.start(system)
        (one,) = await members(system, 1)
        await do(one, lambda agent: rooms.register(agent, "kitchen", 1))

        def attempt(agent: Agent) -> None:
            with pytest.raises(ZeroDivisionError):
                rooms.update_value(agent, "kitchen", lambda old: old / 0)

        await do(one, attempt)
        assert rooms.values(system, "kitchen", one) == [1]


async def test_reg_6_update_value_is_not_for_duplicate_keys() -> None:
    async with System() as system:
        await topics.start(system)
        (one,) = await members(system, 1)
        await do(one, lambda agent: topics.register(agent, "news", 1))
        refused = await error(one, lambda agent: topics.update_value(agent, "news", lambda old: 2))
        assert isinstance(refused, OptionError)
        assert "update_value of a Registry: expected one whose keys are" in str(refused)


async def test_reg_7_unregister_removes_all_own_entries_and_none_of_others() -> None:
    async with System() as system:
        await topics.start(system)
        one, other = await members(system, 2)
        for agent in (one, other, one):
            await do(agent, lambda agent: topics.register(agent, "news"))
        await do(one, lambda agent: topics.register(agent, "sport"))
        await do(one, lambda agent: topics.unregister(agent, "news"))
        assert [entry.ref for entry in topics.lookup(system, "news")] == [other]
        assert topics.keys_of(system, one) == ["sport"]
        for key in ("news", "unheard of"):
            await do(one, lambda agent, key=key: topics.unregister(agent, key))
        assert topics.count(system) == 2


async def test_reg_7_unregister_match_removes_own_entries_whose_value_matches() -> None:
    async with System() as system:
        await topics.start(system)
        one, other = await members(system, 2)
        for agent, value in ((one, 1), (one, 2), (other, 2), (one, 2)):
            await do(agent, lambda agent, value=value: topics.register(agent, "news", value))
        await do(one, lambda agent: topics.unregister_match(agent, "news", lambda value: value == 2))
        assert [(entry.ref, entry.value) for entry in topics.lookup(system, "news")] == [(one, 1), (other, 2)]


async def test_reg_8_dispatch_runs_in_the_caller_with_the_entries() -> None:
    async with System() as system:
        await topics.start(system)
        one, other = await members(system, 2)
        for agent in (one, other):
            await do(agent, lambda agent: topics.register(agent, "news", 7))
        heard: list[Any] = []
        topics.dispatch(system, "news", lambda entries: heard.append((asyncio.current_task(), entries)))
        assert heard == [(asyncio.current_task(), [Entry("news", one, 7), Entry("news", other, 7)])]

        def announce(agent: Agent) -> None:
            topics.dispatch(agent, "news", lambda entries: [entry.ref.send("hello") for entry in entries])

        await do(one, announce)
        assert await other.call(Member.seen) == ["hello"]
        assert await do(other, lambda agent: agent.senders) == [one]


async def test_reg_8_dispatch_does_not_call_for_nobody_and_its_failure_is_the_callers() -> None:
    async with System() as system:
        await topics.start(system)
        called: list[Any] = []
        topics.dispatch(system, "news", called.append)
        assert called == []
        (one,) = await members(system, 1)
        await do(one, lambda agent: topics.register(agent, "news"))
        with pytest.raises(ZeroDivisionError):
            topics.dispatch(system, "news", lambda entries: len(entries) / 0)
        assert system.alive(one)


@pytest.mark.parametrize("registry", [rooms, topics], ids=["unique", "duplicate"])
async def test_reg_9_entries_are_gone_when_their_agent_has_ended(registry: Registry) -> None:
    async with System() as system:
        await registry.start(system)
        one, other = await members(system, 2)
        for key in ("a", "b"):
            await do(one, lambda agent, key=key: registry.register(agent, key))
        await do(other, lambda agent: registry.register(agent, "c"))
        await kill(system, one)
        assert registry.select(system) == [Entry("c", other, None)]
        assert registry.keys_of(system, one) == []
        await other.stop()
        assert registry.count(system) == 0


async def test_reg_9_entries_are_gone_before_the_end_is_told() -> None:
    class Watcher(Member):
        def receive(self, message: Any) -> None:
            self.got.append((message, rooms.whereis(self, "kitchen")))
            rooms.register(self, "kitchen")

    async with System() as system:
        await rooms.start(system)
        (one,) = await members(system, 1)
        watcher = await system.start(Watcher)
        await do(one, lambda agent: rooms.register(agent, "kitchen"))
        await do(watcher, lambda agent: agent.monitor(one))
        await kill(system, one)
        ((down, found),) = await watcher.call(Member.seen)
        assert isinstance(down, Down)
        assert found is None
        assert rooms.whereis(system, "kitchen") is watcher


async def test_reg_14_a_registry_that_is_not_running_is_an_error_in_the_argument() -> None:
    async with System() as system:
        (one,) = await members(system, 1)
        for act in (
            lambda: rooms.lookup(system, "kitchen"),
            lambda: rooms.whereis(system, "kitchen"),
            lambda: rooms.count(system),
            lambda: rooms.put_meta(system, "a", 1),
            lambda: rooms.dispatch(system, "kitchen", print),
        ):
            with pytest.raises(OptionError, match="expected 'rooms' to be running in this system"):
                act()
        assert isinstance(await error(one, lambda agent: rooms.register(agent, "kitchen")), OptionError)


async def test_reg_14_a_name_that_belongs_to_something_else_is_an_error_in_the_argument() -> None:
    async with System() as system:
        await system.start(Member, name="rooms")
        await topics.start(system)
        with pytest.raises(OptionError, match="the agent named 'rooms': expected that of"):
            rooms.lookup(system, "kitchen")
        with pytest.raises(OptionError, match="the agent named 'topics': expected that of"):
            Registry("topics").lookup(system, "kitchen")
