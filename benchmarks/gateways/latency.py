"""From publishing to handling, at a steady rate through one RabbitMQ: how long a message takes, by client.

`python -m benchmarks.gateways.latency [--url URL] [--rounds N] [--rate R] [--seconds S]` prints medians of p50, p99 in
milliseconds and their ratios to aiormq's own calls, from interleaved runs. Publisher and consumer are in one process;
quorum queue, 1 KiB, persistent, confirmed. With agents each effect is a commit on the disk before the acknowledgement.
"""

import argparse
import asyncio
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

from benchmarks.gateways.broker import broker, declare, remove
from benchmarks.gateways.clients import BODY, PREFETCH
from cybernetic.core import CyberneticError
from cybernetic.gateways import AmqpBroker, Consumer, Delivery, Gateway, Message, Publisher, Queue, consume
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
    count = int(args.rate * args.seconds)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with broker(args.url) as url:
        asyncio.run(declare(url, QUEUE, "quorum"))
        for _ in range(args.rounds):
            for name, arm in ARMS.items():
                times = asyncio.run(arm(url, count, args.rate))
                cuts = quantiles(times, n=100)
                found[name].append((cuts[49] * 1e3, cuts[98] * 1e3))
        asyncio.run(remove(url, QUEUE))
    print("| client | p50 ms | p99 ms | p50 ratio | p99 ratio |\n|---|---|---|---|---|")
    for name, runs in found.items():
        p50, p99 = (median(column) for column in zip(*runs, strict=True))
        base = found[BASE]
        ratios = [median(mine[i] / other[i] for mine, other in zip(runs, base, strict=True)) for i in (0, 1)]
        print(f"| {name} | {p50:.2f} | {p99:.2f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


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
        work = [consume(Timed, clock, queue=Queue(QUEUE))]
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


ARMS: dict[str, Callable[[str, int, float], Awaitable[Times]]] = {
    BASE: aiormq_alone,
    "driver": driver,
    "agents without outbox": partial(agents, durable=False),
    "agents with outbox": partial(agents, durable=True),
}

if __name__ == "__main__":
    main()
