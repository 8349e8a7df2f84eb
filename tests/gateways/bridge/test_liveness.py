"""A level is lost when its heartbeats stop, and for nothing else: no work of an outpost looks like death."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill, NoConnection, Refusal
from cybernetic.gateways import MemoryBroker, Message, Outpost, Publisher, Queue, Remember, Topology, parked
from cybernetic.runtime import LocalSystem
from cybernetic.state import StoreLimits
from tests.gateways.bridge.levels import Parent, heard, is_heard, level, until

STUCK = Queue("stuck", max_length=1)


class Slow(Parent):
    """Takes 20 seconds for each message."""

    seconds = 20.0

    async def take(self, value: Any) -> None:
        await asyncio.sleep(self.seconds)
        self.told.append(value)


class Steady(Slow):
    """Takes 3 seconds for each message."""

    seconds = 3.0


class Picky(Parent):
    """Refuses what is no number; crashes of zero, the first time."""

    crashes = 0

    def take(self, value: Any) -> None:
        if not isinstance(value, int):
            raise NotANumber(value)
        if value == 0 and not Picky.crashes:
            Picky.crashes += 1
            raise ZeroDivisionError
        self.told.append(value)


class NotANumber(Refusal):
    """It is none."""


async def both(stack: AsyncExitStack, tmp_path: Path, broker: Any, **below: Any) -> tuple[Any, Any]:
    """Two levels that hear each other, and watch each other's outposts."""
    made = []
    for path, peer, options in (("shop", "shop/till", {}), ("shop/till", "shop", below)):
        made.append(await stack.enter_async_context(level(broker, tmp_path, path, peer, **options)))
    for (_, parent, outpost), peer in zip(made, ("shop/till", "shop"), strict=True):
        await until(partial(is_heard, outpost))
        await parent.call(Parent.watch, f"to {peer}")
    return made[0], made[1]


def kill(system: LocalSystem, broker: MemoryBroker) -> None:
    """End all of a system at once, as the death of its process would: nobody says goodbye."""
    for ref in tuple(system.agents()):
        ref.exit(Kill())
    broker.cut("a process died")  # of both levels: the other one connects again


async def test_a_method_that_takes_twenty_seconds_declares_nobody_dead(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        (_, above, down), (_, below, _) = await both(
            stack, tmp_path, MemoryBroker(), parent=Slow, method=Slow.take
        )
        for job in range(5):
            down.send(job)
        await asyncio.sleep(125)
        assert await below.call(Parent.heard) == [0, 1, 2, 3, 4]
        assert await above.call(Parent.lost) == await below.call(Parent.lost) == []


async def test_an_outbox_that_is_full_for_long_declares_nobody_dead_and_what_was_said_goes_on_later(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    gateway = {"limits": StoreLimits(count=5), "topology": Topology(queues=(STUCK,))}
    async with AsyncExitStack() as stack:
        (_, above, down), (system, below, up) = await both(stack, tmp_path, broker, gateway=gateway)
        publisher = system.named("amqp.publisher", Publisher)
        for n in range(7):  # the queue takes two (a quorum queue is one late), five fill the outbox
            await publisher.call(Publisher.post, Message(b"%d" % n, routing_key="stuck"))
            await asyncio.sleep(1)
        up.send("late")
        down.send("meanwhile")  # waits behind it, for longer than a handler may take
        await asyncio.sleep(300)
        assert await above.call(Parent.heard) == []  # it really waits
        assert await above.call(Parent.lost) == await below.call(Parent.lost) == []
        session = await broker.connect()
        for _ in range(3):
            await session.purge("stuck")
            await asyncio.sleep(40)
        assert await heard(above, 1) == ["late"]
        assert await below.call(Parent.heard) == ["meanwhile"]  # once, however often it was tried
        await session.close()


async def test_heartbeats_are_not_remembered_and_go_on_where_no_more_can_be(tmp_path: Path) -> None:
    gateway = {"remember": Remember(StoreLimits(count=3))}
    async with AsyncExitStack() as stack:
        (_, above, down), (_, below, _) = await both(stack, tmp_path, MemoryBroker(), gateway=gateway)
        await asyncio.sleep(100)
        for value in range(5):
            down.send(value)
        await asyncio.sleep(100)
        assert await below.call(Parent.heard) == [0, 1, 2]  # the store is full of these, not of heartbeats
        assert await above.call(Parent.lost) == await below.call(Parent.lost) == []


async def test_a_level_that_is_killed_is_lost_within_the_time_stated_also_for_a_busy_outpost(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    async with AsyncExitStack() as stack:
        (there, _, down), (_, below, _) = await both(stack, tmp_path, broker, parent=Slow, method=Slow.take)
        down.send("job")
        await asyncio.sleep(1)
        kill(there, broker)
        await asyncio.sleep(10)
        assert (await below.within(None).call(Parent.lost))[:1] == [NoConnection("shop")]


async def test_what_a_level_said_before_it_died_is_no_sign_of_life(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with AsyncExitStack() as stack:
        (there, _, down), (_, below, _) = await both(
            stack, tmp_path, broker, parent=Steady, method=Steady.take
        )
        for job in range(20):
            down.send(job)
        await asyncio.sleep(5)
        kill(there, broker)
        await asyncio.sleep(10)
        assert (await below.within(None).call(Parent.lost))[:1] == [NoConnection("shop")]


async def test_an_outpost_calls_a_method_and_what_that_refuses_is_parked_and_its_crash_tried_again(
    tmp_path: Path,
) -> None:
    broker, Picky.crashes = MemoryBroker(), 0
    async with AsyncExitStack() as stack:
        (_, above, down), (_, below, _) = await both(stack, tmp_path, broker, parent=Picky, method=Picky.take)
        for value in (1, "two", 3):
            down.send(value)
        assert await heard(below, 2) == [1, 3]
        down.send(0)  # the agent crashes of it, and is started anew
        down.send(4)
        await asyncio.sleep(10)
        session = await broker.connect()
        assert ["NotANumber" in one.why for one in await parked(session, "level.shop/till")] == [True]
        await session.close()
        assert await above.call(Parent.lost) == []
    assert Picky.crashes == 1


async def test_what_cannot_travel_is_dropped_and_counted_and_the_next_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        (_, above, down), (_, below, _) = await both(stack, tmp_path, MemoryBroker())
        for value in (1, object(), 2):
            down.send(value)
        assert await heard(below, 2) == [1, 2]
        assert await down.call(Outpost.dropped) == 1
        assert caplog.text.count("is dropped") == 1
        assert await above.call(Parent.lost) == []
