"""The port through which a replica meets the others of its name, whatever carries what they say."""

from collections.abc import Collection, Hashable
from typing import Any, Protocol

Peer = Hashable
"""Where another replica is, as its port has it."""


class Peers(Protocol):
    """Finds the other replicas of one name, and carries frames to them. Made for one life of one replica.

    What arrives goes to `Replica.hear(frame, origin)` by a cast, where `origin` is what `send` takes to answer; that
    peers have come, to `Replica.meet()`. Frames may be lost, come twice, late and in any order, but not in parts.
    """

    async def open(self, agent: Any, name: str) -> None:
        """Begin, for `agent`, a `Replica` of the name `name`. What it raises fails the agent's start."""

    def others(self) -> Collection[Peer]:
        """The other replicas that are known to be there."""

    def send(self, to: Peer, frame: bytes) -> None:
        """Carry a frame to another. Never waits, and never raises for the state of who is to have it."""

    async def close(self) -> None:
        """End: the replica does."""
