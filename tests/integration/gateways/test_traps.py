"""What goes wrong between a client and RabbitMQ, one trap for each test: nothing hangs, nothing is told wrongly."""

import asyncio
import datetime
import decimal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pika
import pytest

from cybernetic.core import token
from cybernetic.gateways import (
    AmqpBroker,
    BrokerError,
    Confirmed,
    ConnectionLost,
    Delivery,
    Differs,
    Exchange,
    Message,
    Queue,
    Returned,
    Session,
    Topology,
    Unknown,
)
from cybernetic.gateways.broker.messages import Outcome
from tests.integration.gateways.accounts import until
from tests.integration.gateways.proxy import Proxy
from tests.integration.gateways.rabbit import RabbitMQ


class Told:
    """What an outlet told: once for each number."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}

    def __call__(self, numbers: Sequence[int], outcome: Outcome) -> None:
        for number in numbers:
            assert number not in self.outcomes
            self.outcomes[number] = outcome

    async def until(self, count: int) -> None:
        await until(lambda: len(self.outcomes) == count)


@asynccontextmanager
async def meeting(rabbit: RabbitMQ, kind: Any = "classic", **more: Any) -> AsyncIterator[tuple[Session, str]]:
    """A session, and a queue that is there as long as the block lasts."""
    session, queue = await AmqpBroker(rabbit.url, **more).connect(), token(8)
    try:
        await session.declare(Topology(queues=(Queue(queue, kind),)))
        yield session, queue
    finally:
        await session.close()
        cleaner = await AmqpBroker(rabbit.url).connect()
        await cleaner.delete(queue=queue)
        await cleaner.close()


@asynccontextmanager
async def by_proxy(rabbit: RabbitMQ, **options: Any) -> AsyncIterator[tuple[Session, Proxy]]:
    async with Proxy(rabbit.port) as proxy:
        session = await AmqpBroker(rabbit.at(port=proxy.port), **options).connect()
        yield session, proxy
        await session.close()


async def test_closing_with_a_backlog_does_not_hang(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (_, queue), by_proxy(rabbit) as (session, proxy):
        told = Told()
        outlet = await session.outlet(told)
        proxy.stall()
        for _n in range(3000):
            outlet.publish(Message(bytes(1024), routing_key=queue))
        assert outlet.pending == 3000
        async with asyncio.timeout(30):
            await outlet.close(timeout=0.2)
            await session.close()
        assert len(told.outcomes) == 3000
        assert all(isinstance(outcome, Unknown) for outcome in told.outcomes.values())
        assert outlet.ended.result() is None
        assert session.ended.result() is None


async def test_closing_waits_for_a_backlog_that_goes_through(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit, "quorum") as (session, queue):
        told = Told()
        outlet = await session.outlet(told)
        for _ in range(3000):
            outlet.publish(Message(bytes(1024), routing_key=queue))
        await session.close()
        assert set(told.outcomes.values()) == {Confirmed()}
        assert sorted(told.outcomes) == list(range(1, 3001))


async def test_a_cut_is_never_told_as_a_cancellation(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (_, queue), by_proxy(rabbit) as (session, proxy):
        told = Told()
        outlet = await session.outlet(told)
        proxy.stall()
        outlet.publish(Message(b"x", routing_key=queue))
        asked = [
            asyncio.ensure_future(call)
            for call in (
                session.state(queue),
                session.purge(queue),
                session.outlet(told),
                session.delete(queue=queue),
            )
        ]
        await asyncio.sleep(0.05)
        proxy.cut()
        for one in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(one, ConnectionLost), one
        assert isinstance(told.outcomes[1], Unknown)
        assert isinstance(session.ended.result(), ConnectionLost)
        for call in (session.ready(), session.state(queue), session.outlet(told)):
            with pytest.raises(ConnectionLost):
                await call
        with pytest.raises(ConnectionLost):
            outlet.publish(Message(b"x"))


async def test_who_gives_up_a_question_is_cancelled_and_the_session_lives(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (_, queue), by_proxy(rabbit) as (session, proxy):
        proxy.stall()
        asking = asyncio.ensure_future(session.state(queue))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        proxy.flow()
        assert (await session.state(queue)).messages == 0


async def test_one_message_published_twice_at_once_is_told_apart(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (session, queue):
        told = Told()
        outlet = await session.outlet(told)
        for number in range(1, 201):
            outlet.publish(
                Message(
                    bytes(200_000 if number < 3 else 0),
                    routing_key=queue if number % 2 else "nowhere",
                    id="1",
                )
            )
        await told.until(200)
        for number, outcome in told.outcomes.items():
            assert outcome == (Confirmed() if number % 2 else Returned(312, "NO_ROUTE"))


async def test_an_exchange_that_is_not_there_ends_its_outlet_alone(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (session, queue):
        told, other = Told(), Told()
        outlet, beside = await session.outlet(told), await session.outlet(other)
        outlet.publish(Message(b"x", routing_key=queue))
        await told.until(1)
        outlet.publish(Message(b"x", exchange="not.there"))
        outlet.publish(Message(b"x", routing_key=queue))
        beside.publish(Message(b"x", routing_key=queue))
        await told.until(3)
        await other.until(1)
        assert told.outcomes[1] == other.outcomes[1] == Confirmed()
        for number in (2, 3):
            outcome = told.outcomes[number]
            assert isinstance(outcome, Unknown)
            assert "404" in str(outcome.why)
            assert "'not.there'" in str(outcome.why)
        with pytest.raises(BrokerError, match=r"not\.there"):
            outlet.publish(Message(b"x", routing_key=queue))
        again = await session.outlet(third := Told())
        again.publish(Message(b"x", routing_key=queue))
        await third.until(1)
        assert not session.ended.done()


async def test_an_exchange_of_a_type_the_broker_does_not_know_is_refused_before_it_ends_the_connection(
    rabbit: RabbitMQ,
) -> None:
    with pytest.raises(ValueError, match="type: expected one of"):
        Exchange("delayed", type="x-delayed-message")  # type: ignore[arg-type]
    async with meeting(rabbit) as (session, _):
        forged = Exchange("delayed")
        object.__setattr__(forged, "type", "x-delayed-message")
        with pytest.raises(ConnectionLost, match="503"):
            await session.declare(Topology((forged,)))


async def test_a_queue_declared_otherwise_is_named_with_what_differs(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit, "quorum") as (session, queue):
        outlet = await session.outlet(told := Told())
        for other, attribute in (
            (Queue(queue, "classic"), "x-queue-type"),
            (Queue(queue, max_length=5), "x-max-length"),
            (Queue(queue, dead_letter="elsewhere"), "x-dead-letter-exchange"),
        ):
            with pytest.raises(Differs) as caught:
                await session.declare(Topology(queues=(other,)))
            assert caught.value.what == f"queue {queue!r}"
            assert attribute in str(caught.value)
        with pytest.raises(ValueError, match="ASCII letters"):
            await session.state("a*b")
        outlet.publish(Message(b"x", routing_key=queue))
        await told.until(1)
        assert told.outcomes == {1: Confirmed()}


async def test_deliveries_are_in_order_while_their_work_is_not(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (session, queue):
        outlet = await session.outlet(told := Told())
        bodies = [b"%d" % number for number in range(500)]
        for body in bodies:
            outlet.publish(Message(body, routing_key=queue))
        await told.until(500)
        came, done = list[bytes](), list[int]()

        def work(tag: int) -> None:
            intake.ack(tag)
            done.append(tag)

        def deliver(delivery: Delivery) -> None:
            came.append(delivery.message.body)
            asyncio.get_running_loop().call_later(0.001 * (len(came) % 7), work, delivery.tag)

        intake = await session.intake(queue, deliver, prefetch=50)
        await until(lambda: len(done) == 500)
        assert came == bodies
        await intake.close()
        assert (await session.state(queue)).messages == 0


async def test_a_callback_that_raises_ends_nothing(rabbit: RabbitMQ) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
    async with meeting(rabbit) as (session, queue):
        outlet = await session.outlet(lambda numbers, outcome: 1 / 0)  # type: ignore[arg-type,return-value]
        outlet.publish(Message(b"x", routing_key=queue))
        await until(lambda: heard)
        assert isinstance(heard[0], ZeroDivisionError)
        assert outlet.pending == 0
        assert (await session.state(queue)).messages == 1


async def test_an_alarm_blocks_and_what_was_published_meanwhile_is_confirmed_later(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit, confirm_timeout=2) as (session, queue):
        outlet = await session.outlet(told := Told())
        rabbit.set_alarm()
        try:
            outlet.publish(Message(b"x", routing_key=queue))  # a connection is blocked when it publishes
            await until(lambda: session.blocked)
            assert "memory" in str(session.blocked)
            waiting = asyncio.ensure_future(session.ready())
            for _ in range(299):
                outlet.publish(Message(bytes(1024), routing_key=queue))
            await asyncio.sleep(2.5)  # longer than an outlet waits for confirms when nothing is blocked
            assert not waiting.done()
            assert outlet.pending == 300
        finally:
            await asyncio.to_thread(rabbit.clear_alarm)
        await waiting
        assert session.blocked is None
        await told.until(300)
        assert set(told.outcomes.values()) == {Confirmed()}


async def test_an_outlet_without_confirms_is_given_up_in_time(rabbit: RabbitMQ) -> None:
    async with meeting(rabbit) as (_, queue), by_proxy(rabbit, confirm_timeout=0.3) as (session, proxy):
        outlet = await session.outlet(told := Told())
        proxy.stall()
        outlet.publish(Message(b"x", routing_key=queue))
        assert isinstance(await asyncio.wait_for(outlet.ended, 60), ConnectionLost)
        assert isinstance(told.outcomes[1], Unknown)
        assert "nothing was confirmed for 0.3 s" in str(told.outcomes[1].why)
        assert not session.ended.done()
        proxy.flow()
        for _ in range(100):  # a busy machine may let any of them wait for so long
            another = await session.outlet(other := Told())
            another.publish(Message(b"x", routing_key=queue))
            await other.until(1)
            if other.outcomes == {1: Confirmed()}:
                return
        raise AssertionError("expected one of a hundred to be confirmed in time")


async def test_a_broker_that_holds_still_is_found_out_by_its_heartbeats(rabbit: RabbitMQ) -> None:
    async with by_proxy(rabbit, heartbeat=1) as (session, proxy):
        outlet = await session.outlet(told := Told())
        await asyncio.sleep(1.5)
        assert not session.ended.done()
        proxy.stall()
        outlet.publish(Message(b"x"))
        error = await asyncio.wait_for(session.ended, 30)
        assert isinstance(error, ConnectionLost)
        assert "nothing came for" in str(error)
        assert isinstance(told.outcomes[1], Unknown)


async def test_a_steady_stream_is_a_sign_of_life(rabbit: RabbitMQ) -> None:
    """The broker sends no heartbeats while it sends anything else, and aiormq does not see what is delivered."""
    async with meeting(rabbit, heartbeat=1) as (session, queue):
        outlet = await session.outlet(Told())

        def deliver(delivery: Delivery) -> None:
            intake.ack(delivery.tag)
            asyncio.get_running_loop().call_later(0.02, again)

        def again() -> None:
            if asyncio.get_running_loop().time() < end:
                outlet.publish(Message(b"x", routing_key=queue))

        end = asyncio.get_running_loop().time() + 5.5
        intake = await session.intake(queue, deliver, prefetch=1)
        outlet.publish(Message(b"x", routing_key=queue))
        await asyncio.sleep(5.6)
        assert not session.ended.done()
        await intake.close()


async def test_another_client_reads_what_we_wrote_and_we_what_it_wrote(rabbit: RabbitMQ) -> None:
    headers = {
        "a": 1,
        "t": "é",
        "n": None,
        "b": True,
        "l": [1, "x", {"y": 2}],
        "d": {"k": -(2**40)},
    }
    async with meeting(rabbit) as (session, queue):
        outlet = await session.outlet(told := Told())
        body = bytes(range(256)) * 2000
        outlet.publish(
            Message(
                body,
                "",
                queue,
                headers,
                "id-1",
                "kind",
                "text/x",
                "corr",
                "back",
                "app",
                3,
                60.5,
                1_700_000_000,
            )
        )
        await told.until(1)
        got, sent = await asyncio.to_thread(_answer, rabbit.url, queue)
        properties, got_body = got
        assert got_body == body
        assert properties.headers == headers | {"x-mid": "id-1"}
        assert (properties.type, properties.content_type, properties.correlation_id) == (
            "kind",
            "text/x",
            "corr",
        )
        assert (properties.reply_to, properties.app_id, properties.priority) == ("back", "app", 3)
        assert (properties.expiration, properties.timestamp, properties.delivery_mode) == (
            "60500",
            1_700_000_000,
            2,
        )
        came: list[Delivery] = []
        intake = await session.intake(queue, came.append, prefetch=10)
        await until(lambda: len(came) == 2)
        message = came[0].message
        assert message.body == sent
        assert message.headers == {"time": 1_700_000_000, "price": 1.25, "raw": "ab\ufffd"}
        assert (message.id, message.type, message.expiration, message.persistent) == (
            "theirs",
            "t",
            None,
            False,
        )
        assert came[1].message == Message(b"", "", queue, persistent=False)
        await intake.close()


def _answer(url: str, queue: str) -> tuple[tuple[Any, bytes], bytes]:
    """Take a message, and put two: by pika."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    _, properties, body = channel.basic_get(queue, auto_ack=True)
    headers = {
        "time": datetime.datetime.fromtimestamp(1_700_000_000, datetime.UTC).replace(tzinfo=None),
        "price": decimal.Decimal("1.25"),
        "raw": b"ab\xff",
    }
    sent = bytes(300_000)
    theirs = pika.BasicProperties(headers=headers, message_id="theirs", type="t")
    channel.basic_publish("", queue, sent, theirs)
    channel.basic_publish("", queue, b"")
    connection.close()
    return (properties, body), sent
