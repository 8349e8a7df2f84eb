"""How often and after what delays a message is tried again, and the queues in which it waits meanwhile."""

from dataclasses import dataclass

from cybernetic.core import OptionError, number, whole
from cybernetic.gateways.broker.topology import Queue, Topology

SPREAD = (
    0.1  # a delay is spread by chance within this share of its step, so that a storm does not return as one
)


@dataclass(frozen=True, slots=True)
class Retries:
    """The delays of a message that fails: `first`, then twice as long each time, at most `most`.

    Each step has a delay queue of its own: a message that expires waits behind those before it, so only messages
    with (nearly) equal delays may share one.

    Args:
        count: retries after the first delivery; 0: none, what fails is parked at once. Default 5: 1, 2, 4, 8, 16 s.
        first: the first delay in seconds, > 0.
        most: the longest delay in seconds, >= `first`. Default 60.

    Raises:
        OptionError: a value is outside of these limits.
    """

    count: int = 5
    first: float = 1.0
    most: float = 60.0

    def __post_init__(self) -> None:
        if whole("count", self.count) > 100:
            raise OptionError("count", "at most 100 retries", self.count)
        number("most", self.most, least=number("first", self.first, above=0))

    @property
    def steps(self) -> tuple[float, ...]:
        """The different delays there are, in seconds, shortest first."""
        return tuple(dict.fromkeys(self.delay(n) for n in range(self.count)))

    def delay(self, done: int) -> float:
        """Seconds before the next try of a message that had `done` retries so far."""
        return min(self.most, self.first * 2.0**done)

    def step(self, done: int, after: float | None = None) -> float:
        """The delay that is taken: that of the retry, or the shortest step that is at least `after` seconds."""
        if after is None:
            return self.delay(done)
        return next((step for step in self.steps if step >= after), self.steps[-1])

    def waiting(self, step: float, chance: float) -> float:
        """How long a message waits in the queue of `step`: within 10 % of it, by `chance` in [0, 1)."""
        return step * (1 - SPREAD + 2 * SPREAD * chance)


def delay_queue(queue: str, step: float) -> str:
    """The name of the queue in which messages of `queue` wait for `step` seconds."""
    return f"{queue}.retry.{step:g}s"


def parking_queue(queue: str) -> str:
    """The name of the queue in which messages of `queue` rest that can never succeed."""
    return f"{queue}.parked"


def around(queue: Queue, retries: Retries) -> Topology:
    """What a work queue needs beside it: a delay queue for each step, and the parking queue.

    From a delay queue an expired message goes back to the work queue; from the parking queue nothing goes anywhere.
    They are quorum queues, whatever the work queue is: a classic one would drop what comes back to a full work queue.
    """
    # steps that are nearly equal have one name, and share a queue
    names = dict.fromkeys(delay_queue(queue.name, step) for step in retries.steps)
    waits = tuple(
        Queue(name, dead_letter="", dead_letter_key=queue.name, at_least_once=True) for name in names
    )
    return Topology(queues=(*waits, Queue(parking_queue(queue.name))))
