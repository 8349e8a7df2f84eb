"""`Heart`: beats for an outpost and listens for the other level, whatever the outpost is busy with."""

import asyncio
from typing import Protocol

from cybernetic.core import NoConnection, Stop
from cybernetic.gateways.bridge.keys import key
from cybernetic.gateways.bridge.parcels import Sender
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.runtime import Agent, Named

BEAT = "bridge.beat"


class Level(Protocol):
    """What an outpost needs of the `Bridge` it belongs to."""

    @property
    def exchange(self) -> str:
        """Where levels meet."""

    @property
    def every(self) -> float:
        """Seconds between two heartbeats."""

    @property
    def lost_after(self) -> float:
        """Seconds without one after which a level counts as lost."""

    @property
    def ttl(self) -> float | None:
        """Seconds after which what was said is of no use; None: it always is."""

    @property
    def incarnation(self) -> str:
        """Which run of the level it is."""

    @property
    def sender(self) -> Sender:
        """Makes what is sent."""


class Heart(Agent):
    """Tells another level that this one lives, and ends with `NoConnection` when that one is heard no more.

    Linked to its `Outpost`, which ends with it. It has a mailbox of its own, so that no work of the outpost, however
    long, is taken for death. Only heartbeats are signs of life: a message may have waited in its queue for days.

    Args:
        bridge: the bridge of this level.
        peer: path of the level it listens for.
        publisher: the gateway's publisher.
    """

    def __init__(self, bridge: Level, peer: str, publisher: Named[Publisher]) -> None:
        self._bridge, self._peer, self._publisher = bridge, peer, publisher
        self._heard = 0.0
        self._incarnation: str | None = None

    def setup(self) -> None:
        """Begin to beat, and to listen."""
        self._heard = self._now()
        self._beat()
        self.ref.every(self._bridge.every).cast(Heart.look)

    def hear(self, incarnation: str, alive: bool) -> None:
        """The level is alive, or says goodbye."""
        self._heard = self._now()
        if not alive or self._incarnation not in (None, incarnation):
            raise Stop(NoConnection(self._peer))
        self._incarnation = incarnation

    def is_heard(self) -> bool:
        """Whether the level was heard since this agent started."""
        return self._incarnation is not None

    def look(self) -> None:
        """Beat, and see whether the level was heard lately."""
        self._beat()
        if self._now() - self._heard > self._bridge.lost_after:
            raise Stop(NoConnection(self._peer))

    def _beat(self) -> None:
        beat(self._bridge, self._peer, self._publisher, alive=True)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def beat(bridge: Level, peer: str, publisher: Named[Publisher], *, alive: bool) -> None:
    """Send one heartbeat, or the goodbye, if the broker takes it now: it is worth nothing later."""
    message = bridge.sender.parcel(
        (bridge.incarnation, alive),
        BEAT,
        bridge.exchange,
        beat_key(peer),
        expiration=bridge.lost_after,
        persistent=False,
        mandatory=False,
    )
    publisher.cast(Publisher.offer, message)


def beat_key(path: str) -> str:
    """The routing key by which heartbeats for a level go. Raises `OptionError` for a path that is too long."""
    return key("beat", path)


def heart_of(outpost: str) -> str:
    """The name of the heart of the outpost of this name."""
    return f"{outpost}.heart"
