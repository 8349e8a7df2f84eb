"""Page's cumulative sums, upward and downward."""

from dataclasses import dataclass
from sys import float_info
from typing import NamedTuple

from cybernetic.core import number
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.chart import distance, held


class CusumState(NamedTuple):
    """What has accumulated above and below plan, in standard deviations, and whether either is too much."""

    up: float = 0.0
    down: float = 0.0
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Cusum:
    """Alarms when what exceeds plan by more than `drift` has summed up to `limit`, or falls short of it so.

    E. S. Page, "Continuous inspection schemes", 1954. `drift` (>= 0, usually half the shift to find) and
    `limit` (> 0) are in standard deviations, `plan` and `sigma` (> 0) in the units of the data. The
    defaults alarm about once in 500 data by chance. Raises `OptionError` for anything else.
    """

    drift: float = 0.5
    limit: float = 5.15
    plan: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        number("drift", self.drift, least=0.0)
        number("limit", self.limit, above=0.0)
        number("plan", self.plan)
        number("sigma", self.sigma, above=0.0)

    def start(self) -> CusumState:
        """The state before any datum."""
        return CusumState()

    def step(self, state: CusumState, y: float) -> CusumState:
        """The state after datum `y`. Raises `OptionError` when it is not finite or absurdly far out, and for a
        `state` that no data make.
        """
        z = distance(y, self.plan, self.sigma)
        up, down, _ = instance("state", state, CusumState)
        up = max(0.0, held("up", up, 0.0, float_info.max) + z - self.drift)
        down = max(0.0, held("down", down, 0.0, float_info.max) - z - self.drift)
        return CusumState(up, down, max(up, down) >= self.limit)
