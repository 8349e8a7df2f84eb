"""Levels that meet over one broker, each with a system, a gateway and a store of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.core import CallFailed, Down
from cybernetic.gateways import (
    Author,
    Bridge,
    Broker,
    Gateway,
    Guard,
    Key,
    Keyring,
    Outpost,
    Signer,
    Topology,
)
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
    """A level with one peer. `parent`: the class of its own agent; `method`: called by the outpost; `beats`: seconds
    between heartbeats, and without; `gateway`: more options of the gateway, of which `topology` and `consume` are added
    to the bridge's; `beside`: more children, before these.
    """

    max_restarts = 1000

    def __init__(
        self,
        broker: Any,
        data: Path,
        path: str,
        peer: str,
        signed: bool = False,
        parent: Any = Parent,
        method: Any = None,
        beats: tuple[float, float] = (2.0, 7.0),
        gateway: Mapping[str, Any] | None = None,
        beside: Sequence[Any] = (),
    ) -> None:
        self.broker, self.data, self.path, self.peer, self.signed = broker, data, path, peer, signed
        self.parent, self.method, self.beats = parent, method, beats
        self.gateway, self.beside = dict(gateway or {}), beside

    def children(self) -> list[Any]:
        author = guard = signer = None
        if self.signed:
            own = Key(f"key of {self.path}", SECRET + self.path, [self.path])
            other = Key(f"key of {self.peer}", SECRET + self.peer, [self.peer])
            seal = Key(f"seal of {self.path}", SECRET + "seal" + self.path, [self.path], purpose="gateway")
            ring = Keyring([own, other, seal], {"work": own.id})
            author = Author(self.path)
            guard, signer = Guard(ring), Signer(ring, author)
        every, lost_after = self.beats
        peers = {self.peer: f"to {self.peer}"}
        bridge = Bridge(self.path, peers, author=author, guard=guard, every=every, lost_after=lost_after)
        more = {"signer": signer, **self.gateway}
        more["topology"] = bridge.topology + more.get("topology", Topology())
        more["consume"] = (*bridge.consume, *more.get("consume", ()))
        gateway = partial(Gateway, self.broker, self.data, **more)
        outpost = partial(Outpost, bridge, self.peer, "parent", method=self.method)
        return [
            *self.beside,
            child(self.parent, id="parent", name="parent"),
            child(gateway, id="gateway"),
            child(outpost, name=f"to {self.peer}", backoff=Backoff(0.5, 2.0)),
        ]


@asynccontextmanager
async def level(
    broker: Broker, folder: Path, path: str, peer: str, **options: Any
) -> AsyncIterator[tuple[LocalSystem, Ref[Any], Any]]:
    """A running level: its system, its parent agent, and the address of the outpost of `peer`."""
    async with LocalSystem() as system:
        made = partial(Level, broker, folder / f"{path.replace('/', '-')}.sqlite", path, peer, **options)
        await system.start(made, type="temporary")  # a test may kill it
        parent = system.whereis("parent")
        assert parent is not None
        yield system, parent, system.named(f"to {peer}", Outpost)


async def until(what: Any, seconds: float = 60.0) -> None:
    """Wait until `what()` is true."""
    for _ in range(int(seconds * 10)):
        if await what():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("expected it to come about in time")


async def is_heard(outpost: Any) -> bool:
    """Whether the other level has been heard."""
    try:
        return bool(await outpost.call(Outpost.is_heard))
    except CallFailed:  # it is being started anew
        return False


async def heard(parent: Ref[Any], count: int) -> list[Any]:
    """What a parent was told, once it is so many."""

    async def enough() -> bool:
        return len(await parent.call(Parent.heard)) >= count

    await until(enough)
    return await parent.call(Parent.heard)
