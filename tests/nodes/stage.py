"""One program on one node or on several: where its agents run is a parameter, what they do is not."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cybernetic import DynamicSupervisor, Ref, System, child
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network

ONE, TWO, PROCESSES = "one node", "two nodes", "two processes"
WHERES = (ONE, TWO)  # what is possible on virtual time; tests/integration runs the same bodies on processes
FAR = "worker-1"


class Nursery(DynamicSupervisor):
    """Starts what tests ask for; no end of a child is its own."""

    max_restarts = 1000


class Stage:
    """A system with a place for agents that are here or far, as the test's parameter says.

    Attributes:
        system: the first node.
        far: the name of another node; None if there is none.
    """

    nursery: Ref[Nursery]

    def __init__(self, system: System, far: str | None, host: MemoryHost | None) -> None:
        self.system, self.far, self._host = system, far, host

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

    def delay(self, seconds: float) -> None:
        """Let what nodes say to each other take its time; in memory only."""
        for pair in network().pairs:
            pair.delay = seconds

    def part(self, parted: bool = True) -> None:
        """Let nothing through between nodes, or again; in memory only."""
        for pair in network().pairs:
            pair.partition = parted

    def kill_far(self) -> None:
        """End the far node's process at once, as `kill -9` does."""
        assert self.far is not None
        (node,) = (node for node in self.system.nodes if node.name == self.far)
        if self._host is None:
            assert node.pid is not None
            os.kill(node.pid, signal.SIGKILL)
            return
        for pair in network().pairs:  # a process that is killed says nothing more
            if any(self.far.encode() in getattr(end.get_protocol(), "hello", b"") for end in pair.ends):
                pair.cut()
        self._host.kill(self.far, int(node.incarnation.partition(".")[0]))


@asynccontextmanager
async def stage(where: str, nodes: int = 1, **options: Any) -> AsyncIterator[Stage]:
    """A stage on one node, or on `nodes` more, in memory or in processes."""
    host = MemoryHost() if where == TWO else None
    many = 0 if where == ONE else nodes
    async with System(nodes=many, host_port=host, **options) as system:
        made = Stage(system, FAR if many else None, host)
        made.nursery = await system.start(Nursery, type="temporary")
        yield made
