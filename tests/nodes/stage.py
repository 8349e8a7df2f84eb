"""One program on one node or on several: where its agents run is a parameter, what they do is not."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cybernetic import Agent, DynamicSupervisor, Ref, System, child
from cybernetic.nodes import worker
from cybernetic.nodes.host.port import HostEnded, News, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.link import network

ONE, TWO = "one node", "two nodes"
WHERES = (ONE, TWO)
FAR = "worker-1"


class Context:
    """What a node's program gets."""

    def __init__(self, told: Any, order: NodeOrder) -> None:
        self.name, self.incarnation, self.settings = order.name, order.incarnation, order.settings
        self.directory, self.ending, self._told = Path("/nowhere"), asyncio.Event(), told

    def ready(self, address: str) -> None:
        self._told(NodeUp(self.name, self.incarnation, os.getpid(), address))


class MemoryHost:
    """Runs each node's program as a task."""

    in_memory = True
    directory = Path("/nowhere")

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, int], tuple[asyncio.Task[None], Context]] = {}

    async def open(self, told: Any) -> None:
        self.told = told

    def create(self, order: NodeOrder) -> None:
        context = Context(self.told, order)
        task = asyncio.ensure_future(worker.serve(context))  # type: ignore[arg-type]
        self.nodes[order.name, order.incarnation] = task, context
        task.add_done_callback(lambda task: self._ended(order, task))

    def _ended(self, order: NodeOrder, task: "asyncio.Task[None]") -> None:
        del self.nodes[order.name, order.incarnation]
        how = "it was killed" if task.cancelled() else repr(task.exception())
        self.told(NodeEnded(order.name, order.incarnation, how))

    def end(self, name: str, incarnation: int) -> None:
        if (name, incarnation) in self.nodes:
            self.nodes[name, incarnation][1].ending.set()

    def kill(self, name: str, incarnation: int) -> None:
        if (name, incarnation) in self.nodes:
            self.nodes[name, incarnation][0].cancel()

    async def close(self) -> None:
        for _, context in self.nodes.values():
            context.ending.set()
        await asyncio.gather(*(task for task, _ in self.nodes.values()), return_exceptions=True)


class Nursery(DynamicSupervisor):
    """Starts what tests ask for; no end of a child is its own."""

    max_restarts = 1000


class Stage:
    """A system with a place for agents that are here or far, as the test's parameter says."""

    def __init__(self, system: System, far: str | None, host: Any) -> None:
        self.system, self.far, self.host = system, far, host
        self.nursery: Ref[Nursery]

    async def spawn(self, cls: type[Any], *args: Any, **options: Any) -> Ref[Any]:
        """Start an agent, temporary unless said otherwise, on the far node if there is one."""
        options.setdefault("restart", "temporary")
        options.setdefault("node", self.far)
        ref = await self.nursery.call(DynamicSupervisor.start_child, child(cls, *args, **options))
        assert ref is not None
        return ref

    async def here(self, cls: type[Any], *args: Any, **options: Any) -> Ref[Any]:
        """Start an agent on the first node."""
        return await self.spawn(cls, *args, node=None, **options)

    def kill_far(self) -> None:
        """End the far node's process at once."""
        (number,) = (number for name, number in self.host.nodes if name == self.far)
        assert self.far is not None
        for pair in network().pairs:  # a process that is killed says nothing more
            if any(self.far.encode() in getattr(end.get_protocol(), "hello", b"") for end in pair.ends):
                pair.cut()
        self.host.kill(self.far, number)


@asynccontextmanager
async def stage(where: str, nodes: int = 1, **options: Any) -> AsyncIterator[Stage]:
    """A stage on one node, or on `nodes` more."""
    host = MemoryHost() if where == TWO else None
    async with System(nodes=nodes if host else 0, host_port=host, **options) as system:
        made = Stage(system, FAR if host else None, host)
        made.nursery = await system.start(Nursery, type="temporary")
        yield made


__all__ = (
    "FAR",
    "ONE",
    "TWO",
    "WHERES",
    "Agent",
    "HostEnded",
    "MemoryHost",
    "News",
    "Nursery",
    "Stage",
    "stage",
)
