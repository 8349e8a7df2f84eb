"""Workload j: how long a node takes to be there, what it weighs, and what follows its death."""

import asyncio
import os
import signal

from benchmarks.harness import BODY, Bench, now
from benchmarks.peers.cybernetic_nodes.agents import NODE, RECEIVER, Receiver, Watcher
from benchmarks.peers.cybernetic_nodes.messages import two_nodes
from benchmarks.peers.cybernetic_nodes.processes import memory_below
from cybernetic import CyberneticError, Ref, System

LOOK = 0.0005  # seconds between two looks for the new agent
PATIENCE = 30.0  # seconds until it must be there


async def start_1(bench: Bench) -> None:
    await _started(bench, "j_start_1", 1)


async def start_4(bench: Bench) -> None:
    await _started(bench, "j_start_4", 4)


async def _started(bench: Bench, row: str, nodes: int) -> None:
    times = bench.n(5, 1)
    took = []
    for _ in range(times + 1):
        began = now()
        async with System(nodes=nodes):
            took.append(now() - began)
    bench.emit(row, "start", sorted(took[1:])[times // 2] * 1e3, "ms", times)  # the first one warms up


async def memory(bench: Bench) -> None:
    async with two_nodes() as (system, receiver):
        await receiver.call(Receiver.ping, BODY)
        each = memory_below()
        node = each[_pid(system)]
        everything = sum(each.values())
        bench.emit("j_memory", "node", node, "B", 1)
        bench.emit("j_memory", "helpers", everything - node, "B", len(each) - 1)
        bench.emit("j_memory", "set", everything, "B", len(each))


async def kill(bench: Bench) -> None:
    """A new system each time: a node that is lost again and again is made anew ever later."""
    deaths = [await _killed() for _ in range(bench.n(10, 3))]
    bench.latency("j_down", [down for down, _ in deaths])
    bench.latency("j_restart", [restart for _, restart in deaths])


async def _killed() -> tuple[float, float]:
    """Seconds from the death of a node to what a watcher is told, and to the answer of the agent made anew."""
    async with two_nodes() as (system, receiver):
        told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        await system.start(Watcher, receiver, told)
        await receiver.call(Receiver.ping, BODY)  # an answer shows that the node is there and has its agent
        began = now()
        os.kill(_pid(system), signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            await _answering(system, receiver)
            answered = now()
            return await told - began, answered - began


async def _answering(system: System, old: Ref[Receiver]) -> None:
    """Wait until a receiver has taken the place of `old` and has answered."""
    while True:
        new = system.whereis(RECEIVER, Receiver)
        if new is not None and new != old:
            try:
                await new.call(Receiver.ping, BODY)
                return
            except CyberneticError:
                pass
        await asyncio.sleep(LOOK)


def _pid(system: System) -> int:
    """The process of the other node. Raises `LookupError`."""
    for node in system.nodes:
        if node.name == NODE and node.pid is not None:
            return node.pid
    raise LookupError(f"expected a node {NODE!r} with a process, got {system.nodes}")


ROWS = (start_1, start_4, memory, kill)
