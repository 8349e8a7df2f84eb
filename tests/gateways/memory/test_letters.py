"""Dead letters of an in-process broker: kept until they are safe, or dropped and told."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.gateways.broker.events import MessageDropped
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Rejected
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology
from tests.gateways.memory.parts import Told, open_broker


@pytest.fixture
def dropped() -> Iterator[list[MessageDropped]]:
    told: list[MessageDropped] = []
    detach = attach(MessageDropped, told.append)
    yield told
    detach()


async def test_what_a_lossy_queue_drops_is_told(dropped: list[MessageDropped]) -> None:
    queue = Queue("q", "classic", lossy=True, overflow="drop-head", max_length=2)
    _, session = await open_broker(Topology(queues=(queue,)))
    told = await Told.by(session)
    for _ in range(5):
        await told.send(b"x", "q")
    assert dropped == [MessageDropped("memory", "q", "maxlen")] * 3


async def test_every_death_that_leads_nowhere_is_told_and_none_that_leads_on(
    dropped: list[MessageDropped],
) -> None:
    queues = (
        Queue("expiring", "classic", ttl=1.0, dead_letter="none"),
        Queue("rejected", "classic"),
        Queue("limited", delivery_limit=0, dead_letter="", dead_letter_key="none"),
        Queue("cycle", "classic", ttl=1.0, dead_letter="", dead_letter_key="cycle"),
        Queue("fine", "classic", ttl=1.0, dead_letter="", dead_letter_key="rest"),
        Queue("rest", "classic"),
    )
    _, session = await open_broker(Topology(queues=queues))
    told = await Told.by(session)
    for queue in queues:
        await told.send(b"x", queue.name)
    for name, requeue in (("rejected", False), ("limited", True)):
        got: list[Delivery] = []
        intake = await session.intake(name, got.append, prefetch=1)
        await asyncio.sleep(0)
        intake.nack(got[0].tag, requeue=requeue)
    await asyncio.sleep(2)
    assert [(one.queue, one.reason) for one in dropped] == [
        ("rejected", "rejected"),
        ("limited", "delivery_limit"),
        ("cycle", "expired"),
        ("expiring", "expired"),
    ]
    assert (await session.state("rest")).messages == 2


KEEPING: dict[str, Any] = {"dead_letter": "", "dead_letter_key": "dead", "at_least_once": True}


async def test_letters_are_kept_until_there_is_room(dropped: list[MessageDropped]) -> None:
    """They stand in order, count against the limit of their queue, and survive a restart."""
    source = Queue("source", ttl=1.0, max_length=3, **KEEPING)
    topology = Topology(queues=(source, Queue("dead", "classic", max_length=1)))
    broker, session = await open_broker(topology)
    told = await Told.by(session)
    await told.send(b"0", "dead")
    for body in (b"1", b"2", b"3", b"4"):
        await told.send(body, "source")
    await asyncio.sleep(2)
    assert (await session.state("source")).messages == 0
    assert (await session.state("dead")).messages == 1
    assert await told.send(b"5", "source") == Rejected()
    broker.stop()
    broker.start()
    session = await broker.connect()
    got: list[Delivery] = []
    intake = await session.intake("dead", got.append, prefetch=1)
    for number in range(5):
        await asyncio.sleep(0)
        assert [one.message.body for one in got] == [b"%d" % n for n in range(number + 1)]
        intake.ack(got[-1].tag)
    told = await Told.by(session)
    assert await told.send(b"6", "source") == Confirmed()
    assert not dropped


async def test_letters_are_kept_until_there_is_a_way(dropped: list[MessageDropped]) -> None:
    """Also those that wait for an exchange, or for a binding of it."""
    keeping: dict[str, Any] = {**KEEPING, "dead_letter": "later"}
    _, session = await open_broker(Topology(queues=(Queue("source", ttl=1.0, **keeping),)))
    told = await Told.by(session)
    await told.send(b"x", "source")
    await asyncio.sleep(2)
    topology = Topology((Exchange("later"),), (Queue("dead"),), (Binding("later", "dead", "#"),))
    await session.declare(topology)
    assert (await session.state("dead")).messages == 1
    assert not dropped


async def test_a_letter_for_two_queues_goes_to_both_or_waits_for_both() -> None:
    """None of them gets it twice."""
    source = Queue("source", ttl=1.0, at_least_once=True, dead_letter="x")
    narrow, wide = Queue("narrow", "classic", max_length=1), Queue("wide", "classic")
    bindings = Binding("x", "narrow"), Binding("x", "wide")
    _, session = await open_broker(Topology((Exchange("x", "fanout"),), (source, narrow, wide), bindings))
    told = await Told.by(session)
    await told.send(b"full", "narrow")
    await told.send(b"x", "source")
    await asyncio.sleep(2)
    assert (await session.state("wide")).messages == 0
    await session.purge("narrow")
    assert (await session.state("wide")).messages == (await session.state("narrow")).messages == 1


async def test_letters_follow_a_long_chain_of_queues() -> None:
    """However long it is: no recursion."""
    last = 1100
    options: dict[str, Any] = {"max_length": 0, "overflow": "drop-head", "lossy": True, "dead_letter": ""}
    queues = [Queue(f"q{n}", "classic", dead_letter_key=f"q{n + 1}", **options) for n in range(last)]
    _, session = await open_broker(Topology(queues=tuple(queues)))
    await session.declare(Topology(queues=(Queue(f"q{last}", "classic"),)))
    told = await Told.by(session)
    await told.send(b"x", "q0")
    assert (await session.state(f"q{last}")).messages == 1


async def test_full_queues_that_dead_letter_to_each_other_come_to_an_end() -> None:
    """Each rejects to the other's dead letters: the cycle is cut."""
    options: dict[str, Any] = {"max_length": 0, "overflow": "reject-publish-dlx", "dead_letter": ""}
    one, two = (
        Queue(a, "classic", dead_letter_key=b, **options) for a, b in (("one", "two"), ("two", "one"))
    )
    _, session = await open_broker(Topology(queues=(one, two)))
    told = await Told.by(session)
    assert await told.send(b"x", "one") == Rejected()
