"""The books: values under keys, fenced, and a log that is only ever added to; in memory and in a file alike."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Ref, Supervisor, System, child
from cybernetic.core import CallFailed, Kill, OptionError, StartFailed
from cybernetic.vsm.bargain import Allocator, Budget, Cost, Ledger, Purse, Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.disk import file_of
from cybernetic.vsm.books.entry import Entry, Extent, Unreadable
from cybernetic.vsm.books.refusals import BooksRefused
from cybernetic.vsm.damping import LeaseLost
from cybernetic.vsm.decisions import Policy, Rulebook
from cybernetic.vsm.ladder import Cause, Pain
from cybernetic.wire import TYPES, Codec
from tests.vsm.books.shelf import bodies, both, entry, opened
from tests.vsm.travel.rules import refunds

# values


@both
async def test_what_was_saved_is_loaded_and_the_last_word_counts(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None) as books:
        assert await books.call(Books.load, "purse") is None
        purse = Purse.root("shop", Budget(usd=250, per=3600))
        await books.call(Books.save, "purse", purse)
        purse, _ = purse.reserve("call", Cost(usd=0.04), 10.0, 40.0)
        await books.call(Books.save, "purse", purse)
        await books.call(Books.save, "other", (1, [2.0], "three"))
        assert await books.call(Books.load, "purse") == purse
        assert await books.call(Books.load, "other") == (1, [2.0], "three")
        await books.call(Books.save, "purse", None)
        assert await books.call(Books.load, "purse") is None


@both
async def test_a_load_sees_what_was_cast_before_it(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None) as books:
        for n in range(50):
            books.cast(Books.save, "key", n)
            books.cast(Books.note, entry(n))
        assert await books.call(Books.load, "key") == 49
        assert bodies(await books.call(Books.entries, 0)) == list(range(50))


async def test_everything_a_viable_system_keeps_comes_back_after_a_restart(tmp_path: Path) -> None:
    allocator = Allocator(Purse.root("shop", Budget(usd=10, per=60)), {"a": Vector(usd=1)}, term=3)
    allocator, _ = allocator.issue("a", Vector.of_grains({"usd": 3 * 10**9 + 1}), 5.0)
    kept = {
        "control": allocator,
        "policy": (Rulebook().adopt(Policy("refunds", 1, refunds), 1.0, "declared"), (), 0, 1),
        "ladder": (Pain("shop", "cost", Cause.EXIT),),
        "porter": (7, Ledger(Vector(usd=5)).reserve("c", Vector(usd=1), 0.0, 9.0)),
    }
    async with opened(tmp_path) as books:
        for key, value in kept.items():
            await books.call(Books.save, key, value)
    async with opened(tmp_path) as books:
        assert {key: await books.call(Books.load, key) for key in kept} == kept


# the fence


@both
async def test_who_was_replaced_does_not_write_any_more(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None) as books:
        await books.call(Books.save, "control", "first", 1)
        await books.call(Books.save, "control", "second", 2)
        for late in (1, None):
            with pytest.raises(LeaseLost, match="at least 2"):
                await books.call(Books.save, "control", "first again", late)
        books.cast(Books.save, "control", "first by cast", 1)
        assert await books.call(Books.load, "control") == "second"
        await books.call(Books.save, "control", "second again", 2)
        await books.call(Books.save, "control", None, 4)
        with pytest.raises(LeaseLost, match="at least 4"):
            await books.call(Books.save, "control", "third", 3)
        assert await books.call(Books.load, "control") is None
        await books.call(Books.save, "another", "first", 1)  # of its own key


async def test_the_fence_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as books:
        await books.call(Books.save, "control", None, 5)
    async with opened(tmp_path) as books:
        with pytest.raises(LeaseLost, match="at least 5"):
            await books.call(Books.save, "control", "x", 4)
        await books.call(Books.save, "control", "x", 5)


# the log


@both
async def test_entries_are_numbered_in_the_order_in_which_they_came(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None) as books:
        calls = [books.call(Books.note, entry(n, "decision" if n % 3 else "finding")) for n in range(10)]
        assert await asyncio.gather(*calls) == list(range(1, 11))
        assert await books.call(Books.extent) == Extent(1, 10)
        everything = await books.call(Books.entries)
        assert [one.number for one in everything] == list(range(1, 11))
        assert bodies(await books.call(Books.entries, 3, None, 4)) == [3, 4, 5, 6]
        assert bodies(await books.call(Books.entries, 1, "finding", 2)) == [3, 6]
        assert await books.call(Books.entries, 10) == ()
        assert await books.call(Books.entries, 0, "nothing") == ()


@both
async def test_an_entry_is_kept_as_it_was_written_with_its_time(tmp_path: Path, lasting: bool) -> None:
    body = Pain("shop", "cost", Cause.AUDIT)
    written = Entry("intervention", "shop/support", body, 12.5, "root", "cause", wall=1.0, number=77)
    async with opened(tmp_path if lasting else None) as books:
        await asyncio.sleep(100.0)
        assert await books.call(Books.note, written) == 1
        (found,) = await books.call(Books.entries)
        assert found == replace(written, number=1, wall=100.0)  # the time of the loop, which is simulated
        assert await books.call(Books.note, Entry("k", "p")) == 2
        assert (await books.call(Books.entries, 1))[0] == Entry("k", "p", wall=100.0, number=2)


@both
async def test_the_log_keeps_what_it_was_told_to_and_says_what_is_gone(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None, keep=5) as books:
        assert await books.call(Books.extent) == Extent(1, 0)
        for n in range(12):
            books.cast(Books.note, entry(n))
        extent = await books.call(Books.extent)
        assert extent == Extent(8, 12)
        assert (extent.count, extent.gone) == (5, 7)
        assert bodies(await books.call(Books.entries)) == [7, 8, 9, 10, 11]
        assert bodies(await books.call(Books.entries, 9)) == [9, 10, 11]


async def test_a_log_that_is_told_to_keep_less_lets_go_of_the_oldest(tmp_path: Path) -> None:
    for keep, extent in ((100, Extent(1, 10)), (4, Extent(17, 20)), (100, Extent(17, 30))):
        async with opened(tmp_path, keep=keep) as books:
            for n in range(10):
                await books.call(Books.note, entry(n))
            assert await books.call(Books.extent) == extent


async def test_one_answer_is_not_larger_than_a_message_may_be(tmp_path: Path) -> None:
    async with opened(tmp_path) as books:
        for _ in range(10):
            await books.call(Books.note, Entry("large", "shop", b"x" * 2**20))
        assert [one.number for one in await books.call(Books.entries)] == [1, 2, 3, 4]
        assert [one.number for one in await books.call(Books.entries, 4)] == [5, 6, 7, 8]


def test_nothing_changes_or_removes_an_entry() -> None:
    public = {name for name in vars(Books) if not name.startswith("_")}
    assert public == {"save", "load", "note", "entries", "extent", "setup", "receive", "terminate"}


# what is refused


@both
async def test_what_cannot_be_is_refused_and_the_books_live(tmp_path: Path, lasting: bool) -> None:
    async with opened(tmp_path if lasting else None) as books:
        wrong: list[tuple[Any, ...]] = [
            (Books.save, "", 1),
            (Books.save, 7, 1),
            (Books.save, "key", 1, 0),
            (Books.save, "key", 1, "two"),
            (Books.load, None),
            (Books.note, "an entry"),
            (Books.entries, -1),
            (Books.entries, 0, None, 0),
            (Books.entries, 0, None, 1001),
            (Books.entries, 0, ""),
            (Books.entries, 2**63),
            (Books.entries, 0, "\ud800"),
            (Books.load, "half a \ud83d"),
        ]
        for method, *arguments in wrong:
            with pytest.raises(BooksRefused, match="expected"):
                await books.call(method, *arguments)
        assert await books.call(Books.extent) == Extent(1, 0)


async def test_what_cannot_travel_is_refused_before_it_is_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as books:
        await books.call(Books.save, "policy", "as before")
        with pytest.raises(BooksRefused, match="top level"):
            await books.call(Books.save, "policy", Policy("hidden", 1, lambda action, context: None))  # type: ignore[arg-type, return-value]
        with pytest.raises(BooksRefused, match=r"the value of 'policy'\[1\]"):
            await books.call(Books.save, "policy", [1, object()])
        with pytest.raises(BooksRefused, match="the body"):
            await books.call(Books.note, Entry("finding", "shop", object()))
        assert await books.call(Books.load, "policy") == "as before"


async def test_what_this_version_cannot_read_spoils_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pain = Pain("shop", "cost", Cause.EXIT)
    async with opened(tmp_path) as books:
        await books.call(Books.save, "ladder", pain)
        await books.call(Books.note, Entry("finding", "shop", pain))
        await books.call(Books.note, entry(2))
        monkeypatch.setattr(TYPES, "_by_name", {n: e for n, e in TYPES._by_name.items() if e.cls is not Pain})
        with pytest.raises(BooksRefused, match=r"'ladder'.*vsm.Pain"):
            await books.call(Books.load, "ladder")
        unreadable, readable = await books.call(Books.entries)
        assert unreadable.body == Unreadable("expected a type registered on this node, got: 'vsm.Pain'")
        assert readable.body == {"n": 2}


@pytest.mark.parametrize(
    "bad", [{"kind": ""}, {"path": ""}, {"at": float("nan")}, {"root": None}, {"number": -1}]
)
def test_an_entry_that_cannot_be_is_refused_where_it_is_made(bad: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(bad))):
        Entry(**{"kind": "k", "path": "p", **bad})


def test_entries_travel() -> None:
    for value in (entry(1, root="r", cause="c", wall=2.0, number=3), Extent(2, 5), Unreadable("why")):
        assert Codec().copy(value) == value


# files


def test_the_books_of_each_path_have_a_file_of_their_own(tmp_path: Path) -> None:
    paths = ["shop", "shop/support", "shop%2Fsupport", "..", "/", "ü", "a.b"]
    files = {file_of(tmp_path, path) for path in paths}
    assert len(files) == len(paths)
    assert {file.parent for file in files} == {tmp_path}
    for path in ("", "x" * 241):
        with pytest.raises(OptionError, match="path"):
            file_of(tmp_path, path)


async def test_the_folder_is_made_and_levels_do_not_mix(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    async with System() as system:
        shop, support = [await system.start(Books, data, path) for path in ("shop", "shop/support")]
        await shop.call(Books.save, "purse", 1)
        assert await support.call(Books.load, "purse") is None
        assert len(list(data.glob("*.books"))) == 2


async def test_a_file_has_one_keeper(tmp_path: Path) -> None:
    async with opened(tmp_path) as books:
        with pytest.raises(StartFailed, match="StoreInUse"):
            async with opened(tmp_path):
                pass
        await books.call(Books.save, "key", 1)  # the first one lives on
    async with opened(tmp_path) as books:
        assert await books.call(Books.load, "key") == 1


class Level(Supervisor):
    """Keeps the books."""

    max_restarts = 10

    def __init__(self, data: Path) -> None:
        self.data = data

    def children(self) -> list[Any]:
        """They alone."""
        return [child(Books, self.data, "shop", name="shop:books")]


async def test_books_that_were_killed_open_the_file_again(tmp_path: Path) -> None:
    async with System() as system:
        await system.start(Level, tmp_path)
        books = system.named("shop:books", Books)
        for n in range(5):
            await books.call(Books.save, "key", n, n + 2)
            books.cast(Books.note, entry(n))
            before = system.whereis("shop:books", Books)
            assert isinstance(before, Ref)
            before.exit(Kill())
            await system.wait(before)
            while system.whereis("shop:books", Books) is None:
                await asyncio.sleep(0.01)
            assert await books.call(Books.load, "key") == n
            with pytest.raises(LeaseLost):
                await books.call(Books.save, "key", "late", n + 1)


async def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as books:
        for n in range(50):
            await books.call(Books.note, entry(n))
    file = file_of(tmp_path, "shop")
    data = bytearray(file.read_bytes())
    data[:16] = bytes(16)
    file.write_bytes(data)
    with pytest.raises(StartFailed, match=r"StoreDamaged.*left untouched"):
        async with opened(tmp_path):
            pass
    assert file.read_bytes() == data


async def test_a_disk_that_fails_ends_the_books_and_what_was_answered_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with System() as system:
        await system.start(Level, tmp_path)
        books = system.named("shop:books", Books)
        await books.call(Books.save, "key", "kept")
        ref = system.whereis("shop:books", Books)
        assert ref is not None
        monkeypatch.setattr("cybernetic.vsm.books.disk._save", failing_disk)
        with pytest.raises(CallFailed, match="StoreFailed"):
            await books.call(Books.save, "key", "lost")
        monkeypatch.undo()
        assert "StoreFailed" in repr(await system.wait(ref))
        while system.whereis("shop:books", Books) is None:
            await asyncio.sleep(0.01)
        assert await books.call(Books.load, "key") == "kept"


def failing_disk(*_: Any) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
    raise error
