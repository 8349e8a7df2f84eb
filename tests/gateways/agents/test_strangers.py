"""A message whose function does to the store's connection what it should not is tried, parked, and stops nobody."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import attach
from cybernetic.gateways import (
    ConnectionFailed,
    Effect,
    Hold,
    Intake,
    MemoryBroker,
    Received,
    Retries,
    consume,
)
from cybernetic.state import StoreLimits
from tests.gateways.agents.plant import WORK, Book, Clerk, empty, orders, plant, send

kept: list[Any] = []


@pytest.fixture(autouse=True)
def keep_nothing() -> Any:
    kept.clear()
    yield
    kept.clear()


def dicts(cursor: Any, row: Any) -> dict[str, Any]:
    return {name: value for (name, *_), value in zip(cursor.description, row, strict=True)}


def returning(connection: Any, folder: Path) -> None:
    kept.append(connection.execute("INSERT INTO effects VALUES ('kept', 'x') RETURNING 1"))


def reading(connection: Any, folder: Path) -> None:
    kept.append(connection.execute("SELECT name FROM sqlite_master"))
    kept[-1].fetchone()


def dict_rows(connection: Any, folder: Path) -> None:
    connection.row_factory = dicts
    assert "n" in connection.execute("SELECT count(*) AS n FROM effects").fetchone()


def closes(connection: Any, folder: Path) -> None:
    connection.close()


def closes_all_the_same(connection: Any, folder: Path) -> None:
    sqlite3.Connection.close(connection)


def exits(connection: Any, folder: Path) -> None:
    sys.exit(1)


def is_cancelled(connection: Any, folder: Path) -> None:
    raise asyncio.CancelledError


def damaged_elsewhere(connection: Any, folder: Path) -> None:
    connection.row_factory = sqlite3.Row
    (folder / "notes").write_bytes(b"no database" * 500)
    sqlite3.connect(folder / "notes").execute("SELECT 1 FROM sqlite_master")


def full_elsewhere(connection: Any, folder: Path) -> None:
    other = sqlite3.connect(folder / "other", isolation_level=None)
    other.execute("PRAGMA max_page_count=4")
    other.execute("CREATE TABLE IF NOT EXISTS t (a)")
    other.execute("INSERT INTO t VALUES (zeroblob(100000))")


HARMLESS = [returning, reading, dict_rows]
POISON = [closes, closes_all_the_same, exits, is_cancelled, damaged_elsewhere, full_elsewhere]


@pytest.mark.parametrize("fn", [*HARMLESS, *POISON])
async def test_what_a_function_does_to_the_connection_stops_nobody(
    tmp_path: Path, fn: Callable[[Any, Path], None]
) -> None:
    async def handle(delivery: Received, tx: Effect) -> Any:
        if delivery.message.id == "0":
            tx.run(lambda connection: fn(connection, tmp_path))
        return Hold("?") if delivery.message.id == "1" else None

    failed: list[Any] = []
    detach = attach(ConnectionFailed, failed.append)
    book = Book(handle)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(2), prefetch=2)
    async with plant(MemoryBroker(), tmp_path / "a", spec, limits=StoreLimits(count=10)) as a:
        store = a.shelf.open()
        await send(a.outside, *orders(6))
        for _ in range(20):
            assert (await a.publish(b"of another")).confirmed
            await asyncio.sleep(1.0)
        await empty(a)
        poison = fn in POISON
        assert [one.id for one in await a.parked()] == (["0"] if poison else [])
        assert [book.count(str(n)) for n in range(6)] == [3 if poison else 1, 1, 1, 1, 1, 1]
        assert {id for id, _ in await a.effects()} - {"0", "kept"} == {"1", "2", "3", "4", "5"}
        assert len(await a.intake().call(Intake.held)) == 1
        assert a.shelf.open() is store
    detach()
    assert failed == []


@pytest.mark.parametrize("fn", [reading, dict_rows])
async def test_what_a_function_that_reads_leaves_on_its_connection_stops_nobody(
    tmp_path: Path, fn: Callable[[Any, Path], None]
) -> None:
    async def handle(delivery: Received, tx: Effect) -> None:
        if delivery.message.id == "0":
            await asyncio.gather(*(tx.read(lambda connection: fn(connection, tmp_path)) for _ in range(8)))
        elif delivery.attempt == 1:
            raise ValueError("once")

    book = Book(handle)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(2))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(1.0)
        await send(a.outside, *orders(3, first=1))
        await asyncio.sleep(10.0)
        await empty(a)
        assert [book.count(str(n)) for n in range(4)] == [1, 2, 2, 2]
        assert {id for id, _ in await a.effects()} == {"0", "1", "2", "3"}
        assert await a.parked() == []


async def test_a_function_of_which_nothing_would_run_is_a_try_that_failed(tmp_path: Path) -> None:
    async def later(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO effects VALUES ('later', 'x')")

    async def handle(delivery: Received, tx: Effect) -> None:
        tx.run(later)

    book = Book(handle)
    spec = consume(Clerk, book, queue=WORK, retries=Retries(1))
    async with plant(MemoryBroker(), tmp_path / "a", spec) as a:
        await send(a.outside, *orders(1))
        await asyncio.sleep(10.0)
        assert book.count("0") == 2
        (rests,) = await a.parked()
        assert "done its work when it returns" in rests.why
        assert await a.effects() == []
