"""`Bridge`: what a level needs of a broker to meet other levels, as values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cybernetic.core import OptionError, number, token
from cybernetic.gateways.bridge.heart import beat_key
from cybernetic.gateways.bridge.inbound import Beats, FromPeer, speaker
from cybernetic.gateways.bridge.outpost import inbox_key
from cybernetic.gateways.bridge.parcels import Sender
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology
from cybernetic.gateways.consumer.guard import Guard
from cybernetic.gateways.consumer.retrying import Retries
from cybernetic.gateways.consumer.spec import Consume, consume
from cybernetic.gateways.envelope import Author

LATEST = 1000  # messages that may be lost, and wait
PATIENT = Retries(100, first=0.5, most=30.0)  # of what is for an agent that is being restarted


@dataclass(frozen=True)
class Bridge:
    """Where a level is spoken to by others, over a broker.

    Give `topology` and `consume` to the level's `Gateway`, and start an `Outpost` for each other level:

        bridge = Bridge("shop", peers={"shop/catalogue": "catalogue"})
        child(Gateway, broker, data, bridge.topology, bridge.consume, name="amqp")
        child(Outpost, bridge, "shop/catalogue", "inbox-agent", name="catalogue")

    Attributes:
        path: this level's path, as "shop"; its words are those of routing keys, escaped, of 255 bytes at most.
        peers: other levels by path, with the name of the `Outpost` that stands for each here.
        exchange: where levels meet; all use the same.
        author: signs what is sent (the gateway needs a signer); None: unsigned.
        guard: checks what comes; None: nothing is checked.
        every: seconds between two heartbeats, > 0.
        lost_after: seconds without one after which a level counts as lost, more than `every`.
        incarnation: which run of this level it is, unlike any before.
        ttl: seconds, > 0, after which what was said is of no use, and may be lost: for what is said anew all the time.
            Its messages are not written to the broker's disk, and in a full queue the oldest gives way. Default None:
            nothing is lost.
        lost: how many of such messages found no agent here, or not in time, by the level that sent them; "" where it
            is not known.
    """

    path: str
    peers: Mapping[str, str]
    exchange: str = "cybernetic.levels"
    author: Author | None = None
    guard: Guard | None = None
    every: float = 2.0
    lost_after: float = 7.0
    incarnation: str = field(default_factory=token)
    ttl: float | None = None
    lost: Counter[str] = field(default_factory=Counter, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        number("lost_after", self.lost_after, above=number("every", self.every, above=0))
        if self.ttl is not None:
            number("ttl", self.ttl, above=0)
        if (self.author is None) != (self.guard is None):
            raise OptionError("author, guard", "both or neither", (self.author, self.guard))
        for path in (self.path, *self.peers):
            inbox_key(path)  # raises here rather than when something is said

    @property
    def sender(self) -> Sender:
        """Makes what this level sends."""
        return Sender(self.path, self.author)

    @property
    def inbox(self) -> Queue:
        """The queue of what other levels say: one consumer at a time, for order."""
        return inbox_of(self.path, self.ttl)

    @property
    def beats(self) -> Queue:
        """The queue of other levels' heartbeats, which may be lost."""
        return Queue(
            f"level.{self.path}.beats",
            kind="classic",
            lossy=True,
            max_length=1000,
            overflow="drop-head",
            ttl=self.lost_after,
        )

    @property
    def topology(self) -> Topology:
        """The exchange, this level's queues, and those in which messages wait for the others, with their bindings."""
        inboxes = {path: inbox_of(path, self.ttl) for path in (self.path, *self.peers)}
        bound = [Binding(self.exchange, queue.name, inbox_key(path)) for path, queue in inboxes.items()]
        bound.append(Binding(self.exchange, self.beats.name, beat_key(self.path)))
        return Topology((Exchange(self.exchange),), (*inboxes.values(), self.beats), tuple(bound))

    @property
    def consume(self) -> tuple[Consume, ...]:
        """What the gateway consumes for it."""
        peers = dict(self.peers)
        said: dict[str, Any] = {"retries": PATIENT, "order": speaker}
        if self.ttl is not None:
            said = {"retries": Retries(0), "once": False}
        return (
            consume(FromPeer, peers, self.ttl, self.lost, queue=self.inbox, guard=self.guard, **said),
            consume(Beats, peers, queue=self.beats, guard=self.guard, retries=Retries(0), once=False),
        )


def inbox_of(path: str, ttl: float | None = None) -> Queue:
    """The queue of what is said to a level: every level that speaks to it may declare it. `ttl`: see `Bridge`."""
    if ttl is None:
        return Queue(f"level.{path}", single_active=True)
    return Queue(
        f"level.{path}",
        kind="classic",
        lossy=True,
        max_length=LATEST,
        overflow="drop-head",
        ttl=ttl,
        single_active=True,
    )
