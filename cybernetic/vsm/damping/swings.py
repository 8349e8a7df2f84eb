"""Oscillation told from integrated error between changes of sign: constant memory, fit for the hot path.

The load-disturbance detector of Hägglund (1995): a half period whose integral of |error| is large is a swing;
many swings within the supervision time are an oscillation.
"""

from dataclasses import dataclass
from math import inf, pi
from typing import Self

from cybernetic.core import OptionError, number, one_of, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import instance


def swing_limit(amplitude: float, period: float) -> float:
    """The integral of |error| over half a period of a sine: `amplitude * period / pi`. Both > 0.

    Give the smallest amplitude that matters (unit of the error) and the period of the suspected loop
    (seconds). Raises `OptionError` where the product is more, or less, than a float holds.
    """
    limit = number("amplitude", amplitude, above=0.0) * number("period", period, above=0.0) / pi
    if not 0.0 < limit < inf:
        raise OptionError(
            "period", f"seconds that times the amplitude ({amplitude:g}) are finite and > 0", period
        )
    return limit


@dataclass(frozen=True, slots=True)
class SwingCounter:
    """Counts the half periods of an error that swing further than a limit.

    Arguments:
        limit: integral of |error| (unit of the error times seconds) above which a half period is a swing, >
            0.
        count: so many swings make an oscillation, >= 1; the memory is this many times.
        within: seconds within which they must end, > 0.
        area, error, at, swings: of the present half period, the last datum and its time, and when swings ended.
        side: the sign of the last datum that was not 0.
    """

    limit: float
    count: int
    within: float
    area: float = 0.0
    error: float = 0.0
    at: float | None = None
    swings: tuple[float, ...] = ()
    side: int = 0

    def __post_init__(self) -> None:
        number("limit", self.limit, above=0.0)
        whole("count", self.count, least=1)
        number("within", self.within, above=0.0)
        number("area", self.area, least=0.0)
        number("error", self.error)
        if self.at is not None:
            number("at", self.at)
        one_of("side", self.side, (-1, 0, 1))
        for ended in instance("swings", self.swings, tuple):
            number("swings", ended)

    def saw(self, error: float, now: float) -> Self:
        """After `error` (deviation from the set-point) was seen at `now`; in between it went straight.

        A half period that ends in data of exactly 0 ends with the last of them. Raises `OptionError` for an error
        that is not finite or whose integral is not, and for a `now` of the past.
        """
        now, error = number("now", now, least=self.at), number("error", error)
        if self.at is None:
            return changed(self, at=now, error=error, side=_sign(error))
        elapsed = now - self.at
        if elapsed == inf:
            raise OptionError("now", f"a time that is finitely many seconds after {self.at:g}", now)
        before, here = _sign(self.error) or self.side, _sign(error)
        if before * here >= 0:
            area = _finite(self.area + elapsed * abs(self.error + error) / 2, error)
            return changed(self, at=now, error=error, area=area, side=here or before)
        before_zero = 1.0 / (1.0 + abs(error / self.error)) if self.error else 0.0
        until_zero = elapsed * before_zero
        area = self.area + until_zero * abs(self.error) / 2
        swings = (*self.swings, self.at + until_zero) if area > self.limit else self.swings
        rest = _finite(elapsed * (1.0 - before_zero) * abs(error) / 2, error)
        return changed(self, at=now, error=error, area=rest, swings=swings[-self.count :], side=here)

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


def _sign(error: float) -> int:
    """1, -1 or 0: a product of two errors could be too small for a float."""
    return (error > 0) - (error < 0)


def _finite(area: float, error: float) -> float:
    if not area < inf:
        raise OptionError("error", "an error whose integral is a finite number", error)
    return area
