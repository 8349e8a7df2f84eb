"""How many a second: a rate that is measured, and forgets."""

from dataclasses import dataclass
from math import log
from typing import Self

from cybernetic.core import number


@dataclass(frozen=True, slots=True)
class Meter:
    """The average rate of what happens, with weights that halve every `half` seconds (> 0): a value.

    `value` is the rate a second as of `at`. Begun at 0 it needs a few halves to be true; before that it is too low.
    """

    half: float = 10.0
    value: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        number("half", self.half, above=0.0)

    def after(self, now: float, count: float = 1.0) -> Self:
        """After `count` (>= 0) more at `now`, seconds."""
        return type(self)(
            self.half, self.rate(now) + number("count", count, least=0.0) * log(2.0) / self.half, now
        )

    def rate(self, now: float) -> float:
        """How many a second at `now`."""
        return float(self.value * 2.0 ** ((self.at - max(now, self.at)) / self.half))
