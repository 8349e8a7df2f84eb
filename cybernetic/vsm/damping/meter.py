"""How many a second: a rate that is measured, and forgets."""

from dataclasses import dataclass
from math import inf, log
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import later


@dataclass(frozen=True, slots=True)
class Meter:
    """The average rate of what happens, with weights that halve every `half` seconds (> 0): a value.

    `value` is the rate a second as of `at`. Begun at 0 it needs a few halves to be true; before that it is too low.
    Raises `OptionError` for a `half` that is not > 0, a `value` that is not >= 0, and what is not finite.
    """

    half: float = 10.0
    value: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        number("half", self.half, above=0.0)
        number("value", self.value, least=0.0)
        number("at", self.at)

    def after(self, now: float, count: float = 1.0) -> Self:
        """After `count` (>= 0) more at `now`, seconds, not before `at`. Raises `OptionError`, also where the rate
        overflows.
        """
        rate = (
            self.rate(later("now", now, self.at)) + number("count", count, least=0.0) * log(2.0) / self.half
        )
        if not rate < inf:
            raise OptionError("count", f"a count whose rate over {self.half:g} s is a finite number", count)
        return type(self)(self.half, rate, now)

    def rate(self, now: float) -> float:
        """How many a second at `now`, seconds; before `at`, as of then. Raises `OptionError` when it is not finite."""
        return float(self.value * 2.0 ** ((self.at - max(number("now", now), self.at)) / self.half))
