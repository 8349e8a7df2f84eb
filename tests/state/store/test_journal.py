"""The journal: streams of events, in order, read in pages, trimmed and closed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.state import Journal, JournalFull, Store, StoreLimits, Stream
from cybernetic.state.store import streams


async def test_events_are_read_in_the_order_they_were_appended(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store)
        assert await journal.append("one", b"first", "begun") == 1
        positions = await asyncio.gather(
            *(journal.append(stream, b"%d" % n, "more") for n in range(3) for stream in ("one", "two"))
        )
        assert positions == [2, 1, 3, 2, 4, 3]
        first, *more = await journal.read("one")
        assert first[:3] == (1, "begun", b"first")
        assert [noted[:3] for noted in more] == [(2, "more", b"0"), (3, "more", b"1"), (4, "more", b"2")]
        assert [noted.position for noted in await journal.read("one", after=1, limit=2)] == [2, 3]
        assert await journal.read("three") == []


async def test_streams_are_there_after_reopening_and_count_on(tmp_path: Path) -> None:
    for n in range(3):
        async with await Store.open(tmp_path / "a") as store:
            journal = await Journal.open(store)
            assert await journal.append("s", b"12", "k") == n + 1
            assert (journal.count, journal.size) == (n + 1, 3 * (n + 1))


async def test_streams_are_found_by_prefix_and_kind_page_by_page(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store)
        for name in ("wait/b", "wait/a", "wait/c", "wait", "audit", "wait%"):
            await journal.append(name, b"", "human" if name != "wait/c" else "timer")
            await journal.append(name, b"", "other")
        names = [stream.name for stream in await journal.streams("wait/")]
        assert names == ["wait/a", "wait/b", "wait/c"]
        assert await journal.streams("wait/", kind="timer") == [Stream("wait/c", "timer", 2)]
        assert [stream.name for stream in await journal.streams("wait/", after="wait/a", limit=1)] == [
            "wait/b"
        ]
        assert [stream.name for stream in await journal.streams(limit=2)] == ["audit", "wait"]
        assert [stream.name for stream in await journal.streams("wait%")] == ["wait%"]
        assert await journal.streams("nothing") == []


async def test_a_trimmed_stream_loses_its_oldest_and_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SLICE", 7)
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store)
        await asyncio.gather(*(journal.append("s", b"x") for _ in range(50)), journal.append("t", b"x"))
        assert await journal.trim("s", before=1) == 0
        assert await journal.trim("s", before=31) == 30
        assert await journal.trim("s", before=31) == 0
        assert [noted.position for noted in await journal.read("s")] == list(range(31, 51))
        assert await journal.trim("s", before=10**15) == 20
        assert await journal.trim("nowhere", before=5) == 0
        assert (await journal.append("s", b"x"), journal.count, journal.size) == (51, 2, 2)


async def test_a_closed_stream_is_gone_and_one_of_its_name_begins_anew(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store)
        await asyncio.gather(*(journal.append("s", b"x", "k") for _ in range(3)))
        assert await journal.close("s")
        assert not await journal.close("s")
        assert (await journal.streams(), await journal.read("s"), journal.count, journal.size) == (
            [],
            [],
            0,
            0,
        )
        assert await journal.append("s", b"y") == 1
        assert [noted.event for noted in await journal.read("s")] == [b"y"]


async def test_a_full_journal_refuses_until_something_is_trimmed(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store, StoreLimits(count=3, bytes=100))
        with pytest.raises(OptionError, match="at most 100 bytes"):
            journal.append("s", b"x" * 101)
        await asyncio.gather(*(journal.append("s", b"x") for _ in range(3)))
        with pytest.raises(JournalFull, match=r"at most 3 items, got: 3 items of 3 bytes$"):
            journal.append("s", b"x")
        writer = asyncio.ensure_future(journal.room())
        await asyncio.sleep(1)
        assert not writer.done()
        await journal.trim("s", before=2)
        await writer
        assert await journal.append("s", b"x") == 4


async def test_what_one_read_brings_is_bounded_in_bytes(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a", synchronous="normal") as store:
        journal = await Journal.open(store)
        await asyncio.gather(*(journal.append("s", b"x" * 3 * 1024 * 1024) for _ in range(4)))
        assert [noted.position for noted in await journal.read("s")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("event", "what"),
    [(("s", "text"), "event"), ((7, b""), "stream"), (("s", b"", 7), "kind"), (("\ud800", b""), "stream")],
)
async def test_what_cannot_be_kept_is_refused_at_the_line(tmp_path: Path, event: Any, what: str) -> None:
    async with await Store.open(tmp_path / "a") as store:
        journal = await Journal.open(store)
        with pytest.raises(OptionError, match=what):
            journal.append(*event)


async def test_a_journal_may_grow_old(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "a") as store:
        with pytest.raises(OptionError, match="age"):
            await Journal.open(store, StoreLimits(age=60))
