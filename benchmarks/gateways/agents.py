"""The gateway's agents as clients of the benchmark: what publisher, outbox, consumer and its store cost."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.gateways.clients import BODY, PREFETCH, Took, Window
from cybernetic.core import CyberneticError
from cybernetic.gateways import (
    AmqpBroker,
    Consumer,
    Differs,
    Gateway,
    Message,
    Publisher,
    Queue,
    Topology,
    consume,
)
from cybernetic.runtime import LocalSystem


async def without_outbox(url: str, queue: str, count: int, size: int) -> Took:
    """Through a publisher agent that keeps nothing."""
    return await _publish(url, queue, count, size, None)


async def with_outbox(url: str, queue: str, count: int, size: int) -> Took:
    """Through a publisher agent: each message is on the disk before it is sent, and deleted when it is confirmed."""
    with tempfile.TemporaryDirectory() as folder:
        return await _publish(url, queue, count, size, Path(folder, "store.sqlite"))


async def _publish(url: str, queue: str, count: int, size: int, data: Path | None) -> Took:
    async with LocalSystem() as system:
        await system.start(partial(Gateway, AmqpBroker(url), data, window=size))
        publisher = system.named("amqp.publisher", Publisher).within(None)
        message = Message(BODY, routing_key=queue)
        while True:
            try:
                await publisher.call(Publisher.publish, message)
                break
            except CyberneticError:  # not connected yet
                await asyncio.sleep(0.05)
        # those whose answer is awaited: on the disk, on their way, and confirmed but not told yet
        window = Window(count - 1, 2 * size)

        def told(reply: Any) -> None:
            reply.result()
            window.back()

        for _ in range(count - 1):
            await window.take()
            publisher.request(Publisher.publish, message).add_done_callback(told)
        return await window.took()


class Nothing(Consumer):
    """Takes a message and has no effect but the note that it was handled."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def handle(self, delivery: Any, tx: Any) -> None:  # type: ignore[override]
        self.window.back()


async def consumed(url: str, queue: str, count: int) -> Took:
    """A worker agent for each delivery, a record of it on the disk, and then the acknowledgement."""
    declared = await as_declared(url, queue)
    with tempfile.TemporaryDirectory() as folder:
        async with LocalSystem() as system:
            window = Window(count, count)
            work = consume(Nothing, window, queue=declared, prefetch=PREFETCH)
            file = Path(folder, "store.sqlite")
            await system.start(partial(Gateway, AmqpBroker(url), file, None, [work]))
            return await window.took()


async def as_declared(url: str, queue: str) -> Queue:
    """The queue of this name, of the kind it has."""
    session = await AmqpBroker(url).connect()
    try:
        await session.declare(Topology(queues=(Queue(queue),)))
    except Differs:
        return Queue(queue, "classic")
    else:
        return Queue(queue)
    finally:
        await session.close()
