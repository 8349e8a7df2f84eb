"""A connection that is lost comes back: not in a tight loop, with its topology, and with a word about what was lost."""

import asyncio
import itertools
import logging
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core.events import attach
from cybernetic.gateways import (
    Binding,
    Connected,
    Connection,
    ConnectionFailed,
    Effect,
    Exchange,
    LoginRefused,
    MemoryBroker,
    Message,
    NotRenewed,
    NoVhost,
    Parked,
    Publisher,
    Queue,
    QueuesLost,
    Received,
    Retried,
    Topology,
    Unreachable,
    consume,
)
from tests.gateways.agents.plant import (
    OUT,
    WORK,
    Book,
    Clerk,
    Reader,
    is_connected,
    orders,
    plant,
    send,
    until,
)


class Heard:
    """What was told to listeners meanwhile."""

    def __init__(self, *kinds: Any) -> None:
        self.all: list[Any] = []
        self._detach = [attach(kind, self.all.append) for kind in kinds]

    def __enter__(self) -> "Heard":
        return self

    def __exit__(self, *error: object) -> None:
        for detach in self._detach:
            detach()

    def of(self, kind: Any) -> list[Any]:
        return [one for one in self.all if isinstance(one, kind)]


def tries(broker: MemoryBroker) -> list[float]:
    """The times at which a connection is tried from now on."""
    at: list[float] = []
    connect = broker.connect

    async def counted(name: str = "") -> Any:
        at.append(asyncio.get_running_loop().time())
        return await connect(name)

    broker.connect = counted  # type: ignore[method-assign]
    return at


async def test_connecting_is_tried_ever_more_rarely_and_by_chance(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        at = tries(broker)
        broker.stop()
        await asyncio.sleep(300.0)
        gaps = [after - before for before, after in itertools.pairwise(at)]
        assert 10 < len(at) < 40
        assert all(0.2 <= gap <= 15.0 * 1.5 for gap in gaps)
        assert gaps[-1] >= 15.0
        assert gaps == sorted(gaps[:6]) + gaps[6:]
        assert len({round(gap, 3) for gap in gaps[7:]}) > 3  # no herd
        broker.start()
        await until(lambda: is_connected(a.system), 30.0)


@pytest.mark.parametrize("error", [LoginRefused, NoVhost, Unreachable])
async def test_what_is_wrong_is_named_once_for_each_try(
    tmp_path: Path, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broker = MemoryBroker()
    broker.refuse(error)
    with caplog.at_level(logging.INFO, "cybernetic.gateways"), Heard(ConnectionFailed) as heard:
        async with plant(broker, tmp_path / "a", connected=False):
            at = tries(broker)
            await asyncio.sleep(60.0)
    lines = [one for one in caplog.records if one.name == "cybernetic.gateways"]
    assert len(lines) == len(heard.all) >= len(at) > 3
    assert all(broker.url in one.getMessage() and "\n" not in one.getMessage() for one in lines)
    assert all(one.line == "amqp out" and one.broker == broker.url for one in heard.all)
    word = {LoginRefused: "login", NoVhost: "virtual host", Unreachable: "no broker"}[error]
    assert all(word in one.why for one in heard.all)


async def test_a_queue_that_is_declared_otherwise_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = MemoryBroker()
    session = await broker.connect()
    await session.declare(Topology(queues=(Queue("out", kind="classic"),)))
    async with plant(broker, tmp_path / "a", connected=False) as a:
        at = tries(broker)
        await asyncio.sleep(60.0)
        assert len(at) < 15
        lines = [one.getMessage() for one in caplog.records if one.name == "cybernetic.gateways"]
        assert lines
        assert all("queue 'out'" in one and "otherwise" in one for one in lines)
        await session.delete(queue="out")
        assert (await a.publish(b"x")).confirmed
    await session.close()


async def test_the_topology_is_declared_again_and_what_is_missing_is_told(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    topology = Topology((Exchange("shop"),), (OUT,), (Binding("shop", "work", "order.*"),))
    spec = consume(Clerk, book, queue=WORK)
    with Heard(QueuesLost, Connected) as heard:
        async with plant(broker, tmp_path / "a", spec, topology=topology) as a:
            await a.publish(b"1", "order.new", exchange="shop")
            broker.cut()
            await asyncio.sleep(5.0)
            assert heard.of(QueuesLost) == []
            broker.stop()
            await asyncio.sleep(1.0)
            asked = a.publisher.within(None).request(
                Publisher.publish, Message(b"2", "shop", "order.new", id="2")
            )
            broker.wipe()
            assert (await asked).confirmed
            await until(lambda: len(book.seen) == 2)
            assert {one.line for one in heard.of(Connected)} == {"amqp out", "amqp in"}
            assert [one.again for one in heard.of(Connected)].count(False) == 2
            lost = heard.of(QueuesLost)
            assert lost
            assert all({"work", "out", "work.parked"} <= set(one.queues) for one in lost)


async def test_a_renewed_connection_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async def slow(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(0.3)

    broker, book = MemoryBroker(), Book(slow)
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK, prefetch=5), window=8) as a:
        reader = await Reader.of(a.outside, "out")

        async def produce(n: int) -> None:
            await asyncio.sleep(n * 0.01)
            await a.publish(b"", id=str(n))
            await a.publish(b"", "work", id=str(n))

        work = asyncio.gather(*(produce(n) for n in range(200)))
        for _ in range(4):
            await asyncio.sleep(0.4)
            for way in ("out", "in"):
                await a.system.named(f"amqp.{way}", Connection).call(Connection.renew)
        await work
        await until(lambda: len(book.seen) >= 200)
        await asyncio.sleep(5.0)
        assert sorted(map(int, reader.ids)) == list(range(200))
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(200))
        assert len(book.seen) == 200
        assert len(broker._sessions) == 3


async def test_a_renewal_that_fails_leaves_the_connection_as_it_is(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        connection = a.ref("amqp.out")
        broker.refuse(LoginRefused)
        with pytest.raises(NotRenewed, match="login"):
            await a.out.call(Connection.renew)
        assert (await a.publish(b"x")).confirmed
        assert a.ref("amqp.out") == connection
        broker.refuse(None)


async def test_a_program_starts_before_its_broker_and_goes_on_when_it_is_there(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    broker.stop()
    spec = consume(Clerk, book, queue=WORK)
    async with plant(broker, tmp_path / "a", spec, connected=False) as a:
        asked = [a.publisher.within(None).request(Publisher.publish, one) for one in orders(5)]
        await asyncio.sleep(600.0)
        broker.start()
        await asyncio.gather(*asked)
        await until(lambda: len(book.seen) == 5)


async def test_retries_and_parkings_are_told(tmp_path: Path) -> None:
    async def never(delivery: Received, tx: Effect) -> None:
        raise ValueError("no")

    with Heard(Retried, Parked) as heard:
        spec = consume(Clerk, Book(never), queue=WORK)
        async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
            await send(a.outside, *orders(1))
            await asyncio.sleep(60.0)
    told = heard.of(Retried)
    assert [(one.retries, one.delay) for one in told] == [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)]
    assert all(one.queue == "work" and one.id == "0" and "no" in one.why for one in told)
    assert [(one.queue, one.id, one.reason) for one in heard.of(Parked)] == [("work", "0", "failed")]


async def test_retries_in_place_are_told_too(tmp_path: Path) -> None:
    async def never(delivery: Received, tx: Effect) -> None:
        raise ValueError("no")

    with Heard(Retried) as heard:
        work = Queue("work", single_active=True)
        spec = consume(Clerk, Book(never), queue=work, order=lambda delivery: 1)
        async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
            await send(a.outside, *orders(1))
            await asyncio.sleep(60.0)
    assert [one.retries for one in heard.all] == [1, 2, 3, 4, 5]
