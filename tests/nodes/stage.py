"""One program on one node or on several: where its agents run is a parameter, what they do is not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import permutations
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, DynamicSupervisor, Ref, System, child
from cybernetic.nodes import Node
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from tests.nodes.probe import Probe

ONE, TWO, PROCESSES, HOSTS = "one node", "two nodes", "two processes", "two hosts"
WHERES = (ONE, TWO)  # what is possible on virtual time; tests/integration runs the same bodies on the others
FAR, OTHER = "worker-1", "worker-2"

MEETING = "10.77.3.1", 4711  # where the first of two hosts is called

A_WHILE = 0.05  # seconds in which, on virtual time, all that needs no time has happened
ROUNDS = 8  # between processes: more than what one event leads to goes to and fro

everywhere = pytest.mark.parametrize("where", WHERES)
apart = pytest.mark.parametrize("where", [TWO])  # what takes a node that is another, wherever that is


class Nursery(DynamicSupervisor):
    """Starts what tests ask for; no end of a child is its own."""

    max_restarts = 1000


class Reaper(Agent):
    """Ends processes of the host it runs on: what a test's first host cannot reach."""

    def kill(self, node: str) -> None:
        os.kill(_pid(self.system, node), signal.SIGKILL)


class Stage:
    """A system with a place for agents that are here or far, as the test's parameter says.

    Attributes:
        system: the first node.
        far: the name of another node; None if there is none.
        real: whether there are processes, which take their turns on real time.
        slack: seconds by which what takes no time may be late then.
    """

    nursery: Ref[Nursery]

    def __init__(self, where: str, system: System, nodes: int, host: MemoryHost | None) -> None:
        self.system, self._where, self._nodes, self._host = system, where, nodes, host
        self.far = FAR if nodes else None
        self.real = where in (PROCESSES, HOSTS)
        self.slack = 5.0 if self.real else 0.0
        self._probes: list[Ref[Probe]] = []

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes that agents of the test run on, the first node's first."""
        extra = {f"worker-{n + 1}" for n in range(self._nodes, 2)}
        return [n.name for n in self.system.nodes if n.kind != "door" and n.name not in extra]

    async def spawn(self, cls: type[Any], *args: Any, **options: Any) -> Ref[Any]:
        """Start an agent, temporary unless said otherwise, on the far node if there is one."""
        options.setdefault("restart", "temporary")
        options.setdefault("node", self.far)
        start = DynamicSupervisor.start_child
        ref = await self.nursery.within(None).call(start, child(cls, *args, **options))
        assert ref is not None
        return ref

    async def here(self, cls: type[Any], *args: Any, **options: Any) -> Ref[Any]:
        """Start an agent on the first node."""
        return await self.spawn(cls, *args, node=None, **options)

    async def calm(self) -> None:
        """Return when all that needs no time has happened, however busy the machine is.

        Real time says nothing of that: between processes each node asks each other one, again and again.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + A_WHILE
        for _ in range(ROUNDS):
            for one, other in permutations(self._probes, 2):
                with suppress(CallFailed):
                    await one.within(None).call(Probe.ask, other)
        await asyncio.sleep(max(0.0, end - clock()))

    async def watch_nodes(self) -> None:
        """Have somebody on each node who can be asked; in real time only."""
        probes = await self.system.start(Nursery, type="temporary")
        for node in (None, *self.nodes[1:]):
            start = DynamicSupervisor.start_child
            probe = await probes.within(None).call(start, child(Probe, node=node, restart="temporary"))
            assert probe is not None
            self._probes.append(probe)

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
        if self._where == HOSTS:
            self.system.named("reaper", Reaper).cast(Reaper.kill, self.far)
        elif self._host is None:
            os.kill(_pid(self.system, self.far), signal.SIGKILL)
        else:
            for pair in network().pairs:  # a process that is killed says nothing more
                if any(_says(getattr(end.get_protocol(), "hello", b""), self.far) for end in pair.ends):
                    pair.cut()
            node = _node(self.system, self.far)
            self._host.kill(self.far, int(node.incarnation.partition(".")[0]))


@asynccontextmanager
async def stage(where: str, nodes: int = 1, **options: Any) -> AsyncIterator[Stage]:
    """A stage on one node, or on `nodes` more: in memory, in processes, on another host that makes two."""
    host = MemoryHost() if where == TWO else None
    many = 0 if where == ONE else nodes
    if where == HOSTS:  # what the other host's nodes offer is for that host to say
        options.pop("capabilities", None)
        options |= {"listen": ["tcp:{}:{}".format(*MEETING)], "host": "first"}
    made = 0 if where == HOSTS else many
    async with System(nodes=made, host_port=host, **options) as system:
        stage = Stage(where, system, many, host)
        if where == HOSTS:
            await _met(system)
        stage.nursery = await system.start(Nursery, type="temporary")
        if stage.real:
            await stage.watch_nodes()
        yield stage


async def _met(system: System) -> None:
    """Until the nodes of the other host are there, and what ends them."""
    async with asyncio.timeout(60):
        while not {FAR, OTHER} <= {node.name for node in system.nodes} or system.whereis("reaper") is None:
            await asyncio.sleep(0.01)


def _says(hello: bytes, name: str) -> bool:
    """Whether the first of what a node says of itself, its name, is this one."""
    return hello[1:].startswith(bytes([0xA0 + len(name)]) + name.encode())


def _node(system: System, name: str) -> Node:
    (node,) = (node for node in system.nodes if node.name == name)
    return node


def _pid(system: Any, name: str) -> int:
    pid = _node(system, name).pid
    assert pid is not None, f"expected {name} to have a process here"
    return pid
