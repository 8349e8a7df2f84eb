"""What is measured by `benchmarks.gateways.broker`: each client publishes and consumes as it does best."""

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiormq
import aiormq.abc
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from cybernetic.gateways import AmqpBroker, Confirmed, Delivery, Message
from cybernetic.gateways.broker.messages import Outcome

BODY = b"x" * 1024
PREFETCH = 200

Took = tuple[float, float]  # seconds, and of processor time
Publish = Callable[[str, str, int, int], Awaitable[Took]]  # url, queue, count, window
Consume = Callable[[str, str, int], Awaitable[Took]]  # url, queue, count


class Window:
    """At most `size` of `count` under way; `over` is done when all have come back. Keeps the time meanwhile."""

    def __init__(self, count: int, size: int) -> None:
        self._left, self._free = count, size
        self._waiter: asyncio.Future[None] | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begun = time.perf_counter(), time.process_time()

    async def take(self) -> None:
        """Return when one more may go."""
        while self._free == 0:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self._free -= 1

    def back(self, count: int = 1) -> None:
        """So many have come back."""
        self._free += count
        self._left -= count
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
        if self._left == 0:
            self.over.set_result(None)

    async def took(self) -> Took:
        """The times, when all have come back."""
        await self.over
        return time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]


# --- this library -----------------------------------------------------------------------------------------------


async def our_publish(url: str, queue: str, count: int, size: int) -> Took:
    session = await AmqpBroker(url).connect()

    def settled(numbers: Sequence[int], outcome: Outcome) -> None:
        assert isinstance(outcome, Confirmed)
        window.back(len(numbers))

    outlet = await session.outlet(settled)
    window = Window(count, size)
    for number in range(count):
        await window.take()
        outlet.publish(Message(BODY, routing_key=queue, id=str(number)))
    took = await window.took()
    await session.close()
    return took


async def our_consume(url: str, queue: str, count: int) -> Took:
    session = await AmqpBroker(url).connect()
    window = Window(count, count)

    def deliver(delivery: Delivery) -> None:
        intake.ack(delivery.tag)
        window.back()

    intake = await session.intake(queue, deliver, prefetch=PREFETCH)
    took = await window.took()
    await session.close()
    return took


# --- aiormq -----------------------------------------------------------------------------------------------------


async def bare_publish(url: str, queue: str, count: int, size: int) -> Took:
    """Its channel and frames, with a future for each message instead of a task, a lock and a time limit."""
    connection = await aiormq.connect(url)
    channel: Any = await connection.channel()
    window, loop = Window(count, size), asyncio.get_running_loop()
    for number in range(1, count + 1):
        await window.take()
        confirmed = loop.create_future()
        confirmed.add_done_callback(lambda done: window.back() if done.result() else None)
        channel.delivery_tag = number
        channel.confirmations[number] = confirmed
        properties = commands.Basic.Properties(delivery_mode=2, message_id=str(number))
        frames = (
            commands.Basic.Publish(exchange="", routing_key=queue, mandatory=True),
            ContentHeader(body_size=len(BODY), properties=properties),
            ContentBody(BODY),
        )
        await channel.write_queue.put(aiormq.abc.ChannelFrame.marshall(channel.number, frames))
    took = await window.took()
    await connection.close()
    return took


async def aiormq_publish(url: str, queue: str, count: int, size: int) -> Took:
    """`basic_publish`, a task for each message."""
    connection = await aiormq.connect(url)
    channel: Any = await connection.channel()
    window, tasks = Window(count, size), set[asyncio.Task[None]]()

    async def publish() -> None:
        properties = commands.Basic.Properties(delivery_mode=2)
        await channel.basic_publish(
            BODY, routing_key=queue, properties=properties, mandatory=True, wait=False
        )
        window.back()

    for _ in range(count):
        await window.take()
        task = asyncio.create_task(publish())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    took = await window.took()
    await connection.close()
    return took


async def aiormq_consume(url: str, queue: str, count: int) -> Took:
    connection = await aiormq.connect(url)
    channel: Any = await connection.channel()
    window = Window(count, count)

    async def came(message: aiormq.abc.DeliveredMessage) -> None:
        await channel.basic_ack(message.delivery_tag, wait=False)
        window.back()

    await channel.basic_qos(prefetch_count=PREFETCH)
    await channel.basic_consume(queue, came)
    took = await window.took()
    await connection.close()
    return took


# --- aio-pika ---------------------------------------------------------------------------------------------------


async def aio_pika_publish(url: str, queue: str, count: int, size: int) -> Took:
    aio_pika = importlib.import_module("aio_pika")
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    window, tasks = Window(count, size), set[asyncio.Task[None]]()

    async def publish() -> None:
        message = aio_pika.Message(BODY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue)
        window.back()

    for _ in range(count):
        await window.take()
        task = asyncio.create_task(publish())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    took = await window.took()
    await connection.close()
    return took


async def aio_pika_consume(url: str, queue: str, count: int) -> Took:
    connection = await importlib.import_module("aio_pika").connect_robust(url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    window = Window(count, count)

    async def came(message: Any) -> None:
        await message.ack()
        window.back()

    await (await channel.get_queue(queue)).consume(came)
    took = await window.took()
    await connection.close()
    return took


# --- pika -------------------------------------------------------------------------------------------------------


async def pika_channel(url: str) -> tuple[Any, Any]:
    """A connection on this loop, and a channel."""
    pika = importlib.import_module("pika")
    adapter = importlib.import_module("pika.adapters.asyncio_connection").AsyncioConnection
    opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    connection = adapter(
        pika.URLParameters(url),
        custom_ioloop=asyncio.get_running_loop(),
        on_open_callback=lambda it: it.channel(on_open_callback=opened.set_result),
    )
    return connection, await opened


async def pika_closed(connection: Any) -> None:
    closed = asyncio.get_running_loop().create_future()
    connection.add_on_close_callback(lambda *_: closed.set_result(None))
    connection.close()
    await closed


async def pika_publish(url: str, queue: str, count: int, size: int) -> Took:
    pika = importlib.import_module("pika")
    connection, channel = await pika_channel(url)
    told, selected = 0, asyncio.get_running_loop().create_future()

    def confirmed(frame: Any) -> None:
        nonlocal told
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            window.back(tag - told)
            told = tag
        else:
            window.back()
            told += 1

    channel.confirm_delivery(confirmed, callback=selected.set_result)
    await selected
    window, properties = Window(count, size), pika.BasicProperties(delivery_mode=2)
    for _ in range(count):
        await window.take()
        channel.basic_publish("", queue, BODY, properties, mandatory=True)
    took = await window.took()
    await pika_closed(connection)
    return took


async def pika_consume(url: str, queue: str, count: int) -> Took:
    connection, channel = await pika_channel(url)
    window = Window(count, count)

    def came(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        window.back()

    channel.basic_qos(prefetch_count=PREFETCH)
    channel.basic_consume(queue, came)
    took = await window.took()
    await pika_closed(connection)
    return took
