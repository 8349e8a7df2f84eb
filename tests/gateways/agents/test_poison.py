"""A message whose effect meets with what SQLite says of a file is tried, parked, and costs nobody else anything."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.gateways import ConnectionFailed, Effect, MemoryBroker, Received, Retries, consume
from tests.gateways.agents.plant import SCHEMA, WORK, Book, Clerk, Plant, orders, plant, send, until

SEARCHED = (
    *SCHEMA,
    "CREATE TABLE IF NOT EXISTS text (id INTEGER PRIMARY KEY, a TEXT)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5(a, content='text', content_rowid='id')",
    "INSERT OR IGNORE INTO text VALUES (1, 'never indexed')",
)
SPENT = (
    *SCHEMA,
    "CREATE TABLE IF NOT EXISTS n (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
    f"INSERT OR IGNORE INTO n VALUES ({2**63 - 1}, 1)",
)


@pytest.mark.parametrize("kind", ["another file", "a virtual table"])
async def test_what_is_wrong_elsewhere_is_tried_and_parked_and_stops_nobody(
    tmp_path: Path, kind: str
) -> None:
    def other(connection: sqlite3.Connection) -> None:
        sqlite3.connect(tmp_path / "no" / "such").execute("SELECT 1")

    async def handle(delivery: Received, tx: Effect) -> None:
        if delivery.message.id != "0":
            return
        if kind == "another file":
            tx.run(other)
        else:
            tx.execute("INSERT INTO found(found, rank) VALUES ('integrity-check', 1)")

    failed: list[Any] = []
    detach = attach(ConnectionFailed, failed.append)
    book = Book(handle)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(2))
    async with plant(MemoryBroker(), tmp_path / "a", spec, schema=SEARCHED) as a:
        store = a.shelf.open()
        await send(a.outside, *orders(6))
        for _ in range(10):
            assert (await a.publish(b"of another")).confirmed
            await asyncio.sleep(2.0)
        assert [one.id for one in await a.parked()] == ["0"]
        assert book.count("0") == 3
        assert sorted(id for id, _ in await a.effects()) == ["1", "2", "3", "4", "5"]
        assert all(book.count(str(n)) == 1 for n in range(1, 6))
        assert a.shelf.open() is store
    detach()
    assert failed == []


async def at_most(a: Plant, pages: int) -> None:
    """Let the file of the store become no larger than so many pages."""

    def set_limit(connection: sqlite3.Connection | None) -> None:
        assert connection is not None
        connection.execute(f"PRAGMA max_page_count={pages}").fetchone()

    writer = a.shelf.open()._writer
    await asyncio.get_running_loop().run_in_executor(writer._thread, set_limit, writer._connection)


async def test_a_full_disk_is_waited_for_also_where_some_table_has_no_number_left(tmp_path: Path) -> None:
    async def handle(delivery: Received, tx: Effect) -> None:
        tx.execute("INSERT INTO effects VALUES ('large', zeroblob(3000000))")

    book = Book(handle)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(0))
    async with plant(MemoryBroker(), tmp_path / "a", spec, schema=SPENT) as a:
        await at_most(a, 300)
        await send(a.outside, *orders(1))
        await asyncio.sleep(30.0)
        assert await a.effects() == []
        assert await a.parked() == []
        await at_most(a, 100_000)
        await until(a.effects)
        assert book.count("0") == 1
