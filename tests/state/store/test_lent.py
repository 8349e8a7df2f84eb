"""What a function does to the connection that it is lent is over when it returns, and nobody else's trouble."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.state import Batch, Inbox, Journal, Outbox, Store, StoreError, StoreFailed, WriteUndone
from tests.state.store.test_faults import Faulty, fail, faulty, soon

__all__ = ("faulty",)

Function = Callable[[Any], Any]

kept: list[Any] = []  # what functions keep beyond their time


@pytest.fixture(autouse=True)
def keep_nothing() -> Any:
    kept.clear()
    yield
    kept.clear()


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


LEFT = [
    rows_left,
    rows_left_of_a_cursor,
    rows_in_a_generator,
    reading_left,
    blob_left,
    named_rows,
    dict_rows,
    bytes_for_text,
    no_more_time,
    another_level,
]


@pytest.mark.parametrize("leave", LEFT)
async def test_what_a_function_leaves_open_or_sets_harms_nobody_and_its_effect_is_there(
    tmp_path: Path, leave: Function
) -> None:
    async with await prepared(tmp_path / "a") as store:
        batch = Batch(store)
        batch.run(lambda connection: connection.execute("INSERT INTO t VALUES ('done')"))
        batch.run(leave)
        batch.execute("DELETE FROM t WHERE v IN ('one', 'two')")
        await asyncio.gather(store.write(good), store.commit(batch))
        assert await rows(store) == ["there", "too", "done", "good"] or await rows(store) == [
            "there",
            "too",
            "good",
            "done",
        ]
        await works(store)


def closes(connection: Any) -> None:
    bad(connection)
    connection.close()


def takes_the_guard_away(connection: Any) -> None:
    bad(connection)
    connection.set_authorizer(None)


def makes_others_too_long(connection: Any) -> None:
    bad(connection)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20)


def replaces_all(connection: Any) -> None:
    bad(connection)
    connection.deserialize(b"nothing")


def commits(connection: Any) -> None:
    bad(connection)
    connection.commit()


def raises(error: BaseException, connection: Any) -> None:
    bad(connection)
    raise error


def leaves_and_raises(connection: Any) -> None:
    kept.append(connection.execute("INSERT INTO t VALUES ('bad') RETURNING v"))
    raise ValueError


async def runs_later(connection: Any) -> None:
    bad(connection)


def runs_in_part(connection: Any) -> Any:
    bad(connection)
    yield


async def runs_in_part_later(connection: Any) -> Any:
    bad(connection)
    yield


REFUSED: list[tuple[Function, type[Exception]]] = [
    (closes, sqlite3.ProgrammingError),
    (takes_the_guard_away, sqlite3.ProgrammingError),
    (makes_others_too_long, sqlite3.ProgrammingError),
    (replaces_all, sqlite3.ProgrammingError),
    (commits, sqlite3.DatabaseError),
    (partial(raises, SystemExit(1)), RuntimeError),
    (partial(raises, asyncio.CancelledError()), RuntimeError),
    (partial(raises, KeyboardInterrupt()), RuntimeError),
    (partial(raises, StopIteration(1)), RuntimeError),
    (leaves_and_raises, ValueError),
    (lambda connection: runs_later(connection), TypeError),
    (lambda connection: runs_in_part(connection), TypeError),
    (lambda connection: runs_in_part_later(connection), TypeError),
]


@pytest.mark.parametrize(("fn", "error"), REFUSED)
async def test_what_a_function_must_not_do_is_told_and_undone_alone(
    tmp_path: Path, fn: Function, error: type[Exception]
) -> None:
    async with await prepared(tmp_path / "a") as store:
        batch = Batch(store)
        batch.run(fn)
        done = await asyncio.gather(
            store.write(good), store.write(fn), store.commit(batch), return_exceptions=True
        )
        assert [type(one) for one in done] == [type(None), error, error]
        assert await rows(store) == ["there", "too", "good"]
        await works(store)


def closes_all_the_same(connection: Any) -> None:
    bad(connection)
    sqlite3.Connection.close(connection)


def leaves_rows_out_of_sight(connection: Any) -> None:
    kept.append(sqlite3.Cursor(connection).execute("INSERT INTO t VALUES ('bad') RETURNING v"))


def undoes_and_goes_on(connection: Any) -> None:
    try:
        connection.execute("INSERT OR ROLLBACK INTO t VALUES ('there')")
    except sqlite3.IntegrityError:
        bad(connection)


def undoes_and_returns(connection: Any) -> None:
    try:
        connection.execute("INSERT OR ROLLBACK INTO t VALUES ('there')")
    except sqlite3.IntegrityError:
        pass


@pytest.mark.parametrize(
    "fn", [closes_all_the_same, leaves_rows_out_of_sight, undoes_and_goes_on, undoes_and_returns]
)
@pytest.mark.parametrize("alone", [True, False])
async def test_what_spoils_the_connection_or_the_transaction_fails_and_nothing_else_does(
    tmp_path: Path, fn: Function, alone: bool
) -> None:
    async with await prepared(tmp_path / "a") as store:
        others = () if alone else (store.write(good), works(store))
        batch = Batch(store)
        batch.execute("INSERT INTO t VALUES ('before')")
        batch.run(fn)
        batch.execute("INSERT INTO t VALUES ('after')")
        done = await asyncio.gather(store.commit(batch), *others, return_exceptions=True)
        assert [type(one) for one in done] == [WriteUndone] + [type(None)] * len(others)
        assert await rows(store) == ["there", "too"] + ([] if alone else ["good"])
        if alone:
            await works(store)


@pytest.mark.parametrize("together", [True, False])
async def test_what_a_function_left_on_the_connection_for_good_is_gone_when_it_fails_others(
    tmp_path: Path, together: bool
) -> None:
    def shadow(connection: Any) -> None:
        connection.create_function("max", 2, lambda *values: 1 / 0)

    async with await prepared(tmp_path / "a") as store:
        inbox = await Inbox.open(store)
        batches = []
        for result in (b"", b"new"):
            batch = Batch(store, inbox=inbox)
            batch.once("key", result, anyway=True)
            batches.append(batch)
        await store.commit(batches[0])
        outbox = await Outbox.open(store)
        (number,) = await asyncio.gather(outbox.put("", "q", b""))
        await store.write(shadow)
        if together:
            await asyncio.gather(soon(outbox.confirm, [number]), store.write(good))
        else:
            await outbox.confirm([number])
        assert outbox.count == 0


async def test_a_connection_that_cannot_be_made_anew_is_the_last_word(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    store = await prepared(tmp_path / "a")
    fail(faulty, "PRAGMA journal_mode", "SQLITE_CANTOPEN", "unable to open")
    for _ in range(2):
        with pytest.raises(StoreFailed, match="unable to open"):
            await store.write(closes_all_the_same)
    faulty.fault = staticmethod(lambda sql: None)
    await store.close()
    async with await Store.open(tmp_path / "a") as store:
        assert await rows(store) == ["there", "too"]


async def test_a_connection_that_was_kept_is_of_no_use_on_another_thread(tmp_path: Path) -> None:
    async with await prepared(tmp_path / "a") as store:
        await store.write(kept.append)
        with pytest.raises(sqlite3.ProgrammingError, match="thread"):
            bad(kept[0])
        assert await rows(store) == ["there", "too"]


READS = [reading_left, named_rows, dict_rows, bytes_for_text, no_more_time]


@pytest.mark.parametrize("leave", READS)
async def test_a_read_leaves_nothing_to_those_that_come_after_it_on_its_connection(
    tmp_path: Path, leave: Function
) -> None:
    async with await prepared(tmp_path / "a") as store:
        await asyncio.gather(*(store.read(leave) for _ in range(8)))
        await store.write(good)
        for _ in range(8):
            assert await rows(store) == ["there", "too", "good"]
        await works(store)


@pytest.mark.parametrize(
    ("fn", "error"),
    [
        (lambda connection: connection.close(), sqlite3.ProgrammingError),
        (sqlite3.Connection.close, sqlite3.ProgrammingError),
        (lambda connection: connection.execute("COMMIT") and connection.execute("SELECT 1"), sqlite3.Error),
        (lambda connection: next(iter(())), RuntimeError),
        (lambda connection: exec("raise SystemExit(1)"), RuntimeError),
        (lambda connection: runs_later(connection), TypeError),
        (lambda connection: runs_in_part(connection), TypeError),
    ],
)
async def test_a_read_that_fails_so_fails_alone(tmp_path: Path, fn: Function, error: type[Exception]) -> None:
    async with await prepared(tmp_path / "a") as store:
        for _ in range(3):
            with pytest.raises(error):
                await store.read(fn)
        await works(store)


async def test_what_a_read_says_of_another_file_is_not_about_the_store(tmp_path: Path) -> None:
    def look(connection: Any) -> None:
        (tmp_path / "other").write_bytes(b"no database at all" * 100)
        sqlite3.connect(tmp_path / "other").execute("SELECT * FROM x")

    async with await prepared(tmp_path / "a") as store:
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            await store.read(look)


async def test_a_file_that_is_gone_is_not_made_anew_by_who_reads_it(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        (tmp_path / "a").unlink()
        with pytest.raises(StoreError, match="unable to open"):
            await store.read(lambda connection: 1)
        assert not (tmp_path / "a").exists()


class Later:
    async def __call__(self, connection: Any) -> None:
        bad(connection)


@pytest.mark.parametrize(
    "fn", [runs_later, runs_in_part, runs_in_part_later, partial(runs_later), Later(), "no function"]
)
async def test_a_function_of_which_nothing_would_run_is_refused_at_the_line(tmp_path: Path, fn: Any) -> None:
    async with await prepared(tmp_path / "a") as store:
        with pytest.raises(OptionError, match="done its work when it returns"):
            Batch(store).run(fn)
