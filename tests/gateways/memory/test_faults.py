"""What a test can do to the in-process broker, and what its users then see."""

import asyncio
import functools
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.broker.errors import (
    BrokerError,
    ConnectionLost,
    LoginRefused,
    NotDeclared,
    NoVhost,
    Unreachable,
)
from cybernetic.gateways.broker.memory.broker import MemoryBroker
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Message, Unknown
from cybernetic.gateways.broker.port import QueueState
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology
from tests.gateways.memory.parts import Told, open_broker

QUICK = Queue("quick", "classic", durable=False, lossy=True)
CLASSIC, QUORUM = Queue("classic", "classic"), Queue("quorum")
EVERYTHING = Topology(
    (Exchange("x"), Exchange("brief", durable=False)),
    (CLASSIC, QUORUM, QUICK),
    (Binding("x", "classic", "#"), Binding("brief", "quorum", "#"), Binding("x", "quick", "#")),
)


async def test_all_sessions_of_one_broker_meet_and_two_brokers_do_not() -> None:
    broker, other = MemoryBroker("one"), MemoryBroker("two")
    assert (broker.url, other.url) == ("memory://one", "memory://two")
    one, two, three = await broker.connect(), await broker.connect("named"), await other.connect()
    await one.declare(Topology(queues=(CLASSIC,)))
    assert await two.state("classic") == QueueState(0, 0)
    with pytest.raises(NotDeclared):
        await three.state("classic")


async def test_a_broker_that_stops_keeps_what_is_durable() -> None:
    broker, session = await open_broker(EVERYTHING)
    told = await Told.by(session)
    for queue in ("classic", "quorum", "quick"):
        told.publish(b"kept", queue)
        told.publish(b"brief", queue, persistent=False)
    await told.all()
    broker.stop()
    broker.stop()
    with pytest.raises(Unreachable, match="memory://memory"):
        await broker.connect()
    broker.start()
    session = await broker.connect()
    assert (await session.state("classic")).messages == 1
    assert (await session.state("quorum")).messages == 2
    with pytest.raises(NotDeclared):
        await session.state("quick")
    told = await Told.by(session)
    assert await told.send(b"", "a", exchange="x") == Confirmed()
    assert (await session.state("classic")).messages == 2
    told.publish(b"", "a", exchange="brief")
    error = await told.outlet.ended
    assert "brief" in str(error)


async def test_what_consumers_held_goes_back_in_order_when_the_broker_stops() -> None:
    broker, session = await open_broker(EVERYTHING)
    told = await Told.by(session)
    for queue in ("classic", "quorum"):
        for body in (b"1", b"2", b"3"):
            await told.send(body, queue)
        got: list[Delivery] = []
        intake = await session.intake(queue, got.append, prefetch=2)
        await asyncio.sleep(0)
        intake.ack(got[0].tag)
        await asyncio.sleep(0)
        assert [one.message.body for one in got] == [b"1", b"2", b"3"]
    broker.stop()
    assert isinstance(await intake.ended, ConnectionLost)
    broker.start()
    session = await broker.connect()
    for queue in ("classic", "quorum"):
        again: list[Delivery] = []
        await session.intake(queue, again.append, prefetch=5)
        await asyncio.sleep(0)
        assert [(one.message.body, one.redelivered) for one in again] == [(b"2", True), (b"3", True)]


async def test_a_wiped_broker_has_an_empty_disk() -> None:
    broker, session = await open_broker(EVERYTHING)
    told = await Told.by(session)
    await told.send(b"x", "classic")
    broker.wipe()
    assert isinstance(await session.ended, ConnectionLost)
    session = await broker.connect()
    with pytest.raises(NotDeclared):
        await session.state("classic")
    await session.declare(EVERYTHING)
    assert (await session.state("classic")).messages == 0


async def test_a_cut_leaves_unknown_what_was_not_told_and_ends_all_in_order() -> None:
    """What was published is there all the same: nobody knows it."""
    broker, session = await open_broker(EVERYTHING)
    order: list[str] = []
    told = await Told.by(session, lambda: order.append("told"))
    intake = await session.intake("quorum", lambda delivery: None, prefetch=1)
    for name, ended in (("outlet", told.outlet.ended), ("intake", intake.ended), ("session", session.ended)):
        ended.add_done_callback(functools.partial(_note, order, name))
    number = told.publish(b"x", "classic")
    broker.cut("by hand")
    assert isinstance(told.outcomes[number], Unknown)
    await asyncio.sleep(0)
    assert order == ["told", "outlet", "intake", "session"]
    assert [str(ended.result()) for ended in (told.outlet.ended, intake.ended, session.ended)] == [
        "by hand"
    ] * 3
    calls: list[Any] = [session.state("classic"), session.ready(), session.declare(EVERYTHING)]
    for call in calls:
        with pytest.raises(ConnectionLost, match="by hand"):
            await call
    with pytest.raises(ConnectionLost, match="by hand"):
        told.publish(b"x", "classic")
    intake.ack(1)
    await session.close()
    again = await broker.connect()
    assert (await again.state("classic")).messages == 1


async def test_a_blocked_broker_takes_messages_later_in_order() -> None:
    broker, session = await open_broker(EVERYTHING)
    told = await Told.by(session)
    broker.block("low on disk")
    assert session.blocked == "low on disk"
    assert (await broker.connect()).blocked == "low on disk"
    waiting = asyncio.ensure_future(session.ready())
    numbers = [told.publish(b"%d" % n, "classic") for n in range(3)]
    await asyncio.sleep(60)
    assert not told.outcomes
    assert not waiting.done()
    assert told.outlet.pending == 3
    assert (await session.state("classic")).messages == 0
    broker.unblock()
    await waiting
    assert session.blocked is None
    numbers.append(told.publish(b"3", "classic"))
    await told.all()
    got: list[Delivery] = []
    await session.intake("classic", got.append, prefetch=9)
    await asyncio.sleep(0)
    assert [one.message.body for one in got] == [b"0", b"1", b"2", b"3"]
    assert told.outlet.pending == 0


async def test_closing_never_hangs_on_a_blocked_broker() -> None:
    broker, session = await open_broker(EVERYTHING)
    told, other = await Told.by(session), await Told.by(session)
    broker.block()
    number, _ = told.publish(b"x", "classic"), other.publish(b"x", "classic")
    began = asyncio.get_running_loop().time()
    await told.outlet.close(2.0)
    assert asyncio.get_running_loop().time() - began == 2.0
    assert isinstance(told.outcomes[number], Unknown)
    await session.close()
    assert asyncio.get_running_loop().time() - began == 12.0
    assert session.ended.result() is None


async def test_whoever_waits_to_be_ready_hears_of_a_cut() -> None:
    broker, session = await open_broker(EVERYTHING)
    broker.block()
    waiting = asyncio.ensure_future(session.ready())
    await asyncio.sleep(1)
    broker.cut()
    with pytest.raises(ConnectionLost):
        await waiting


@pytest.mark.parametrize("error", [LoginRefused, NoVhost, Unreachable])
async def test_a_broker_can_refuse_the_login(error: type[Any]) -> None:
    broker, session = await open_broker(EVERYTHING)
    broker.refuse(error, "not you")
    with pytest.raises(error, match=r"memory://memory.*not you"):
        await broker.connect()
    assert not session.ended.done()
    broker.refuse(None)
    await broker.connect()


async def test_time_goes_on_while_the_broker_is_stopped() -> None:
    """What has expired then is dead; what has not waits for the rest of its time."""
    wait = Queue("wait", "classic", ttl=10.0, dead_letter="", dead_letter_key="classic")
    broker, session = await open_broker(EVERYTHING + Topology(queues=(wait,)))
    told = await Told.by(session)
    await told.send(b"early", "wait")
    await asyncio.sleep(6)
    await told.send(b"late", "wait")
    broker.stop()
    await asyncio.sleep(5)
    broker.start()
    session = await broker.connect()
    assert (await session.state("wait")).messages == (await session.state("classic")).messages == 1
    await asyncio.sleep(5.5)
    assert (await session.state("classic")).messages == 2


async def test_what_raises_while_it_is_told_is_reported_and_harms_nothing() -> None:
    _, session = await open_broker(EVERYTHING)
    heard: list[Any] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: heard.append(context["exception"]))
    try:

        def raises(*_: object) -> None:
            raise ValueError("as it should")

        outlet = await session.outlet(raises)
        await session.intake("classic", raises, prefetch=5)
        for _ in range(2):
            outlet.publish(Message(b"", routing_key="classic"))
        await asyncio.sleep(0.1)
    finally:
        loop.set_exception_handler(before)
    assert [str(error) for error in heard] == ["as it should"] * 3
    assert outlet.pending == 0


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(OptionError):
        MemoryBroker(name)


async def test_closed_is_not_lost() -> None:
    _, session = await open_broker(EVERYTHING)
    told = await Told.by(session)
    await session.close()
    with pytest.raises(BrokerError, match="closed"):
        told.publish(b"", "classic")


def _note(order: list[str], name: str, _: object) -> None:
    order.append(name)
