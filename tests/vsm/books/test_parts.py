"""Large values in parts: what is loaded is what was saved last, and little is written twice."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import System
from cybernetic.core import CallFailed, CannotTravel
from cybernetic.vsm.bargain import Budget, Purse, Vector
from cybernetic.vsm.books import disk
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.parts import Packer, unpack
from cybernetic.vsm.books.refusals import BooksRefused
from cybernetic.vsm.growing import SMALL, Growing
from tests.vsm.books.shelf import opened

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "add", "again", "empty", "fail")),
        st.integers(0, 50),
        st.integers(1, 60),
    ),
    max_size=30,
)


@given(STEPS)
def test_what_is_unpacked_is_what_was_packed_last(steps: list[tuple[str, int, int]]) -> None:
    packer, kept, value = Packer(1), dict[int, bytes](), Growing[int, Any]()
    for what, at, many in steps:
        if what == "empty":
            value = Growing()
        elif what != "again":
            for n in range(at, at + many):
                value = value.added(n, (n, many))
        inside = ("with", [value, {"twice": value}], Growing({"nested": value}))
        packed = packer.pack("key", inside)
        if what == "fail":
            packer.forget("key")
            continue
        assert packed.made_of <= kept.keys() | dict(packed.new).keys()
        assert not kept.keys() & dict(packed.new).keys()
        kept = {part: data for part, data in {**kept, **dict(packed.new)}.items() if part in packed.made_of}
        assert unpack(packed.data, kept) == inside


def test_little_is_written_twice() -> None:
    packer, value, written = Packer(1), Growing[int, str](), 0
    for n in range(5000):
        value = value.added(n, "settled")
        packed = packer.pack("key", value)
        written += len(packed.data) + sum(len(data) for _, data in packed.new)
    assert written < 5000 * 400  # whole, it would be 5000 times 28 kB on average


def test_what_cannot_travel_leaves_what_was_there() -> None:
    packer = Packer(1)
    value = Growing({n: n for n in range(SMALL)})
    first = packer.pack("key", value)
    with pytest.raises(CannotTravel):
        packer.pack("key", (Growing({n: object() for n in range(SMALL)}), value))
    assert packer.pack("key", value).made_of == first.made_of


async def test_a_ledger_saved_at_each_step_is_there_after_a_restart(tmp_path: Path) -> None:
    purse = Purse.root("shop", Budget(usd=1000, per=3600))
    for round in range(3):
        async with opened(tmp_path) as books:
            assert await books.call(Books.load, "porter") == ((round, purse) if round else None)
            for n in range(100):
                key = f"{round}.{n}"
                purse, epoch = purse.reserve(key, Vector(usd=0.5), 1.0, 31.0)
                purse = purse.settle(epoch, key, Vector(usd=0.25))
                books.cast(Books.save, "porter", (round + 1, purse))
            await books.call(Books.save, "other", purse)
            assert await books.call(Books.load, "other") == purse
    async with opened(tmp_path) as books:
        assert await books.call(Books.load, "porter") == (3, purse)
        await books.call(Books.save, "porter", None)
    async with opened(tmp_path) as books:
        assert await books.call(Books.load, "porter") is None
        assert await books.call(Books.load, "other") == purse


async def test_after_a_save_that_failed_the_next_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, save = Growing({n: n for n in range(100)}), disk._save

    def unlucky(*given: Any) -> None:
        save(*given)
        raise sqlite3.IntegrityError("the disk is not at fault")

    async with System() as system:
        books = await system.start(Books, tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(disk, "_save", unlucky)
            with pytest.raises(CallFailed, match="WriteUndone"):
                await books.call(Books.save, "key", value)
        await books.call(Books.save, "key", value)
        assert await books.call(Books.load, "key") == value


async def test_what_is_built_on_a_save_that_failed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = Growing({n: n for n in range(100)})
    async with opened(tmp_path) as books:
        monkeypatch.setattr(Packer, "forget", lambda self, key: None)
        with monkeypatch.context() as patched:
            patched.setattr(disk, "_save", lambda *given: 1 / 0)
            with pytest.raises(CallFailed, match="ZeroDivisionError"):
                await books.call(Books.save, "key", value)
        with pytest.raises(BooksRefused, match="built on"):
            await books.call(Books.save, "key", value)
        assert await books.call(Books.load, "key") is None
