"""A process that is killed at any instant: what was acknowledged is there, and nothing is half done."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cybernetic.state import Inbox, Journal, Outbox, Store, StoreInUse
from tests.support import SEED, soak

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("worker.py")

Lines = dict[str, set[int]]


def start(store: Path, first: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(WORKER), str(store), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})


def killed(worker: "subprocess.Popen[bytes]", lines: int, seconds: float) -> Lines:
    """Let it work until so many lines and for some time more, kill it, and return what it acknowledged."""
    assert worker.stdout is not None
    text = b"".join(worker.stdout.readline() for _ in range(lines))
    time.sleep(seconds)
    worker.send_signal(signal.SIGKILL)
    text += worker.stdout.read()
    worker.stdout.close()
    assert worker.wait() == -signal.SIGKILL
    said: Lines = {"effect": set(), "confirmed": set()}
    for line in text.decode().splitlines():
        what, _, number = line.partition(" ")
        said[what].add(int(number))
    return said


async def everything(store: Store) -> tuple[set[int], set[int], set[int], set[int]]:
    """The numbers whose effect, whose key with its result, whose event, and whose message are in the store."""
    effects = await store.read(lambda connection: {n for (n,) in connection.execute("SELECT n FROM effect")})
    inbox, journal, outbox = await Inbox.open(store), await Journal.open(store), await Outbox.open(store)
    keys = {n for n in effects if await inbox.seen(str(n)) == b"%d" % n}
    assert inbox.count == len(keys)
    events: set[int] = set()
    for stream in await journal.streams():
        events |= {int(noted.event) for noted in await journal.read(stream.name, limit=10**6)}
    waiting = await outbox.take(limit=10**6)
    assert [m.number for m in waiting] == sorted({m.number for m in waiting})
    return effects, keys, events, {int(message.body) for message in waiting}


async def reopened(path: Path) -> tuple[set[int], set[int], set[int], set[int]]:
    async with await Store.open(path) as store:
        return await everything(store)


def test_what_was_acknowledged_survives_kill_9_and_nothing_is_half_done(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    first, acknowledged, confirmed = 1, set[int](), set[int]()
    points = [(chance.randrange(1, 200), chance.uniform(0.0, 0.3)) for _ in range(soak(6, 50))]
    for lines, seconds in points:
        said = killed(start(tmp_path / "store", first), lines, seconds)
        acknowledged |= said["effect"]
        confirmed |= said["confirmed"]
        effects, keys, events, waiting = asyncio.run(reopened(tmp_path / "store"))
        assert acknowledged <= effects == keys
        trimmed = {n for n in effects if n % 3 == 0}
        assert effects - trimmed <= events <= effects
        assert not waiting & confirmed
        assert waiting <= effects
        assert all(n % 2 for n in effects - waiting)
        first = max(effects) + 1
    # of each number at most two lines: of its effect and of its confirm
    assert len(acknowledged) >= sum(lines for lines, _ in points) / 2


async def test_the_store_of_a_process_is_refused_to_another_until_it_dies(tmp_path: Path) -> None:
    worker = start(tmp_path / "store", 1)
    assert worker.stdout is not None
    worker.stdout.readline()
    try:
        with pytest.raises(StoreInUse, match=f"process {worker.pid}"):
            await Store.open(tmp_path / "store")
    finally:
        killed(worker, 0, 0.0)
    await (await Store.open(tmp_path / "store")).close()


async def test_a_forked_child_that_still_has_the_descriptors_does_not_hold_the_store(
    tmp_path: Path,
) -> None:
    """As it is for a moment after the fork, before it has let go."""
    store = await Store.open(tmp_path / "store")
    lock = store._lock
    held = [os.dup(lock._file), os.dup(lock._itself)]  # the same open files, as a child has them
    await store.close()
    await (await Store.open(tmp_path / "store")).close()
    for file in held:
        os.close(file)


async def test_a_forked_child_that_lives_on_does_not_hold_the_store(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "store")
    end, begin = os.pipe()
    child = os.fork()
    if not child:
        os.read(end, 1)
        os._exit(0)
    await store.close()
    try:
        await (await Store.open(tmp_path / "store")).close()
    finally:
        os.write(begin, b".")
        os.waitpid(child, 0)
        os.close(end)
        os.close(begin)
