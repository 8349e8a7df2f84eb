"""What SQLite says of a file is the store's only where its own is at fault: a function may have used another."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cybernetic.state import Batch, Inbox, Outbox, Store, StoreDamaged, StoreFailed, StoreFull, WriteUndone
from tests.state.store.test_faults import MIB, Faulty, fail, faulty, says, soon, sqlite_error

__all__ = ("faulty",)

SPENT = (
    "CREATE TABLE n (n INTEGER PRIMARY KEY AUTOINCREMENT, v BLOB)",
    f"INSERT INTO n VALUES ({2**63 - 1}, 'last')",
)


async def prepared(path: Path, *statements: str, **options: Any) -> Store:
    store = await Store.open(path, **options)
    for sql in ("CREATE TABLE t (v UNIQUE)", *statements):
        await store.write(lambda connection, sql=sql: connection.execute(sql))  # type: ignore[misc]
    return store


async def rows(store: Store) -> list[Any]:
    return await store.read(lambda connection: connection.execute("SELECT v FROM t").fetchall())


def elsewhere(tmp_path: Path, how: str) -> Callable[[sqlite3.Connection], object]:
    """Writes to the store, and then meets with what is wrong with another file."""
    other = tmp_path / "other"

    def fn(connection: sqlite3.Connection) -> object:
        connection.execute("INSERT INTO t VALUES ('bad')")
        if how == "not there":
            return sqlite3.connect(tmp_path / "no" / "such").execute("SELECT 1")
        if how == "no database":
            other.write_bytes(b"no database at all" * 100)
            return sqlite3.connect(other).execute("SELECT * FROM x")
        sqlite3.connect(other, timeout=0).execute("CREATE TABLE IF NOT EXISTS x (n)")
        if how == "full":
            small = sqlite3.connect(other, isolation_level=None)
            small.execute("PRAGMA max_page_count=2")
            return small.execute("INSERT INTO x VALUES (zeroblob(10000))")
        if how == "read only":
            return sqlite3.connect(f"file:{other}?mode=ro", uri=True).execute("INSERT INTO x VALUES (1)")
        first = sqlite3.connect(other, timeout=0, isolation_level=None)
        first.execute("BEGIN IMMEDIATE")
        return sqlite3.connect(other, timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")

    return fn


@pytest.mark.parametrize("how", ["not there", "no database", "read only", "locked", "full"])
async def test_what_is_wrong_with_another_file_is_the_fault_of_who_used_it(tmp_path: Path, how: str) -> None:
    async with await prepared(tmp_path / "a") as store:
        outbox, inbox = await Outbox.open(store), await Inbox.open(store)
        bad = Batch(store, outbox=outbox, inbox=inbox)
        bad.once("key")
        bad.run(elsewhere(tmp_path, how))
        bad.send("", "q", b"")
        done = await asyncio.gather(
            store.write(lambda connection: connection.execute("INSERT INTO t VALUES ('good')")),
            store.commit(bad),
            store.write(elsewhere(tmp_path, how)),
            return_exceptions=True,
        )
        assert done[0] is None
        assert all(isinstance(one, sqlite3.DatabaseError) for one in done[1:])
        assert (outbox.count, inbox.count) == (0, 0)
        assert await outbox.put("", "q", b"") > 0
        assert await rows(store) == [("good",)]


async def test_nothing_of_the_store_is_looked_through_for_what_is_wrong_with_another_file(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    said: list[str] = []
    async with await prepared(tmp_path / "a") as store:
        faulty.fault = staticmethod(said.append)
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            await store.write(elsewhere(tmp_path, "no database"))
        assert not any("check" in sql for sql in said)


def undone(connection: sqlite3.Connection) -> None:
    """Have SQLite undo all of the commit."""
    with suppress(sqlite3.IntegrityError):
        connection.execute("INSERT OR ROLLBACK INTO t VALUES ('there')")


@pytest.mark.parametrize("how", ["not there", "full"])
async def test_also_where_it_made_sqlite_undo_the_whole_commit_before(tmp_path: Path, how: str) -> None:
    def undo(connection: sqlite3.Connection) -> None:
        undone(connection)
        elsewhere(tmp_path, how)(connection)

    async with await prepared(tmp_path / "a", "INSERT INTO t VALUES ('there')") as store:
        done = await asyncio.gather(
            store.write(lambda connection: connection.execute("INSERT INTO t VALUES ('good')")),
            store.write(undo),
            return_exceptions=True,
        )
        assert [type(one) for one in done] == [type(None), WriteUndone]
        assert await rows(store) == [("there",), ("good",)]


@pytest.mark.parametrize(
    ("name", "look", "error"),
    [
        ("SQLITE_IOERR_WRITE", "no look", StoreFailed),
        ("SQLITE_CORRUPT", "PRAGMA quick_check", StoreDamaged),
        ("SQLITE_CORRUPT", "no look", WriteUndone),
        ("SQLITE_FULL", "no look", StoreFull),
    ],
)
async def test_what_the_store_says_of_its_file_counts_also_where_the_whole_commit_is_undone(
    tmp_path: Path, faulty: type[Faulty], name: str, look: str, error: type[Exception]
) -> None:
    def undo(connection: sqlite3.Connection) -> None:
        undone(connection)
        says(connection, name)

    store = await prepared(tmp_path / "a", "INSERT INTO t VALUES ('there')")
    fail(faulty, look, name, "and still so")
    with pytest.raises(error):
        await store.write(undo)
    faulty.fault = staticmethod(lambda sql: None)
    if error in (WriteUndone, StoreFull):
        assert await store.write(lambda connection: 1) == 1
    else:
        with pytest.raises(error):
            await store.write(lambda connection: 1)
    await store.close()


async def test_a_virtual_table_that_disagrees_with_its_content_is_no_damaged_file(tmp_path: Path) -> None:
    statements = (
        "CREATE TABLE text (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE VIRTUAL TABLE found USING fts5(a, content='text', content_rowid='id')",
        "INSERT INTO text VALUES (1, 'never indexed')",
    )
    async with await prepared(tmp_path / "a", *statements) as store:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await store.write(
                lambda connection: connection.execute(
                    "INSERT INTO found(found, rank) VALUES ('integrity-check', 1)"
                )
            )
        await store.write(
            lambda connection: connection.execute("INSERT INTO found(rowid, a) VALUES (7, 'ghost')")
        )
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await store.read(
                lambda connection: connection.execute(
                    "SELECT a FROM found WHERE found MATCH 'ghost'"
                ).fetchall()
            )
        await store.write(lambda connection: connection.execute("INSERT INTO t VALUES ('good')"))
        assert await rows(store) == [("good",)]


async def test_what_raises_with_rows_unread_is_undone_alone(tmp_path: Path) -> None:
    def raises(connection: sqlite3.Connection) -> None:
        left = connection.execute("INSERT INTO t VALUES (1), (2), (3) RETURNING v")
        raise ValueError(left.fetchone())

    async with await prepared(tmp_path / "a") as store:
        done = await asyncio.gather(
            store.write(lambda connection: connection.execute("INSERT INTO t VALUES ('good')")),
            store.write(raises),
            return_exceptions=True,
        )
        assert [type(one) for one in done] == [type(None), ValueError]
        assert await rows(store) == [("good",)]


@pytest.mark.parametrize(
    ("name", "look", "error"),
    [
        ("SQLITE_CORRUPT", "PRAGMA quick_check", StoreDamaged),
        ("SQLITE_CORRUPT_INDEX", "PRAGMA integrity_check(cybernetic_inbox)", StoreDamaged),
        ("SQLITE_IOERR_READ", "PRAGMA quick_check", StoreFailed),
        ("SQLITE_READONLY", "PRAGMA user_version", StoreFailed),
        ("SQLITE_CANTOPEN", "COMMIT", StoreFailed),
    ],
)
async def test_where_the_file_of_the_store_is_found_at_fault_it_is_its_last_word(
    tmp_path: Path, faulty: type[Faulty], name: str, look: str, error: type[Exception]
) -> None:
    def raises(connection: sqlite3.Connection) -> None:
        says(connection, name)

    store = await prepared(tmp_path / "a")
    fail(faulty, look, name, "and still so")
    with pytest.raises(error):
        await store.write(raises)
    faulty.fault = staticmethod(lambda sql: None)
    with pytest.raises(error):
        await store.write(lambda connection: 1)
    await store.close()


async def test_the_commit_after_such_an_error_writes_so_that_it_shows(tmp_path: Path) -> None:
    def raises(connection: sqlite3.Connection) -> None:
        says(connection, "SQLITE_READONLY")

    async with await prepared(tmp_path / "a") as store:
        before = (tmp_path / "a-wal").stat().st_size
        with pytest.raises(sqlite3.OperationalError):
            await store.write(raises)
        assert (tmp_path / "a-wal").stat().st_size > before


async def test_a_full_disk_is_one_also_where_some_table_has_no_number_left(tmp_path: Path) -> None:
    async with await prepared(tmp_path / "a", *SPENT, max_bytes=MIB) as store:
        for _ in range(2):
            with pytest.raises(StoreFull):
                await store.write(
                    lambda connection: connection.execute("INSERT INTO t VALUES (zeroblob(3000000))")
                )
        with pytest.raises(WriteUndone, match="no number left"):
            await store.write(lambda connection: connection.execute("INSERT INTO n (v) VALUES (1)"))
        assert await rows(store) == []


async def test_a_trigger_that_writes_to_a_table_without_a_number_left_is_no_full_disk_either(
    tmp_path: Path,
) -> None:
    trigger = "CREATE TRIGGER tells AFTER INSERT ON t BEGIN INSERT INTO n (v) VALUES (1); END"
    async with await prepared(tmp_path / "a", *SPENT, trigger) as store:
        for _ in range(2):
            with pytest.raises(WriteUndone, match="no number left"):
                await store.write(lambda connection: connection.execute("INSERT INTO t VALUES (1)"))


async def test_the_log_makes_room_also_where_a_table_has_no_number_left(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    said: list[str] = []

    def note(sql: str) -> None:
        said.append(sql)

    async with await prepared(tmp_path / "a", *SPENT) as store:
        faulty.fault = staticmethod(note)
        with pytest.raises(WriteUndone):
            await store.write(lambda connection: connection.execute("INSERT INTO n (v) VALUES (1)"))
        assert "PRAGMA wal_checkpoint(RESTART)" in said


async def test_while_each_is_written_alone_a_full_disk_is_no_reason_to_split_further(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    commits = 0

    def full(sql: str) -> Exception | None:
        nonlocal commits
        commits += sql.startswith("COMMIT")
        return sqlite_error("SQLITE_FULL", "full") if sql.startswith("COMMIT") else None

    async with await prepared(tmp_path / "a", "INSERT INTO t VALUES ('there')") as store:
        outbox = await Outbox.open(store)
        faulty.fault = staticmethod(full)
        done = await asyncio.gather(
            *(soon(outbox.put, "", "q", b"") for _ in range(10)),
            store.write(lambda connection: connection.execute("INSERT OR ROLLBACK INTO t VALUES ('there')")),
            return_exceptions=True,
        )
        faulty.fault = staticmethod(lambda sql: None)
        assert [type(one) for one in done] == [StoreFull] * 10 + [WriteUndone]
        assert commits == 1
