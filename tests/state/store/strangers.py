"""Functions that do to the connection what they should not, and what a test asks of the store after them."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cybernetic.state import Batch, Inbox, Journal, Outbox, Store
from tests.state.store.test_faults import soon

Function = Callable[[Any], Any]

kept: list[Any] = []  # what functions keep beyond their time


async def prepared(path: Path, *statements: str) -> Store:
    store = await Store.open(path)
    for sql in ("CREATE TABLE t (v UNIQUE)", "INSERT INTO t VALUES ('there'), ('too')", *statements):
        await store.write(lambda connection, sql=sql: connection.execute(sql))  # type: ignore[misc]
    return store


async def rows(store: Store) -> list[Any]:
    query = "SELECT v FROM t ORDER BY rowid"
    return [v for (v,) in await store.read(lambda connection: connection.execute(query).fetchall())]


def bad(connection: Any) -> None:
    connection.execute("INSERT INTO t VALUES ('bad')")


def good(connection: Any) -> None:
    connection.execute("INSERT INTO t VALUES ('good')")


async def works(store: Store) -> None:
    """See that the parts of the store do what they are for, and that its readers see it."""
    outbox, inbox, journal = await Outbox.open(store), await Inbox.open(store), await Journal.open(store)
    numbers = await asyncio.gather(*(soon(outbox.put, "", "q", b"%d" % n) for n in range(3)))
    batch = Batch(store, outbox=outbox, inbox=inbox, journal=journal)
    batch.once("key", b"result")
    batch.note("stream", b"event")
    assert not (await store.commit(batch)).seen
    again = Batch(store, inbox=inbox)
    again.once("key")
    assert (await store.commit(again)).result == b"result"
    await journal.close("stream")
    await outbox.confirm(numbers[:2])
    for _ in range(3):
        assert [one.body for one in await outbox.take()] == [b"2"]
        assert await inbox.seen("key") == b"result"


def rows_left(connection: Any) -> None:
    kept.append(connection.execute("INSERT INTO t VALUES ('one'), ('two') RETURNING v"))


def rows_left_of_a_cursor(connection: Any) -> None:
    kept.append(connection.cursor(sqlite3.Cursor).execute("INSERT INTO t VALUES ('one') RETURNING v"))


def rows_in_a_generator(connection: Any) -> None:
    found = connection.execute("INSERT INTO t VALUES ('one'), ('two') RETURNING v")
    kept.append(row for row in found)
    next(kept[-1])


def reading_left(connection: Any) -> None:
    kept.append(connection.execute("SELECT v FROM t"))
    kept[-1].fetchone()


def blob_left(connection: Any) -> None:
    connection.execute("CREATE TABLE blobs (b)")
    connection.execute("INSERT INTO blobs VALUES (zeroblob(100))")
    kept.append(connection.blobopen("blobs", "b", 1))
    kept[-1].write(b"x")


def named_rows(connection: Any) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("SELECT v FROM t").fetchone()["v"]


def dict_rows(connection: Any) -> None:
    connection.row_factory = lambda cursor, row: {
        name: value for (name, *_), value in zip(cursor.description, row, strict=True)
    }


def bytes_for_text(connection: Any) -> None:
    connection.text_factory = bytes


def no_more_time(connection: Any) -> None:
    connection.set_progress_handler(lambda: 1, 1)


def another_level(connection: Any) -> None:
    connection.isolation_level = "DEFERRED"


async def runs_later(connection: Any) -> None:
    bad(connection)


def runs_in_part(connection: Any) -> Any:
    bad(connection)
    yield


async def runs_in_part_later(connection: Any) -> Any:
    bad(connection)
    yield
