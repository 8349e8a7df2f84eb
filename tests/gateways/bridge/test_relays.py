"""One-way bridges: from a topic to an exchange, from a queue to a topic or to an agent."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import (
    Binding,
    Exchange,
    Gateway,
    MemoryBroker,
    Queue,
    Sender,
    ToAgent,
    TopicOut,
    Topology,
    ToTopic,
    consume,
)
from cybernetic.naming import Published, Topics
from cybernetic.runtime import Agent, LocalSystem
from cybernetic.supervision import Supervisor, child

NEWS = Topics("news")
BOUND = Topology(
    (Exchange("prices"),),
    (Queue("asked"), Queue("heard")),
    (Binding("prices", "asked", "#"), Binding("prices", "heard", "#")),
)


class Till(Agent):
    """Keeps what it is asked by a queue, and what it hears of a topic."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.heard: list[Any] = []

    def setup(self) -> None:
        NEWS.subscribe(self, "abroad.*")

    def ask(self, value: Any) -> None:
        self.asked.append(value)

    def receive(self, message: Any) -> None:
        if isinstance(message, Published):
            self.heard.append((message.topic, message.message))

    def all(self) -> tuple[list[Any], list[Any]]:
        return self.asked, self.heard


class Abroad(ToTopic):
    """Publishes under "abroad." what comes."""

    async def handle(self, delivery: Any, tx: Any) -> Any:
        self._topics.publish(self, f"abroad.{delivery.message.routing_key}", delivery.body)


class Shop(Supervisor):
    """All of them."""

    def __init__(self, broker: MemoryBroker, data: Path) -> None:
        self.broker, self.data = broker, data

    def children(self) -> list[Any]:
        work = [
            consume(ToAgent, "till", Till.ask, queue=Queue("asked")),
            consume(Abroad, NEWS, queue=Queue("heard")),
        ]
        return [
            NEWS.child(),
            child(Till, name="till"),
            child(partial(Gateway, self.broker, self.data, BOUND, work), id="gateway"),
            child(TopicOut, NEWS, "prices.*", "amqp.publisher", Sender("shop"), "prices", id="out"),
        ]


async def test_a_topic_reaches_an_agent_and_a_topic_through_a_broker(tmp_path: Path) -> None:
    async with LocalSystem() as system:
        await system.start(Shop, MemoryBroker(), tmp_path / "store.sqlite")
        for price in (3, 4):
            NEWS.publish(system, "prices.eur", {"price": price})
        await asyncio.sleep(5)
        asked, heard = await system.named("till", Till).call(Till.all)
        assert sorted(one["price"] for one in asked) == [3, 4]
        assert [topic for topic, _ in heard] == ["abroad.prices.eur"] * 2
