"""A network between replicas that loses, repeats, delays and reorders, and can be parted; on the loop's own time."""

import asyncio
from collections.abc import Callable, Collection
from contextvars import Context
from random import Random
from typing import Any

from cybernetic.state import Peer, Replica

BEGAN = 1_700_000_000.0


def clock() -> float:
    """A wall clock that goes with the loop's."""
    return BEGAN + asyncio.get_running_loop().time()


class Net:
    """Carries frames between the replicas of one name, each known by a name of its own.

    Attributes:
        loss, twice: the part of frames that is lost, and that comes twice.
        slowest: seconds that a frame takes at most; the delay of each is drawn, so they overtake each other.
        groups: who can hear whom: those in one group; None: all.
        sent: how many frames were sent, and `bytes` of them, by who sent them.
        spoil: what becomes of each frame on its way; None: nothing.
    """

    def __init__(self, seed: int = 0) -> None:
        self.chance = Random(seed)
        self.loss = self.twice = 0.0
        self.slowest = 0.01
        self.groups: list[set[str]] | None = None
        self.here: dict[str, Any] = {}
        self.frames: list[tuple[str, str, bytes]] = []
        self.spoil: Callable[[bytes], bytes] | None = None

    def peers(self, name: str) -> Callable[[], "NetPeers"]:
        """What makes the port of the replica `name`."""
        return lambda: NetPeers(self, name)

    def part(self, *groups: str) -> None:
        """Let only those hear each other whose letters stand together: `part("ab", "c")`."""
        self.groups = [set(group) for group in groups]

    def heal(self) -> None:
        """Let all hear each other, without loss."""
        self.groups, self.loss, self.twice = None, 0.0, 0.0

    def hears(self, one: str, other: str) -> bool:
        """Whether a frame of one would reach the other now."""
        return self.groups is None or any(one in group and other in group for group in self.groups)

    def carry(self, origin: str, to: str, frame: bytes) -> None:
        """Take a frame on its way."""
        self.frames.append((origin, to, frame))
        loop = asyncio.get_running_loop()
        for _ in range(2 if self.chance.random() < self.twice else 1):
            if self.chance.random() >= self.loss:
                delay = self.chance.uniform(0.0, self.slowest)
                # in no agent's context: what one has sent arrives also when it has ended
                loop.call_later(delay, self._arrive, origin, to, frame, context=Context())

    def _arrive(self, origin: str, to: str, frame: bytes) -> None:
        agent = self.here.get(to)
        if agent is not None and self.hears(origin, to):
            agent.cast(Replica.hear, frame if self.spoil is None else self.spoil(frame), origin)


class NetPeers:
    """The port of one replica to a `Net`."""

    def __init__(self, net: Net, name: str) -> None:
        self._net, self._name = net, name

    async def open(self, agent: Any, name: str) -> None:
        self._net.here[self._name] = agent.ref

    def others(self) -> Collection[Peer]:
        return [name for name in sorted(self._net.here) if name != self._name]

    def send(self, to: Peer, frame: bytes) -> None:
        self._net.carry(self._name, str(to), frame)

    async def close(self) -> None:
        pass
