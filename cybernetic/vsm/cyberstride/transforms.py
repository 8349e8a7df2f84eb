"""Putting an index on a scale where its noise is nearly Gaussian and even, before it is filtered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from types import MappingProxyType

from cybernetic.core import OptionError, number, one_of
from cybernetic.vsm.checks import function, word

SHARE_MARGIN = 1e-3
"""How near to 0 and 1 a share counts: logit(0) would be infinite."""

COST_MARGIN = 1e-6
"""The least duration or cost that counts, in its own unit: log(0) would be infinite."""


FARTHEST = 700.0
"""The largest logarithm that is led back: floats end a little further out."""


@dataclass(frozen=True, slots=True)
class Transform:
    """A scale: `forward` takes a value of the index to it, `backward` leads from it back. Raises
    `OptionError`.
    """

    name: str
    forward: Callable[[float], float]
    backward: Callable[[float], float]

    def __post_init__(self) -> None:
        word("name", self.name)
        for name in ("forward", "backward"):
            function(name, getattr(self, name), "a function of a number")


def plain(value: float) -> float:
    """The value itself."""
    return number("value", value)


def logit(value: float) -> float:
    """log(p / (1 − p)) of a share, for indices between 0 and 1. Raises `OptionError` outside of [0, 1]."""
    if not 0.0 <= number("value", value) <= 1.0:
        raise OptionError("value", "a share, from 0 to 1", value)
    clipped = min(max(value, SHARE_MARGIN), 1.0 - SHARE_MARGIN)
    return log(clipped / (1.0 - clipped))


def expit(y: float) -> float:
    """The share whose logit is `y`. Raises `OptionError` when that is not finite."""
    number("y", y)
    return 1.0 / (1.0 + exp(-y)) if y >= 0.0 else exp(y) / (1.0 + exp(y))


def anscombe(value: float) -> float:
    """2·√(n + 3/8) of a count n, which gives Poisson counts a variance of about 1. Raises `OptionError`
    below 0.

    F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", 1948.
    """
    return 2.0 * sqrt(number("value", value, least=0.0) + 0.375)


def unanscombe(y: float) -> float:
    """The count whose Anscombe transform is `y`; 0 for a `y` that none has. Raises `OptionError` when `y`, or
    that count, is not finite.
    """
    if number("y", y) <= 0.0:
        return 0.0
    count = 0.25 * y * y - 0.375
    if count == inf:
        raise OptionError("y", "the Anscombe transform of a finite count", y)
    return max(count, 0.0)


def log_cost(value: float) -> float:
    """The logarithm of a duration or a cost. Raises `OptionError` below 0."""
    return log(max(number("value", value, least=0.0), COST_MARGIN))


def exp_cost(y: float) -> float:
    """The duration or cost whose logarithm is `y`; that of `FARTHEST` for any beyond. Raises `OptionError` when
    `y` is not finite.
    """
    return exp(min(number("y", y), FARTHEST))


TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "plain": Transform("plain", plain, plain),
        "logit": Transform("logit", logit, expit),
        "anscombe": Transform("anscombe", anscombe, unanscombe),
        "log": Transform("log", log_cost, exp_cost),
    }
)
"""The scales there are, by name: plain, logit for shares, anscombe for counts, log for durations and costs.
"""


def transform(name: str) -> Transform:
    """The scale called `name`. Raises `OptionError` when there is none."""
    one_of("transform", name, TRANSFORMS.keys())
    return TRANSFORMS[name]
