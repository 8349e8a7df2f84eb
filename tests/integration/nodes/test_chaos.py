"""Nodes killed at random under a fleet of agents while clients call: it comes back, and nothing is left over."""

import asyncio
import contextlib
import os
import signal
import tempfile
from pathlib import Path
from time import sleep, time
from typing import Any

import pytest

from cybernetic import Supervisor, System
from cybernetic.core import Chance
from tests import support
from tests.integration.nodes.fleet import AGENTS, Client, Fleet
from tests.integration.nodes.watch import GONE, all_listening, command, listening, port
from tests.support import SEED, soak

SECONDS = soak(20, 60)
BETWEEN = 2.0
CLIENTS = 4


def test_nodes_are_killed_and_the_fleet_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "REAL_SECONDS", SECONDS + 180.0)
    monkeypatch.setattr(tempfile, "tempdir", None)
    with tempfile.TemporaryDirectory(prefix="cy", ignore_cleanup_errors=True) as scratch:
        for variable in (
            "XDG_RUNTIME_DIR",
            "TMPDIR",
        ):  # of this run alone: what is there, or says so, is ours
            monkeypatch.setenv(variable, scratch)
        seen = Seen(Path(scratch))
        support.run_real(_chaos(seen))
        assert len(seen.ports) > 3
        assert len(seen.files) > 3
        until = time() + GONE
        while seen.left() and time() < until:
            sleep(0.05)
        assert seen.left() == []


class Seen:
    """What a run has had of the machine: its processes, the ports they listen on, its files.

    Attributes:
        ports: inode of each TCP socket that has listened, to its address in hexadecimal.
        files: the paths that were there.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch, self.ports, self.files = scratch, dict[str, str](), set[Path]()

    def look(self) -> None:
        """Note what there is now."""
        with contextlib.suppress(OSError):  # of a process that ends meanwhile
            self.ports |= listening(self._processes())
        self.files.update(self._files())

    def left(self) -> list[str]:
        """What is still there of it."""
        now = all_listening()
        return [
            *(f"process {pid}: {command(pid)!r}" for pid in self._processes()),
            *(f"port {port(at)}" for inode, at in self.ports.items() if inode in now),
            *(f"file {path}" for path in self._files()),
        ]

    def _processes(self) -> list[int]:
        """Those whose environment names the run's scratch directory, whoever their parent is by now."""
        mark, found = f"={self._scratch}".encode(), list[int]()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
        return found

    def _files(self) -> list[Path]:
        """All but the base of runs, and the lock in it."""
        base = self._scratch / "cybernetic"
        return [path for path in self._scratch.rglob("*") if path not in (base, base / ".lock")]


async def _chaos(seen: Seen) -> None:
    chance = Chance(SEED).stream("kills")
    async with System(nodes=3, capabilities={"work": True}, watchdog=None) as system:
        fleet = await system.start(Fleet)
        clients = [await system.start(Client, f"client-{n}") for n in range(CLIENTS)]
        kills, tries = 0, round(SECONDS / BETWEEN)
        for _ in range(tries):
            await asyncio.sleep(BETWEEN)
            seen.look()
            pids = [node.pid for node in system.nodes if node.pid is not None]
            if pids:
                os.kill(chance.choice(pids), signal.SIGKILL)
                kills += 1
        await asyncio.sleep(BETWEEN)  # until the last one is noticed
        await _whole(system, fleet)
        for client in clients:
            await client.call(Client.halt)
        wrong = [text for client in clients for text in await client.within(100).call(Client.settle)]
        accounts = [await client.call(Client.account) for client in clients]
        children = await fleet.call(Supervisor.which_children)
        assert wrong == []
        assert kills >= tries / 2  # it takes a busy machine longer to make a node than to kill it
        assert {info.id for info in children} == set(range(AGENTS))
        assert all(info.ref not in (None, "restarting") for info in children)
        assert {info.ref.node for info in children} <= {"worker-1", "worker-2", "worker-3"}
        assert sum(answered for answered, _, _ in accounts) > 200
        told = {kind for _, failed, _ in accounts for kind in failed}
        assert told <= {
            "CallFailed NoConnection",
            "CallFailed NoProc",
            "CallTimeout NoneType",
        }, accounts


async def _whole(system: System, fleet: Any) -> None:
    """Wait until every node is there and every agent runs."""
    while True:
        counts = await fleet.within(30).call(Supervisor.count_children)
        if counts.active == AGENTS and len([node for node in system.nodes if node.pid is not None]) == 3:
            return
        await asyncio.sleep(0.1)
