"""Roberts's exponentially weighted moving average."""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.chart import BEYOND, distance, held

_LIGHTEST = 1e-9  # below, what is left of 1 cannot be told from it, and the limits would be 0


class EwmaState(NamedTuple):
    """The average distance from plan, in standard deviations of a datum; the weight of what came before any
    datum in it; and whether the average is too far off.
    """

    mean: float = 0.0
    before: float = 1.0
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Ewma:
    """Alarms when the weighted average of data stands `limit` of its own standard deviations from plan.

    S. W. Roberts, "Control chart tests based on geometric moving averages", 1959; the limits widen at the
    start as the average's deviation does. `weight` of the newest datum, from 1e-9 to 1; `limit` > 0; `plan` and
    `sigma` (> 0) in the units of the data. The defaults alarm about once in 500 data by chance. Raises
    `OptionError` for anything else.
    """

    weight: float = 0.2
    limit: float = 2.98
    plan: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        if not _LIGHTEST <= number("weight", self.weight) <= 1.0:
            raise OptionError("weight", f"a number from {_LIGHTEST:g} to 1", self.weight)
        number("limit", self.limit, above=0.0)
        number("plan", self.plan)
        number("sigma", self.sigma, above=0.0)

    def start(self) -> EwmaState:
        """The state before any datum."""
        return EwmaState()

    def step(self, state: EwmaState, y: float) -> EwmaState:
        """The state after datum `y`. Raises `OptionError` when it is not finite or absurdly far out, and for a
        `state` that no data make.
        """
        z = distance(y, self.plan, self.sigma)
        mean, before, _ = instance("state", state, EwmaState)
        mean = held("mean", mean, -BEYOND, BEYOND) + self.weight * (z - mean)
        before = held("before", before, 0.0, 1.0) * (1.0 - self.weight)
        deviation = sqrt(self.weight / (2.0 - self.weight) * (1.0 - before * before))
        return EwmaState(mean, before, abs(mean) >= self.limit * deviation)
