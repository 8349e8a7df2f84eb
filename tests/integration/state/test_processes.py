"""Replicas on nodes that are processes: one is killed and catches up, and nothing acknowledged is lost."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from cybernetic import CallError, System
from cybernetic.core import attach
from cybernetic.nodes import NodeLost
from tests.integration.state.household import NODES, Clerk, Household, Writer
from tests.integration.state.pace import slowness

TRIALS = 3  # for a machine that stands still itself now and then


def writer(system: Any, node: str) -> Any:
    """The writer of a node."""
    return system.named(f"writer.{node}", Writer).within(60)


async def elements(system: Any, node: str) -> set[int] | None:
    """What the replica of a node has; None where it does not answer."""
    try:
        return set(await writer(system, node).within(2).call(Writer.elements))
    except CallError:
        return None


async def noted(system: Any) -> set[int]:
    """What was acknowledged, as far as the clerk has heard."""
    return set(await system.named("clerk", Clerk).within(60).call(Clerk.all))


async def until_all_have(system: Any, wanted: set[int]) -> None:
    """Until the replicas of all nodes have what is wanted, and the same."""
    async with asyncio.timeout(60):
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
        while len([n for n in await noted(system) if 10**6 <= n < 2 * 10**6]) <= 20:
            await asyncio.sleep(0.05)
        victim = next(node for node in system.nodes if node.name == "worker-1")
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        await asyncio.sleep(1.0)
        for node in ("main", "worker-2"):
            await writer(system, node).call(Writer.end)
        await asyncio.sleep(0.2)
        await until_all_have(system, await noted(system))
        status = await writer(system, "worker-1").call(Writer.status)
        assert status.starts == 2


async def stood_still(system: Any, pid: int, first: int) -> float:
    """Have all write while one stands still for four seconds; how long after it all are the same."""
    for n, node in enumerate(NODES):
        await writer(system, node).call(Writer.begin, first + n * 10**6)
    await asyncio.sleep(0.5)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(4.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    for node in NODES:
        await writer(system, node).call(Writer.end)
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await until_all_have(system, await noted(system))
    return time.monotonic() - begun


async def test_a_node_that_stood_still_is_the_same_two_seconds_after_it_goes_on(tmp_path: Path) -> None:
    async with System(nodes=2, node_dead_after=20.0) as system:
        await system.start(Household, str(tmp_path))
        await asyncio.sleep(1.0)
        still = next(node for node in system.nodes if node.name == "worker-1")
        assert still.pid is not None
        for trial in range(TRIALS):
            if await stood_still(system, still.pid, trial * 10**5) < 2.0 * slowness():
                return
        raise AssertionError("expected all replicas to be the same within 2 s")


async def lost_while_joining(folder: Path) -> list[Any]:
    """What nodes are thought dead while a replica that has much joins the others."""
    folder.mkdir()
    lost: list[Any] = []
    detach = attach(NodeLost, lost.append)
    try:
        async with System(nodes=2, lag_after=0.5, node_dead_after=2.0 * slowness()) as system:
            await system.start(Household, str(folder))
            for first in range(0, 40_000, 5_000):
                await writer(system, "worker-1").call(Writer.fill, first, 5_000)
            await until_all_have(system, set(range(40_000)))
            return list(lost)
    finally:
        detach()


async def test_nobody_is_thought_dead_because_a_replica_is_joining(tmp_path: Path) -> None:
    for trial in range(TRIALS):
        lost = await lost_while_joining(tmp_path / f"{trial}")
        if not lost:
            return
    raise AssertionError(f"expected every node to be heard of within 2 s, lost: {lost}")
