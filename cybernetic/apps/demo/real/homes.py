"""Where the divisions of the company live: on nodes, or in programs of their own, met over a broker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from cybernetic.apps.broker import broker_at
from cybernetic.apps.demo.real.abroad import BEATS
from cybernetic.apps.demo.real.company import DIVISIONS, NAME, Acme, Merchants
from cybernetic.gateways import Post
from cybernetic.nodes import System
from cybernetic.runtime import Agent
from cybernetic.supervision import Backoff, Supervisor, child
from cybernetic.vsm import junction_of

WATCH = 0.1  # seconds between two looks at a program
PROGRAM = "cybernetic.apps.demo.real.abroad"


class Homes(Protocol):
    """Where divisions live, and how one is killed."""

    where: str

    async def check(self) -> None:
        """Whether there is what it needs. Raises `BrokerError` where not."""

    async def begin(self, system: System) -> Any:
        """Start the company; its address."""

    def processes(self, system: System) -> Mapping[str, tuple[str, int]]:
        """By division: what its home is called, and the process; without those that are away."""


class OnNodes:
    """Divisions on the nodes of one system, a node for each as far as there are enough; else they share."""

    def __init__(self, count: int) -> None:
        self._homes = {id: f"worker-{1 + n % count}" for n, id in enumerate(DIVISIONS)}
        self.where = f"{min(count, len(DIVISIONS))} nodes, each a process of its own"

    async def check(self) -> None:
        """It needs nothing."""

    async def begin(self, system: System) -> Any:
        """The company, spread."""
        return await system.start(Acme, dict(self._homes), name=NAME)

    def processes(self, system: System) -> Mapping[str, tuple[str, int]]:
        """As the system knows its nodes."""
        pids = {node.name: node.pid for node in system.nodes if node.pid is not None}
        return {id: (node, pids[node]) for id, node in self._homes.items() if node in pids}


class OverBroker:
    """Divisions in programs of their own; what passes between the levels goes over AMQP.

    Args:
        url: the broker.
        folder: for stores.
    """

    def __init__(self, url: str, folder: str) -> None:
        self._url, self._folder = url, folder
        self._pids: dict[str, int] = {}
        self.where = "programs of their own, met over AMQP"

    async def check(self) -> None:
        """Whether the broker answers."""
        session = await broker_at(self._url).connect()
        await session.close()

    async def begin(self, system: System) -> Any:
        """The programs, the way to them, and the company."""
        await system.start(partial(Programs, Given(self._url, self._folder), self._pids))
        broker, painful = broker_at(self._url), broker_at(self._url)
        peers = {f"{NAME}/{id}": junction_of(f"{NAME}/{id}") for id in DIVISIONS}
        await system.start(partial(Post, broker, painful, self._folder, NAME, peers, *BEATS))
        return await system.start(Merchants, name=NAME)

    def processes(self, system: System) -> Mapping[str, tuple[str, int]]:
        """As the programs were started."""
        return {id: ("a program", pid) for id, pid in self._pids.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """What a program is told: the broker (which may hold a password, so that no report shows it), and a folder."""

    url: str = field(repr=False)
    folder: str


class Programs(Supervisor):
    """Keeps the programs of the divisions running."""

    max_restarts = 1000

    def __init__(self, given: Given, pids: dict[str, int]) -> None:
        self._given = given, pids

    def children(self) -> list[Any]:
        """One each."""
        again = Backoff(0.5, 5.0)
        return [child(Program, id, *self._given, id=id, backoff=again) for id in DIVISIONS]


class Program(Agent):
    """A program that runs: this agent ends when that does, and the program with it.

    Args:
        division: which.
        given: what it is told; the broker on its standard input, which no list of processes shows.
        pids: where its process is noted.
    """

    def __init__(self, division: str, given: Given, pids: dict[str, int]) -> None:
        self._division, self._given, self._pids = division, given, pids

    def setup(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", PROGRAM, self._division, self._given.folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._given.url}\n")
        self._process.stdin.flush()
        self._pids[self._division] = self._process.pid
        self.ref.every(WATCH).cast(Program.look)

    def look(self) -> None:
        """Whether it runs."""
        if self._process.poll() is not None:
            self._pids.pop(self._division, None)
            raise ChildProcessError(f"{self._division} has ended with {self._process.returncode}")

    async def terminate(self, reason: Any) -> None:
        """End it, and wait for its end."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                await asyncio.to_thread(self._process.wait, 5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def kill(pid: int) -> bool:
    """`kill -9`; whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
