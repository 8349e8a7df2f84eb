"""Oscillation told from integrated error between changes of sign: constant memory, fit for the hot path.

The load-disturbance detector of Hägglund (1995): a half period whose integral of |error| is large is a swing;
many swings within the supervision time are an oscillation.
"""

from dataclasses import dataclass, replace
from math import pi
from typing import Self

from cybernetic.core import number, whole


def swing_limit(amplitude: float, period: float) -> float:
    """The integral of |error| over half a period of a sine: `amplitude * period / pi`. Both > 0.

    Give the smallest amplitude that matters (unit of the error) and the period of the suspected loop
    (seconds).
    """
    return number("amplitude", amplitude, above=0.0) * number("period", period, above=0.0) / pi


@dataclass(frozen=True, slots=True)
class SwingCounter:
    """Counts the half periods of an error that swing further than a limit.

    Arguments:
        limit: integral of |error| (unit of the error times seconds) above which a half period is a swing, >
            0.
        count: so many swings make an oscillation, >= 1; the memory is this many times.
        within: seconds within which they must end, > 0.
    """

    limit: float
    count: int
    within: float
    area: float = 0.0
    error: float = 0.0
    at: float | None = None
    swings: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        number("limit", self.limit, above=0.0)
        whole("count", self.count, least=1)
        number("within", self.within, above=0.0)

    def saw(self, error: float, now: float) -> Self:
        """After `error` (deviation from the set-point) was seen at `now`; in between it went straight."""
        number("now", now, least=self.at)
        number("error", error)
        if self.at is None:
            return replace(self, at=now, error=error)
        elapsed = now - self.at
        if self.error * error >= 0:
            return replace(self, at=now, error=error, area=self.area + elapsed * abs(self.error + error) / 2)
        before_zero = 1.0 / (1.0 + abs(error / self.error))
        until_zero = elapsed * before_zero
        area = self.area + until_zero * abs(self.error) / 2
        swings = (*self.swings, self.at + until_zero) if area > self.limit else self.swings
        rest = elapsed * (1.0 - before_zero) * abs(error) / 2
        return replace(self, at=now, error=error, area=rest, swings=swings[-self.count :])

    def oscillating(self, now: float) -> bool:
        """Whether the last `count` swings all ended within the supervision time before `now`."""
        number("now", now, least=self.at)
        return len(self.swings) == self.count and now - self.swings[0] <= self.within

    @property
    def period(self) -> float | None:
        """Twice the mean time between the swings kept, seconds; None with fewer than two."""
        if len(self.swings) < 2:
            return None
        return 2.0 * (self.swings[-1] - self.swings[0]) / (len(self.swings) - 1)
