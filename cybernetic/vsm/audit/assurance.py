"""What a number of audits allows to be claimed: assurance after no failure, and exact binomial bounds."""

from dataclasses import dataclass
from math import ceil, expm1, inf, log1p

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.audit.beta import incomplete_beta
from cybernetic.vsm.checks import share

_MOST = 10**9  # audits or trials: the fraction takes some thousands of terms for as many


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
    return max(1, ceil(needed * (1.0 - 1e-13)))


def assured_rate(clean: int, confidence: float = 0.95) -> float:
    """The failure rate that `clean` audits without a failure (>= 0) exclude with `confidence`: the inverse.

    1 after no audit: nothing is excluded. Raises `OptionError`.
    """
    number("clean", whole("clean", clean))
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

    The exact (Clopper and Pearson) bound, of at most 10^9 audits; with no failures it is `assured_rate`. Raises
    `OptionError`.
    """
    _counts(failures, audits, "failures", "audits")
    share("confidence", confidence, inner=True)
    if failures == audits:
        return 1.0
    return _reached(failures + 1, audits, confidence, 1 - confidence)


def lower_bound(failures: int, audits: int, confidence: float = 0.95) -> float:
    """The one-sided lower bound on a failure rate: the counterpart of `upper_bound`. Raises `OptionError`."""
    _counts(failures, audits, "failures", "audits")
    share("confidence", confidence, inner=True)
    return _reached(failures, audits, 1 - confidence, confidence) if failures else 0.0


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
    return 0.0 if rate == 1 else incomplete_beta(trials - hits, hits + 1, 1 - rate, rate)


def _counts(some: int, of: int, name: str, whose: str) -> None:
    if whole(name, some) > _MOST:
        raise OptionError(name, f"at most {_MOST}", some)
    if whole(whose, of) < some:
        raise OptionError(whose, f"at least as many as {name}, {some}", of)
    if of > _MOST:
        raise OptionError(whose, f"at most {_MOST}", of)


def _reached(hits: int, trials: int, chance: float, rest: float) -> float:
    """The rate at which at least `hits` (>= 1) successes in `trials` have that chance, and fewer the rest: the chance
    rises with the rate. The smaller of the two is sought, whose digits are not lost.
    """
    low, high, others = 0.0, 1.0, trials - hits + 1
    for _ in range(1100):  # from one half to the smallest number
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if chance < rest:
            below = incomplete_beta(hits, others, middle, 1 - middle) < chance
        else:
            below = incomplete_beta(others, hits, 1 - middle, middle) > rest
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2
