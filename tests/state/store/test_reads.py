"""What a function that reads does to the connection that it is lent is over when it returns."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.state import Batch, Store, StoreError
from tests.state.store.strangers import (
    Function,
    bad,
    bytes_for_text,
    dict_rows,
    good,
    kept,
    named_rows,
    no_more_time,
    prepared,
    reading_left,
    rows,
    runs_in_part,
    runs_in_part_later,
    runs_later,
    works,
)


@pytest.fixture(autouse=True)
def keep_nothing() -> Any:
    kept.clear()
    yield
    kept.clear()


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


async def test_who_lets_a_read_write_does_so_for_nobody_else(tmp_path: Path) -> None:
    async with await prepared(tmp_path / "a") as store:
        await store.read(lambda connection: connection.execute("PRAGMA query_only=OFF").fetchall())
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store.read(lambda connection: connection.execute("DELETE FROM t").fetchall())
        await works(store)


async def test_a_read_may_end_its_snapshot(tmp_path: Path) -> None:
    async with await prepared(tmp_path / "a") as store:
        assert await store.read(lambda connection: connection.execute("COMMIT") and "done") == "done"
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
