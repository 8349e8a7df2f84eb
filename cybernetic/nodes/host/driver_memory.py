"""Nodes without processes: each node's program is a task of the same event loop, on its time."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cybernetic.core import OptionError
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.driver_program import Context, find
from cybernetic.nodes.host.port import BY_ITSELF, ON_REQUEST, News, NodeEnded, NodeOrder, NodeUp

CLOSE_SECONDS = 2.0  # before those that do not end are ended by force
KILL_SECONDS = 1.0  # before a task that will not be cancelled is given up

Key = tuple[str, int]


class MemoryHost:
    """Fulfils `Host` in one process. Limits cannot be held there: an order with one is refused by `NodeEnded`."""

    in_memory = True

    def __init__(self) -> None:
        self._told: Callable[[News], object] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._nodes: dict[Key, tuple[asyncio.Task[None], Context]] = {}
        self._killed: set[Key] = set()

    @property
    def directory(self) -> Path:
        """The run's own directory. Raises `HostFailed` when it is not open."""
        if self._scratch is None:
            raise HostFailed("expected a host that is open, got: one that is not")
        return Path(self._scratch.name)

    async def open(self, told: Callable[[News], object]) -> None:
        """Begin. Raises `HostFailed` if it is open."""
        if self._told is not None:
            raise HostFailed("expected a host that is closed, got: one that is open")
        self._told, self._scratch = told, tempfile.TemporaryDirectory(prefix="cybernetic-")

    def create(self, order: NodeOrder) -> None:
        """Start the program. Raises `OptionError` for a node that runs, `HostFailed` when not open."""
        key = (order.name, order.incarnation)
        if key in self._nodes:
            raise OptionError(
                "order", "a node that does not run", f"{order.name}, incarnation {order.incarnation}"
            )
        context = Context(*key, order.settings, self.directory, lambda address: self._up(key, address))
        task = asyncio.get_running_loop().create_task(_run(order, context))
        self._nodes[key] = task, context
        task.add_done_callback(lambda task: self._ended(key, task, _how(task, key in self._killed)))

    def end(self, name: str, incarnation: int) -> None:
        """Ask a node to end."""
        if node := self._nodes.get((name, incarnation)):
            node[1].ending.set()

    def kill(self, name: str, incarnation: int) -> None:
        """Cancel a node; one that will not be cancelled is given up after a second."""
        key = (name, incarnation)
        if node := self._nodes.get(key):
            self._killed.add(key)
            node[0].cancel()
            how = "it was killed on request, though its task goes on"
            asyncio.get_running_loop().call_later(KILL_SECONDS, self._ended, key, node[0], how)

    async def close(self) -> None:
        """End all nodes, those that do not within 2 seconds by force."""
        if self._scratch is None:
            return
        for _, context in self._nodes.values():
            context.ending.set()
        await self._none_left(CLOSE_SECONDS)
        for name, incarnation in list(self._nodes):
            self.kill(name, incarnation)
        await self._none_left(2 * KILL_SECONDS)
        self._scratch.cleanup()
        self._told = self._scratch = None

    async def _none_left(self, seconds: float) -> None:
        tasks = [task for task, _ in self._nodes.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
            await asyncio.sleep(0)  # their callbacks run just after

    def _up(self, key: Key, address: str) -> None:
        if key in self._nodes and self._told is not None:
            self._told(NodeUp(*key, os.getpid(), address))

    def _ended(self, key: Key, task: "asyncio.Task[None]", how: str) -> None:
        """Tell of an end once; `task` may have been given up before, and its name be another's by now."""
        node = self._nodes.get(key)
        if node is not None and node[0] is task and self._told is not None:
            del self._nodes[key]
            self._killed.discard(key)
            self._told(NodeEnded(*key, how))


async def _run(order: NodeOrder, context: Context) -> None:
    limits = order.limits
    offered = (limits.address_space, limits.cpu_seconds, limits.memory, limits.cpus)
    if any(limit is not None for limit in offered):
        raise HostFailed("limits of a process are not offered in memory")
    await find(order.program)(context)


def _how(task: "asyncio.Task[None]", killed: bool) -> str:
    if killed:
        return ON_REQUEST
    if task.cancelled():
        return "it was cancelled"
    error = task.exception()
    return BY_ITSELF if error is None else f"its program failed: {type(error).__name__}: {error}"
