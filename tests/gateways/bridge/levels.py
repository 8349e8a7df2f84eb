"""Levels that meet over one broker, each with a system, a gateway and a store of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cybernetic.core import Down
from cybernetic.gateways import Author, Bridge, Gateway, Guard, Key, Keyring, MemoryBroker, Outpost, Signer
from cybernetic.runtime import Agent, LocalSystem, Ref
from cybernetic.supervision import Backoff, Supervisor, child

SECRET = "a secret that everybody in this test knows"


class Parent(Agent):
    """The level's own agent: keeps what it is told, and who told it, and watches an outpost on request."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.downs: list[Any] = []

    def receive(self, message: Any) -> None:
        if isinstance(message, Down):
            self.downs.append(message.reason)
        else:
            self.told.append(message)

    def watch(self, name: str) -> None:
        self.monitor(self.system.named(name, Outpost))

    def heard(self) -> list[Any]:
        return self.told

    def lost(self) -> list[Any]:
        return self.downs


class Level(Supervisor):
    """A level with one peer."""

    max_restarts = 1000

    def __init__(self, broker: Any, data: Path, path: str, peer: str, signed: bool) -> None:
        self.broker, self.data, self.path, self.peer, self.signed = broker, data, path, peer, signed

    def children(self) -> list[Any]:
        author = guard = signer = None
        if self.signed:
            own = Key(f"key of {self.path}", SECRET + self.path, [self.path])
            other = Key(f"key of {self.peer}", SECRET + self.peer, [self.peer])
            seal = Key(f"seal of {self.path}", SECRET + "seal" + self.path, [self.path], purpose="gateway")
            ring = Keyring([own, other, seal], {"work": own.id})
            author = Author(self.path)
            guard, signer = Guard(ring), Signer(ring, author)
        bridge = Bridge(self.path, {self.peer: f"to {self.peer}"}, author=author, guard=guard)
        gateway = (self.broker, self.data, bridge.topology, bridge.consume, "amqp", 256, None, signer)
        return [
            child(Parent, id="parent", name="parent"),
            child(Gateway, *gateway, id="gateway"),
            child(Outpost, bridge, self.peer, "parent", name=f"to {self.peer}", backoff=Backoff(0.5, 2.0)),
        ]


@asynccontextmanager
async def level(
    broker: MemoryBroker, folder: Path, path: str, peer: str, *, signed: bool = False
) -> AsyncIterator[tuple[LocalSystem, Ref[Parent], Any]]:
    """A running level: its system, its parent agent, and the address of the outpost of `peer`."""
    async with LocalSystem() as system:
        await system.start(Level, broker, folder / f"{path.replace('/', '-')}.sqlite", path, peer, signed)
        parent = system.whereis("parent", Parent)
        assert parent is not None
        yield system, parent, system.named(f"to {peer}", Outpost)
