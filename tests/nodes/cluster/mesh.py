"""Nodes that are linked in memory, for tests that cut single links, and see into what one node knows."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cybernetic import Agent, System
from cybernetic.nodes import LinkUnreachable
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network

SECRET = "known to all nodes"


class Holder(Agent):
    """Keeps what it is told, and whatever name it is given."""

    def __init__(self, trap: bool = False) -> None:
        if trap:
            self.trap_exit = True
        self.got: list[Any] = []

    def receive(self, message: Any) -> None:
        self.got.append(message)

    def note(self, value: Any) -> None:
        self.got.append(value)

    def seen(self) -> list[Any]:
        return self.got

    def say(self, other: Any, *values: Any) -> None:
        for value in values:
            other.cast(Holder.note, value)


def one(name: str, join: str = "", **options: Any) -> System:
    """A node that listens by its own name, and joins that of another if told."""
    options.setdefault("listen", [f"memory:{name}"])
    options.setdefault("host_port", MemoryHost())
    return System(node=name, host="here", secret=SECRET, join=[f"memory:{join}"] if join else [], **options)


def inside(system: Any) -> Any:
    """The cluster of a system."""
    assert system._cluster is not None
    return system._cluster


def names(system: System) -> list[str]:
    """The nodes a system is linked with, and itself, in the order of their names."""
    return sorted(node.name for node in system.nodes)


def pairs(*ends: str) -> list[Any]:
    """The connections between two nodes."""
    return [pair for pair in network().pairs if _between(pair) == set(ends)]


def _between(pair: Any) -> set[str]:
    return {_name(getattr(end.get_protocol(), "hello", b"")) for end in pair.ends}


def _name(hello: bytes) -> str:
    """The first item of what a node says of itself."""
    length, start = (hello[1] & 0x1F, 2) if len(hello) > 1 else (0, 0)
    return hello[start : start + length].decode()


@contextmanager
def apart(one: System, other: System) -> Iterator[None]:
    """Inside the block nothing gets through between two nodes, and neither can call the other."""
    nodes = inside(one), inside(other)
    before = [node.call for node in nodes]
    for pair in pairs(*(node.name for node in nodes)):
        pair.partition = True
    for node, call, there in zip(nodes, before, reversed(nodes), strict=True):
        node.call = _cut(call, there)
    try:
        yield
    finally:
        for node in nodes:
            del node.call


def _cut(call: Callable[..., Any], there: Any) -> Callable[..., Any]:
    async def through(address: Any, *meant: str) -> Any:
        if str(address) in there.me.address.split():
            raise LinkUnreachable(f"{address}: the line is cut")
        return await call(address, *meant)

    return through


async def until(true: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until something is so, and as long at most; how long it took."""
    clock = asyncio.get_running_loop().time
    begin = clock()
    while not true():
        assert clock() - begin < seconds, "expected it to be so by now"
        await asyncio.sleep(0.01)
    return clock() - begin
