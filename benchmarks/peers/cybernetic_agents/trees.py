"""Supervisors of many children: start and stop, all declared, and added one by one."""

from typing import Any

from benchmarks.harness import Bench, now, twice
from benchmarks.peers.cybernetic_agents.row import Row
from cybernetic import Agent, DynamicSupervisor, Ref, Shutdown, Supervisor, System, child


class Leaf(Agent):
    """Does nothing."""


class Tree(Supervisor):
    """Declares `n` children."""

    def __init__(self, n: int) -> None:
        self.n = n

    def children(self) -> Any:
        return [child(Leaf, id=i) for i in range(self.n)]


async def _declared(system: System, n: int) -> Ref[Any]:
    return await system.start(Tree, n, type="temporary")


async def _added(system: System, n: int) -> Ref[Any]:
    supervisor = await system.start(DynamicSupervisor, type="temporary")
    for _ in range(n):
        await supervisor.call(DynamicSupervisor.start_child, child(Leaf))
    return supervisor


def _row(name: str, start: Any, base: int) -> Row:
    async def tree(bench: Bench, system: System) -> None:
        async def once(n: int) -> tuple[float, float]:
            began = now()
            supervisor = await start(system, n)
            started = now() - began
            began = now()
            await supervisor.stop(Shutdown())
            return started, now() - began

        n = bench.n(base, 100)
        started, stopped = await twice(n, once)
        bench.emit(name, "start", started * 1e3, "ms", n)
        bench.emit(name, "stop", stopped * 1e3, "ms", n)

    return tree


ROWS = (
    _row("g_tree_10k", _declared, 10_000),
    _row("g_tree_100k", _declared, 100_000),
    _row("g_dynamic_10k", _added, 10_000),
    _row("g_dynamic_100k", _added, 100_000),
)
