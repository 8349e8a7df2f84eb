"""Replicas on nodes that are processes: one is killed and catches up, and nothing acknowledged is lost."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from cybernetic import CallError, System
from cybernetic.core import attach
from cybernetic.nodes import NodeLost
from tests.integration.state.household import NODES, Clerk, Household, Writer


def writer(system: Any, node: str) -> Any:
    """The writer of a node."""
    return system.named(f"writer.{node}", Writer)


async def elements(system: Any, node: str) -> set[int] | None:
    """What the replica of a node has; None where it does not answer."""
    try:
        return set(await writer(system, node).within(2).call(Writer.elements))
    except CallError:
        return None


async def until_all_have(system: Any, wanted: set[int], seconds: float) -> None:
    """Until the replicas of all nodes have what is wanted, and the same."""
    async with asyncio.timeout(seconds):
        while True:
            found = [await elements(system, node) for node in NODES]
            if found[0] is not None and wanted <= found[0] and all(one == found[0] for one in found):
                return
            await asyncio.sleep(0.05)


async def test_a_node_that_is_killed_catches_up_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    async with System(nodes=2) as system:
        await system.start(Household, str(tmp_path))
        for n, node in enumerate(NODES):
            await writer(system, node).call(Writer.begin, n * 10**6)
        await asyncio.sleep(1.0)
        victim = next(node for node in system.nodes if node.name == "worker-1")
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        await asyncio.sleep(1.0)
        for node in ("main", "worker-2"):
            await writer(system, node).call(Writer.end)
        await asyncio.sleep(0.2)
        noted = set(await system.named("clerk", Clerk).call(Clerk.all))
        assert len([n for n in noted if 10**6 <= n < 2 * 10**6]) > 20
        await until_all_have(system, noted, 15)
        status = await writer(system, "worker-1").call(Writer.status)
        assert status.starts == 2


async def test_a_node_that_stood_still_is_the_same_two_seconds_after_it_goes_on(tmp_path: Path) -> None:
    async with System(nodes=2, node_dead_after=20.0) as system:
        await system.start(Household, str(tmp_path))
        await asyncio.sleep(1.0)
        still = next(node for node in system.nodes if node.name == "worker-1")
        assert still.pid is not None
        for n, node in enumerate(NODES):
            await writer(system, node).call(Writer.begin, n * 10**6)
        await asyncio.sleep(0.5)
        os.kill(still.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(4.0)
        finally:
            os.kill(still.pid, signal.SIGCONT)
        for node in NODES:
            await writer(system, node).call(Writer.end)
        await asyncio.sleep(0.1)
        noted = set(await system.named("clerk", Clerk).call(Clerk.all))
        await until_all_have(system, noted, 2)


async def test_nobody_is_thought_dead_because_a_replica_is_joining(tmp_path: Path) -> None:
    lost: list[Any] = []
    detach = attach(NodeLost, lost.append)
    async with System(nodes=2, lag_after=0.5, node_dead_after=2.0) as system:
        await system.start(Household, str(tmp_path))
        for first in range(0, 40_000, 5_000):
            await writer(system, "worker-1").within(20).call(Writer.fill, first, 5_000)
        await until_all_have(system, set(range(40_000)), 25)
        assert not lost
    detach()
