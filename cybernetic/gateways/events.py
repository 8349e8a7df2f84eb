"""What this room tells to whoever listens."""

from cybernetic.core import Event, channel, event


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
    """The broker came back without `queues` that were declared before: what it had confirmed for them is lost there."""

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


CONNECTED, FAILED, QUEUES_LOST = channel(Connected), channel(ConnectionFailed), channel(QueuesLost)
RETRIED, PARKED = channel(Retried), channel(Parked)
