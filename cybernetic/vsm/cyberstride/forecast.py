"""What the filter expects: the predictive mixture some periods ahead, its mean, variance and quantiles."""

from dataclasses import dataclass
from math import erfc, exp, fsum, nextafter, pi, sqrt
from statistics import NormalDist

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import entry, instance, share
from cybernetic.vsm.cyberstride.mixture import Mixture
from cybernetic.vsm.cyberstride.regimes import Quad, RegimeModel

_ENOUGH = 1e-12  # standard deviations: what is left between bounds is no matter
_CLOSE = 1e-6  # of a step of Newton's: its square is what the next would be
_APART = 1e150  # a distance between means that can still be squared
_WIDEST = 1e300  # a mean, and a variance, that can still be added to
_WHOLE = 1e-9  # how far the sum of probabilities may be from 1
_STEPS = 6  # of Newton's without bounds
_NEARLY = nextafter(1.0, 0.0)  # the largest probability below 1
_STANDARD = NormalDist()
_ALL_STEADY = (1.0, 0.0, 0.0, 0.0)
_Part = tuple[float, float, float, float, float]
"""Probability and mean, and of the variance v what both readings need: sqrt(2 v), 2 v, sqrt(2 pi v)."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A datum to come, as a mixture of Gaussians: `parts` are (probability, mean, variance). Decide on a
    quantile.

    Raises `OptionError` for `parts` that are no such triples, whose probabilities do not sum to 1, or whose mixture has
    no finite variance, or a mean of 1e300 or more.
    """

    parts: tuple[tuple[float, float, float], ...]

    def __post_init__(self) -> None:
        for at, part in enumerate(instance("parts", self.parts, tuple)):
            _checked(entry("parts", at), part)
        if not abs(fsum([p for p, _, _ in self.parts]) - 1.0) <= _WHOLE:
            raise OptionError("parts", "probabilities that sum to 1", self.parts)
        if not _finite(self.parts):
            raise OptionError(
                "parts", f"a mixture with a finite variance and means below {_WIDEST:g}", self.parts
            )

    @property
    def mean(self) -> float:
        """The expected datum."""
        return self.parts[0][1] + self._beyond

    @property
    def variance(self) -> float:
        """The variance of the whole mixture."""
        lead, beyond = self.parts[0][1], self._beyond
        return fsum([p * (variance + (mean - lead - beyond) ** 2) for p, mean, variance in self.parts])

    @property
    def _beyond(self) -> float:
        """How far the mean lies from that of the first part: where parts are narrow and far from 0, the digits that are
        left of a sum of their means do not tell.
        """
        lead = self.parts[0][1]
        return fsum([p * (mean - lead) for p, mean, _ in self.parts])

    def density(self, y: float) -> float:
        """The probability density at `y`. Raises `OptionError` when that is not finite."""
        number("y", y)
        return fsum([p * exp(-((y - m) * (y - m)) / (2 * v)) / sqrt(2 * pi * v) for p, m, v in self.parts])

    def below(self, y: float) -> float:
        """The probability that the datum is at most `y`. Raises `OptionError` when that is not finite."""
        number("y", y)
        return fsum([p * 0.5 * erfc((m - y) / sqrt(2 * v)) for p, m, v in self.parts])

    def quantile(self, q: float) -> float:
        """The value that the datum stays below with probability `q`, in (0, 1). Raises `OptionError`
        otherwise.
        """
        if number("q", q, above=0.0) >= 1.0:
            raise OptionError("q", "a probability in (0, 1)", q)
        deviation = sqrt(self.variance)
        parts = [(p, m, sqrt(2 * v), 2 * v, sqrt(2 * pi * v)) for p, m, v in self.parts]
        close = _close(parts, deviation)
        at = self.mean + deviation * _STANDARD.inv_cdf(q)  # were it a single Gaussian: nearly there, mostly
        for _ in range(_STEPS):
            over, slope = _read(parts, at, q)
            if not abs(over) < deviation * slope:
                break
            at -= over / slope
            if abs(over) <= close * slope:
                return at
        return self._searched(parts, q, deviation)

    def _searched(self, parts: list[_Part], q: float, deviation: float) -> float:
        """The quantile by Newton's steps where they stay between bounds, else by halving what is between."""
        q = min(q, fsum([p for p, _, _ in self.parts]))  # which may be a hair less than 1
        low, high = self._around(q, deviation)
        enough, close = _ENOUGH * deviation, _close(parts, deviation)
        at = 0.5 * (low + high)
        while high - low > enough:
            over, slope = _read(parts, at, q)
            low, high = (low, at) if over > 0 else (at, high)
            step = over / slope if slope > 0 else high - low
            following = at - step
            if abs(step) <= close:
                return following
            at = following if low < following < high else 0.5 * (low + high)
            if at in (low, high):
                break
        return at

    def _around(self, q: float, deviation: float) -> tuple[float, float]:
        """Bounds between which the value lies that the datum stays below with probability `q`."""
        reach = deviation
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
        return self.quantile(tail), self.quantile(min(1.0 - tail, _NEARLY))


def _checked(name: str, part: object) -> None:
    """Raises `OptionError`, unless it is a probability, a mean and a variance."""
    if not isinstance(part, tuple) or len(part) != 3:
        raise OptionError(name, "a tuple of probability, mean and variance", part)
    share(f"{name}[0]", part[0])
    number(f"{name}[1]", part[1])
    number(f"{name}[2]", part[2], above=0.0)


def _finite(parts: tuple[tuple[float, float, float], ...]) -> bool:
    """Whether a mixture's mean, variance and quantiles can be told."""
    means = [mean for _, mean, _ in parts]
    near = max(means) - min(means) < _APART and max(means) < _WIDEST and min(means) > -_WIDEST
    return near and all(variance < _WIDEST for _, _, variance in parts)


def _close(parts: list[_Part], deviation: float) -> float:
    """How small a step of Newton's is the last: such a part of the narrowest Gaussian that its square is nothing."""
    return max(_ENOUGH * deviation, _CLOSE * min([width for _, _, width, _, _ in parts]))


def _read(parts: list[_Part], at: float, q: float) -> tuple[float, float]:
    """How far `below` is above `q` at a place, and the density there."""
    over = fsum([p * 0.5 * erfc((m - at) / width) for p, m, width, _, _ in parts]) - q
    return over, fsum([p * exp(-((at - m) * (at - m)) / twice) / norm for p, m, _, twice, norm in parts])


def foresee(
    mixture: Mixture, periods: float, model: RegimeModel, variance: float, *, changes: bool
) -> Forecast:
    """The forecast `periods` ahead of a filter's `mixture` (covariances in units of `variance`, which is V).

    Without `changes` no transient, step or turn is expected on the way, and the datum itself is a steady one:
    level and growth wander as the steady regime's W makes them. With them the datum's noise is that of every
    regime in its share, and level and growth wander as their average W makes them. Raises `OptionError` when
    `periods` is not > 0, or so many that floating point cannot hold the variance.
    """
    ahead = number("periods", periods, above=0.0)
    flag("changes", changes)
    shares = model.probability if changes else _ALL_STEADY
    wander = _wander(model, shares, ahead)
    noises = tuple(zip(shares, model.noise, strict=True))
    parts = tuple(
        (
            p * part,
            level + ahead * slope,
            variance * (max(c00 + ahead * (2.0 * c01 + ahead * c11), 0.0) + wander + noise),
        )
        for p, (level, slope, c00, c01, c11) in zip(mixture.weights, mixture.beliefs, strict=True)
        for part, noise in noises
        if p * part > 0.0
    )
    if not _finite(parts):
        raise OptionError("periods", "a number whose forecast has a finite variance", periods)
    whole = fsum([p for p, _, _ in parts])  # a model's probabilities may sum to a hair more or less than 1
    return Forecast(parts if whole == 1.0 else tuple((p / whole, mean, v) for p, mean, v in parts))


def _wander(model: RegimeModel, shares: Quad, ahead: float) -> float:
    """The variance, in V, that level shifts and turns add over `ahead` periods, on average over the
    regimes, each with its share.

    A turn k periods before the end moves the level by k of its size: Σ k² over the whole periods, and its
    smooth continuation between them.
    """
    shifts = fsum(p * v for p, v in zip(shares, model.level, strict=True))
    turns = fsum(p * v for p, v in zip(shares, model.slope, strict=True))
    return ahead * shifts + turns * ahead * (ahead + 1.0) * (2.0 * ahead + 1.0) / 6.0
