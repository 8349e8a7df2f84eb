"""What is read off a run: quantiles in which what was never done counts as infinite, and fairness."""

from collections.abc import Iterable, Sequence
from math import ceil, inf


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed; infinite if there are
    none. Infinite values count.
    """
    ordered = sorted(values)
    if not ordered:
        return inf
    return ordered[max(0, ceil(round(share * len(ordered), 9)) - 1)]


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness: 1 if all got the same, 1/n if one got all; 0 if nobody got anything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0
