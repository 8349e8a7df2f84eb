"""What goes wrong while writing: named, told to all of the commit, nothing acknowledged."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cybernetic.state import (
    Batch,
    Inbox,
    Journal,
    Nonces,
    Outbox,
    Store,
    StoreFailed,
    StoreFull,
    StoreInUse,
    StoreLimits,
    WriteUndone,
)
from cybernetic.state.store.lent import Lent

MIB = 1024 * 1024


class Faulty(Lent):
    """A connection whose statements fail as `fault` says: given the statement, the error or None."""

    fault: Callable[[str], Exception | None] = staticmethod(lambda sql: None)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        error = type(self).fault(sql)
        if error is not None:
            self.say(error)
            raise error
        return super().execute(sql, *values)


def sqlite_error(name: str, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    return error


def says(connection: Any, name: str) -> None:
    """Raise what SQLite says of a file, as a statement of this connection."""
    error = sqlite_error(name, "as the test wants it")
    connection.say(error)
    raise error


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    monkeypatch.setattr(Faulty, "fault", staticmethod(lambda sql: None))
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **more | {"factory": Faulty})
    )
    return Faulty


def fail(faulty: type[Faulty], word: str | tuple[str, ...], name: str, text: str) -> None:
    faulty.fault = staticmethod(lambda sql: sqlite_error(name, text) if sql.startswith(word) else None)


async def soon(ask: Callable[..., asyncio.Future[Any]], *args: Any) -> Any:
    """Ask for it when those that are gathered beside it ask: all share one commit."""
    return await ask(*args)


async def test_a_commit_that_cannot_be_synced_ends_the_store_and_nothing_is_acknowledged(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    store = await Store.open(tmp_path / "a")
    outbox, inbox, journal = await Outbox.open(store), await Inbox.open(store), await Journal.open(store)
    await outbox.put("", "q", b"before")
    fail(faulty, "COMMIT", "SQLITE_IOERR_FSYNC", "disk I/O error")
    batch = Batch(store, outbox=outbox, inbox=inbox)
    batch.once("key")
    batch.send("", "q", b"")
    done = await asyncio.gather(
        outbox.put("", "q", b""),
        journal.append("s", b""),
        store.write(lambda connection: 1),
        store.commit(batch),
        return_exceptions=True,
    )
    assert [type(error) for error in done] == [StoreFailed] * 4
    assert len({id(error) for error in done}) == 4
    assert "disk I/O error (SQLITE_IOERR_FSYNC)" in str(done[0])
    faulty.fault = staticmethod(lambda sql: None)
    for late in (store.write(lambda connection: 1), store.read(lambda connection: 1), outbox.room()):
        with pytest.raises(StoreFailed, match="disk I/O error"):
            await late
    with pytest.raises(StoreFailed):
        outbox.put("", "q", b"")
    assert (outbox.count, inbox.count, journal.count) == (1, 0, 0)
    await store.close()
    async with await Store.open(tmp_path / "a") as store:
        assert [message.body for message in await (await Outbox.open(store)).take()] == [b"before"]


async def test_what_was_asked_for_during_a_commit_that_fails_is_refused_with_it(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store, limits=StoreLimits(count=1))
        first = outbox.put("", "q", b"")
        waiting = asyncio.ensure_future(outbox.room())
        late: list[asyncio.Future[int]] = []

        def ask_late(sql: str) -> Exception | None:
            if not sql.startswith("COMMIT"):
                return None
            faulty.fault = staticmethod(lambda sql: None)  # only this commit fails
            asyncio.run_coroutine_threadsafe(another(), loop).result()
            return sqlite_error("SQLITE_IOERR_WRITE", "disk I/O error")

        async def another() -> None:
            late.append(asyncio.ensure_future(store.write(lambda connection: 1)))
            await asyncio.sleep(0)

        loop = asyncio.get_running_loop()
        faulty.fault = staticmethod(ask_late)
        for future in (first, waiting):
            with pytest.raises(StoreFailed):
                await future
        with pytest.raises(StoreFailed):
            await late[0]


async def test_a_disk_that_fails_within_one_write_fails_all_of_its_commit(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        fail(faulty, ("CREATE", "PRAGMA quick_check"), "SQLITE_IOERR_READ", "disk I/O error")
        done = await asyncio.gather(
            soon(outbox.put, "", "q", b""),
            store.write(lambda connection: connection.execute("CREATE TABLE t (n)")),
            return_exceptions=True,
        )
        assert [type(error) for error in done] == [StoreFailed] * 2
        assert outbox.count == 0


async def test_a_full_store_takes_nothing_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a", max_bytes=MIB, synchronous="normal") as store:
        outbox, journal = await Outbox.open(store), await Journal.open(store)
        numbers: list[int] = []

        async def fill() -> None:
            while True:
                numbers.append(await outbox.put("", "q", b"x" * 10_000))

        with pytest.raises(StoreFull, match="expected space"):
            await fill()
        assert outbox.count == len(numbers) > 50
        done = await asyncio.gather(
            soon(outbox.put, "", "q", b"x" * 10_000),
            soon(journal.append, "s", b"x"),
            store.write(lambda connection: 1),
            return_exceptions=True,
        )
        assert [type(error) for error in done] == [StoreFull] * 3
        assert (outbox.count, journal.count) == (len(numbers), 0)
        await outbox.confirm(numbers[:10])
        assert await outbox.put("", "q", b"x" * 10_000) > numbers[-1]
        assert await journal.append("s", b"x") == 1
        assert await store.write(lambda connection: 1) == 1
        assert len(await outbox.take(limit=1000)) == outbox.count == len(numbers) - 9


async def test_what_could_not_be_written_leaves_no_age_behind(tmp_path: Path, faulty: type[Faulty]) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox, inbox = await Outbox.open(store, limits=StoreLimits(age=60)), await Inbox.open(store)
        await outbox.put("", "q", b"")
        await outbox.fail(1, "so that something is there that has no age")
        batch = Batch(store, outbox=outbox, inbox=inbox)
        batch.send("", "q", b"")
        fail(faulty, "COMMIT", "SQLITE_FULL", "database or disk is full")
        for lost in (soon(outbox.put, "", "q", b""), store.commit(batch)):
            with pytest.raises(StoreFull):
                await lost
        faulty.fault = staticmethod(lambda sql: None)
        await asyncio.sleep(100)
        assert (outbox.age, outbox.count) == (0, 1)
        assert await outbox.put("", "q", b"") > 1


async def test_counts_are_right_after_a_full_disk_has_undone_all_kinds_of_writes(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        outbox, inbox = await Outbox.open(store), await Inbox.open(store)
        journal, nonces = await Journal.open(store), await Nonces.open(store)
        await asyncio.gather(outbox.put("", "q", b"1"), outbox.put("", "q", b"2"), journal.append("s", b"x"))
        await outbox.fail(2, "why")

        async def everything() -> list[Any]:
            batch = Batch(store, outbox=outbox, inbox=inbox, journal=journal)
            batch.once("key", b"result")
            batch.send("", "q", b"")
            batch.note("t", b"")
            batch.close("s")
            return await asyncio.gather(
                soon(outbox.put, "", "q", b""),
                soon(outbox.confirm, [1]),
                outbox.discard(2),
                soon(journal.append, "t", b""),
                journal.trim("s", before=9),
                nonces.fresh("n", 0),
                store.commit(batch),
                return_exceptions=True,
            )

        def state() -> tuple[int, ...]:
            return outbox.count, outbox.size, inbox.count, journal.count, journal.size, nonces.count

        before = state()
        fail(faulty, "COMMIT", "SQLITE_FULL", "database or disk is full")
        assert {type(error) for error in await everything()} == {StoreFull}
        assert state() == before == (2, 4, 0, 1, 1, 0)
        faulty.fault = staticmethod(lambda sql: None)
        assert not any(isinstance(result, Exception) for result in await everything())
        assert state() == (2, 2, 1, 2, 0, 1)


async def test_a_file_that_another_program_writes_to_is_waited_for_and_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cybernetic.state.store.file.BUSY_SECONDS", 0.01)
    async with await Store.open(tmp_path / "a") as store:
        outbox = await Outbox.open(store)
        other = sqlite3.connect(tmp_path / "a", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreInUse, match="locked"):
            await outbox.put("", "q", b"")
        other.execute("ROLLBACK")
        other.close()
        assert await outbox.put("", "q", b"") > 0
        assert outbox.count == 1


async def test_one_whose_sql_undoes_the_whole_commit_fails_alone(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute("CREATE TABLE t (n UNIQUE)"))
        await store.write(lambda connection: connection.execute("INSERT INTO t VALUES (1)"))
        outbox, inbox, journal = await Outbox.open(store), await Inbox.open(store), await Journal.open(store)
        before = [await outbox.put("", "q", b"") for _ in range(3)]
        batch = Batch(store, outbox=outbox, inbox=inbox, journal=journal)
        batch.once("key")
        batch.send("", "q", b"")
        batch.note("stream", b"event")

        def bad(n: int) -> Any:
            return store.write(
                lambda connection: connection.execute(f"INSERT OR ROLLBACK INTO t VALUES ({n})")
            )

        done: list[Any] = await asyncio.gather(
            soon(outbox.put, "", "q", b""),
            bad(1),
            bad(2),
            store.commit(batch),
            bad(1),
            soon(outbox.confirm, before[:1]),
            soon(outbox.confirm, before[1:2]),
            store.write(_raise),
            return_exceptions=True,
        )
        assert [type(one) for one in (done[1], done[4], done[7])] == [
            WriteUndone,
            WriteUndone,
            ZeroDivisionError,
        ]
        assert all("UNIQUE constraint failed" in str(one) for one in (done[1], done[4]))
        assert not any(isinstance(one, BaseException) for one in (done[0], *done[2:4], *done[5:7]))
        assert (outbox.count, inbox.count, journal.count) == (3, 1, 1)
        assert [one.number for one in await outbox.take()] == [
            before[2],
            *sorted([done[0], *done[3].numbers]),
        ]
        assert await store.read(lambda connection: connection.execute("SELECT n FROM t").fetchall()) == [
            (1,),
            (2,),
        ]
        assert outbox.size == sum(len("q") for _ in range(3))


async def test_a_disk_that_fails_while_each_is_written_alone_is_the_stores_last_word(
    tmp_path: Path, faulty: type[Faulty]
) -> None:
    store = await Store.open(tmp_path / "a")
    await store.write(lambda connection: connection.execute("CREATE TABLE t (n UNIQUE)"))

    def undo(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT OR ROLLBACK INTO t VALUES (1)")

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (2)")
        called.append(connection)
        if len(called) > 2:  # together, then its kind, then alone
            says(connection, "SQLITE_IOERR")

    called: list[Any] = []
    faulty.fault = staticmethod(
        lambda sql: sqlite_error("SQLITE_IOERR", "still") if sql.startswith("PRAGMA quick_check") else None
    )
    done = await asyncio.gather(
        store.write(fail),
        store.write(undo),
        store.write(lambda connection: connection.execute("INSERT INTO t VALUES (3)")),
        return_exceptions=True,
    )
    assert [type(one) for one in done] == [StoreFailed] * 3
    with pytest.raises(StoreFailed):
        await store.write(lambda connection: connection.execute("INSERT INTO t VALUES (4)"))
    await store.close()
    faulty.fault = staticmethod(lambda sql: None)
    async with await Store.open(tmp_path / "a") as store:
        assert await store.read(lambda connection: connection.execute("SELECT n FROM t").fetchall()) == []


def _raise(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO t VALUES (9)")
    raise ZeroDivisionError


async def test_a_table_that_has_no_number_left_is_no_full_disk(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        for sql in (
            "CREATE TABLE n (n INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)",
            "CREATE TABLE t (v TEXT)",
            f"INSERT INTO n VALUES ({2**63 - 1}, 'last')",
        ):
            await store.write(lambda connection, sql=sql: connection.execute(sql))  # type: ignore[misc]
        done = await asyncio.gather(
            store.write(lambda connection: connection.execute("INSERT INTO t VALUES ('good')")),
            store.write(lambda connection: connection.execute("INSERT INTO n (v) VALUES ('bad')")),
            return_exceptions=True,
        )
        assert [type(one) for one in done] == [type(None), WriteUndone]
        assert "no number left" in str(done[1])
        assert await store.read(lambda connection: connection.execute("SELECT v FROM t").fetchall()) == [
            ("good",)
        ]
