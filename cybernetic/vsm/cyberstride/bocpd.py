"""Bayesian online change-point detection: how long the present run of data has lasted."""

from dataclasses import dataclass
from math import exp, inf, sqrt
from operator import itemgetter
from typing import NamedTuple

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.chart import BEYOND, distance

_SPREADS = (1e-100, 1e100)  # their squares, and one over these, can be held
_FAR = 2**53  # data in a run
_DUST = 1e-6  # what rounding makes of a sum of probabilities is far less
_MOST = 10**9  # data: a float counts them one by one
_NARROW, _WIDE = 1e-201, 1e201  # precisions of means: from one over the square of a spread on
_UNLIKELY = 1e-150  # what is less probable is forgotten: scaled up again, it could be divided by nothing


class Run(NamedTuple):
    """A hypothesis: the run has `length` data; what is known of their mean, in standard units."""

    length: int
    probability: float
    mean: float
    precision: float


_Run = tuple[int, float, float, float]  # the same as a plain tuple, which is cheaper to make


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
    means about plan, in `sigma`s, from 1e-100 to 1e100. `threshold`: the probability that alarms, in (0, 1).
    `apart`: up to how many data runs are told apart, at least `longest`; of the longer ones the likeliest stands
    for all.
    Few are quick, and make a shift that was missed be seen as new again; many are closer to the paper, and
    a shift that lasts becomes the rule. `established`: data that the run on plan counts for at the start.
    `plan` and `sigma` (> 0) are in the units of the data. The defaults alarm about once in 500 data by
    chance. Raises `OptionError` for anything else.
    """

    hazard: float = 1 / 250
    spread: float = 3.0
    threshold: float = 0.29
    longest: int = 20
    apart: int = 20
    established: int = 50
    plan: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        for name in ("hazard", "threshold"):
            if number(name, getattr(self, name), above=0.0) >= 1.0:
                raise OptionError(name, "a probability in (0, 1)", getattr(self, name))
        if not _SPREADS[0] <= number("spread", self.spread) <= _SPREADS[1]:
            raise OptionError("spread", f"a number from {_SPREADS[0]:g} to {_SPREADS[1]:g}", self.spread)
        if whole("longest", self.longest, least=2) > _MOST:
            raise OptionError("longest", f"an integer from 2 to {_MOST}", self.longest)
        whole("apart", self.apart, least=self.longest)
        if whole("established", self.established, least=self.longest + 1) > _MOST:
            raise OptionError("established", f"an integer up to {_MOST}", self.established)
        number("plan", self.plan)
        number("sigma", self.sigma, above=0.0)

    def start(self) -> BocpdState:
        """The state before any datum: a run on plan that is already established."""
        return BocpdState((Run(self.established, 1.0, 0.0, float(self.established)),), 0.0)

    def step(self, state: BocpdState, y: float) -> BocpdState:
        """The state after datum `y`. Raises `OptionError` when it is not finite or absurdly far out, and for a
        `state` that no data make.
        """
        z = distance(y, self.plan, self.sigma)
        likely = [(0, self.hazard, 0.0, self.spread**-2)]
        likely += [
            (length, p * (1.0 - self.hazard), mean, precision) for length, p, mean, precision in _known(state)
        ]
        runs = _pooled(_absorb([run for run in likely if run[1] > _UNLIKELY], z), self.apart)
        recent = sum([p for length, p, _, _ in runs if 2 <= length <= self.longest])
        return BocpdState(runs, recent, recent >= self.threshold)


def _known(state: BocpdState) -> tuple[Run, ...]:
    """The runs of a state, whose probabilities sum to 1. Raises `OptionError` for one that no data make."""
    runs, total = instance("state", state, BocpdState).runs, 0.0
    try:
        for length, p, mean, precision in runs:
            sound = 1 <= length <= _FAR and 0.0 <= p <= 2.0 and -BEYOND <= mean <= BEYOND
            total += p if sound and _NARROW <= precision <= _WIDE else inf
    except (TypeError, ValueError):  # these are no runs, or hold no figures
        total = inf
    if not abs(total - 1.0) <= _DUST:
        raise OptionError("state.runs", "runs that data make, of probabilities that sum to 1", runs)
    return runs


def _absorb(runs: list[_Run], z: float) -> list[_Run]:
    """Each run one datum longer, and as probable as its forecast of `z` makes it."""
    variances = [1.0 + 1.0 / precision for _, _, _, precision in runs]
    exponents = [
        0.5 * (z - mean) ** 2 / variance for (_, _, mean, _), variance in zip(runs, variances, strict=True)
    ]
    least = min(exponents)
    weights = [
        p * exp(least - exponent) / sqrt(variance)
        for (_, p, _, _), exponent, variance in zip(runs, exponents, variances, strict=True)
    ]
    scale = 1.0 / sum(weights)
    return [
        (length + 1, weight * scale, mean + (z - mean) / (precision + 1.0), precision + 1.0)
        for (length, _, mean, precision), weight in zip(runs, weights, strict=True)
    ]


def _pooled(runs: list[_Run], apart: int) -> tuple[Run, ...]:
    """Runs longer than `apart` are not told apart: the likeliest of them stands for all."""
    old = [run for run in runs if run[0] > apart]
    kept = [Run(*run) for run in runs if run[0] <= apart]
    if old:
        length, _, mean, precision = max(old, key=itemgetter(1))
        kept.append(Run(length, sum([p for _, p, _, _ in old]), mean, precision))
    return tuple(kept)
