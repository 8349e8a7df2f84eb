"""What a number of audits allows to be claimed: assurance after no failure, and exact binomial bounds."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, expm1, inf, lgamma, log, log1p

from cybernetic.core import InternalError, OptionError, whole
from cybernetic.vsm.checks import share

_TINY = 1e-300
_STEPS = 10_000


def clean_audits_needed(rate: float, confidence: float = 0.95) -> int:
    """How many audits without a failure support "the failure rate is below `rate`" with `confidence`.

    The least n with (1 - rate)^n <= 1 - confidence: n >= ln(1 - confidence) / ln(1 - rate), about 3 / rate at
    95 %. Both arguments lie between 0 and 1. A ratio that is above a whole number by no more than its rounding counts
    as that number. Raises `OptionError`.
    """
    share("rate", rate, inner=True)
    share("confidence", confidence, inner=True)
    needed = log1p(-confidence) / log1p(-rate)
    if needed == inf:
        raise OptionError("rate", "one that a finite number of audits can assure", rate)
    return max(1, ceil(needed - 1e-9))


def assured_rate(clean: int, confidence: float = 0.95) -> float:
    """The failure rate that `clean` audits without a failure (>= 0) exclude with `confidence`: the inverse.

    1 after no audit: nothing is excluded. Raises `OptionError`.
    """
    whole("clean", clean)
    share("confidence", confidence, inner=True)
    return -expm1(log1p(-confidence) / clean) if clean else 1.0


@dataclass(frozen=True, slots=True)
class RateInterval:
    """An interval that covers the truth with a stated confidence."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def upper_bound(failures: int, audits: int, confidence: float = 0.95) -> float:
    """The one-sided upper bound on a failure rate after `failures` in `audits`, with `confidence`.

    The exact (Clopper and Pearson) bound; with no failures it is `assured_rate`. Raises `OptionError`.
    """
    _counts(failures, audits, "failures", "audits")
    share("confidence", confidence, inner=True)
    if failures == audits:
        return 1.0
    return _solve(lambda rate: binomial_cdf(failures, audits, rate), 1 - confidence)


def lower_bound(failures: int, audits: int, confidence: float = 0.95) -> float:
    """The one-sided lower bound on a failure rate: the counterpart of `upper_bound`. Raises `OptionError`."""
    _counts(failures, audits, "failures", "audits")
    return 1 - upper_bound(audits - failures, audits, confidence) if audits else 0.0


def binomial_interval(hits: int, trials: int, confidence: float = 0.95) -> RateInterval:
    """The two-sided exact (Clopper and Pearson) interval of a rate after `hits` in `trials`. Raises
    `OptionError`.
    """
    _counts(hits, trials, "hits", "trials")
    share("confidence", confidence, inner=True)
    one_sided = (1 + confidence) / 2
    return RateInterval(lower_bound(hits, trials, one_sided), upper_bound(hits, trials, one_sided))


def binomial_cdf(hits: int, trials: int, rate: float) -> float:
    """P(at most `hits` successes in `trials` at `rate`), by the incomplete beta function. Raises
    `OptionError`.
    """
    _counts(hits, trials, "hits", "trials")
    share("rate", rate)
    if hits == trials or rate == 0:
        return 1.0
    return 0.0 if rate == 1 else _beta(trials - hits, hits + 1, 1 - rate)


def _counts(some: int, of: int, name: str, whose: str) -> None:
    whole(name, some)
    if whole(whose, of) < some:
        raise OptionError(whose, f"at least as many as {name}, {some}", of)


def _solve(falling: Callable[[float], float], target: float) -> float:
    """Where a falling function of [0, 1] reaches `target`."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if falling(middle) > target else (low, middle)
    return (low + high) / 2


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), 0 < x < 1 (DLMF 8.17.22, Lentz's method)."""
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly
        return 1 - _beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            return front * value
    raise InternalError(f"the incomplete beta function did not converge at a={a:g}, b={b:g}, x={x:g}")


def _away(value: float) -> float:
    """`value`, kept off zero."""
    return value if abs(value) > _TINY else _TINY
