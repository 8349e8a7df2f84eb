"""The telemetry events of the brokers."""

from cybernetic.core import Event, event, feed


@event("broker.dropped", "gateways")
class MessageDropped(Event):
    """A broker has dropped a message that died in `queue` and went nowhere: one event for each, to be counted.

    `reason` is "maxlen" (a lossy queue was full), "expired", "rejected" or "delivery_limit". `broker` is its name, or
    its address as it may be shown. The in-process broker tells all that it drops; of a RabbitMQ it is told what the
    queues have dropped that a connection of this process declares with a drop policy (`Queue.drops`): each message in
    one process, where several have declared the queue.
    """

    broker: str
    queue: str
    reason: str


DROPPED = feed(MessageDropped)
