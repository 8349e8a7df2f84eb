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
PATIENCE = 60.0  # seconds after which nothing comes any more

warned: list[str] = []  # what the watchdog has said in this test


def hold_until_warned(of: str) -> None:
    """Hold the loop until the watchdog has said so: a busy machine may let its thread wait."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not any(of in text for text in warned):
        time.sleep(0.005)


class Holder(Agent):
    """Holds the loop in every kind of handler."""

    def __init__(self, hold: bool = False) -> None:
        if hold:
            hold_until_warned("__init__")

    def hold_sync(self) -> None:
        hold_until_warned("hold_sync")

    async def hold_first_step(self) -> None:
        hold_until_warned("hold_first_step")

    async def hold_later(self) -> None:
        await asyncio.sleep(0)
        hold_until_warned("hold_later")

    def hold_unwatched(self) -> None:
        time.sleep(HOLD)

    async def hold_in_thread(self) -> None:
        await self.run_blocking(time.sleep, HOLD)

    async def wait(self) -> None:
        await asyncio.sleep(HOLD)

    def quick(self) -> None:
        pass

    def terminate(self, reason: Any) -> None:
        if reason == Shutdown("hold"):
            hold_until_warned("terminate")


class Heard(logging.Handler):
    """What the watchdog says: warnings, events and counts.

    A busy machine may take the processor from any handler for longer than the limit, and the watchdog says so too.
    """

    def __enter__(self) -> "Heard":
        self.events: list[Any] = []
        warned.clear()
        logging.getLogger("cybernetic.watchdog").addHandler(self)
        self.detach = attach(LoopHeld, self.events.append)
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()
        logging.getLogger("cybernetic.watchdog").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        warned.append(record.getMessage())

    async def told(self, of: str) -> Any:
        """The one event of a function, when the watchdog has seen that it returned."""
        async with asyncio.timeout(PATIENCE):
            while not any(of in event.stack for event in self.events):
                await asyncio.sleep(0.01)
        (event,) = (event for event in self.events if of in event.stack)
        return event


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "own task"])
@pytest.mark.parametrize(
    "method", [Holder.hold_sync, Holder.hold_first_step, Holder.hold_later], ids=lambda m: m.__name__
)
@pytest.mark.parametrize("by", ["call", "cast", "timer", "burst"])
async def test_a_handler_that_holds_the_loop_is_named_with_its_stack_and_counted(
    method: Any, inline: bool, by: str
) -> None:
    with Heard() as heard:
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
            event = await heard.told(method.__name__)
            assert event.ref == holder
            assert event.seconds >= LIMIT
            for ref in (holder, other):
                assert ref.inspect().info().held == sum(event.ref == ref for event in heard.events)
            assert system.statistics()["loop_held"] == len(heard.events)
    (warning,) = (text for text in warned if method.__name__ in text)
    assert repr(holder).removesuffix(" (dead)>") in warning
    assert "run_blocking" in warning


async def test_the_warning_comes_while_the_handler_still_holds() -> None:
    release, said = threading.Event(), threading.Event()

    class Stuck(Agent):
        def hold(self) -> bool:
            return release.wait(PATIENCE)

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.set()
            release.set()

    logger, handler = logging.getLogger("cybernetic.watchdog"), Listening()
    logger.addHandler(handler)
    try:
        async with System(watchdog=LIMIT) as system:
            stuck = await system.start(Stuck)
            assert await stuck.call(Stuck.hold) is True
            assert said.is_set()
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize("place", ["init", "terminate"])
async def test_starts_and_ends_are_watched_as_well(place: str) -> None:
    with Heard() as heard:
        async with System(watchdog=LIMIT) as system:
            holder = await system.start(Holder, place == "init")
            await holder.within(None).stop(Shutdown("hold" if place == "terminate" else None))
            assert (await heard.told("__init__" if place == "init" else "terminate")).ref == holder


async def test_waiting_many_quick_messages_and_run_blocking_are_not_held_against_anyone() -> None:
    async def watched() -> list[Any]:
        with Heard() as heard:
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
                assert agent.inspect().info().held == len(heard.events)
        return [*heard.events, *warned]

    for _ in range(5):
        if not (held := await watched()):
            return
    raise AssertionError(f"expected nothing for once, the machine being less busy, got each time: {held}")


async def test_by_default_it_watches_real_time_at_a_tenth_of_a_second() -> None:
    with Heard() as heard:
        async with System() as system:
            holder = await system.start(Holder)
            await holder.call(Holder.hold_sync)
            assert (await heard.told("hold_sync")).seconds >= 0.1
        heard.events.clear()
        async with System(watchdog=None) as system:
            holder = await system.start(Holder)
            await holder.call(Holder.hold_unwatched)
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
