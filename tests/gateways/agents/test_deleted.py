"""What somebody deletes at the broker while the connection stands is declared anew, and what waits for it goes then."""

import asyncio
import itertools
import logging
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Kill
from cybernetic.core.events import attach
from cybernetic.gateways import (
    Author,
    Binding,
    Connection,
    ConnectionFailed,
    Exchange,
    Letter,
    MemoryBroker,
    Message,
    NoRoute,
    Publisher,
    Queue,
    QueuesLost,
    Topology,
    consume,
)
from cybernetic.gateways.broker.memory.session import MemorySession
from cybernetic.gateways.broker.routes import Routes
from tests.gateways.agents.plant import OUT, WORK, Book, Clerk, ask_all, empty, orders, plant, send, until

SHOP = Topology((Exchange("shop"),), (OUT,), (Binding("shop", "out", "order.*"),))


def declarations(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times at which something is declared from now on."""
    at: list[float] = []
    declare = MemorySession.declare

    async def counted(self: MemorySession, topology: Topology) -> None:
        at.append(asyncio.get_running_loop().time())
        await declare(self, topology)

    monkeypatch.setattr(MemorySession, "declare", counted)
    return at


async def test_a_queue_that_is_deleted_under_its_consumer_is_declared_anew_and_consumed(
    tmp_path: Path,
) -> None:
    book = Book()
    lost: list[QueuesLost] = []
    failed: list[ConnectionFailed] = []
    detach = attach(QueuesLost, lost.append), attach(ConnectionFailed, failed.append)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(5.0)
        await a.outside.delete(queue="work")
        await asyncio.sleep(5.0)
        assert (await a.outside.state("work")).consumers == 1
        await send(a.outside, *orders(1, first=1))
        await until(lambda: book.count("1"), 5.0)
    for one in detach:
        one()
    assert [one.queues for one in lost] == [("work",)]
    assert failed == []  # the connection stood


@pytest.mark.parametrize("how", ["deleted", "deletes itself", "deletes itself when renewed"])
async def test_a_queue_that_goes_while_nobody_consumes_it_is_declared_anew_and_consumed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic.gateways")
    book = Book()
    queue = WORK if how == "deleted" else Queue("work", "classic", auto_delete=True, lossy=True)
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=queue)) as a:
        await asyncio.sleep(5.0)
        if how == "deletes itself when renewed":
            await a.system.named("amqp.in", Connection).call(Connection.renew)
        else:
            a.ref("amqp.work").exit(Kill())
        if how == "deleted":
            await a.outside.delete(queue="work")
        await asyncio.sleep(5.0)
        assert await consumed(a)
        await send(a.outside, *orders(1))
        await until(lambda: book.count("0"), 5.0)


async def test_what_is_published_to_a_queue_that_was_deleted_goes_when_it_is_there_again(
    tmp_path: Path,
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        await a.outside.delete(queue="out")
        results = await asyncio.wait_for(ask_all(a, orders(300, "out")), 5.0)
        assert all(one.confirmed for one in results)
        assert await a.ready("out") == 300
        assert await a.publisher.call(Publisher.set_aside) == []
        await empty(a)


async def test_what_no_binding_takes_is_set_aside_at_once_also_where_another_queue_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a", topology=SHOP) as a:
        at = declarations(monkeypatch)
        with pytest.raises(NoRoute):
            await a.publish(b"", "elsewhere", exchange="shop", id="bad")
        await asyncio.sleep(60.0)
        assert at == []
        await a.outside.delete(queue="out")
        assert (await a.publish(b"", "order.new", exchange="shop", id="good")).confirmed
        assert await a.ready("out") == 1


async def test_an_exchange_that_was_deleted_is_declared_anew_with_its_bindings(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a", topology=SHOP) as a:
        await a.outside.delete(exchange="shop")
        messages = [Message(b"", "shop", "order.new", id=str(n)) for n in range(20)]
        results = await asyncio.wait_for(ask_all(a, messages), 5.0)
        assert all(one.confirmed for one in results)
        assert await a.ready("out") == 20


async def test_without_the_outbox_it_is_told_and_the_next_goes(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), None) as a:
        await a.outside.delete(queue="out")
        with pytest.raises(NoRoute):
            await a.publish(b"1")
        await asyncio.sleep(5.0)
        assert (await a.publish(b"2")).confirmed


async def test_what_is_deleted_again_and_again_is_declared_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic.gateways")
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        at = declarations(monkeypatch)
        for _ in range(3000):
            await a.outside.delete(queue="work")
            await asyncio.sleep(0.1)
        gaps = [after - before for before, after in itertools.pairwise(at)]
        assert 10 < len(at) < 40
        assert all(gap <= 15.0 * 1.5 + 2.0 for gap in gaps)
        assert len({round(gap, 3) for gap in gaps[7:]}) > 3
        await asyncio.sleep(25.0)
        assert (await a.outside.state("work")).consumers == 1


async def test_what_is_still_refused_is_set_aside_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def declare(self: MemorySession, topology: Topology) -> None:
        """A broker on which it does not stay."""

    async with plant(MemoryBroker(), tmp_path / "a") as a:
        monkeypatch.setattr(MemorySession, "declare", declare)
        await a.outside.delete(queue="out")
        with pytest.raises(NoRoute):
            await asyncio.wait_for(a.publish(b"1"), 5.0)
        assert len(await a.publisher.call(Publisher.set_aside)) == 1


async def test_one_that_was_made_otherwise_meanwhile_is_named_as_at_a_new_connection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, Book(), queue=WORK)) as a:
        await a.outside.delete(queue="work")
        await a.outside.declare(Topology(queues=(Queue("work", kind="classic"),)))
        await asyncio.sleep(10.0)
        said = [one.getMessage() for one in caplog.records if one.name == "cybernetic.gateways"]
        assert any("queue 'work'" in one and "otherwise" in one for one in said)
        assert len(said) < 20
        await a.outside.delete(queue="work")
        await until(lambda: consumed(a), 30.0)
        assert await a.out.call(Connection.is_connected)


async def consumed(a: Any) -> bool:
    try:
        return bool((await a.outside.state("work")).consumers == 1)
    except Exception:
        return False


def test_routes_tell_what_is_declared_to_go_somewhere() -> None:
    routes = Routes(
        Topology(
            (Exchange("shop"), Exchange("all", "fanout"), Exchange("lonely", "fanout")),
            (OUT, Queue("gone", "classic", lossy=True, auto_delete=True), Queue("old", expires=9.0)),
            (
                Binding("shop", "out", "order.*"),
                Binding("all", "gone"),
                Binding("amq.direct", "out", "k"),
                Binding("theirs", "out", "k"),
            ),
        )
    )

    def takes(exchange: str, key: str) -> bool:
        letter = Letter(Author("shop").write("order", "shop"), exchange, key)
        assert routes.takes(letter) == routes.takes(Message(b"", exchange, key))
        return routes.takes(letter)

    assert takes("", "out")
    assert not any(takes("", key) for key in ("gone", "old", "nowhere"))
    assert takes("shop", "order.new")
    assert not takes("shop", "order")
    assert not any(takes(exchange, "k") for exchange in ("all", "lonely", "nowhere"))
    assert takes("amq.direct", "k")
    assert not takes("amq.direct", "other")
    assert takes("theirs", "anything")  # nobody here can tell
    assert routes.has("lonely")
    assert not routes.has("theirs")
