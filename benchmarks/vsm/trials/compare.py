"""Two arms compared, seed by seed: the median paired difference, its bootstrap interval, and a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import isinf
from statistics import median
from typing import Literal

from cybernetic.core import Chance

RESAMPLES = 1000
COVERAGE = 0.95
MARGIN = 0.03  # medians nearer than this share of each other are a tie, however narrow the interval


class Verdict(Enum):
    """How the first arm does against the second."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"


@dataclass(frozen=True)
class Comparison:
    """The median of first minus second over the seeds, the ends of its interval, and the verdict."""

    middle: float
    low: float
    high: float
    verdict: Verdict


def compare(
    first: Sequence[float], second: Sequence[float], better: Literal["more", "less"], *, seed: int = 0
) -> Comparison:
    """Compare two arms on paired seeds.

    A difference that the interval does not tell from 0, or of at most 3 % of the second's median, is a tie.
    What both never reached (infinite) does not differ.
    """
    gaps = [differ(a, b) for a, b in zip(first, second, strict=True)]
    low, high = interval(gaps, seed)
    middle = median(gaps)
    if low <= 0.0 <= high or abs(middle) <= MARGIN * _size(median(second)):
        return Comparison(middle, low, high, Verdict.TIE)
    won = (middle > 0) == (better == "more")
    return Comparison(middle, low, high, Verdict.WIN if won else Verdict.LOSS)


def differ(a: float, b: float) -> float:
    """a - b; 0 where both are infinite."""
    return 0.0 if isinf(a) and a == b else a - b


def interval(gaps: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The bootstrap interval of the median (percentile method), of 95 %."""
    stream = Chance(seed).stream("bootstrap", len(gaps))
    middles = sorted(_median(stream.choices(gaps, k=len(gaps))) for _ in range(RESAMPLES))
    cut = int((1.0 - COVERAGE) / 2 * RESAMPLES)
    return middles[cut], middles[RESAMPLES - 1 - cut]


def _median(values: list[float]) -> float:
    """The median; where it falls between infinite values of both signs, 0."""
    middle = median(values)
    return middle if middle == middle else 0.0


def _size(value: float) -> float:
    return 0.0 if isinf(value) else abs(value)
