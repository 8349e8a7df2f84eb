"""A disk that is full, and one that does not sync: the real errors of a real file system."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cybernetic.state import Outbox, Store, StoreFull

ROOT = Path(__file__).parents[3]

FAILING_SYNC = r"""
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_or_fail(long call, int file) {
    const char *broken = getenv("BROKEN_DISK");
    if (broken && access(broken, F_OK) == 0) { errno = EIO; return -1; }
    return syscall(call, file);
}
int fsync(int file) { return sync_or_fail(SYS_fsync, file); }
int fdatasync(int file) { return sync_or_fail(SYS_fdatasync, file); }
"""

WORKER = """
import asyncio, pathlib, sys
from cybernetic.state import Outbox, Store, StoreFailed

async def main(folder):
    store = await Store.open(folder / "store")
    outbox = await Outbox.open(store)
    await outbox.put("", "q", b"before")
    (folder / "broken").touch()
    for _ in range(2):
        try:
            await outbox.put("", "q", b"after")
        except StoreFailed as error:
            print(error)
        else:
            print("acknowledged")
    (folder / "broken").unlink()
    await store.close()

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a file system of one MiB can only be mounted as root")
    yield disk
    subprocess.run(
        ["umount", "--lazy", str(disk)], check=True
    )  # also where a store is open, for the test failed


async def fill(outbox: Outbox) -> list[int]:
    """Put messages, five at a time, until the disk is full; the numbers of those that were acknowledged."""
    kept: list[int] = []
    while True:
        puts = (outbox.put("", "q", b"x" * 5000) for _ in range(5))
        done = await asyncio.gather(*puts, return_exceptions=True)
        kept += [number for number in done if isinstance(number, int)]
        if not isinstance(done[0], int):
            assert [type(error) for error in done] == [StoreFull] * 5
            return kept


async def test_a_full_disk_takes_nothing_loses_nothing_and_is_used_again_when_there_is_space(
    small_disk: Path,
) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 300_000)
    async with await Store.open(small_disk / "store") as store:
        outbox = await Outbox.open(store)
        kept = await fill(outbox)
        assert kept
        assert [message.number for message in await outbox.take(limit=1000)] == kept
        assert outbox.count == len(kept)
    async with await Store.open(small_disk / "store") as store:
        outbox = await Outbox.open(store)
        assert [message.number for message in await outbox.take(limit=1000)] == kept
        kept += await fill(outbox)  # closing has moved the log's content, which made room for some
        (small_disk / "ballast").unlink()
        await outbox.confirm(kept[:3])
        kept = [*kept[3:], await outbox.put("", "q", b"x" * 5000)]
        assert [message.number for message in await outbox.take(limit=1000)] == kept


async def test_a_store_that_has_been_larger_goes_on_within_its_own_space_on_a_full_disk(
    small_disk: Path,
) -> None:
    async with await Store.open(small_disk / "store") as store:
        outbox = await Outbox.open(store)
        for _ in range(4):
            await outbox.confirm(await asyncio.gather(*(outbox.put("", "q", b"x" * 5000) for _ in range(10))))
    async with await Store.open(small_disk / "store") as store:
        outbox = await Outbox.open(store)
        for _ in range(10):  # the log has some length, too
            await outbox.confirm([await outbox.put("", "q", b"x" * 5000)])
        with open(small_disk / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 4096)
        sent = 0
        for _ in range(100):
            try:
                number = await outbox.put("", "q", b"x" * 5000)
                await outbox.confirm([number])
            except StoreFull:
                continue
            sent += 1
        assert sent > 30
        assert outbox.count == len(await outbox.take(limit=1000))


def test_a_disk_that_does_not_sync_ends_the_store_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("a disk that does not sync is imitated with a C compiler, and there is none")
    source, library = tmp_path / "sync.c", tmp_path / "sync.so"
    source.write_text(FAILING_SYNC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    more = {"LD_PRELOAD": str(library), "BROKEN_DISK": str(tmp_path / "broken"), "PYTHONPATH": str(ROOT)}
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, str(tmp_path)], env=os.environ | more, capture_output=True, text=True
    )
    assert worker.returncode == 0, worker.stderr
    lines = worker.stdout.splitlines()
    assert len(lines) == 2
    assert all("expected a disk that writes and syncs" in line and "IOERR_FSYNC" in line for line in lines)
    assert worker.stderr == ""
