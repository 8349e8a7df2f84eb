"""What each of three hosts runs: `python -m tests.integration.state.hosts east`.

A system of one node that joins the others, with a replica and who writes to it. Each line of input is a command, and
each line of output the answer to one, in JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from cybernetic import Agent, System
from cybernetic.state import AWSet, Replica
from tests.integration.state.switch import HOSTS, PORT, address


def add(value: Any, by: Any, *elements: Any) -> Any:
    """Put elements into a set."""
    return value.add(by.replica, *elements)


class Writer(Agent):
    """Writes numbers to the replica of its host, one after another, and notes each that was acknowledged."""

    def __init__(self, replica: Any, first: int) -> None:
        self.replica, self.next = replica, first
        self.first, self.writes, self.busy = first, False, False

    def begin(self) -> None:
        """Write on."""
        self.writes = True
        if not self.busy:
            self.busy = True
            self.task(self._write())

    def acknowledged(self) -> list[int]:
        """The first number acknowledged, and the one after the last."""
        return [self.first, self.next]

    def end(self) -> list[int]:
        """Write no more. Returns what was acknowledged."""
        self.writes = False
        return self.acknowledged()

    async def _write(self) -> None:
        while self.writes:
            await self.replica.within(60).call(Replica.change, add, self.next)
            self.next += 1
            await asyncio.sleep(0.02)
        self.busy = False


class Host:
    """Answers the commands."""

    def __init__(self, system: System, replica: Any, writer: Any) -> None:
        self.system, self.replica, self.writer = system, replica.within(60), writer.within(60)

    async def begin(self) -> None:
        """Begin to write."""
        await self.writer.call(Writer.begin)

    async def end(self) -> list[int]:
        """Write no more; what was acknowledged."""
        ended: list[int] = await self.writer.call(Writer.end)
        return ended

    async def acknowledged(self) -> list[int]:
        """What was acknowledged so far."""
        found: list[int] = await self.writer.call(Writer.acknowledged)
        return found

    async def all(self) -> list[Any]:
        """What the replica has, and the changes that it knows."""
        value = await self.replica.call(Replica.value)
        return [sorted(value), sorted(value.context.runs.items())]

    async def trouble(self) -> list[int]:
        """How often the replica was started, and found others to differ, or gone for too long, or to be itself."""
        status = await self.replica.call(Replica.status)
        counts = status.counts
        return [status.starts, counts.diverged, counts.evicted, counts.rejoined, counts.identified]

    async def reached(self) -> list[str]:
        """The nodes that can be reached."""
        return sorted([node.name for node in self.system.nodes])


async def run(name: str) -> None:
    """Be a host until there is no more input."""
    folder = os.environ["XDG_RUNTIME_DIR"]
    others = [f"tcp:{address(host)}:{PORT}" for host in HOSTS[: HOSTS.index(name)]]
    async with System(
        node=name,
        host=name,
        listen=[f"tcp:{address(name)}:{PORT}"],
        join=others,
        node_dead_after=3.0,
        lag_after=0.5,
    ) as system:
        replica = await system.start(Replica, AWSet, "facts", f"{folder}/{name}")
        host = Host(system, replica, await system.start(Writer, replica, HOSTS.index(name) * 10**6))
        print(json.dumps("ready"), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command: Callable[[], Any] = getattr(host, line.strip())
            print(json.dumps(await command()), flush=True)


if __name__ == "__main__":
    from tests.integration.state import hosts  # so that the classes have the name others import them by

    asyncio.run(hosts.run(sys.argv[1]))
