"""Judging a count against a rate: red only if the one-sided 99 % bound is violated."""

from math import comb, fsum


def tail(rate: float, count: int, trials: int) -> float:
    """The probability of `count` or more successes in `trials` at `rate`, exactly."""
    return fsum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(count, trials + 1))


def at_most(rate: float, count: int, trials: int) -> bool:
    """Whether `count` of `trials` is no evidence, at 1 %, that the rate is above `rate`."""
    return tail(rate, count, trials) >= 0.01


def at_least(rate: float, count: int, trials: int) -> bool:
    """Whether `count` of `trials` is no evidence, at 1 %, that the rate is below `rate`."""
    return tail(1 - rate, trials - count, trials) >= 0.01
