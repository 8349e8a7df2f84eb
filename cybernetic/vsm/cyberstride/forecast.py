"""What the filter expects: the predictive mixture some periods ahead, its mean, variance and quantiles."""

from collections.abc import Sequence
from math import erf, exp, fsum, pi, sqrt
from typing import NamedTuple

from cybernetic.core import OptionError, number
from cybernetic.vsm.cyberstride.mixture import Component
from cybernetic.vsm.cyberstride.regimes import RegimeModel

_ENOUGH = 1e-12


class Forecast(NamedTuple):
    """A datum to come, as a mixture of Gaussians: `parts` are (probability, mean, variance). Decide on a
    quantile.
    """

    parts: tuple[tuple[float, float, float], ...]

    @property
    def mean(self) -> float:
        """The expected datum."""
        return fsum(p * mean for p, mean, _ in self.parts)

    @property
    def variance(self) -> float:
        """The variance of the whole mixture."""
        centre = self.mean
        return fsum(p * (variance + (mean - centre) ** 2) for p, mean, variance in self.parts)

    def density(self, y: float) -> float:
        """The probability density at `y`. Raises `OptionError` when that is not finite."""
        number("y", y)
        return fsum(p * exp(-((y - m) ** 2) / (2 * v)) / sqrt(2 * pi * v) for p, m, v in self.parts)

    def below(self, y: float) -> float:
        """The probability that the datum is at most `y`. Raises `OptionError` when that is not finite."""
        number("y", y)
        return fsum(p * 0.5 * (1.0 + erf((y - m) / sqrt(2 * v))) for p, m, v in self.parts)

    def quantile(self, q: float) -> float:
        """The value that the datum stays below with probability `q`, in (0, 1). Raises `OptionError`
        otherwise.
        """
        if number("q", q, above=0.0) >= 1.0:
            raise OptionError("q", "a probability in (0, 1)", q)
        low, high = self._around(q)
        enough = _ENOUGH * sqrt(self.variance)
        at = 0.5 * (low + high)
        while high - low > enough:
            over = self.below(at) - q
            low, high = (low, at) if over > 0 else (at, high)
            slope = self.density(at)
            step = over / slope if slope > 0 else high - low
            following = (
                at - step
            )  # Newton's step, where it stays between the bounds; else half of what is between
            if abs(step) <= enough:
                return following
            at = following if low < following < high else 0.5 * (low + high)
            if at in (low, high):
                break
        return at

    def _around(self, q: float) -> tuple[float, float]:
        """Bounds between which the value lies that the datum stays below with probability `q`."""
        reach = deviation = sqrt(self.variance)
        low = high = self.mean
        while self.below(low) > q:
            low, reach = low - reach, reach * 2
        reach = deviation
        while self.below(high) < q:
            high, reach = high + reach, reach * 2
        return low, high

    def interval(self, coverage: float = 0.8) -> tuple[float, float]:
        """The bounds that leave (1 − `coverage`) / 2 of the probability outside on each side."""
        if number("coverage", coverage, above=0.0) >= 1.0:
            raise OptionError("coverage", "a probability in (0, 1)", coverage)
        tail = 0.5 * (1.0 - coverage)
        return self.quantile(tail), self.quantile(1.0 - tail)


def foresee(
    components: Sequence[Component], periods: float, model: RegimeModel, variance: float, *, changes: bool
) -> Forecast:
    """The forecast `periods` ahead of a filter's `components` (covariances in units of `variance`, which is
    V).

    Without `changes` no transient, step or turn is expected on the way, and the datum itself is a steady
    one. With them the datum's noise is that of every regime in its share, and level and growth wander as
    their average W makes them. Raises `OptionError` when `periods` is not > 0.
    """
    ahead = number("periods", periods, above=0.0)
    wander = _wander(model, ahead) if changes else 0.0
    noises = tuple(zip(model.probability, model.noise, strict=True)) if changes else ((1.0, model.noise[0]),)
    return Forecast(
        tuple(
            (
                p * share,
                level + ahead * slope,
                variance * (c00 + ahead * (2.0 * c01 + ahead * c11) + wander + noise),
            )
            for p, level, slope, c00, c01, c11 in components
            for share, noise in noises
            if p * share > 0.0
        )
    )


def _wander(model: RegimeModel, ahead: float) -> float:
    """The variance, in V, that level shifts and turns add over `ahead` periods, on average over the
    regimes.

    A turn k periods before the end moves the level by k of its size: Σ k² over the whole periods, and its
    smooth continuation between them.
    """
    shifts = fsum(p * v for p, v in zip(model.probability, model.level, strict=True))
    turns = fsum(p * v for p, v in zip(model.probability, model.slope, strict=True))
    return ahead * shifts + turns * ahead * (ahead + 1.0) * (2.0 * ahead + 1.0) / 6.0
