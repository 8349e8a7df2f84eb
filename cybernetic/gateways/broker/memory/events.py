"""The telemetry events of the in-process broker."""

from cybernetic.core import Event, event, feed


@event("broker.dropped", "gateways")
class MessageDropped(Event):
    """The in-process broker has dropped a message that died in `queue` and went nowhere.

    `reason` is "maxlen" (a lossy queue was full), "expired", "rejected" or "delivery_limit".
    """

    broker: str
    queue: str
    reason: str


DROPPED = feed(MessageDropped)
