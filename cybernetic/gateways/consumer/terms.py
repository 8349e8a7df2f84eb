"""What the deliveries of one queue are held to, and for how long its messages can come again."""

from math import inf
from typing import NamedTuple

from cybernetic.gateways.broker.topology import Queue
from cybernetic.gateways.consumer.guard import Guard
from cybernetic.gateways.consumer.retrying import SPREAD, Retries
from cybernetic.gateways.envelope.keys import SKEW

DAY = 86_400.0  # seconds, besides the retries, after which a ticket is too old wherever messages are signed
AGE = 3 * DAY  # seconds that work may be old in a queue without a TTL: what came before a long weekend


class Terms(NamedTuple):
    """The terms of one queue.

    Attributes:
        guard: which signed messages are taken; None: all are.
        once: whether effects are remembered, so that a message has its effect once.
        age: seconds that work may be old where the guard's rules say nothing.
        round: seconds that the retries of a message take at most, all together.
    """

    guard: Guard | None = None
    once: bool = True
    age: float = AGE
    round: float = 0.0

    @property
    def longest(self) -> float:
        """Seconds after which no message that was taken before is taken again, but for an outage in between."""
        if self.guard is None:
            return self.age + self.round
        return max(DAY, *self.guard.rules.oldest(self.age)) + self.round

    def ticket_age(self, age: float | None) -> float:
        """Seconds after which a ticket is too old whose message may have this age."""
        return self.round + max(age or 0.0, DAY)


def terms_of(queue: Queue, retries: Retries, guard: Guard | None, once: bool) -> Terms:
    """The terms of a queue: its work may be as old as its TTL, or three days where it has none.

    What the queue's clock allows may look older by as much as the sender's clock differs from ours.
    """
    steps = sum(retries.delay(done) for done in range(retries.count))
    age = AGE if queue.ttl is None or queue.ttl == inf else queue.ttl + SKEW
    return Terms(guard, once, age, steps * (1 + SPREAD))
