"""The store: writes that last, many in one commit; reads beside them; one holder; an orderly end."""

import asyncio
import fcntl
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, System
from cybernetic.core import OptionError
from cybernetic.state import Store, StoreClosed, StoreFailed, StoreInUse
from cybernetic.state.store.writer import Writer

MAKE = "CREATE TABLE t (n INTEGER PRIMARY KEY)"


def add(number: int) -> Any:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,)).rowcount


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many items each commit had."""
    sizes: list[int] = []
    write = Writer._write

    def counted(self: Writer, work: Any) -> Any:
        sizes.append(sum(len(items) for _, items in work))
        return write(self, work)

    monkeypatch.setattr(Writer, "_write", counted)
    return sizes


async def test_what_was_written_is_read_and_is_there_after_reopening(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        assert await store.write(lambda connection: connection.execute(MAKE)) is None
        assert await store.write(add(1)) == 1
        assert await store.read(numbers) == [1]
    async with await Store.open(str(tmp_path / "a")) as store:
        assert await store.read(numbers) == [1]


async def test_many_who_write_at_once_share_a_commit(tmp_path: Path, groups: list[int]) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        await asyncio.gather(*(store.write(add(n)) for n in range(100)))
        assert groups == [1, 100]
        assert await store.read(numbers) == list(range(100))


async def test_what_is_written_during_a_commit_shares_the_next_one(tmp_path: Path, groups: list[int]) -> None:
    async with await Store.open(tmp_path / "a") as store:
        first = asyncio.ensure_future(store.write(lambda connection: connection.execute(MAKE)))
        while not groups:
            await asyncio.sleep(0)
        await asyncio.gather(first, *(store.write(add(n)) for n in range(50)))
        assert groups == [1, 50]


async def test_one_that_raises_is_undone_alone(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (7)")
        raise LookupError("second thoughts")

    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        done = await asyncio.gather(
            store.write(add(1)),
            store.write(half),
            store.write(add(1)),
            store.write(lambda connection: next(iter(()))),
            store.write(add(2)),
            return_exceptions=True,
        )
        assert [type(result) for result in done] == [
            int,
            LookupError,
            sqlite3.IntegrityError,
            RuntimeError,
            int,
        ]
        assert await store.read(numbers) == [1, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "END",
        "ROLLBACK",
        "BEGIN",
        "SAVEPOINT one",
        "RELEASE one",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "PRAGMA synchronous = OFF",
        "PRAGMA journal_mode = DELETE",
    ],
)
async def test_a_write_cannot_end_the_transaction_of_the_others(tmp_path: Path, sql: str) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        for _ in range(2):  # also when SQLite has met the statement before
            done = await asyncio.gather(
                store.write(add(1)),
                store.write(lambda connection: connection.execute(sql)),
                return_exceptions=True,
            )
            assert isinstance(done[1], sqlite3.DatabaseError)
            assert "alone decides" in done[1].__notes__[0]
            await store.write(lambda connection: connection.execute("DELETE FROM t"))


async def test_a_write_may_look_at_its_tables(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        table = await store.write(lambda connection: connection.execute("PRAGMA table_info(t)").fetchall())
        assert table[0][1] == "n"


async def test_a_read_cannot_write_and_brings_values_not_cursors(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store.read(add(1))
        with pytest.raises(OptionError, match="fetchall"):
            await store.read(lambda connection: connection.execute("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await store.read(lambda connection: connection.execute("SELECT 1 FROM nowhere"))
        assert await store.read(numbers) == []


async def test_a_read_sees_one_state_while_others_write(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        loop = asyncio.get_running_loop()

        def twice(connection: sqlite3.Connection) -> tuple[list[int], list[int]]:
            before = numbers(connection)
            asyncio.run_coroutine_threadsafe(store.write(add(1)), loop).result()
            return before, numbers(connection)

        assert await store.read(twice) == ([], [])
        assert await store.read(numbers) == [1]


async def test_cancelling_a_write_takes_nothing_back(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        task = asyncio.ensure_future(store.write(add(1)))
        await asyncio.sleep(0)
        task.cancel()
        await store.write(add(2))
        assert task.cancelled()
        assert await store.read(numbers) == [1, 2]


async def test_where_closing_is_cancelled_amid_writes_they_are_committed_and_the_thread_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the loop is about to end: every task is cancelled, that of closing too."""
    wrong: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: wrong.append(context))
    write, begun, goes = Writer._write, threading.Event(), threading.Event()

    def held(self: Writer, work: Any) -> Any:
        begun.set()
        goes.wait(10.0)
        return write(self, work)

    store = await Store.open(tmp_path / "a")
    await store.write(lambda connection: connection.execute(MAKE))
    monkeypatch.setattr(Writer, "_write", held)
    writes = [asyncio.ensure_future(store.write(add(1)))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert begun.wait(10.0)
    writes.append(
        asyncio.ensure_future(store.write(add(2)))
    )  # of the group after the one that is being written
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(store.close())
    while store._writer._closed is None:
        await asyncio.sleep(0)
    assert store._ending is not None
    store._ending.cancel()
    await asyncio.wait([closing])
    goes.set()
    assert await asyncio.gather(*writes) == [1, 1]
    while not store._writer._thread._shutdown:
        await asyncio.sleep(0)
    async with await Store.open(tmp_path / "a") as again:
        assert await again.read(numbers) == [1, 2]
    assert not wrong


async def test_closing_commits_what_was_accepted_and_refuses_the_rest(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "a")
    await store.write(lambda connection: connection.execute(MAKE))
    writes = [asyncio.ensure_future(store.write(add(n))) for n in range(10)]
    await asyncio.sleep(0)
    await asyncio.gather(store.close(), store.close())
    assert [await write for write in writes] == [1] * 10
    for late in (store.write(add(11)), store.read(numbers)):
        with pytest.raises(StoreClosed, match="expected an open store"):
            await late
    await store.close()
    async with await Store.open(tmp_path / "a") as store:
        assert await store.read(numbers) == list(range(10))


async def test_closing_during_a_commit_commits_what_has_come_meanwhile(
    tmp_path: Path, groups: list[int]
) -> None:
    store = await Store.open(tmp_path / "a")
    first = asyncio.ensure_future(store.write(lambda connection: connection.execute(MAKE)))
    while not groups:
        await asyncio.sleep(0)
    more = [asyncio.ensure_future(store.write(add(n))) for n in range(10)]
    await asyncio.sleep(0)
    await store.close()
    assert [await write for write in (first, *more)] == [None] + [1] * 10
    assert groups == [1, 10]


async def test_a_file_has_one_store(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    async with await Store.open(tmp_path / "a"):
        for path in ("a", "link"):
            with pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
                await Store.open(tmp_path / path)
    await (await Store.open(tmp_path / "link")).close()


async def test_a_file_that_cannot_be_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in ("nowhere/a", "folder"):
        with pytest.raises(StoreFailed, match=path):
            await Store.open(tmp_path / path)


@pytest.mark.parametrize(
    "options", [{"synchronous": "off"}, {"max_bytes": 10}, {"max_bytes": "1"}, {"aside": 1}]
)
async def test_options_are_checked(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        await Store.open(tmp_path / "a", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("synchronous", "level"), [("full", 2), ("normal", 1)])
async def test_how_commits_are_synced_is_the_option(tmp_path: Path, synchronous: str, level: int) -> None:
    async with await Store.open(tmp_path / "a", synchronous=synchronous) as store:
        query = "PRAGMA synchronous"
        assert await store.write(lambda connection: connection.execute(query).fetchone()) == (level,)


async def test_the_clock_of_a_store_shows_no_step_of_the_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(tmp_path / "a") as store:
        before = store.now()
        monkeypatch.setattr("cybernetic.state.store.store.wall", lambda: before + 3600)
        await asyncio.sleep(5)
        assert store.now() == pytest.approx(before + 5, abs=0.01)


async def test_agents_write_through_a_store(tmp_path: Path) -> None:
    class Keeper(Agent):
        def __init__(self, store: Store) -> None:
            self.store = store

        async def keep(self, number: int) -> int:
            return await self.store.write(add(number))

    async with await Store.open(tmp_path / "a") as store:
        await store.write(lambda connection: connection.execute(MAKE))
        async with System() as system:
            keepers = [await system.start(Keeper, store) for _ in range(5)]
            await asyncio.gather(*(keeper.call(Keeper.keep, n) for n, keeper in enumerate(keepers)))
        assert await store.read(numbers) == list(range(5))


async def test_a_store_that_is_given_up_while_it_opens_is_let_go(tmp_path: Path) -> None:
    opening = asyncio.ensure_future(Store.open(tmp_path / "a"))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await (await Store.open(tmp_path / "a")).close()


@pytest.mark.parametrize("link", [os.symlink, os.link])
async def test_a_store_is_not_opened_twice_under_another_name(tmp_path: Path, link: Any) -> None:
    first, other = tmp_path / "first", tmp_path / "elsewhere"
    other.mkdir()
    async with await Store.open(first) as store:
        link(first, other / "second")
        for _ in range(2):
            with pytest.raises(StoreInUse):
                await Store.open(other / "second")
        await store.write(lambda connection: connection.execute(MAKE))
        assert locks_of(first)  # what was refused has taken away no lock that SQLite has on the file
    async with await Store.open(other / "second") as store:
        assert await store.read(numbers) == []
        with pytest.raises(StoreInUse):
            await Store.open(first)
    async with await Store.open(first):
        pass


def locks_of(path: Path) -> list[str]:
    """The kernel's POSIX locks on a file."""
    inode = path.stat().st_ino
    lines = Path("/proc/locks").read_text().splitlines()
    return [line for line in lines if "POSIX" in line and f":{inode} " in line]


async def test_a_store_in_another_process_is_not_opened_under_another_name(tmp_path: Path) -> None:
    os.link(await made(tmp_path / "first"), tmp_path / "second")
    holder = os.open(tmp_path / "first", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)  # as the other process has it
    with pytest.raises(StoreInUse, match="another name"):
        await Store.open(tmp_path / "second")
    os.close(holder)
    async with await Store.open(tmp_path / "second"):
        pass


async def made(path: Path) -> Path:
    async with await Store.open(path):
        return path


async def test_a_store_that_is_put_aside_and_made_anew_is_locked_as_well(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_bytes(b"not a database")
    async with await Store.open(path, aside=True) as store:
        os.link(path, tmp_path / "again")
        with pytest.raises(StoreInUse):
            await Store.open(tmp_path / "again")
        assert store.aside is not None
        os.unlink(tmp_path / "again")
