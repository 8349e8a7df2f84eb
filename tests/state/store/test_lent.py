"""What a function does to the connection that it is lent is over when it returns, and nobody else's trouble."""

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.state import Batch, Inbox, Outbox, Store, StoreFailed, WriteUndone
from cybernetic.state.store.lent import Lent
from tests.state.store.strangers import (
    Function,
    another_level,
    bad,
    blob_left,
    bytes_for_text,
    dict_rows,
    good,
    kept,
    named_rows,
    no_more_time,
    prepared,
    reading_left,
    rows,
    rows_in_a_generator,
    rows_left,
    rows_left_of_a_cursor,
    runs_in_part,
    runs_in_part_later,
    runs_later,
    works,
)
from tests.state.store.test_faults import Faulty, fail, faulty, soon

__all__ = ("faulty",)


@pytest.fixture(autouse=True)
def keep_nothing() -> Any:
    kept.clear()
    yield
    kept.clear()


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


def undoes_and_returns(connection: Any) -> None:
    with suppress(sqlite3.IntegrityError):
        connection.execute("INSERT OR ROLLBACK INTO t VALUES ('there')")


def undoes_and_goes_on(connection: Any) -> None:
    undoes_and_returns(connection)
    bad(connection)


def undoes_and_goes_on_with_many(connection: Any) -> None:
    undoes_and_returns(connection)
    connection.executemany("INSERT INTO t VALUES (?)", [("bad",)])


def undoes_and_goes_on_with_a_script(connection: Any) -> None:
    undoes_and_returns(connection)
    connection.executescript("INSERT INTO t VALUES ('bad')")


SPOILS = [
    closes_all_the_same,
    leaves_rows_out_of_sight,
    undoes_and_returns,
    undoes_and_goes_on,
    undoes_and_goes_on_with_many,
    undoes_and_goes_on_with_a_script,
]


@pytest.mark.parametrize("fn", SPOILS)
@pytest.mark.parametrize(("alone", "after"), [(True, False), (True, True), (False, False)])
async def test_what_spoils_the_connection_or_the_transaction_fails_and_nothing_else_does(
    tmp_path: Path, fn: Function, alone: bool, after: bool
) -> None:
    async with await prepared(tmp_path / "a") as store:
        others = () if alone else (store.write(good), works(store))
        batch = Batch(store, outbox=await Outbox.open(store))
        batch.execute("INSERT INTO t VALUES ('before')")
        batch.run(fn)
        if after:
            batch.execute("INSERT INTO t VALUES ('after')")
        batch.send("", "q", b"of what was undone")
        done = await asyncio.gather(store.commit(batch), *others, return_exceptions=True)
        assert [type(one) for one in done] == [WriteUndone] + [type(None)] * len(others)
        assert await rows(store) == ["there", "too"] + ([] if alone else ["good"])
        if alone:
            await works(store)


USES: list[Function] = [
    lambda connection: connection.execute("SELECT fail(1)"),
    lambda connection: connection.executemany("INSERT INTO t VALUES (fail(?))", [(1,)]),
    lambda connection: connection.executescript("SELECT fail(1)"),
    lambda connection: connection.execute(LATE).fetchmany(3),
    lambda connection: connection.execute(LATE).fetchall(),
    lambda connection: list(connection.execute(LATE)),
    lambda connection: [rows.fetchone() for rows in [connection.execute(LATE)] for _ in range(3)],
]
LATE = "SELECT 0 UNION ALL SELECT 0 UNION ALL SELECT fail(1)"


@pytest.mark.parametrize("use", USES)
def test_a_connection_knows_its_own_errors_and_those_of_its_cursors_again(use: Function) -> None:
    connection = sqlite3.connect(":memory:", factory=Lent)
    connection.execute("CREATE TABLE t (v)")
    connection.create_function("fail", 1, lambda value: 1 / 0)
    with pytest.raises(sqlite3.OperationalError) as told:
        use(connection)
    assert not connection.has_said(sqlite3.OperationalError(str(told.value)))
    with pytest.raises(sqlite3.OperationalError) as told:
        use(connection)
    assert connection.has_said(told.value)
    assert not connection.has_said(told.value)
    connection.close()


async def test_who_looks_on_sees_nothing_of_others(tmp_path: Path) -> None:
    def look_on(connection: Any) -> None:
        connection.set_trace_callback(kept.append)

    async with await prepared(tmp_path / "a") as store:
        await asyncio.gather(store.write(look_on), store.write(good))
        assert not any("good" in sql for sql in kept)


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
