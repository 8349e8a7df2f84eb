"""What a registry offers beside its entries: listeners, metadata and locks (REG-12, REG-13)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, NoProc, OptionError, System
from cybernetic.core import AlreadyRegistered
from cybernetic.naming import Registered, Registry, Unregistered
from tests.naming.agents import Lingerer, Member, do, error, kill, members

rooms = Registry("rooms", listeners=("audit", "nobody"))
topics = Registry("topics", keys="duplicate", listeners=("audit",))


async def test_reg_12_listeners_hear_of_what_is_done_and_not_of_deaths() -> None:
    async with System() as system:
        await rooms.start(system)
        audit = await system.start(Member, name="audit")
        one, other = await members(system, 2)
        await do(one, lambda agent: rooms.register(agent, "kitchen", 1))
        await do(one, lambda agent: rooms.update_value(agent, "kitchen", lambda old: 2))
        assert isinstance(
            await error(other, lambda agent: rooms.register(agent, "kitchen")), AlreadyRegistered
        )
        await do(other, lambda agent: rooms.unregister(agent, "kitchen"))
        await do(one, lambda agent: rooms.unregister(agent, "kitchen"))
        await do(other, lambda agent: rooms.register(agent, "cellar"))
        await kill(system, other)
        assert await audit.call(Member.seen) == [
            Registered("rooms", "kitchen", one, 1),
            Unregistered("rooms", "kitchen", one),
            Registered("rooms", "cellar", other, None),
        ]


async def test_reg_12_an_agent_started_under_a_key_is_told_too() -> None:
    async with System() as system:
        await rooms.start(system)
        audit = await system.start(Member, name="audit")
        one = await system.start(Member, name=rooms.via("kitchen", 3))
        assert await audit.call(Member.seen) == [Registered("rooms", "kitchen", one, 3)]


async def test_reg_12_several_entries_given_up_at_once_are_told_once() -> None:
    async with System() as system:
        await topics.start(system)
        audit = await system.start(Member, name="audit")
        (one,) = await members(system, 1)
        for _ in range(3):
            await do(one, lambda agent: topics.register(agent, "news"))
        await do(one, lambda agent: topics.unregister_match(agent, "news", lambda value: value == "none"))
        await do(one, lambda agent: topics.unregister(agent, "news"))
        told = await audit.call(Member.seen)
        assert told[3:] == [Unregistered("topics", "news", one)]


async def test_reg_12_a_listener_with_a_full_mailbox_misses_nothing() -> None:
    class Small(Member):
        mailbox_limit = 1

    async with System() as system:
        await topics.start(system)
        audit = await system.start(Small, name="audit")
        (one,) = await members(system, 1)

        def enter(agent: Agent) -> None:
            for key in range(5):
                topics.register(agent, key)

        await do(one, enter)
        assert [news.key for news in await audit.call(Member.seen)] == [0, 1, 2, 3, 4]


async def test_reg_13_metadata_is_kept_by_strict_key() -> None:
    async with System() as system:
        host = await rooms.start(system)
        for key in (1, 1.0, True):
            rooms.put_meta(system, key, repr(key))
        assert [rooms.get_meta(system, key) for key in (1, 1.0, True)] == ["1", "1.0", "True"]
        rooms.put_meta(system, 1, "one")
        rooms.delete_meta(system, 1.0)
        rooms.delete_meta(system, "never there")
        assert [rooms.get_meta(system, key, "none") for key in (1, 1.0, True)] == ["one", "none", "True"]
        assert rooms.count(system) == 0
        await kill(system, host)
        await rooms.start(system)
        assert rooms.get_meta(system, 1) is None


def locker(log: list[Any], name: str, key: object = "k", seconds: float = 10.0) -> Any:
    """An act that holds a lock for a while, and writes down when."""

    async def act(agent: Agent) -> None:
        async with rooms.lock(agent, key):
            log.append((name, "in"))
            await asyncio.sleep(seconds)
            log.append((name, "out"))

    return act


async def test_reg_13_a_lock_is_held_by_one_at_a_time_in_the_order_of_asking() -> None:
    async with System() as system:
        await rooms.start(system)
        log: list[Any] = []
        for name, agent in zip("abc", await members(system, 3), strict=True):
            agent.cast(Member.do_async, locker(log, name))
        await system.drain()
        assert log == [(name, step) for name in "abc" for step in ("in", "out")]


async def test_reg_13_locks_of_different_keys_and_registered_keys_do_not_meet() -> None:
    async with System() as system:
        await rooms.start(system)
        log: list[Any] = []
        one, other, third = await members(system, 3)
        await do(third, lambda agent: rooms.register(agent, 1))
        one.cast(Member.do_async, locker(log, "int", 1))
        other.cast(Member.do_async, locker(log, "float", 1.0))
        await asyncio.sleep(5.0)
        assert log == [("int", "in"), ("float", "in")]
        await system.drain()


async def test_reg_13_a_lock_is_released_when_its_body_raises() -> None:
    async with System() as system:
        await rooms.start(system)
        with pytest.raises(ZeroDivisionError):
            async with rooms.lock(system, "k"):
                raise ZeroDivisionError
        async with asyncio.timeout(1.0), rooms.lock(system, "k"):
            pass


async def test_reg_13_a_lock_is_released_when_its_holder_dies_and_dead_waiters_are_skipped() -> None:
    async with System() as system:
        await rooms.start(system)
        log: list[Any] = []
        agents = await members(system, 4)
        for name, agent in zip("abcd", agents, strict=True):
            agent.cast(Member.do_async, locker(log, name))
        await asyncio.sleep(1.0)
        await kill(system, agents[1])
        await kill(system, agents[2])
        await kill(system, agents[0])
        await system.drain()
        assert log == [("a", "in"), ("d", "in"), ("d", "out")]


async def test_reg_13_a_killed_holder_that_does_not_unwind_lets_go_all_the_same(caplog: Any) -> None:
    async def stubborn(agent: Agent) -> None:
        async with rooms.lock(agent, "k"):
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(100)

    async with System() as system:
        await rooms.start(system)
        one, other = await members(system, 2)
        log: list[Any] = []
        one.cast(Member.do_async, stubborn)
        await asyncio.sleep(1.0)
        other.cast(Member.do_async, locker(log, "next", seconds=200.0))
        await kill(system, one)
        await asyncio.sleep(1.0)
        assert log == [("next", "in")]
        await asyncio.sleep(120.0)  # the old holder has unwound, and has taken nothing from the new one
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0), rooms.lock(system, "k"):
                pass
        await system.drain()
    assert "has ended, but its handler does not" in caplog.text


async def test_reg_13_a_waiter_that_gives_up_is_skipped() -> None:
    async with System() as system:
        await rooms.start(system)
        log: list[Any] = []
        one, other = await members(system, 2)
        one.cast(Member.do_async, locker(log, "a"))
        await asyncio.sleep(1.0)

        async def impatient() -> None:
            async with rooms.lock(system, "k"):
                log.append("never")

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(impatient(), 1.0)
        other.cast(Member.do_async, locker(log, "b"))
        await system.drain()
        assert log == [("a", "in"), ("a", "out"), ("b", "in"), ("b", "out")]


async def test_reg_13_a_lock_that_the_same_task_holds_is_refused_instead_of_waiting_for_ever() -> None:
    async with System() as system:
        await rooms.start(system)
        async with rooms.lock(system, "k"):
            with pytest.raises(
                OptionError, match="lock: expected a key that the caller does not hold already"
            ):
                async with rooms.lock(system, "k"):
                    pass
            async with rooms.lock(system, "another"):
                pass
        async with rooms.lock(system, "k"):
            pass


async def test_reg_13_who_waits_for_a_lock_learns_of_the_registrys_end() -> None:
    async def wait(agent: Agent) -> object:
        try:
            async with rooms.lock(agent, "k"):
                return "held"
        except CallFailed as failed:
            return failed.reason

    async with System() as system:
        host = await rooms.start(system)
        (one,) = await members(system, 1)
        async with rooms.lock(system, "k"):
            waiting = one.request(Member.do_async, wait)
            await asyncio.sleep(1.0)
            await kill(system, host)
            assert await waiting == NoProc()


async def test_an_agent_that_only_locked_leaves_no_trace() -> None:
    async with System() as system:
        host = await rooms.start(system)
        holder = await system.start(Lingerer)
        await holder.call(Member.do_async, locker([], "a", seconds=1.0))
        assert holder._details is None or not holder._details.on_death
        assert host.inspect().info().links == ()
