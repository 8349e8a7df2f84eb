"""Bayesian online change-point detection: how long the present run of data has lasted."""

from dataclasses import dataclass
from math import exp, pi, sqrt
from typing import NamedTuple

from cybernetic.core import OptionError, number, whole

_NEGLIGIBLE = 1e-8  # a run length less likely than this is forgotten


class Run(NamedTuple):
    """A hypothesis: the run has `length` data; what is known of their mean, in standard units."""

    length: int
    probability: float
    mean: float
    precision: float


class BocpdState(NamedTuple):
    """The hypotheses about the present run, the probability that it began lately, and whether that is an
    alarm.
    """

    runs: tuple[Run, ...]
    recent: float
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Bocpd:
    """Alarms when the present run probably has 2 to `longest` data. R. P. Adams and D. J. C. MacKay, 2007.

    `hazard`: the probability that a run ends at a datum, in (0, 1). `spread`: the standard deviation of run
    means about plan, in `sigma`s, > 0. `threshold`: the probability that alarms, in (0, 1). `established`:
    data that the run on plan counts for at the start. `plan` and `sigma` (> 0) are in the units of the
    data. The defaults alarm about once in 500 data by chance. Raises `OptionError` for anything else.
    """

    hazard: float = 1 / 250
    spread: float = 5.0
    threshold: float = 0.5
    longest: int = 20
    established: int = 50
    plan: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        for name in ("hazard", "threshold"):
            if number(name, getattr(self, name), above=0.0) >= 1.0:
                raise OptionError(name, "a probability in (0, 1)", getattr(self, name))
        number("spread", self.spread, above=0.0)
        whole("longest", self.longest, least=2)
        whole("established", self.established, least=self.longest + 1)
        number("plan", self.plan)
        number("sigma", self.sigma, above=0.0)

    def start(self) -> BocpdState:
        """The state before any datum: a run on plan that is already established."""
        return BocpdState((Run(self.established, 1.0, 0.0, float(self.established)),), 0.0)

    def step(self, state: BocpdState, y: float) -> BocpdState:
        """The state after datum `y`. Raises `OptionError` when it is not finite."""
        z = (number("y", y) - self.plan) / self.sigma
        prior = self.spread**-2
        fresh = Run(0, self.hazard, 0.0, prior)
        runs = [
            fresh,
            *(run._replace(probability=run.probability * (1.0 - self.hazard)) for run in state.runs),
        ]
        grown = _absorb(runs, z)
        kept = tuple(run for run in grown if run.probability > _NEGLIGIBLE)
        recent = sum(run.probability for run in kept if 2 <= run.length <= self.longest)
        return BocpdState(kept, recent, recent >= self.threshold)


def _absorb(runs: list[Run], z: float) -> list[Run]:
    """Each run one datum longer, and as probable as its forecast of `z` makes it."""
    exponents = []
    for run in runs:
        variance = 1.0 + 1.0 / run.precision
        exponents.append((0.5 * (z - run.mean) ** 2 / variance, variance))
    least = min(exponent for exponent, _ in exponents)
    weights = [
        run.probability * exp(least - exponent) / sqrt(2.0 * pi * variance)
        for run, (exponent, variance) in zip(runs, exponents, strict=True)
    ]
    total = sum(weights)
    return [
        Run(
            run.length + 1,
            weight / total,
            run.mean + (z - run.mean) / (run.precision + 1.0),
            run.precision + 1.0,
        )
        for run, weight in zip(runs, weights, strict=True)
    ]
