"""How statistical tests are judged: fixed seeds, a stated number of runs, and red only when a one-sided bound
of 99 % speaks against the claim.
"""

from collections.abc import Sequence
from math import exp, fsum, lgamma, log, log1p, sqrt
from random import Random
from statistics import fmean, stdev

from cybernetic.core import Chance

_ONE_SIDED = 2.3263478740408408  # of a standard Gaussian, 99 %
_LEVEL = 0.01


def stream(*key: object) -> Random:
    """The chance of a test: the same in every run."""
    return Chance(7).stream(*key)


def mean_is_at_most(limit: float, values: Sequence[float]) -> bool:
    """Whether the data leave room for a true mean of at most `limit`."""
    return fmean(values) - _ONE_SIDED * stdev(values) / sqrt(len(values)) <= limit


def mean_is_at_least(limit: float, values: Sequence[float]) -> bool:
    """Whether the data leave room for a true mean of at least `limit`."""
    return fmean(values) + _ONE_SIDED * stdev(values) / sqrt(len(values)) >= limit


def share_is_at_most(limit: float, hits: int, runs: int) -> bool:
    """Whether so many `hits` in `runs` may come of a true share of at most `limit`."""
    return 1.0 - _up_to(hits - 1, runs, limit) >= _LEVEL


def share_is_at_least(limit: float, hits: int, runs: int) -> bool:
    """Whether so few `hits` in `runs` may come of a true share of at least `limit`."""
    return _up_to(hits, runs, limit) >= _LEVEL


def _up_to(hits: int, runs: int, share: float) -> float:
    """The probability of at most `hits` in `runs`; by logarithms, since the coefficients outgrow floats."""
    every = lgamma(runs + 1)
    return fsum(
        exp(every - lgamma(k + 1) - lgamma(runs - k + 1) + k * log(share) + (runs - k) * log1p(-share))
        for k in range(hits + 1)
    )
