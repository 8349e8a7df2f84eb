"""When a unit takes a port for out by what it meets there itself: pure."""

from dataclasses import dataclass, replace
from math import inf
from typing import Self

from cybernetic.core import number, whole


@dataclass(frozen=True, slots=True)
class Outage:
    """When what is behind a port is taken for out: `Port(outage=Outage(after=3, seconds=30))`.

    Then all units that share a world leave the port alone, though but one of them has met the outage. After the time
    one call that fails is enough to have it left alone again, until one is done.

    Args:
        after: calls in a row that fail, or come to no answer in time, at one unit; >= 1. Default 3.
        seconds: for which the port is left alone, > 0. Default 30.

    Raises `OptionError`.
    """

    after: int = 3
    seconds: float = 30.0

    def __post_init__(self) -> None:
        whole("after", self.after, least=1)
        number("seconds", self.seconds, above=0.0)


@dataclass(frozen=True, slots=True)
class Met:
    """What one unit has met at a port: `failures` in a row, and `until` when that is an outage, seconds."""

    failures: int = 0
    until: float = -inf

    def after(self, good: bool, outage: Outage, at: float) -> Self:
        """After a call that ended at `at`; it is an outage from then on if enough have failed."""
        if good:
            return type(self)()
        failures = min(self.failures + 1, outage.after)
        return replace(
            self,
            failures=failures,
            until=at + outage.seconds if failures >= outage.after else self.until,
        )

    def told(self, outage: Outage) -> Self:
        """After another unit has told of an outage: one failure more is enough from now on."""
        return replace(self, failures=max(self.failures, outage.after - 1))
