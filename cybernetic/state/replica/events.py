"""The telemetry events of replicas."""

from cybernetic.core import Event, event, feed


@event("replica.diverged", "state")
class ReplicaDiverged(Event):
    """Two replicas know the same changes and show different values: a defect, or damaged memory.

    `value` is the name of what is replicated, `replica` the one that noticed, `peer` the other, both ids.
    """

    value: str
    replica: str
    peer: str
    ours: str
    theirs: str


@event("replica.refused", "state")
class ReplicaRefused(Event):
    """Something was refused: `what` is "damaged", "future", "full" or "oversized"; `why` says it in words.

    "damaged", "future" and "full" came from a peer; "oversized" would have been done here, and could be told to nobody.
    """

    value: str
    replica: str
    what: str
    why: str


@event("replica.clock_ahead", "state", lead="seconds", known="seconds")
class ClockAhead(Event):
    """A peer has refused writes of this replica: by its clock their stamps are `lead` seconds in the future.

    One of both clocks is wrong. `known` is how far the stamps given here are before the wall clock here: about 0 while
    that is ahead, or the peer's is behind; about `lead` once it was set right. Then the writes are dated anew.
    """

    value: str
    replica: str
    peer: str
    lead: float
    known: float


@event("replica.evicted", "state", silent="seconds")
class ReplicaEvicted(Event):
    """A replica has been silent so long that it is not waited for any more."""

    value: str
    replica: str
    peer: str
    silent: float


@event("replica.identified", "state")
class ReplicaIdentified(Event):
    """The store is a copy, or an old one put back: the replica took the new site `site` in place of `former`."""

    value: str
    replica: str
    former: str
    site: str


@event("replica.rejoined", "state")
class ReplicaRejoined(Event):
    """The replica was away so long that it learned the whole value anew, from `peer`."""

    value: str
    replica: str
    peer: str


DIVERGED = feed(ReplicaDiverged)
REFUSED = feed(ReplicaRefused)
EVICTED = feed(ReplicaEvicted)
IDENTIFIED = feed(ReplicaIdentified)
CLOCK_AHEAD = feed(ClockAhead)
REJOINED = feed(ReplicaRejoined)
