"""What cannot be sent stays in the outbox, for a person to send after all or to drop."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import NotFound
from cybernetic.gateways import (
    Effect,
    Gateway,
    MemoryBroker,
    Message,
    NoRoute,
    Park,
    Publisher,
    Queue,
    Received,
    Topology,
    consume,
)
from cybernetic.runtime import LocalSystem
from cybernetic.state import OutboxFull, StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, empty, idle, orders, plant, send


async def test_a_message_that_no_queue_takes_is_set_aside_and_can_be_sent_later_or_dropped(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    async with LocalSystem() as system:
        await system.start(partial(Gateway, broker, tmp_path / "store.sqlite"))
        publisher = system.named("amqp.publisher", Publisher)
        for body in (b"one", b"two"):
            with pytest.raises(NoRoute):
                await publisher.call(Publisher.publish, Message(body, routing_key="later"))
        first, second = await publisher.call(Publisher.set_aside)
        assert (first.message.body, "NO_ROUTE" in first.why) == (b"one", True)

        session = await broker.connect()
        await session.declare(Topology(queues=(Queue("later"),)))
        await publisher.call(Publisher.restore, first.message.number)
        await publisher.call(Publisher.discard, second.message.number)
        await asyncio.sleep(1)
        assert (await session.state("later")).messages == 1
        assert await publisher.call(Publisher.set_aside) == []
        assert await publisher.call(Publisher.waiting) == 0
        for method in (Publisher.restore, Publisher.discard):
            with pytest.raises(NotFound):
                await publisher.call(method, second.message.number)
        await session.close()


async def test_what_is_set_aside_takes_no_room_from_what_waits_and_is_bounded(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", limits=StoreLimits(count=20)) as a:
        for n in range(20):
            with pytest.raises(NoRoute):
                await a.publish(b"x", key="nowhere", id=str(n))
        assert (await a.publish(b"x")).confirmed
        await asyncio.sleep(1.0)
        lost = [a.publisher.within(None).request(Publisher.post, one) for one in orders(20, "nowhere", 20)]
        await asyncio.gather(*lost)
        with pytest.raises(OutboxFull):  # as many are set aside as may be: the others wait
            await a.publish(b"x")
        assert await a.waiting() == 20
        assert len(await a.publisher.call(Publisher.set_aside)) == 20
        for one in await a.publisher.call(Publisher.set_aside):
            await a.publisher.call(Publisher.discard, one.message.number)
        await asyncio.sleep(10.0)
        assert (await a.publish(b"x")).confirmed
        assert len(await a.publisher.call(Publisher.set_aside)) == 20


async def test_a_parking_queue_that_is_gone_comes_back_and_stops_neither_publisher_nor_consumer(
    tmp_path: Path,
) -> None:
    async def parks(delivery: Received, tx: Effect) -> Any:
        return Park("no") if delivery.message.id.startswith("1") else None

    book = Book(parks)
    spec = consume(Clerk, book, queue=WORK)
    async with plant(MemoryBroker(), tmp_path / "a", spec, limits=StoreLimits(count=20)) as a:
        await a.outside.delete(queue="work.parked")
        await send(a.outside, *orders(20), *orders(20, first=20))
        await idle(a)
        assert len(await a.effects()) == 29
        assert len(book.seen) == 40
        assert (await a.publish(b"x")).confirmed
        await empty(a)
        assert await a.publisher.call(Publisher.set_aside) == []
        assert len(await a.parked()) == 11
