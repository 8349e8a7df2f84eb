"""A process that is killed at any instant: what the books answered is there, and the log has no gap."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cybernetic.vsm.books.books import Books
from tests.support import soak
from tests.vsm.books.shelf import opened

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("worker.py")


def killed(folder: Path, lines: int) -> dict[str, list[int]]:
    """Let it work until it has told `lines` answers, kill it, and return the last ones it told."""
    worker = subprocess.Popen(
        [sys.executable, str(WORKER), str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert worker.stdout is not None
    told = [worker.stdout.readline() for _ in range(lines)]
    worker.send_signal(signal.SIGKILL)
    told += worker.stdout.read().splitlines()
    worker.stdout.close()
    assert worker.wait() == -signal.SIGKILL
    last: dict[str, list[int]] = {}
    for line in told:
        writer, n, number = line.decode().rsplit(" ", 2)
        last[writer] = [int(n), int(number)]
    return last


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    before = 0
    for round in range(soak(2, 30)):
        last = killed(tmp_path, 300 + 37 * round)
        async with opened(tmp_path) as books:
            extent = await books.call(Books.extent)
            found = []
            while entries := await books.call(Books.entries, found[-1].number if found else 0, None, 1000):
                found += entries
            assert [one.number for one in found] == list(range(extent.first, extent.last + 1))
            assert extent.last >= max(number for _, number in last.values()) > before
            for writer, (n, number) in last.items():
                assert await books.call(Books.load, writer) in (n, n + 1)
                assert [one.body for one in found if one.number == number] == [(writer, n)]
        before = extent.last
