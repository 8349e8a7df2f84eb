"""Replicas and those who write to them, on three nodes that are processes."""

import asyncio
from typing import Any

from cybernetic import Agent, Supervisor, child
from cybernetic.state import AWSet, Replica, ReplicaStatus

NODES = ("main", "worker-1", "worker-2")


def add(value: Any, by: Any, *elements: Any) -> Any:
    """Put elements into a set."""
    return value.add(by.replica, *elements)


class Writer(Agent):
    """Writes numbers to the replica of its node, one after another, and tells each that was acknowledged."""

    def __init__(self, node: str, pause: float) -> None:
        self.node, self.pause = node, pause
        self.writes = False

    def begin(self, first: int) -> None:
        """Write from a number on."""
        self.writes = True
        self.task(self._write(first))

    def end(self) -> None:
        """Write no more."""
        self.writes = False

    async def fill(self, first: int, many: int) -> None:
        """Write so many numbers at once."""
        await self._replica().call(Replica.change, add, *range(first, first + many))

    async def elements(self) -> list[int]:
        """What the replica of this node has."""
        return sorted(await self._replica().call(Replica.value))

    async def status(self) -> ReplicaStatus:
        """What the replica of this node tells of itself."""
        status: ReplicaStatus = await self._replica().call(Replica.status)
        return status

    async def _write(self, first: int) -> None:
        clerk: Any = self.system.named("clerk", Clerk)
        n = first
        while self.writes:
            await self._replica().call(Replica.change, add, n)
            clerk.cast(Clerk.note, n)
            n += 1
            await asyncio.sleep(self.pause)

    def _replica(self) -> Any:
        return self.system.named(f"facts.{self.node}", Replica).within(60)


class Clerk(Agent):
    """Keeps account of what was acknowledged."""

    def __init__(self) -> None:
        self.noted: set[int] = set()

    def note(self, n: int) -> None:
        """A number was acknowledged."""
        self.noted.add(n)

    def all(self) -> list[int]:
        """All of them."""
        return sorted(self.noted)


class Household(Supervisor):
    """A replica and a writer on each node; the stores are in a folder."""

    max_restarts = 100

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def children(self) -> Any:
        """The replicas first."""
        yield child(Clerk, id="clerk", name="clerk")
        for node in NODES:
            yield child(
                Replica,
                AWSet.kind,
                "facts",
                f"{self.folder}/{node}",
                id=f"facts.{node}",
                name=f"facts.{node}",
                node=node,
                start_timeout=60.0,
            )
            yield child(Writer, node, 0.002, id=f"writer.{node}", name=f"writer.{node}", node=node)
