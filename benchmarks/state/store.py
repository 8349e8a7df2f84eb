"""Durable writes: the store beside what one would write without it, in one interleaved run.

`python -m benchmarks.state.store [--rounds N] [--scale S] [--folder FOLDER]` prints medians, their ratio to plain
SQLite with a commit for each row, and the microseconds of processor time (of all threads, and the kernel's) a record.
Only ratios mean something, and those of one disk: what a sync costs decides the rows that do one for each record.

Records are of 1 KiB and on the disk (fdatasync, `synchronous=FULL`) before whoever wrote them goes on; `writers` is
how many do so at once. Effects are a row of the program's own and the key that lets it happen once.
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median

from cybernetic.state import Batch, Inbox, Journal, Outbox, Store

BODY = b"x" * 1024
WINDOW = 256  # messages that are sent and not yet confirmed

Work = Callable[[Path, int], Awaitable[float]]


async def append(folder: Path, n: int) -> float:
    """A file, appended to and synced for each record: the floor under everything that is durable one by one."""
    with open(folder / "log", "wb", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(n):
            file.write(BODY)
            os.fdatasync(file.fileno())
        return time.perf_counter() - begun


async def plain(folder: Path, n: int) -> float:
    """SQLite by itself, a commit for each row."""
    connection = sqlite3.connect(folder / "plain", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE outbox (n INTEGER PRIMARY KEY, body BLOB)")
    begun = time.perf_counter()
    for _ in range(n):
        connection.execute("INSERT INTO outbox (body) VALUES (?)", (BODY,))
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def putting(writers: int) -> Work:
    """Messages put into the outbox."""

    async def work(folder: Path, n: int) -> float:
        async with await Store.open(folder / "store") as store:
            outbox = await Outbox.open(store)

            async def put() -> None:
                await outbox.put("exchange", "key", BODY)

            return await _shared(writers, n, put)

    return work


def appending(writers: int) -> Work:
    """Events appended to the journal, by each writer to its own stream."""

    async def work(folder: Path, n: int) -> float:
        async with await Store.open(folder / "store") as store:
            journal, streams = await Journal.open(store), count()

            async def write() -> None:
                await journal.append(f"stream {next(streams) % writers}", BODY)

            return await _shared(writers, n, write)

    return work


def effects(writers: int) -> Work:
    """Effects that happen once."""

    async def work(folder: Path, n: int) -> float:
        async with await Store.open(folder / "store") as store:
            inbox, keys = await Inbox.open(store), count()
            await store.write(lambda connection: connection.execute("CREATE TABLE effect (body BLOB)"))

            async def effect() -> None:
                batch = Batch(store, inbox=inbox)
                batch.once(f"delivery {next(keys)}")
                batch.execute("INSERT INTO effect VALUES (?)", (BODY,))
                await store.commit(batch)

            return await _shared(writers, n, effect)

    return work


async def through(folder: Path, n: int) -> float:
    """Messages through the outbox, put and, when they are on the disk, confirmed, a window of them at a time."""
    async with await Store.open(folder / "store") as store:
        outbox, begun, last = await Outbox.open(store), time.perf_counter(), None
        for _ in range(0, n, WINDOW):
            puts = [outbox.put("exchange", "key", BODY) for _ in range(WINDOW)]
            last = outbox.confirm([await put for put in puts])
        if last is not None:
            await last
        return time.perf_counter() - begun


ROWS: dict[str, tuple[Work, int]] = {
    "append and fdatasync": (append, 2_000),
    "plain SQLite, a commit for each row": (plain, 2_000),
    "outbox: put, 1 writer": (putting(1), 1_000),
    "outbox: put, 10 writers": (putting(10), 8_000),
    "outbox: put, 100 writers": (putting(100), 20_000),
    "outbox: put and confirmed, window 256": (through, 20_000),
    "journal: append, 100 writers": (appending(100), 20_000),
    "effects once, 100 writers": (effects(100), 20_000),
}
BASE = "plain SQLite, a commit for each row"


async def _shared(writers: int, n: int, write: Callable[[], Awaitable[None]]) -> float:
    """The seconds `writers` take to write `n` records together, each one after another."""
    left = iter(range(n))

    async def one() -> None:
        for _ in left:
            await write()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(writers)))
    return time.perf_counter() - begun


def _measure(folder: Path, work: Work, n: int) -> tuple[float, float]:
    """Records a second, and microseconds of processor time a record; in an empty folder."""
    place = Path(tempfile.mkdtemp(dir=folder))
    try:
        cpu = time.process_time()
        seconds = asyncio.run(_run(work, place, n))
        return n / seconds, (time.process_time() - cpu) / n * 1e6
    finally:
        shutil.rmtree(place)


async def _run(work: Work, place: Path, n: int) -> float:
    return await work(place, n)


def _lines(found: dict[str, list[tuple[float, float]]]) -> Iterator[str]:
    base = median(rate for rate, _ in found[BASE])
    yield "| | records/s | ratio | cpu us |"
    yield "|---|---|---|---|"
    for name, figures in found.items():
        rate, cpu = (median(values) for values in zip(*figures, strict=True))
        yield f"| {name} | {rate:,.0f} | {rate / base:.1f} | {cpu:.1f} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--scale", type=float, default=1.0)
    arguments.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    args = arguments.parse_args()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ROWS}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for _ in range(args.rounds):
            for name, (work, n) in ROWS.items():
                found[name].append(_measure(Path(folder), work, max(WINDOW, int(n * args.scale))))
    print("\n".join(_lines(found)))


if __name__ == "__main__":
    main()
