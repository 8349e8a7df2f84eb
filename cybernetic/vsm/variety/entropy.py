"""Variety in bits: entropies and information, from counts, with how far they can be trusted."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import expm1, fsum, inf, log, log1p, log2, sqrt
from statistics import NormalDist
from typing import TypeVar

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import entry, hashed, instance, mapping, share, weights

K = TypeVar("K", bound=Hashable)
X = TypeVar("X", bound=Hashable)
Y = TypeVar("Y", bound=Hashable)


_NEW = 0.2  # of what comes: beyond it the kinds that nobody has seen are too many to tell how varied they are


def entropy(values: Mapping[K, float]) -> float:
    """The entropy in bits of weights (>= 0, with a sum above 0; they are scaled to one). Raises
    `OptionError`.

    Of counts this is the plug-in estimate, which is too low for few data: see `miller_madow`.
    """
    return _bits(weights("values", values))


def mutual_information(joint: Mapping[tuple[X, Y], float]) -> float:
    """I(X;Y) in bits, from joint weights by (x, y). Raises `OptionError`."""
    both = shares_of_pairs(joint)
    return max(0.0, _bits(_sums(both, 0)) + _bits(_sums(both, 1)) - _bits(both))


def conditional_entropy(joint: Mapping[tuple[X, Y], float]) -> float:
    """H(X|Y) in bits: what y leaves unknown of x, from joint weights by (x, y). Raises `OptionError`."""
    both = shares_of_pairs(joint)
    return max(0.0, _bits(both) - _bits(_sums(both, 1)))


def fidelity(joint: Mapping[tuple[X, Y], float]) -> float:
    """I(X;Y) / H(X), from 0 to 1: the part of the variety of x that got through to y. 1 if x has none.

    Raises `OptionError`.
    """
    sent = _bits(_sums(shares_of_pairs(joint), 0))
    return min(1.0, mutual_information(joint) / sent) if sent > 0 else 1.0


def effective_number(values: Mapping[K, float]) -> float:
    """2 to the power of the entropy: how many equally frequent kinds would have this variety. Raises
    `OptionError`.
    """
    return float(2 ** entropy(values))


@dataclass(frozen=True, slots=True)
class Variety:
    """An estimate of variety: `bits`, the interval from `low` to `high`, and the `size` of the sample behind
    it.

    `unseen` is the estimated chance that the next item is of a kind not seen before. `high` is infinite where so
    much may be new that no entropy is too high.
    """

    bits: float
    low: float
    high: float
    size: int
    unseen: float


def miller_madow(counts: Mapping[K, int], confidence: float = 0.95) -> Variety:
    """The variety behind counts of kinds: the entropy, corrected for the size of the sample by (kinds - 1) /
    2n nats.

    `counts` are integers >= 0 with a sum above 0; the chance of something new is Good and Turing's, the kinds seen once
    over n. After Miller (1955).

    The interval, at `confidence` (0 to 1, neither), is normal with the variance of the plug-in estimate to the second
    order (Harris, "The statistical estimation of entropy in the non-parametric case", 1975), where one kind is counted
    as not seen yet: so it has a width also where all kinds were seen equally often. Upwards it starts from what the
    entropy is if as much is unseen as may be: the coverage of the sample is taken at its lower bound (Esty, "A normal
    limit law for a nonparametric estimator of the coverage of a random sample", 1983), and the entropy by it (Chao and
    Shen, "Nonparametric estimation of Shannon's index of diversity when there are unseen species in sample", 2003);
    what is unseen counts with its own entropy, as if it were of as many kinds as items were counted.
    Downwards it starts from the plug-in estimate, for the correction is too much where few kinds were all seen.
    Few data give a wide interval, without end where more than a fifth of what comes may be new, for that may be of any
    number of kinds; they should gate nothing. Raises `OptionError`.
    """
    share("confidence", confidence, inner=True)
    counted = mapping("counts", counts)
    seen = [
        count for count in (whole(entry("counts", k), one, most=inf) for k, one in counted.items()) if count
    ]
    size = sum(seen)
    number("counts", size)  # a sum beyond what floats hold has no logarithm
    if not size:
        raise OptionError("counts", "at least one item counted", dict(counts))
    surprise = [-log(count / size) for count in seen]
    mean = fsum(count / size * s for count, s in zip(seen, surprise, strict=True))
    spread = fsum(count / size * (s - mean) ** 2 for count, s in zip(seen, surprise, strict=True)) / size
    bits = (mean + (len(seen) - 1) / (2 * size)) / log(2)
    normal = -NormalDist().inv_cdf(
        (1 - confidence) / 2
    )  # the lower tail: the upper one may round to certainty
    margin = normal * sqrt(spread + len(seen) / (2 * size) / size) / log(2)
    once = seen.count(1)
    new = (once + 1 + normal * sqrt(once * (1 - once / size) + 2 * seen.count(2) + 1)) / size
    most = max(bits, _covered(seen, size, 1 - new) + new * (log2(size) - log2(new))) if new < _NEW else inf
    return Variety(bits, max(0.0, mean / log(2) - margin), most + margin, size, once / size)


def _covered(seen: list[int], size: int, coverage: float) -> float:
    """The entropy in bits if the kinds seen are so much of the whole, each weighed by the chance that it is seen."""
    parts = [coverage * count / size for count in seen]
    return fsum(p * log2(p) / expm1(size * log1p(-p)) for p in parts if 0 < p < 1)


def open_set_rate(items: Iterable[Hashable], known: Iterable[Hashable]) -> float:
    """The part of `items` that is of no `known` kind: 0 to 1, and 0 if there are no items. Raises `OptionError`."""
    kinds, listed = set(_hashed("known", known)), _hashed("items", items)
    return sum(item not in kinds for item in listed) / len(listed) if listed else 0.0


def joint_counts(pairs: Iterable[tuple[X, Y]]) -> dict[tuple[X, Y], int]:
    """How often each pair occurs: what the functions here that ask for a joint distribution take. Raises
    `OptionError`.
    """
    counts: dict[tuple[X, Y], int] = {}
    for pair in _hashed("pairs", pairs):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def _hashed(name: str, values: Iterable[K]) -> list[K]:
    return [hashed(name, value) for value in instance(name, values, Iterable)]  # type: ignore[type-abstract]


def shares_of_pairs(joint: Mapping[tuple[X, Y], float]) -> dict[tuple[X, Y], float]:
    """Joint weights by (x, y), scaled to one. Raises `OptionError`."""
    shares = weights("joint", joint)
    for pair in shares:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise OptionError("joint", "weights by pairs (x, y)", pair)
    return shares


def _bits(shares: Mapping[K, float]) -> float:
    """The entropy of shares that sum to one."""
    return max(0.0, -fsum(p * log2(p) for p in shares.values() if p > 0))


def _sums(joint: Mapping[tuple[X, Y], float], axis: int) -> dict[Hashable, float]:
    sums: dict[Hashable, list[float]] = {}
    for pair, value in joint.items():
        sums.setdefault(pair[axis], []).append(value)
    return {key: fsum(values) for key, values in sums.items()}
