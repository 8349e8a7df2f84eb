"""A replica here, and one in another process, that meet over a broker only."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from cybernetic.runtime import LocalSystem
from cybernetic.state import Replica
from tests.architecture.tree import ROOT
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.replicas import replica


class Other:
    """The replica in the other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        """What it says next."""
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
    """The other process, which is killed in the end."""
    command = [sys.executable, "-m", "tests.integration.gateways.replicas", rabbit.url, str(file)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    with process:
        try:
            yield Other(process)
        finally:
            process.kill()


async def agree(mine: Any, there: Other, wanted: set[int]) -> None:
    """Wait until both have what is wanted, and nothing else."""
    async with asyncio.timeout(60):
        while not await there.ask("all") == set(await mine.call(Replica.value)) == wanted:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def pair(rabbit: RabbitMQ, folder: Path) -> AsyncIterator[tuple[Any, Other]]:
    """Both, running."""
    with other(rabbit, folder / "other replica") as there:
        async with LocalSystem() as system:
            mine = await replica(system, rabbit.url, str(folder / "my replica"))
            assert await asyncio.to_thread(there.line) == "ready\n"
            yield mine, there
