"""Exact accounting over a broker: what was sent, and what took effect, by number."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.core import Refusal
from cybernetic.gateways import (
    Binding,
    Broker,
    Consumer,
    Exchange,
    Gateway,
    Message,
    NotDeclared,
    Publisher,
    Queue,
    Session,
    Topology,
    consume,
)
from cybernetic.runtime import LocalSystem, Named
from cybernetic.supervision import Backoff

TABLE = "CREATE TABLE IF NOT EXISTS effects (number INTEGER NOT NULL)"
QUICK = Backoff(0.1, 1.0)


async def ready(session: Session, queue: str) -> int:
    """How many messages are ready in a queue; none where it is not there yet."""
    try:
        return (await session.state(queue)).messages
    except NotDeclared:
        return 0


async def until(condition: Callable[[], object], seconds: float = 100.0) -> None:
    """Wait until `condition` answers true, or its answer, awaited, is true."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(0.02)


class Count(Consumer):
    """Its effect is one row, after `pause` seconds of work."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    async def handle(self, delivery: Any, tx: Any) -> None:
        if self.pause:
            await asyncio.sleep(self.pause)
        tx.execute("INSERT INTO effects VALUES (?)", (int(delivery.body),))


@dataclass
class Shop:
    """Names of exchange and queue, files of the two sides, and what was counted."""

    name: str
    folder: Path
    confirmed: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)

    @property
    def queue(self) -> Queue:
        return Queue(f"{self.name}.work")

    @property
    def topology(self) -> Topology:
        return Topology((Exchange(self.name),), (self.queue,), (Binding(self.name, self.queue.name, "#"),))

    def message(self, number: int) -> Message:
        return Message(b"%d" % number, self.name, "work", id=f"{self.name}-{number}")

    def effects(self) -> Counter[int]:
        """How often each number took effect, as the file of the consumer's side says."""
        connection = sqlite3.connect(self.folder / "in.sqlite")
        try:
            return Counter(number for (number,) in connection.execute("SELECT number FROM effects"))
        finally:
            connection.close()

    @asynccontextmanager
    async def sender(self, broker: Broker) -> AsyncIterator["Named[Publisher]"]:
        """A system that publishes."""
        async with LocalSystem() as system:
            await system.start(
                partial(Gateway, broker, self.folder / "out.sqlite", self.topology, name="out")
            )
            yield system.named("out.publisher", Publisher)

    @asynccontextmanager
    async def receiver(self, broker: Broker, pause: float = 0.0) -> AsyncIterator[LocalSystem]:
        """A system that consumes; each message takes `pause` seconds."""
        async with LocalSystem() as system:
            work = consume(Count, pause, queue=self.queue)
            file = self.folder / "in.sqlite"
            await system.start(
                partial(Gateway, broker, file, self.topology, [work], name="in", schema=[TABLE])
            )
            yield system

    async def send(self, publisher: "Named[Publisher]", numbers: range, rate: float) -> None:
        """Publish at a rate, at most; who is confirmed is noted. Nobody waits for one before sending the next."""
        loop, tasks = asyncio.get_running_loop(), set()
        begin = loop.time()
        for index, number in enumerate(numbers):
            tasks.add(loop.create_task(self._one(publisher, number)))
            ahead = begin + index / rate - loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
        await asyncio.gather(*tasks)

    async def _one(self, publisher: "Named[Publisher]", number: int) -> None:
        try:
            await publisher.within(200.0).call(Publisher.publish, self.message(number))
        except Refusal as refusal:
            raise AssertionError(f"expected message {number} to be confirmed, got: {refusal!r}") from refusal
        self.confirmed.add(number)

    async def until_effects(self, count: int, seconds: float = 120.0) -> Counter[int]:
        """Wait until so many numbers took effect; then all of them."""
        async with asyncio.timeout(seconds):
            while True:
                effects = await asyncio.to_thread(self.effects)
                if len(effects) >= count:
                    return effects
                await asyncio.sleep(0.2)
