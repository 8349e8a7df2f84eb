"""A broker's client beside others: confirmed publishes, and consume-and-acknowledge, on one RabbitMQ in one run.

`python -m benchmarks.gateways.broker [--url URL] [--rounds N] [--scale S] [--window W]` prints medians of messages a
second, of microseconds of the client's processor time a message, and ratios of both rates: of publishing to the bare
fast path (aiormq's channel and frames, a future for each message, no task), of consuming to aiormq; and the goals. In
each round every client does every kind of work on a quorum queue and on a classic one, one after the other; only ratios
mean something. Messages are of 1 KiB, persistent, mandatory, confirmed; the prefetch is 200, each delivery is
acknowledged.

Without `--url` it starts a RabbitMQ of its own, as the tests do. aio-pika and pika are measured where installed.
`python -m benchmarks.gateways` measures latency too, in the same run.
"""

import argparse
import asyncio
import gc
import importlib.util
import logging
import sys
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TypeVar

from benchmarks.gateways import agents, clients
from benchmarks.gateways.clients import Consume, Publish, Took
from cybernetic.gateways import AmqpBroker, Queue, Retries, Topology
from cybernetic.gateways.consumer.retrying import around
from tests.integration.gateways.rabbit import RabbitMQ

T = TypeVar("T")
Runs = dict[tuple[str, str], list[Took]]  # by work and client

KINDS = ("quorum", "classic")
QUEUE = "benchmark"
BARE, RAW = "bare fast path", "aiormq"
DRIVER, DIRECT, STORED = "driver", "publisher without outbox; consumer", "publisher with outbox"
GOALS = {DRIVER: 0.8, DIRECT: 0.8, STORED: 0.5}  # of the bare fast path's rate of confirmed messages

# name, the package it needs, how it publishes, how it consumes (None: as another does)
CLIENTS: tuple[tuple[str, str, Publish, Consume | None], ...] = (
    (DRIVER, "aiormq", clients.our_publish, clients.our_consume),
    (DIRECT, "aiormq", agents.without_outbox, agents.consumed),
    (STORED, "aiormq", agents.with_outbox, None),
    (BARE, "aiormq", clients.bare_publish, None),
    (RAW, "aiormq", clients.aiormq_publish, clients.aiormq_consume),
    ("aio-pika", "aio_pika", clients.aio_pika_publish, clients.aio_pika_consume),
    ("pika", "pika", clients.pika_publish, clients.pika_consume),
)


_missing: set[str] = set()  # packages that were said to be


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateways.broker")
    parser.add_argument("--url", help="a broker that runs (default: one of its own)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the 20,000 messages")
    parser.add_argument("--window", type=int, default=256, help="messages that may be unconfirmed")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with broker(args.url) as url:
        rates = Rates(url, args.scale, args.window)
        for turn in range(args.rounds):
            rates.round(turn)
        rates.report()


class Rates:
    """The rates of all clients, on one queue of each kind.

    Args:
        url: of the broker.
        scale: multiplies the 20,000 messages of each run.
        window: messages that may be unconfirmed.
    """

    def __init__(self, url: str, scale: float, window: int) -> None:
        self._url, self._window = url, window
        self._count = max(window, int(20_000 * scale))
        self._found: dict[str, Runs] = {kind: defaultdict(list) for kind in KINDS}

    def round(self, turn: int) -> None:
        """Each client once on each queue."""
        for kind in turned(KINDS, turn):
            queue = f"{QUEUE}.{kind}"
            asyncio.run(declare(self._url, queue, kind))
            measure(self._found[kind], self._url, queue, self._count, self._window, turn)
            asyncio.run(remove(self._url, queue))

    def report(self) -> None:
        """Print the tables."""
        for kind, found in self._found.items():
            report(kind, found)


@contextmanager
def broker(url: str | None) -> Iterator[str]:
    """The address of a broker that runs."""
    if url:
        yield url
        return
    rabbit = RabbitMQ()
    try:
        rabbit.start()
        yield rabbit.url
    finally:
        rabbit.close()


async def declare(url: str, queue: str, kind: str) -> None:
    """An empty queue."""
    session = await AmqpBroker(url).connect()
    await session.delete(queue=queue)
    await session.declare(Topology(queues=(Queue(queue, "quorum" if kind == "quorum" else "classic"),)))
    await session.close()


async def remove(url: str, queue: str) -> None:
    """Leave nothing."""
    session = await AmqpBroker(url).connect()
    beside = around(Queue(queue), Retries())  # what a consumer declares
    for name in (queue, *(one.name for one in beside.queues)):
        await session.delete(queue=name)
    await session.close()


def measure(found: Runs, url: str, queue: str, count: int, window: int, turn: int) -> None:
    """Messages a second and processor time a message, by work and client."""
    for name, package, publish, consume in turned(CLIENTS, turn):
        if not is_installed(name, package, turn):
            continue
        for work, call in (
            ("publish", publish(url, queue, count, window)),
            ("consume", (consume or clients.our_consume)(url, queue, count)),
        ):
            gc.collect()
            seconds, processor = asyncio.run(limited(call))
            if work == "publish" or consume:
                found[work, name].append((count / seconds, processor / count * 1e6))


def turned(arms: Sequence[T], turn: int) -> list[T]:
    """All of them, in each round another one first."""
    first = turn % len(arms)
    return [*arms[first:], *arms[:first]]


def is_installed(name: str, package: str, turn: int) -> bool:
    """Whether a client can be measured; says once if not."""
    found = importlib.util.find_spec(package) is not None
    if not found and not turn and package not in _missing:
        _missing.add(package)
        print(f"{name} cannot be measured: {package} is not installed", file=sys.stderr)
    return found


async def limited(call: Awaitable[T]) -> T:
    """Its result; one that hangs is an error."""
    async with asyncio.timeout(300):
        return await call


def report(kind: str, found: Runs) -> None:
    """Print a table."""
    print(
        f"\n| {kind} queue | client | messages/s | processor us/message | ratio | goal |\n|---|---|---|---|---|---|"
    )
    for (work, name), runs in sorted(found.items(), reverse=True):
        rate, cost = (median(column) for column in zip(*runs, strict=True))
        base = found[work, BARE if work == "publish" else RAW]
        ratio = median(mine / other for (mine, _), (other, _) in zip(runs, base, strict=True))
        goal = against(ratio, GOALS.get(name) if work == "publish" else None)
        print(f"| {work} | {name} | {rate:,.0f} | {cost:.1f} | {ratio:.2f} | {goal} |")


def against(ratio: float, goal: float | None) -> str:
    """A goal, and whether it is reached."""
    return "" if goal is None else f"at least {goal:.2f}: {'reached' if ratio >= goal else 'missed'}"


if __name__ == "__main__":
    main()
