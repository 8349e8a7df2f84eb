"""The loop-lag watchdog names a handler that holds the event loop, with its stack."""

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from cybernetic import Agent, OptionError, Shutdown, System
from cybernetic.core import attach
from cybernetic.runtime import LoopHeld

LIMIT = 0.05
HOLD = 0.2


class Holder(Agent):
    """Holds the loop in every kind of handler."""

    def __init__(self, hold: float = 0.0) -> None:
        time.sleep(hold)

    def hold_sync(self) -> None:
        time.sleep(HOLD)

    async def hold_first_step(self) -> None:
        time.sleep(HOLD)

    async def hold_later(self) -> None:
        await asyncio.sleep(0)
        time.sleep(HOLD)

    async def hold_in_thread(self) -> None:
        await self.run_blocking(time.sleep, HOLD)

    async def wait(self) -> None:
        await asyncio.sleep(HOLD)

    def quick(self) -> None:
        pass

    def terminate(self, reason: Any) -> None:
        if reason == Shutdown("hold"):
            time.sleep(HOLD)


class Heard:
    """What the watchdog says: warnings, events and counts."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog, self.events = caplog, []  # type: ignore[var-annotated]

    def __enter__(self) -> "Heard":
        self.caplog.set_level(logging.WARNING)
        self.detach = attach(LoopHeld, self.events.append)
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()

    @property
    def warnings(self) -> list[str]:
        return [r.getMessage() for r in self.caplog.records if r.name == "cybernetic.watchdog"]

    async def told(self) -> None:
        """Until the watchdog has seen that the handler returned."""
        for _ in range(50):
            if self.events:
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "own task"])
@pytest.mark.parametrize(
    "method", [Holder.hold_sync, Holder.hold_first_step, Holder.hold_later], ids=lambda m: m.__name__
)
@pytest.mark.parametrize("by", ["call", "cast", "timer", "burst"])
async def test_a_handler_that_holds_the_loop_is_named_with_its_stack_and_counted(
    method: Any, inline: bool, by: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Heard(caplog) as heard:
        async with System(watchdog=LIMIT, inline=inline) as system:
            holder, other = await system.start(Holder), await system.start(Holder)
            match by:
                case "call":
                    await holder.call(method)
                case "cast":
                    holder.cast(method)
                case "timer":
                    holder.after(0.01).cast(method)
                case "burst":
                    for quick_or_not in (Holder.quick, method, Holder.quick):
                        holder.cast(quick_or_not)
            await heard.told()
            assert [event.ref for event in heard.events] == [holder]
            assert heard.events[0].seconds >= LIMIT
            assert method.__name__ in heard.events[0].stack
            assert (holder.inspect().info().held, other.inspect().info().held) == (1, 0)
            assert system.statistics()["loop_held"] == 1
    assert len(heard.warnings) == 1
    assert repr(holder).removesuffix(" (dead)>") in heard.warnings[0]
    assert "run_blocking" in heard.warnings[0]
    assert method.__name__ in heard.warnings[0]


async def test_the_warning_comes_while_the_handler_still_holds(caplog: pytest.LogCaptureFixture) -> None:
    release, warned = threading.Event(), threading.Event()

    class Stuck(Agent):
        def hold(self) -> bool:
            return release.wait(5)

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warned.set()
            release.set()

    logger, handler = logging.getLogger("cybernetic.watchdog"), Listening()
    logger.addHandler(handler)
    try:
        async with System(watchdog=LIMIT) as system:
            stuck = await system.start(Stuck)
            assert await stuck.call(Stuck.hold) is True
            assert warned.is_set()
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize("place", ["init", "terminate"])
async def test_starts_and_ends_are_watched_as_well(place: str, caplog: pytest.LogCaptureFixture) -> None:
    with Heard(caplog) as heard:
        async with System(watchdog=LIMIT) as system:
            holder = await system.start(Holder, HOLD if place == "init" else 0.0)
            await holder.stop(Shutdown("hold" if place == "terminate" else None))
            await heard.told()
    assert [event.ref for event in heard.events] == [holder]


async def test_waiting_many_quick_messages_and_run_blocking_are_not_held_against_anyone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Heard(caplog) as heard:
        async with System(watchdog=0.1) as system:
            agent = await system.start(Holder)
            await agent.call(Holder.hold_in_thread)
            await agent.call(Holder.wait)
            loop = asyncio.get_running_loop()
            end = loop.time() + HOLD
            while loop.time() < end:
                for _ in range(200):
                    agent.cast(Holder.quick)
                await asyncio.sleep(0)
            assert agent.inspect().info().held == 0
    assert heard.events == []
    assert heard.warnings == []


async def test_by_default_it_watches_real_time_at_a_tenth_of_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Heard(caplog) as heard:
        async with System() as system:
            holder = await system.start(Holder)
            await holder.call(Holder.hold_sync)
            await heard.told()
        assert len(heard.events) == 1
        heard.events.clear()
        async with System(watchdog=None) as system:
            holder = await system.start(Holder)
            await holder.call(Holder.hold_sync)
            await asyncio.sleep(0.1)
        assert heard.events == []


async def test_its_thread_ends_with_the_system() -> None:
    def watching() -> int:
        return sum(thread.name == "cybernetic watchdog" for thread in threading.enumerate())

    before = watching()
    async with System(watchdog=LIMIT):
        assert watching() == before + 1
    assert watching() == before


@pytest.mark.parametrize("wrong", [0, -1, "1", True, float("inf")])
def test_a_wrong_limit_is_an_error_at_the_line(wrong: Any) -> None:
    with pytest.raises(OptionError, match="watchdog"):
        System(watchdog=wrong)
