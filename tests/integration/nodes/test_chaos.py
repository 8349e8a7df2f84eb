"""Nodes killed at random under a fleet of agents while clients call."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from cybernetic import Supervisor, System
from cybernetic.core import Chance
from tests.integration.nodes.fleet import AGENTS, Client, Fleet
from tests.support import SEED, soak

SECONDS = soak(20, 60)
BETWEEN = 2.0
CLIENTS = 4


async def test_nodes_are_killed_and_the_fleet_comes_back() -> None:
    before = _below()
    async with asyncio.timeout(SECONDS + 60):
        await _chaos(None)
    assert _below() <= before


async def _chaos(host: Any) -> None:
    chance = Chance(SEED).stream("kills")
    async with System(nodes=3, capabilities={"work": True}, host_port=host, watchdog=None) as system:
        fleet = await system.start(Fleet)
        clients = [await system.start(Client, f"client-{n}") for n in range(CLIENTS)]
        until = asyncio.get_running_loop().time() + SECONDS
        kills = 0
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(BETWEEN)
            pids = [node.pid for node in system.nodes if node.pid is not None]
            if pids:
                os.kill(chance.choice(pids), signal.SIGKILL)
                kills += 1
        await asyncio.sleep(BETWEEN)  # until the last one is noticed
        await _whole(system, fleet)
        for client in clients:
            await client.call(Client.halt)
        wrong = [text for client in clients for text in await client.within(30).call(Client.settle)]
        accounts = [await client.call(Client.account) for client in clients]
        children = await fleet.call(Supervisor.which_children)
        assert wrong == []
        assert kills >= SECONDS / BETWEEN - 3
        assert {info.id for info in children} == set(range(AGENTS))
        assert all(info.ref not in (None, "restarting") for info in children)
        assert {info.ref.node for info in children} <= {"worker-1", "worker-2", "worker-3"}
        assert sum(answered for answered, _, _ in accounts) > 1000
        told = {kind for _, failed, _ in accounts for kind in failed}
        assert told <= {
            "CallFailed NoConnection",
            "CallFailed NoProc",
            "CallTimeout NoneType",
        }, accounts


def _below() -> set[int]:
    """The processes below this one."""
    made_by: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                made_by.setdefault(int(fields[1]), []).append(int(entry.name))
    found, ahead = set[int](), [os.getpid()]
    while ahead:
        children = made_by.get(ahead.pop(), [])
        found.update(children)
        ahead += children
    return found


async def _whole(system: System, fleet: Any) -> None:
    """Wait until every node is there and every agent runs."""
    while True:
        counts = await fleet.within(30).call(Supervisor.count_children)
        if counts.active == AGENTS and len([node for node in system.nodes if node.pid is not None]) == 3:
            return
        await asyncio.sleep(0.1)
