"""Each agent's turns run in a context of its own: what one sets, no other sees."""

import asyncio
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from cybernetic import Agent, System
from tests.runtime.processes.agents import Puppet, settled

VALUE: ContextVar[Any] = ContextVar("value", default="unset")
OTHER: ContextVar[Any] = ContextVar("other", default="unset")
INLINE = pytest.mark.parametrize("inline", [True, False], ids=["inline", "own task"])


class Setter(Agent):
    """Sets and reads the variable in every kind of handler."""

    def set(self, value: Any) -> None:
        VALUE.set(value)

    def read(self) -> Any:
        return VALUE.get()

    async def set_first(self, value: Any) -> None:
        VALUE.set(value)

    async def set_later(self, value: Any) -> None:
        await asyncio.sleep(1)
        VALUE.set(value)

    async def read_later(self) -> Any:
        await asyncio.sleep(1)
        return VALUE.get()

    async def read_in_a_task(self) -> Any:
        async def read() -> Any:
            await asyncio.sleep(1)
            return VALUE.get()

        return await self.task(read()), await asyncio.create_task(read())

    async def read_in_a_thread(self) -> Any:
        return await self.run_blocking(VALUE.get)


SETTERS = [Setter.set, Setter.set_first, Setter.set_later]
READERS = [Setter.read, Setter.read_later]


@INLINE
@pytest.mark.parametrize("setter", SETTERS, ids=lambda method: method.__name__)
async def test_what_an_agent_sets_stays_its_own(setter: Any, inline: bool) -> None:
    async with System(inline=inline) as system:
        one, other, born_before = [await system.start(Setter) for _ in range(3)]
        await one.call(setter, "one")
        await other.call(setter, "other")
        born_after = await system.start(Setter)
        for reader in READERS:
            assert await one.call(reader) == "one"
            assert await other.call(reader) == "other"
            assert await born_before.call(reader) == "unset"
            assert await born_after.call(reader) == "unset"
        assert await one.call(Setter.read_in_a_task) == ("one", "one")
        assert await one.call(Setter.read_in_a_thread) == "one"
        assert VALUE.get() == "unset"


async def test_it_persists_from_turn_to_turn_and_may_be_changed() -> None:
    async with System() as system:
        agent, other = await system.start(Setter), await system.start(Setter)
        for n in range(3):
            for setter in SETTERS:
                await agent.call(setter, n)
                assert await agent.call(Setter.read) == n
                await agent.call(setter, "again")
                assert await agent.call(Setter.read_later) == "again"
                assert await other.call(Setter.read) == "unset"


async def test_agents_in_one_slice_do_not_see_each_others_values() -> None:
    seen: dict[int, Any] = {}

    class Looker(Agent):
        def __init__(self, n: int) -> None:
            self.n = n

        def look(self) -> None:
            seen[self.n] = VALUE.get()
            VALUE.set(self.n)

    async with System() as system:
        agents = [await system.start(Looker, n) for n in range(50)]
        for agent in agents:
            agent.cast(Looker.look)
        await settled()
        assert seen == dict.fromkeys(range(50), "unset")
        for agent in agents:
            agent.cast(Looker.look)
        await settled()
        assert seen == {n: n for n in range(50)}


@pytest.mark.parametrize("place", ["init", "setup", "async setup"])
async def test_what_is_set_while_it_starts_is_the_agents_own(place: str) -> None:
    class Starting(Setter):
        def __init__(self) -> None:
            if place == "init":
                VALUE.set("mine")

        def setup(self) -> Any:
            if place == "setup":
                VALUE.set("mine")
            return self.set_later("mine") if place == "async setup" else None

    async with System() as system:
        agent, other = await system.start(Starting), await system.start(Setter)
        assert await agent.call(Setter.read) == "mine"
        assert await agent.call(Setter.read_later) == "mine"
        assert await other.call(Setter.read) == "unset"
        assert VALUE.get() == "unset"


async def test_a_new_agent_does_not_inherit_from_the_one_that_spawns_it() -> None:
    async with System() as system:
        parent = await system.start(Puppet)

        def work(me: Any) -> Any:
            VALUE.set("parent")
            return me.spawn(Setter)

        child = await parent.call(Puppet.do, work)
        assert await child.call(Setter.read) == "unset"

        async def waits(me: Any) -> Any:
            VALUE.set("parent")
            return await me.start(Setter)

        child = await parent.call(Puppet.do, waits)
        assert await child.call(Setter.read) == "unset"
        assert await child.call(Setter.read_later) == "unset"


async def test_a_token_resets_in_the_turn_that_set_it() -> None:
    def borrow(me: Any) -> Any:
        token = VALUE.set("borrowed")
        try:
            return VALUE.get()
        finally:
            VALUE.reset(token)

    async with System() as system:
        agent, other = await system.start(Puppet), await system.start(Setter)
        assert await agent.call(Puppet.do, borrow) == "borrowed"
        assert await agent.call(Puppet.do, lambda me: VALUE.get()) == "unset"
        assert await other.call(Setter.read) == "unset"


async def test_messages_do_not_carry_the_senders_context() -> None:
    async with System() as system:
        agent = await system.start(Setter)
        VALUE.set("outside")
        try:
            assert await agent.call(Setter.read) == await agent.call(Setter.read_later)
            late = await system.start(Setter)
            assert await late.call(Setter.read) == await agent.call(Setter.read)
        finally:
            VALUE.set("unset")


async def test_what_surrounds_the_system_is_seen_by_its_agents() -> None:
    VALUE.set("around")

    async def body() -> None:
        async with System() as system:
            agent = await system.start(Setter)
            OTHER.set("later")
            assert await agent.call(Setter.read) == "around"
            assert await agent.call(Setter.read_later) == "around"
            VALUE.set("changed outside")
            assert await agent.call(Setter.read) == "around"

    await asyncio.create_task(body(), context=copy_context())
    VALUE.set("unset")


@INLINE
async def test_current_task_differs_between_agents_and_is_not_the_callers(inline: bool) -> None:
    async def early(me: Any) -> Any:
        return asyncio.current_task()

    async def late(me: Any) -> Any:
        first = asyncio.current_task()
        await asyncio.sleep(1)
        assert asyncio.current_task() is first
        return first

    async with System(inline=inline) as system:
        agents = [await system.start(Puppet) for _ in range(3)]
        tasks = [await agent.call(Puppet.do, way) for way in (early, late) for agent in agents]
        assert None not in tasks
        assert asyncio.current_task() not in tasks
        assert len({id(task) for task in tasks}) == 6


async def test_a_sync_handler_does_not_run_in_the_callers_task() -> None:
    """A call that is served at once is still the agent's turn: the caller's task is not current in it."""
    async with System() as system:
        one, other = await system.start(Puppet), await system.start(Puppet)
        mine = asyncio.current_task()
        assert await one.call(Puppet.do, lambda me: asyncio.current_task()) is not mine

        async def ask(me: Any) -> bool:
            theirs = await other.call(Puppet.do, lambda _: asyncio.current_task())
            return theirs is asyncio.current_task()

        assert await one.call(Puppet.do, ask) is False
        assert asyncio.current_task() is mine
