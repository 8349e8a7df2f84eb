"""What hangs is ended so that its supervisor starts it anew: when, and how long its successor has to prove itself."""

from dataclasses import dataclass
from math import inf
from typing import Self

from cybernetic.core import number, whole
from cybernetic.vsm.checks import later, moment

LONGEST = 16.0  # silences between two endings at most
FORGOTTEN = 150.0  # silences without one, after which nothing is remembered
ENOUGH = 8  # doublings, after which both have come to their ends


@dataclass(frozen=True, slots=True)
class Hang:
    """How often (`times`) a loop was ended of late because it hung, and when last (`at`, seconds): a value.

    All of it is measured in *silences*, the seconds after which the loop counts as silent. One that falls silent is
    given one more, and twice as long after each ending. A successor counts as back when it has shown that it lives for
    a silence, and twice as long after each further ending: so what hangs again and again is one pain that lasts, and
    not many that are over.
    """

    times: int = 0
    at: float = -inf

    def __post_init__(self) -> None:
        whole("times", self.times)
        moment("at", self.at)

    def patience(self, silence: float) -> float:
        """Seconds that who runs a loop is given, once it is silent and he is seen to be there."""
        return number("silence", silence, least=0.0) * min(LONGEST, 2.0 ** min(self.times, ENOUGH))

    def proof(self, silence: float) -> float:
        """Seconds for which a loop must have shown that it lives before its silence is over."""
        number("silence", silence, least=0.0)
        return silence * min(FORGOTTEN, 2.0 ** min(self.times - 1, ENOUGH)) if self.times else 0.0

    def ended(self, now: float) -> Self:
        """After it was ended at `now`, seconds, not before the last time. Raises `OptionError`."""
        return type(self)(self.times + 1, later("now", now, self.at))

    def forgotten(self, silence: float, now: float) -> bool:
        """Whether the last time is so long ago at `now`, seconds, that it counts no more. Raises `OptionError`."""
        return later("now", now, self.at) - self.at > FORGOTTEN * number("silence", silence, least=0.0)
