"""What this room tells to whoever listens."""

from cybernetic.core import Event, event, feed


@event("gateways.connected", "gateways")
class Connected(Event):
    """A connection with a broker stands; `again`: it stood before."""

    line: str
    broker: str
    again: bool


@event("gateways.disconnected", "gateways")
class ConnectionFailed(Event):
    """A connection with a broker was lost, or could not be made; `why` says how. It is tried again."""

    line: str
    broker: str
    why: str


@event("gateways.queues_lost", "gateways")
class QueuesLost(Event):
    """The broker has no `queues` any more that were declared before: what it had confirmed for them is lost there."""

    line: str
    broker: str
    queues: tuple[str, ...]


@event("gateways.retried", "gateways", delay="s")
class Retried(Event):
    """A message of `queue` is tried again after `delay`; `retries` counts this one."""

    queue: str
    id: str
    retries: int
    delay: float
    why: str


@event("gateways.parked", "gateways")
class Parked(Event):
    """A message of `queue` rests in the parking queue; `reason` is a word of a fixed list, `why` a sentence."""

    queue: str
    id: str
    reason: str
    why: str


@event("gateways.inbox_filling", "gateways")
class InboxFilling(Event):
    """The store remembers so many effects that it may soon refuse more: `share` is how full it is, from 0 to 1.

    When it is full, nothing is handled until the oldest have expired: give `Remember` larger limits, or queues a TTL.
    """

    store: str
    count: int
    share: float


CONNECTED, FAILED, QUEUES_LOST = feed(Connected), feed(ConnectionFailed), feed(QueuesLost)
RETRIED, PARKED = feed(Retried), feed(Parked)
FILLING = feed(InboxFilling)
