"""What is known of the messages of one consumer for as long as its process lives, whatever becomes of its agents."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

REMEMBERED = 10_000  # messages that came back without a crash, or were counted


@dataclass(slots=True)
class Suspicion:
    """What is known of a suspect in this life of its process.

    Attributes:
        crashes: how many it may have caused, before this life.
        tried: whether it was begun in this life.
    """

    crashes: int
    tried: bool = False


class Life:
    """One life of the process: an agent that ends in it, or a store that fails, is no crash.

    Attributes:
        handling: what is being handled, by the name it is counted under; how many, for messages without ids may be
            alike. What an agent leaves here when it is killed comes again, through no fault of its own.
        returned: what went back in an orderly way, and how many of each.
        counted: suspects that came in this life: there was one end of a process before it, whatever comes again.
    """

    def __init__(self) -> None:
        self.handling: Counter[str] = Counter()
        self.returned: OrderedDict[str, int] = OrderedDict()
        self.counted: OrderedDict[str, Suspicion] = OrderedDict()

    def begin(self, name: str) -> None:
        """It is being handled."""
        self.handling[name] += 1

    def over(self, name: str) -> None:
        """It is not any more."""
        self.handling[name] -= 1
        if self.handling[name] <= 0:
            del self.handling[name]

    def go_back(self, name: str, times: int = 1) -> None:
        """It goes back, and did nothing wrong."""
        self.returned[name] = self.returned.pop(name, 0) + times
        while len(self.returned) > REMEMBERED:
            self.returned.popitem(last=False)

    def come_again(self, name: str) -> bool:
        """Whether one of that name went back in an orderly way; then it has come again."""
        count = self.returned.pop(name, 0)
        if count > 1:
            self.returned[name] = count - 1
        return count > 0

    def count(self, name: str, crashes: int) -> Suspicion:
        """It may have caused so many crashes."""
        known = self.counted.setdefault(name, Suspicion(crashes))
        known.crashes = crashes
        while len(self.counted) > REMEMBERED:
            self.counted.popitem(last=False)
        return known

    def inherit(self) -> None:
        """The agent before ended without a word: what it was handling comes again."""
        for name, times in self.handling.items():
            self.go_back(name, times)
        self.handling.clear()


_lives: WeakKeyDictionary[object, dict[str, Life]] = WeakKeyDictionary()


def life_of(system: object, consumer: str) -> Life:
    """The one of a consumer in a system: the same for each agent that bears its name there."""
    return _lives.setdefault(system, {}).setdefault(consumer, Life())
