"""Replicas in two processes that meet over a broker only: they converge, also after it was away."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cybernetic.runtime import LocalSystem
from cybernetic.state import Replica
from tests.architecture.tree import ROOT
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.replicas import add, replica
from tests.support import run_real


class Other:
    """The replica in the other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    async def ask(self, order: str) -> set[int]:
        """Give an order; what it has then."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return set(map(int, (await asyncio.to_thread(self.line)).split()))


@contextmanager
def other(rabbit: RabbitMQ, file: Path) -> Iterator[Other]:
    command = [sys.executable, "-m", "tests.integration.gateways.replicas", rabbit.url, str(file)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        try:
            yield Other(process)
        finally:
            process.kill()


async def agree(mine: Any, there: Other, wanted: set[int], seconds: float) -> float:
    """Wait until both have what is wanted, and nothing else; how long that took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await there.ask("all") == set(await mine.call(Replica.value)) == wanted:
            await asyncio.sleep(0.05)
    return time.monotonic() - begun


def test_replicas_in_two_processes_converge_over_a_broker_also_after_it_was_stopped(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    async def test() -> None:
        async with LocalSystem() as system:
            mine = await replica(system, rabbit.url, str(tmp_path / "mine"))
            assert await asyncio.to_thread(there.line) == "ready\n"
            await mine.call(Replica.change, add, *range(500))
            await there.ask("add 1000 1001")
            await agree(mine, there, {*range(500), 1000, 1001}, 10)
            await mine.call(Replica.change, add, 2000)
            await agree(mine, there, {*range(500), 1000, 1001, 2000}, 2)
            await asyncio.to_thread(rabbit.kill9)
            await mine.call(Replica.change, add, 3000)
            assert 4000 in await there.ask("add 4000")
            await asyncio.sleep(2)
            assert 3000 not in await there.ask("all")
            await asyncio.to_thread(rabbit.start)
            await agree(mine, there, {*range(500), 1000, 1001, 2000, 3000, 4000}, 15)

    with other(rabbit, tmp_path / "other") as there:
        run_real(test())
