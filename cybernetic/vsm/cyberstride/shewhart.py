"""Shewhart's chart: a datum too far from plan."""

from dataclasses import dataclass
from typing import NamedTuple

from cybernetic.core import number
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.chart import BEYOND, distance, held


class ShewhartState(NamedTuple):
    """The last datum, in standard deviations from plan, and whether that is too far."""

    z: float = 0.0
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Shewhart:
    """Alarms at a datum `limit` standard deviations from plan or more. W. A. Shewhart, 1931.

    `plan` and `sigma` are in the units of the data; `sigma` and `limit` are > 0. The default limit is
    passed once in 500 data by chance. Raises `OptionError` for anything else.
    """

    limit: float = 3.09
    plan: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        number("limit", self.limit, above=0.0)
        number("plan", self.plan)
        number("sigma", self.sigma, above=0.0)

    def start(self) -> ShewhartState:
        """The state before any datum."""
        return ShewhartState()

    def step(self, state: ShewhartState, y: float) -> ShewhartState:
        """The state after datum `y`. Raises `OptionError` when it is not finite or absurdly far out, and for a
        `state` that no data make.
        """
        held("z", instance("state", state, ShewhartState).z, -BEYOND, BEYOND)
        z = distance(y, self.plan, self.sigma)
        return ShewhartState(z, abs(z) >= self.limit)
