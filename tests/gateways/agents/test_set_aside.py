"""What cannot be sent stays in the outbox, for a person to send after all or to drop."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from cybernetic.core import NotFound
from cybernetic.gateways import Gateway, MemoryBroker, Message, NoRoute, Publisher, Queue, Topology
from cybernetic.runtime import LocalSystem


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
