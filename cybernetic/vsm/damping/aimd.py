"""The rate of a provider whose limit is not known: add while it agrees, multiply down when it refuses."""

from dataclasses import dataclass, replace
from math import inf
from typing import Self

from cybernetic.core import OptionError, number, seconds
from cybernetic.vsm.checks import moment


@dataclass(frozen=True, slots=True)
class Aimd:
    """Additive increase, multiplicative decrease of a rate; feed its `rate` and `barrier` to a `Pacer`.

    Arguments:
        rate: units a second to begin with; clamped between floor and ceiling. Start high where the limit is
            known: from 30 % of it the climb costs a fifth to a third of the work of the first half hour.
        ceiling: the rate never rises above it, units a second; `inf` where nothing is known of a limit.
        floor: nor falls below it; > 0, or a storm of refusals would end everything.
        rise: added at each success, units a second.
        cut: the rate is multiplied by it at a refusal, in (0, 1).
        calm: refusals within so many seconds of a cut are one event and do not cut again.
        longest: the longest Retry-After that is obeyed, seconds: a hostile one (a year) is capped.
        barrier: nothing should go before this time, seconds.
        cut_at: when the rate was last cut; None: never.

    Raises `OptionError` for values that cannot be.
    """

    rate: float
    ceiling: float
    floor: float
    rise: float
    cut: float = 0.7
    calm: float = 1.0
    longest: float = 300.0
    barrier: float = -inf
    cut_at: float | None = None
    seen: float | None = None

    def __post_init__(self) -> None:
        number("floor", self.floor, above=0.0)
        if moment("ceiling", self.ceiling) < self.floor:
            raise OptionError("ceiling", f"at least the floor ({self.floor:g})", self.ceiling)
        number("rise", self.rise, least=0.0)
        number("calm", self.calm, least=0.0)
        number("longest", self.longest, least=0.0)
        if number("cut", self.cut, above=0.0) >= 1.0:
            raise OptionError("cut", "a number in (0, 1)", self.cut)
        moment("barrier", self.barrier)
        if self.cut_at is not None:
            number("cut_at", self.cut_at)
        if self.seen is not None:
            number("seen", self.seen)
        rate = number("rate", self.rate, above=0.0)
        object.__setattr__(self, "rate", min(self.ceiling, max(self.floor, rate)))

    def refused(self, now: float, retry_after: float = 0.0) -> Self:
        """After a refusal (429) at `now` that asked to wait `retry_after` seconds; `inf` is allowed, and
        capped.
        """
        number("now", now, least=self.seen)
        wait = min(seconds("retry_after", retry_after) or 0.0, self.longest)
        after = replace(self, barrier=max(self.barrier, now + wait), seen=now)
        if self.cut_at is not None and now < self.cut_at + self.calm:
            return after
        return replace(after, rate=max(self.floor, self.rate * self.cut), cut_at=now)

    def succeeded(self, now: float) -> Self:
        """After a success at `now`.

        One that arrives before the barrier was sent before the refusal: no rise.
        """
        number("now", now, least=self.seen)
        if now < self.barrier:
            return replace(self, seen=now)
        return replace(self, rate=self.rate + self.rise, seen=now)
