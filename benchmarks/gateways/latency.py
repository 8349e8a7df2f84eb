"""From publishing to handling, at a steady rate through one RabbitMQ: how long a message takes, by client.

`python -m benchmarks.gateways.latency [--url URL] [--rounds N] [--rate R] [--seconds S]` prints medians of p50, p99 in
milliseconds and their ratios to aiormq's own calls, from interleaved runs, on a quorum queue and a classic one.
Publisher and consumer are in one process; messages are of 1 KiB, persistent, confirmed. With agents each effect is a
commit on the disk before the acknowledgement. aio-pika and pika are measured where installed.
"""

import argparse
import asyncio
import gc
import importlib
import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiormq
from pamqp import commands

from benchmarks.gateways.agents import as_declared
from benchmarks.gateways.broker import KINDS, broker, declare, is_installed, limited, remove, turned
from benchmarks.gateways.clients import BODY, PREFETCH, pika_channel, pika_closed
from cybernetic.core import CyberneticError
from cybernetic.gateways import AmqpBroker, Consumer, Delivery, Gateway, Message, Publisher, consume
from cybernetic.gateways.broker.messages import Outcome
from cybernetic.runtime import LocalSystem

QUEUE, BASE = "benchmark.latency", "aiormq"
Times = list[float]


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateways.latency")
    parser.add_argument("--url", help="a broker that runs (default: one of its own)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with broker(args.url) as url:
        latencies = Latencies(url, args.rate, args.seconds)
        for turn in range(args.rounds):
            latencies.round(turn)
        latencies.report()


class Latencies:
    """How long messages take with all clients, on one queue of each kind.

    Args:
        url: of the broker.
        rate: messages a second.
        seconds: of each run.
    """

    def __init__(self, url: str, rate: float, seconds: float) -> None:
        self._url, self._rate, self._count = url, rate, max(10, int(rate * seconds))
        self._found: dict[str, dict[str, list[tuple[float, float]]]] = {
            kind: defaultdict(list) for kind in KINDS
        }

    def round(self, turn: int) -> None:
        """Each client once on each queue."""
        for kind in turned(KINDS, turn):
            asyncio.run(declare(self._url, QUEUE, kind))
            for name, package, arm in turned(ARMS, turn):
                if is_installed(name, package, turn):
                    gc.collect()
                    cuts = quantiles(asyncio.run(limited(arm(self._url, self._count, self._rate))), n=100)
                    self._found[kind][name].append((cuts[49] * 1e3, cuts[98] * 1e3))
            asyncio.run(remove(self._url, QUEUE))

    def report(self) -> None:
        """Print the tables."""
        for kind, found in self._found.items():
            print(
                f"\n| {kind} queue: client | p50 ms | p99 ms | p50 ratio | p99 ratio |\n|---|---|---|---|---|"
            )
            for name in (name for name, *_ in ARMS if name in found):
                runs, base = found[name], found[BASE]
                p50, p99 = (median(column) for column in zip(*runs, strict=True))
                first, second = (
                    median(mine[i] / other[i] for mine, other in zip(runs, base, strict=True)) for i in (0, 1)
                )
                print(f"| {name} | {p50:.2f} | {p99:.2f} | {first:.2f} | {second:.2f} |")


async def steadily(count: int, rate: float, send: Callable[[int], Awaitable[object]]) -> None:
    """Call `send` with 0, 1, 2 ... at a rate, without waiting for it."""
    loop, tasks = asyncio.get_running_loop(), set()
    begin = loop.time()
    for number in range(count):
        await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
        tasks.add(asyncio.ensure_future(send(number)))
    await asyncio.gather(*tasks)


class Clock:
    """When each message was sent, and how long it took."""

    def __init__(self, count: int) -> None:
        self.sent: dict[str, float] = {}
        self.times: Times = []
        self._count = count
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def go(self, id: str) -> str:
        """A message is sent now."""
        self.sent[id] = time.perf_counter()
        return id

    def came(self, id: str) -> None:
        """A message is handled now."""
        self.times.append(time.perf_counter() - self.sent[id])
        if len(self.times) == self._count:
            self.over.set_result(None)


async def aiormq_alone(url: str, count: int, rate: float) -> Times:
    connection, clock = await aiormq.connect(url), Clock(count)
    out, inward = await connection.channel(), await connection.channel()
    await inward.basic_qos(prefetch_count=PREFETCH)

    async def handle(message: Any) -> None:
        clock.came(message.header.properties.message_id)
        await inward.basic_ack(message.delivery.delivery_tag)

    async def send(number: int) -> None:
        properties = commands.Basic.Properties(delivery_mode=2, message_id=clock.go(str(number)))
        await out.basic_publish(BODY, routing_key=QUEUE, properties=properties, mandatory=True)

    await inward.basic_consume(QUEUE, handle)
    await steadily(count, rate, send)
    await clock.over
    await connection.close()
    return clock.times


async def aio_pika_alone(url: str, count: int, rate: float) -> Times:
    aio_pika = importlib.import_module("aio_pika")
    connection, clock = await aio_pika.connect_robust(url), Clock(count)
    out, inward = await connection.channel(), await connection.channel()
    await inward.set_qos(prefetch_count=PREFETCH)

    async def handle(message: Any) -> None:
        clock.came(message.message_id)
        await message.ack()

    async def send(number: int) -> None:
        mode, id = aio_pika.DeliveryMode.PERSISTENT, clock.go(str(number))
        await out.default_exchange.publish(aio_pika.Message(BODY, delivery_mode=mode, message_id=id), QUEUE)

    await (await inward.get_queue(QUEUE, ensure=False)).consume(handle)
    await steadily(count, rate, send)
    await clock.over
    await connection.close()
    return clock.times


async def pika_alone(url: str, count: int, rate: float) -> Times:
    pika = importlib.import_module("pika")
    (connection, out), (other, inward) = await pika_channel(url), await pika_channel(url)
    clock, selected = Clock(count), asyncio.get_running_loop().create_future()

    def handle(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        clock.came(properties.message_id)
        channel.basic_ack(method.delivery_tag)

    async def send(number: int) -> None:
        properties = pika.BasicProperties(delivery_mode=2, message_id=clock.go(str(number)))
        out.basic_publish("", QUEUE, BODY, properties, mandatory=True)

    out.confirm_delivery(lambda frame: None, callback=selected.set_result)
    await selected
    inward.basic_qos(prefetch_count=PREFETCH)
    inward.basic_consume(QUEUE, handle)
    await steadily(count, rate, send)
    await clock.over
    for one in (connection, other):
        await pika_closed(one)
    return clock.times


async def driver(url: str, count: int, rate: float) -> Times:
    session, clock = await AmqpBroker(url).connect(), Clock(count)

    def settled(numbers: Sequence[int], outcome: Outcome) -> None:
        """Nobody waits for it here."""

    def deliver(delivery: Delivery) -> None:
        clock.came(delivery.message.id)
        intake.ack(delivery.tag)

    outlet = await session.outlet(settled)
    intake = await session.intake(QUEUE, deliver, prefetch=PREFETCH)

    async def send(number: int) -> None:
        outlet.publish(Message(BODY, routing_key=QUEUE, id=clock.go(str(number))))

    await steadily(count, rate, send)
    await clock.over
    await session.close()
    return clock.times


class Timed(Consumer):
    """Notes when a message is handled."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def handle(self, delivery: Any, tx: Any) -> None:
        self.clock.came(delivery.message.id)


async def agents(url: str, count: int, rate: float, durable: bool) -> Times:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock(count)
        work = [consume(Timed, clock, queue=await as_declared(url, QUEUE))]
        async with LocalSystem() as system:
            await system.start(partial(Gateway, AmqpBroker(url), Path(folder, "store.sqlite"), None, work))
            publisher = system.named("amqp.publisher", Publisher).within(None)

            async def send(number: int) -> None:
                message = Message(BODY, routing_key=QUEUE, id=clock.go(str(number)))
                await publisher.call(Publisher.publish, message, durable)

            while True:
                try:
                    await publisher.call(
                        Publisher.publish, Message(b"", "amq.fanout", mandatory=False), False
                    )
                    break
                except CyberneticError:  # not connected yet
                    await asyncio.sleep(0.05)
            await steadily(count, rate, send)
            await clock.over
            return clock.times


# name, the package it needs, how it is measured
ARMS: tuple[tuple[str, str, Callable[[str, int, float], Awaitable[Times]]], ...] = (
    (BASE, "aiormq", aiormq_alone),
    ("aio-pika", "aio_pika", aio_pika_alone),
    ("pika", "pika", pika_alone),
    ("driver", "aiormq", driver),
    ("agents without outbox", "aiormq", partial(agents, durable=False)),
    ("agents with outbox", "aiormq", partial(agents, durable=True)),
)

if __name__ == "__main__":
    main()
