"""A TaskGroup as a crude supervisor: start many children, then cancel the group."""

import asyncio

from benchmarks.harness import Bench, Row, now, twice


class Tree:
    """A group of `n` children; `up` is set when all of them run."""

    def __init__(self, n: int) -> None:
        self.n, self.left, self.up = n, n, asyncio.Event()

    async def child(self) -> None:
        self.left -= 1
        if not self.left:
            self.up.set()
        await asyncio.Queue[None]().get()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self.n):
                group.create_task(self.child())


async def _tree(n: int) -> tuple[float, float]:
    """Seconds to start and to stop `n` children."""
    tree = Tree(n)
    began = now()
    task = asyncio.create_task(tree.run())
    await tree.up.wait()
    started = now() - began
    began = now()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return started, now() - began


def _row(name: str, base: int) -> Row:
    async def tree(bench: Bench) -> None:
        n = bench.n(base, 100)
        started, stopped = await twice(n, _tree)
        bench.emit(name, "start", started * 1e3, "ms", n)
        bench.emit(name, "stop", stopped * 1e3, "ms", n)

    return tree


ROWS = (_row("g_tree_10k", 10_000), _row("g_tree_100k", 100_000))
