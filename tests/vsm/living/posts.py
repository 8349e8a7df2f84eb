"""Two halves of a system that meet over a broker, a shop and its catalogue: gateways and stores of each."""

from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import Bridge, Gateway, Outpost
from cybernetic.supervision import Backoff, Supervisor, child
from cybernetic.vsm import junction_of

UNIT = "shop/catalogue"
BEATS = (0.5, 2.5)


class Post(Supervisor):
    """One half's way to the other: an outpost, and another with a connection and a queue of its own for pain.

    Args:
        broker: for all but pain.
        painful: the same broker, or another, for pain.
        data: folder of the stores.
        path: of this half.
        peer: of the other.
        beats: seconds between heartbeats, and without.
    """

    max_restarts = 1000

    def __init__(
        self,
        broker: Any,
        painful: Any,
        data: Path,
        path: str,
        peer: str,
        beats: tuple[float, float] = BEATS,
    ) -> None:
        self.brokers, self.data, self.path, self.peer, self.beats = (broker, painful), data, path, peer, beats

    def children(self) -> list[Any]:
        """A gateway and an outpost each, named `to <peer>` and `pain to <peer>`."""
        made = []
        for broker, name, before in zip(self.brokers, ("amqp", "pain"), ("", "pain/"), strict=True):
            outpost = f"{name} to {self.peer}"
            every, lost_after = self.beats
            peers = {before + self.peer: outpost}
            bridge = Bridge(before + self.path, peers, every=every, lost_after=lost_after)
            data = self.data / f"{name} of {self.path.replace('/', '-')}.sqlite"
            gateway = partial(Gateway, broker, data, bridge.topology, bridge.consume, name=name)
            stands = partial(
                Outpost, bridge, before + self.peer, junction_of(UNIT), publisher=f"{name}.publisher"
            )
            made += [
                child(gateway, id=name),
                child(stands, name=outpost, backoff=Backoff(0.2, 1.0)),
            ]
        return made
