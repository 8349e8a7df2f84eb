"""What the other half of a system has asked of this one: each is done once, however often it comes."""

from dataclasses import dataclass, field

from cybernetic.vsm.channels.channel import Channel
from cybernetic.vsm.recursion.again import Again
from cybernetic.vsm.recursion.parcels import Answered, Saying, Waits
from cybernetic.vsm.timing import now


@dataclass(slots=True)
class Answer:
    """An answer that the other half may not have, the channel by which it goes, and when it may be said again."""

    answered: Answered
    channel: Channel | None
    again: Again = field(default_factory=Again)


class Once:
    """What has come of one life of the other half. Of a later one it knows nothing, and nobody waits in an earlier one.

    It remembers what the other half waits for, and what it has asked since it has said so last: not more.
    """

    def __init__(self) -> None:
        self._by = 0  # number of the door of who asks
        self._last = 0  # up to which number it has said what it waits for
        self._waits: frozenset[int] = frozenset()  # those of them that it waits for
        self._known: dict[int, Answer | None] = {}  # what has come; None: it is under way

    def lives(self, by: int) -> bool:
        """Whether no later life of the other half has been heard than the one whose door has the number `by`."""
        if by > self._by:
            self._by, self._last, self._waits = by, 0, frozenset()
            self._known.clear()
        return by == self._by

    def begins(self, saying: Saying, hurts: bool = False) -> bool:
        """Whether what has come is to be done: not if it was begun before, or is over.

        Where it `hurts` that is done rather twice than never: it may have been on a way that is slow.
        """
        if not saying.number:
            return True
        number, lives = saying.number, self.lives(saying.by)
        if lives and number in self._known:
            return False
        if not lives or not self._awaited(number):
            return hurts
        self._known[number] = None
        return True

    def ended(self, saying: Saying, answer: Answer) -> None:
        """It was done: the answer is kept until the other half has it."""
        if saying.number in self._known and saying.by == self._by:
            self._known[saying.number] = answer

    def hear(self, waits: Waits) -> tuple[list[Answer], tuple[int, ...]]:
        """The other half says what it waits for: the answers that it may not have, and the numbers that never came."""
        if not self.lives(waits.by) or waits.last < self._last:
            return [], ()
        self._waits = frozenset(filter(self._awaited, waits.numbers))
        self._last = waits.last
        for number in [one for one in self._known if not self._awaited(one)]:
            del self._known[number]
        at, known = now(), [self._known[one] for one in sorted(self._waits & self._known.keys())]
        answers = [one for one in known if one is not None and one.again.due(at)]
        return answers, tuple(sorted(self._waits - self._known.keys()))

    def _awaited(self, number: int) -> bool:
        """What is over is never waited for again, whatever comes late."""
        return number > self._last or number in self._waits
