"""What makes the nodes is killed itself: everything comes back, and nothing is left over."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Supervisor, System, child
from tests.integration.nodes.isolated import Wild
from tests.integration.nodes.watch import PATIENCE, gone, over


class Pair(Supervisor):
    """One agent on each node, one in a process of its own."""

    max_restarts = 20

    def children(self) -> Any:
        return [
            child(Wild, id="one", name="one", node="worker-1"),
            child(Wild, id="two", name="two", node="worker-2"),
            child(Wild, id="alone", name="alone", isolate=True),
        ]


def _children(parent: int) -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _parent(entry) == parent
    ]


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize("victim", ["warden", "admin"])
async def test_the_nodes_come_back_when_what_makes_them_was_killed(victim: str) -> None:
    before = set(_children(os.getpid()))
    async with System(nodes=2) as system:
        pair = await system.start(Pair)
        pids = {name: await system.named(name, Wild).call(Wild.pid) for name in ("one", "two", "alone")}
        (warden,) = set(_children(os.getpid())) - before
        os.kill(warden if victim == "warden" else _children(warden)[0], signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            for name, pid in pids.items():
                while True:
                    try:
                        if await system.named(name, Wild).within(1).call(Wild.pid) != pid:
                            break
                    except Exception:
                        await asyncio.sleep(0.05)
        assert system.alive(pair)
        assert sorted(node.name for node in system.nodes if node.kind == "node") == [
            "main",
            "worker-1",
            "worker-2",
        ]
    assert set(_children(os.getpid())) <= before
    await gone(lambda: [pid for pid in pids.values() if not over(pid)])
