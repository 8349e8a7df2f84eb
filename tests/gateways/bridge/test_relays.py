"""One-way bridges: from a topic to an exchange, from a queue to a topic or to an agent."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Refusal
from cybernetic.gateways import (
    Binding,
    Exchange,
    Gateway,
    MemoryBroker,
    Message,
    Publisher,
    Queue,
    Retries,
    Sender,
    ToAgent,
    TopicOut,
    Topology,
    ToTopic,
    consume,
    parked,
)
from cybernetic.naming import Published, Topics
from cybernetic.runtime import Agent, LocalSystem
from cybernetic.supervision import Supervisor, child
from tests.gateways.agents.plant import send

NEWS, ABROAD = Topics("news"), Topics("abroad")
BOUND = Topology(
    (Exchange("prices"),),
    (Queue("asked"), Queue("heard")),
    (Binding("prices", "asked", "#"), Binding("prices", "heard", "#")),
)


class Refused(Refusal):
    """It is not taken."""


class Till(Agent):
    """Keeps what it is asked by a queue, and what it hears of a topic."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.heard: list[Any] = []
        self.crashes = 0

    def setup(self) -> None:
        ABROAD.subscribe(self, "*")

    def ask(self, value: Any) -> None:
        if value == "never":
            raise Refused(value)
        self.asked.append(value)

    def receive(self, message: Any) -> None:
        if isinstance(message, Published):
            self.heard.append((message.topic, message.message))

    def all(self) -> tuple[list[Any], list[Any]]:
        return self.asked, self.heard


class Shop(Supervisor):
    """All of them: "news" goes to the exchange "prices", whence it comes to an agent, and as "abroad"."""

    def __init__(self, broker: MemoryBroker, data: Path, till: bool = True) -> None:
        self.broker, self.data, self.till = broker, data, till

    def children(self) -> list[Any]:
        work = [
            consume(ToAgent, "till", Till.ask, queue=Queue("asked"), retries=Retries(2)),
            consume(ToTopic, ABROAD, "out.", queue=Queue("heard"), retries=Retries(2)),
        ]
        out = (NEWS, "prices.*", "amqp.publisher", Sender("shop"), "prices", "out.")
        return [
            NEWS.child(),
            ABROAD.child(),
            *([child(Till, name="till")] if self.till else []),
            child(partial(Gateway, self.broker, self.data, BOUND, work), id="gateway"),
            child(TopicOut, *out, name="out"),
        ]


async def test_a_topic_reaches_an_agent_and_a_topic_through_a_broker(tmp_path: Path) -> None:
    async with LocalSystem() as system:
        await system.start(Shop, MemoryBroker(), tmp_path / "store.sqlite")
        for price in (3, 4):
            NEWS.publish(system, "prices.eur", {"price": price})
        NEWS.publish(system, "weather", "not for the exchange")
        await asyncio.sleep(5)
        asked, heard = await system.named("till", Till).call(Till.all)
        assert sorted(one["price"] for one in asked) == [3, 4]
        assert sorted(heard, key=str) == [("prices.eur", {"price": price}) for price in (3, 4)]


async def test_what_cannot_be_sent_is_dropped_and_counted_and_the_next_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with LocalSystem() as system:
        await system.start(Shop, MemoryBroker(), tmp_path / "store.sqlite")
        NEWS.publish(system, "prices.eur", object())
        NEWS.publish(system, f"prices.{'x' * 245}", "no routing key is so long")
        for price in range(100):
            NEWS.publish(system, "prices.eur", price)
        await asyncio.sleep(5)
        asked, heard = await system.named("till", Till).call(Till.all)
        assert sorted(asked) == sorted(price for _, price in heard) == list(range(100))
        assert await system.named("out", TopicOut).call(TopicOut.dropped) == 2
        assert caplog.text.count("is dropped") == 2


async def test_what_no_queue_is_bound_for_goes_nowhere_and_fills_no_outbox(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with LocalSystem() as system:
        await system.start(Shop, broker, tmp_path / "store.sqlite")
        await asyncio.sleep(1)
        session = await broker.connect()
        for queue in ("asked", "heard"):
            await session.delete(queue=queue)
        for price in range(10):
            NEWS.publish(system, "prices.eur", price)
        await asyncio.sleep(5)
        publisher = system.named("amqp.publisher", Publisher)
        assert await publisher.call(Publisher.set_aside) == []
        assert await publisher.call(Publisher.waiting) == 0
        await session.close()


async def test_what_an_agent_refuses_or_what_is_no_value_or_no_topic_is_parked_at_once(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    async with LocalSystem() as system:
        await system.start(Shop, broker, tmp_path / "store.sqlite")
        session = await broker.connect("a stranger")
        await asyncio.sleep(1)
        refused = Sender("x").parcel("never", "t", "", "asked")
        assert isinstance(refused, Message)
        await send(session, refused, Message(b"\xc1", routing_key="asked", id="garbage"))
        await send(session, Message(b"\xc1", routing_key="heard", id="garbage"))
        strange = Sender("x").parcel(1, "t", "prices", "out.a..b")
        assert isinstance(strange, Message)
        await send(session, strange)
        await asyncio.sleep(2)
        asked = {one.id: one.why for one in await parked(session, "asked")}
        heard = {one.id: one.why for one in await parked(session, "heard")}
        assert "Refused" in asked[refused.id]
        assert "undecodable" in asked["garbage"]
        assert "undecodable" in heard["garbage"]
        assert "topic" in heard[strange.id]
        got, news = await system.named("till", Till).call(Till.all)
        assert (got, news) == ([1], [])  # the strange one is good for the agent
        await session.close()


async def test_what_is_for_an_agent_that_is_not_there_is_tried_again_and_parked(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with LocalSystem() as system:
        await system.start(Shop, broker, tmp_path / "store.sqlite", False)
        NEWS.publish(system, "prices.eur", 1)
        session = await broker.connect("operator")
        await asyncio.sleep(2)
        assert await parked(session, "asked") == []
        await asyncio.sleep(3)
        (one,) = await parked(session, "asked")
        assert "expected an agent named 'till'" in one.why
        await session.close()
