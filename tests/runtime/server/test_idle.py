"""The idle timeout: `idle()` when no message came for a while (GS-16)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Normal, Shutdown, Stop, System
from tests.runtime.server.agents import Journal, now, passes


class Idles(Journal):
    """Tells when it was idle."""

    def __init__(self, seconds: float | None, lines: list[Any] | None = None) -> None:
        super().__init__(lines)
        self.idle_timeout = seconds

    def idle(self) -> None:
        self.lines.append(("idle", now()))

    def change(self, seconds: float | None) -> None:
        self.idle_timeout = seconds


async def test_gs_16_idle_runs_once_when_nothing_came_and_is_not_armed_again_by_itself() -> None:
    async with System() as system:
        ref = await system.start(Idles, 2.0)
        await asyncio.sleep(100)
        assert await ref.call(Journal.read) == [("idle", 2.0)]


async def test_gs_16_any_message_begins_a_new_wait() -> None:
    async with System() as system:
        ref = await system.start(Idles, 2.0)
        for _ in range(3):
            await asyncio.sleep(1.5)
            ref.cast(Journal.note, now())
        await asyncio.sleep(100)
        assert await ref.call(Journal.read) == [1.5, 3.0, 4.5, ("idle", 6.5)]


async def test_gs_16_after_it_was_idle_a_message_arms_it_again() -> None:
    async with System() as system:
        ref = await system.start(Idles, 2.0)
        await asyncio.sleep(10)
        ref.send("x")
        await asyncio.sleep(10)
        assert await ref.call(Journal.read) == [("idle", 2.0), "x", ("idle", 12.0)]


async def test_gs_16_a_message_that_is_queued_comes_instead_even_for_zero_seconds() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = system.spawn(Idles, 0.0, lines)
        for i in range(3):
            ref.cast(Journal.note, i)
        await asyncio.sleep(1)
        assert lines == [0, 1, 2, ("idle", 0.0)]


async def test_gs_16_a_system_request_begins_the_full_wait_anew() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Idles, 2.0, lines)
        await asyncio.sleep(1.5)
        await ref.inspect().get_state()
        await asyncio.sleep(100)
        assert lines == [("idle", 3.5)]


async def test_gs_16_a_handler_that_waits_is_not_idle() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Idles, 2.0, lines)
        ref.cast(Journal.note_slowly, "x", 10.0)
        await asyncio.sleep(100)
        assert lines == [("begin", "x"), ("end", "x"), ("idle", 12.0)]


async def test_gs_16_a_suspended_agent_is_not_idle() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Idles, 2.0, lines)
        await ref.inspect().suspend()
        await asyncio.sleep(100)
        assert lines == []
        await ref.inspect().resume()
        await asyncio.sleep(100)
        assert lines == [("idle", 102.0)]


@pytest.mark.parametrize(("seconds", "lines"), [(None, []), (1.0, [("idle", 2.0)]), (7.0, [("idle", 8.0)])])
async def test_gs_16_the_wait_is_what_the_last_handler_left(seconds: float | None, lines: list[Any]) -> None:
    told: list[Any] = []
    async with System() as system:
        ref = await system.start(Idles, 3.0, told)
        await asyncio.sleep(1)
        ref.cast(Idles.change, seconds)
        await asyncio.sleep(100)
        assert told == lines


async def test_gs_16_who_did_not_begin_with_a_timeout_has_none() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Idles, None, lines)
        ref.cast(Idles.change, 2.0)
        await asyncio.sleep(10)
        assert lines == []


async def test_gs_16_a_class_attribute_will_do_and_idle_may_be_async_and_stop() -> None:
    class Leaves(Journal):
        idle_timeout = 5.0

        async def idle(self) -> None:
            await asyncio.sleep(1)
            raise Stop(Shutdown("nobody came"))

    async with System() as system:
        ref = await system.start(Leaves)
        assert await system.wait(ref) == Shutdown("nobody came")
        assert now() == 6.0


async def test_gs_16_the_default_idle_does_nothing_and_the_end_forgets_the_wait() -> None:
    class Silent(Journal):
        idle_timeout = 1.0

    async with System() as system:
        ref = await system.start(Silent)
        await asyncio.sleep(5)
        assert system.alive(ref)
        other = await system.start(Idles, 1.0)
        await other.stop(Normal())
        await asyncio.sleep(5)
        await passes()
