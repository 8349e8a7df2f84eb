"""A disk that fails is told by name, nothing is acknowledged for it, and nothing that was acknowledged is lost."""

import asyncio
from pathlib import Path

import pytest

from cybernetic.core import Kill, StartFailed
from cybernetic.gateways import (
    Effect,
    MemoryBroker,
    Message,
    NotSent,
    Publisher,
    Received,
    Retries,
    consume,
)
from cybernetic.state import Store, StoreLimits
from tests.gateways.agents.disk import Faulty
from tests.gateways.agents.plant import SCHEMA, WORK, Book, Clerk, Reader, orders, plant, send, until


async def test_a_disk_that_cannot_sync_restarts_the_gateway_and_loses_nothing(
    tmp_path: Path, disk: type[Faulty]
) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        broker.block()
        posted = [await a.publisher.call(Publisher.post, one) for one in orders(10, "out")]
        assert len(posted) == 10
        storage, publisher = a.shelf.store, a.ref("amqp.publisher")
        disk.fail("COMMIT", "SQLITE_IOERR_FSYNC", times=1)
        with pytest.raises(NotSent, match="StoreFailed"):
            await a.publisher.call(Publisher.post, orders(1, "out", 10)[0])
        await asyncio.sleep(5.0)
        assert a.shelf.store is not storage
        assert a.ref("amqp.publisher") != publisher
        broker.unblock()
        reader = await Reader.of(a.outside, "out")
        await until(lambda: len(reader.ids) >= 10)
        assert (await a.publish(b"x")).confirmed
        await send(a.outside, *orders(5))
        await until(lambda: len(book.seen) == 5)
        await asyncio.sleep(1.0)
        assert len(await a.effects()) == 5


async def test_a_disk_that_fails_under_a_consumer_acknowledges_nothing(
    tmp_path: Path, disk: type[Faulty]
) -> None:
    book = Book()
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        disk.fail("INSERT INTO effects", "SQLITE_IOERR_WRITE", times=2)
        await send(a.outside, *orders(10))

        async def all_there() -> bool:
            return a.shelf.store is not None and len(await a.effects()) >= 10

        await asyncio.sleep(60.0)
        await until(all_there)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(10))
        assert await a.parked() == []


async def test_a_disk_that_fails_when_a_suspect_is_counted_is_opened_anew(
    tmp_path: Path, disk: type[Faulty]
) -> None:
    async def never(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(1000.0)

    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a", consume(Clerk, Book(never), queue=WORK, timeout=1400)) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await a.crash()
    disk.fail("INSERT INTO gateway_suspects", "SQLITE_IOERR_WRITE", times=1)
    book = Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        await until(lambda: book.seen)
        await asyncio.sleep(1.0)
        assert len(await a.effects()) == 1


async def test_a_full_disk_is_told_and_is_no_reason_to_begin_anew(tmp_path: Path, disk: type[Faulty]) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        store, intake = a.shelf.store, a.ref("amqp.work")
        await a.publish(b"before")
        disk.fail("COMMIT", "SQLITE_FULL")
        with pytest.raises(NotSent, match="StoreFull"):
            await a.publish(b"x")
        await send(a.outside, *orders(5))
        await asyncio.sleep(30.0)
        assert await a.effects() == []
        assert len(book.seen) >= 5
        disk.heal()
        await asyncio.sleep(30.0)
        assert sorted(id for id, _ in await a.effects()) == [str(n) for n in range(5)]
        assert (await a.publish(b"y")).confirmed
        assert a.shelf.store is store
        assert a.ref("amqp.work") == intake
        assert await a.parked() == []


async def test_a_confirm_that_cannot_be_written_is_written_later(tmp_path: Path, disk: type[Faulty]) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        disk.fail("DELETE FROM cybernetic_outbox", "SQLITE_FULL")
        assert (await a.publish(b"x")).confirmed
        await asyncio.sleep(12.0)
        assert await a.waiting() == 1
        assert await a.ready("out") == 1
        disk.heal()
        await asyncio.sleep(12.0)
        assert await a.waiting() == 0
        assert await a.ready("out") == 1


async def test_a_handler_that_makes_sqlite_undo_all_is_retried_and_parked(tmp_path: Path) -> None:
    async def undo(delivery: Received, tx: Effect) -> None:
        if delivery.message.id == "0":
            tx.execute("INSERT OR ROLLBACK INTO single VALUES (1)")

    book = Book(undo)
    schema = (
        "CREATE TABLE IF NOT EXISTS effects (id TEXT, body BLOB)",
        "CREATE TABLE IF NOT EXISTS single (one INTEGER PRIMARY KEY)",
        "INSERT OR IGNORE INTO single VALUES (1)",
    )
    async with plant(MemoryBroker(), tmp_path / "a", consume(Clerk, book, queue=WORK), schema=schema) as a:
        await send(a.outside, *orders(10))
        await asyncio.sleep(200.0)
        assert sorted(int(id) for id, _ in await a.effects()) == list(range(1, 10))
        assert [one.id for one in await a.parked()] == ["0"]


async def test_what_makes_sqlite_undo_all_costs_those_beside_it_no_try(tmp_path: Path) -> None:
    async def undo(delivery: Received, tx: Effect) -> None:
        if delivery.message.id == "0":
            tx.execute("INSERT INTO single VALUES (2)")
            tx.execute("INSERT OR ROLLBACK INTO single VALUES (2)")

    spec = consume(Clerk, Book(undo), queue=WORK, retries=Retries(0))
    schema = (*SCHEMA, "CREATE TABLE IF NOT EXISTS single (one INTEGER PRIMARY KEY)")
    async with plant(MemoryBroker(), tmp_path / "a", spec, schema=schema) as a:
        await send(a.outside, *orders(5))
        await asyncio.sleep(60.0)
        assert [one.id for one in await a.parked()] == ["0"]
        assert sorted(id for id, _ in await a.effects()) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("full", [False, True])
async def test_an_effect_with_more_messages_than_the_outbox_holds_is_parked(
    tmp_path: Path, full: bool
) -> None:
    async def many(delivery: Received, tx: Effect) -> None:
        await asyncio.sleep(2.0)
        for n in range(3):
            tx.publish(Message(b"", routing_key="out", id=f"{delivery.message.id}.{n}"))

    broker = MemoryBroker()
    spec = consume(Clerk, Book(many), queue=WORK, retries=Retries(0))
    async with plant(broker, tmp_path / "a", spec, limits=StoreLimits(count=2)) as a:
        await send(a.outside, *orders(1))
        if full:
            broker.block("memory")
            asyncio.get_running_loop().call_later(5.0, broker.unblock)
            await asyncio.gather(a.publish(b""), a.publish(b""))
        await asyncio.sleep(120.0)
        (one,) = await a.parked()
        assert "at most 2 items" in one.why
        assert await a.effects() == []
        assert await a.ready("work") == 0


async def test_a_storage_that_is_killed_is_opened_again(tmp_path: Path) -> None:
    broker, book = MemoryBroker(), Book()
    async with plant(broker, tmp_path / "a", consume(Clerk, book, queue=WORK)) as a:
        for one in orders(5, "out"):
            await a.publisher.call(Publisher.post, one)
        (storage,) = [ref for ref in a.system.agents() if "Storage" in repr(ref)]
        storage.exit(Kill())
        await asyncio.sleep(5.0)
        assert (await a.publish(b"x")).confirmed
        await send(a.outside, *orders(3))
        await until(lambda: len(book.seen) == 3)


async def test_a_store_that_somebody_else_has_open_is_named(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a"):
        with pytest.raises(StartFailed, match="nobody else has open"):
            async with plant(MemoryBroker(), tmp_path / "a"):
                raise AssertionError("expected it not to start")


async def test_a_damaged_store_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StartFailed, match="good order"):
        async with plant(MemoryBroker(), tmp_path / "a"):
            raise AssertionError("expected it not to start")
    assert (tmp_path / "a").read_bytes() == b"no database at all" * 1000
