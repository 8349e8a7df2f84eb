"""What a lossy queue drops is counted, exactly; and never twice, whatever happens to who counts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import pytest

from cybernetic.core import attach
from cybernetic.gateways import (
    AmqpBroker,
    Confirmed,
    Connection,
    Differs,
    Gateway,
    Message,
    MessageDropped,
    Queue,
    Session,
    Topology,
)
from cybernetic.gateways.broker.amqp import drops
from cybernetic.runtime import LocalSystem
from tests.integration.gateways.accounts import ready, until
from tests.integration.gateways.foreign import channel, numbered, publish
from tests.integration.gateways.proxy import Proxy
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import soak


def lossy(name: str, most: int = 10) -> Queue:
    return Queue(name, "classic", lossy=True, overflow="drop-head", max_length=most)


@contextmanager
def told() -> Iterator[Counter[tuple[str, str]]]:
    """How many were told to be dropped in the block, by queue and reason."""
    counted = Counter[tuple[str, str]]()

    def tell(event: MessageDropped) -> None:
        counted[event.queue, event.reason] += 1

    detach = attach(MessageDropped, tell)
    try:
        yield counted
    finally:
        detach()


@asynccontextmanager
async def session(url: str, *queues: Queue) -> AsyncIterator[Session]:
    """A connection that has declared `queues`."""
    opened = await AmqpBroker(url).connect("drops")
    try:
        await opened.declare(Topology(queues=queues))
        yield opened
    finally:
        await opened.close()


async def send(opened: Session, queue: str, count: int, size: int = 10) -> None:
    """Publish, and return when all are confirmed."""
    outcomes: list[object] = []
    outlet = await opened.outlet(lambda numbers, outcome: outcomes.extend([outcome] * len(numbers)))
    for _ in range(count):
        outlet.publish(Message(b"x" * size, routing_key=queue))
    await until(lambda: len(outcomes) == count)
    assert set(outcomes) == {Confirmed()}
    await outlet.close()


async def test_thousands_are_counted_exactly_by_two_connections_together(rabbit: RabbitMQ) -> None:
    """By two that declare the queue; a flood fills what the queue beside it passes on, and nothing is left there."""
    queue, count = lossy("flood"), soak(5_000, 50_000)
    async with session(rabbit.url, queue) as one, session(rabbit.url, queue) as other:
        with told() as dropped:
            await asyncio.gather(send(one, queue.name, count), send(other, queue.name, count))
            await until(lambda: dropped.total() >= 2 * count - 10)
            await until(lambda: rabbit.queues()["flood.dropped"] == 0)
            assert dropped == {("flood", "maxlen"): 2 * count - 10}


async def test_what_was_dropped_while_nobody_counted_is_counted_by_who_comes(rabbit: RabbitMQ) -> None:
    """What others publish is, too."""
    queue = lossy("alone")
    async with session(rabbit.url, queue):
        pass
    await asyncio.to_thread(publish, rabbit, queue.name, numbered(range(110)))
    with told() as dropped:
        async with session(rabbit.url, queue):
            await until(lambda: dropped.total() >= 100)
        assert dropped == {("alone", "maxlen"): 100}


async def test_what_nobody_counts_is_bounded(rabbit: RabbitMQ, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drops, "LENGTH", 25)
    queue = lossy("unread")
    async with session(rabbit.url, queue):
        pass
    await asyncio.to_thread(publish, rabbit, queue.name, numbered(range(110)))
    assert rabbit.queues() == {"unread": 10, "unread.dropped": 25}
    with told() as dropped:
        async with session(rabbit.url, queue):
            await until(lambda: rabbit.queues()["unread.dropped"] == 0)
        assert dropped == {("unread", "maxlen"): 25}


async def test_none_is_counted_twice_over_cuts(rabbit: RabbitMQ) -> None:
    """Whoever counts is cut off in a flood, again and again; what another gets then may have been counted."""
    queue, count, cuts = lossy("cut"), soak(6_000, 60_000), soak(6, 40)
    async with Proxy(rabbit.port) as proxy, session(rabbit.url, lossy("elsewhere")) as sender:
        with told() as dropped:
            async with session(rabbit.at(port=proxy.port), queue):
                sending = asyncio.create_task(send(sender, queue.name, count, 500))
                for _ in range(cuts):
                    await asyncio.sleep(0.05)
                    proxy.cut()
                    async with session(rabbit.at(port=proxy.port), queue):
                        await asyncio.sleep(0.05)
                await sending
            async with session(rabbit.url, queue):
                await until(lambda: rabbit.queues()["cut.dropped"] == 0)
            [(reason, number)] = dropped.items()
            assert reason == ("cut", "maxlen")
            assert count - 10 - (cuts + 2) * drops.PREFETCH <= number <= count - 10


async def test_a_gateway_counts(rabbit: RabbitMQ) -> None:
    """By each of its connections, and by the next one."""
    queue = lossy("governed")
    with told() as dropped:
        async with LocalSystem() as system:
            topology = Topology(queues=(queue,))
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), None, topology, name="counting"))
            connection = system.named("counting.out", Connection)

            async def connected() -> bool:
                return await connection.call(Connection.is_connected)

            def reached(total: int) -> bool:
                return dropped.total() >= total

            for total in (20, 50):
                await until(connected)
                await until(lambda: "governed.dropped" in rabbit.queues())
                await asyncio.to_thread(publish, rabbit, queue.name, numbered(range(30)))
                await until(partial(reached, total))
                assert dropped == {("governed", "maxlen"): total}
                await connection.call(Connection.renew)


async def test_a_queue_that_is_there_without_a_count_is_used_as_it_is(
    rabbit: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    """Another party has declared it."""
    queue = lossy("foreign")

    def declare() -> None:
        with channel(rabbit) as there:
            arguments = {"x-queue-type": "classic", "x-max-length": 10, "x-overflow": "drop-head"}
            there.queue_declare("foreign", durable=True, arguments=arguments)

    await asyncio.to_thread(declare)
    with told() as dropped:
        async with session(rabbit.url, queue) as opened:
            await send(opened, queue.name, 30)
            assert await ready(opened, queue.name) == 10
            assert "queue 'foreign': what it drops is not counted here" in caplog.text
            await opened.delete(queue="foreign")
            await opened.declare(Topology(queues=(queue,)))
            await send(opened, queue.name, 30)
            await until(lambda: dropped.total() >= 20)
        assert dropped == {("foreign", "maxlen"): 20}


async def test_a_queue_declared_otherwise_is_still_refused_by_its_own_words(rabbit: RabbitMQ) -> None:
    """Whether it is counted already or not."""
    async with session(rabbit.url, lossy("strict", 10)) as opened:
        with pytest.raises(Differs, match=r"queue 'strict' .* 'x-max-length'"):
            await opened.declare(Topology(queues=(lossy("strict", 11),)))


@pytest.mark.parametrize("first", ["guest", "limited"])
async def test_a_user_who_may_not_have_the_queue_beside_it_has_the_queue(
    rabbit: RabbitMQ, caplog: pytest.LogCaptureFixture, first: str
) -> None:
    """Whether or not somebody else counts."""
    queue = lossy(f"few-{first}")
    user = f"limited-{first}"
    rabbit.add_user(user, "secret")
    mine = f"^{queue.name}$"
    rabbit.erl("rabbit_auth_backend_internal:set_permissions", user, "/", mine, ".*", mine, "tests")
    with told() as dropped:
        if first == "guest":
            async with session(rabbit.url, queue):
                pass
        async with session(rabbit.at(user, "secret"), queue) as opened:
            await send(opened, queue.name, 30)
            assert await ready(opened, queue.name) == 10
        assert f"queue {queue.name!r}: what it drops is not counted here" in caplog.text
        assert not dropped
        if first == "guest":
            async with session(rabbit.url, queue):
                await until(lambda: dropped.total() >= 20)
            assert dropped == {(queue.name, "maxlen"): 20}


async def test_a_queue_that_is_deleted_leaves_nothing(
    rabbit: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    async with session(rabbit.url, lossy("brief")) as opened:
        assert set(rabbit.queues()) == {"brief", "brief.dropped"}
        await opened.delete(queue="brief")
        assert rabbit.queues() == {}
    assert not caplog.records


async def test_a_queue_that_goes_with_its_users_takes_its_count_along(rabbit: RabbitMQ) -> None:
    mine = Queue("mine", "classic", lossy=True, ttl=1.0, exclusive=True)
    passing = Queue("passing", "classic", lossy=True, ttl=1.0, auto_delete=True)
    async with session(rabbit.url, mine, passing) as opened:
        await (await opened.intake("passing", lambda _: None, prefetch=1)).close()
        assert set(rabbit.queues()) == {"mine", "mine.dropped", "passing.dropped"}
    await until(lambda: rabbit.queues() == {})
