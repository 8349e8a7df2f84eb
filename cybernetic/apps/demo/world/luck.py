"""Chance keyed by what it decides: whatever else a company does, the same attempt at the same job has the same luck."""

from collections.abc import Sequence
from hashlib import blake2b
from math import exp, log1p
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

_STANDARD = NormalDist()
_LEAST = 1e-12


class Luck:
    """The luck of one seed: a number is the hash of the seed and a key, and nothing is drawn in any order."""

    def __init__(self, seed: int) -> None:
        self.seed, self._key = seed, str(seed).encode()

    def uniform(self, *key: object) -> float:
        """A number in [0, 1)."""
        digest = blake2b(repr(key).encode(), digest_size=8, key=self._key).digest()
        return (int.from_bytes(digest, "big") >> 11) / (1 << 53)

    def between(self, low: float, high: float, *key: object) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.uniform(*key)

    def exponential(self, mean: float, *key: object) -> float:
        """A waiting time without memory."""
        return -mean * log1p(-self.uniform(*key))

    def lognormal(self, mean: float, sigma: float, *key: object) -> float:
        """A duration or a price, skewed to the right."""
        normal = _STANDARD.inv_cdf(min(1.0 - _LEAST, max(_LEAST, self.uniform(*key))))
        return mean * exp(sigma * normal - 0.5 * sigma * sigma)

    def poisson(self, mean: float, *key: object) -> int:
        """A count. One uniform number decides it, so that a higher mean never gives less."""
        left, count, weight = self.uniform(*key), 0, exp(-mean)
        while left >= weight and count < 10 * mean + 50:
            left -= weight
            count += 1
            weight *= mean / count
        return count

    def choice(self, among: Sequence[T], *key: object) -> T:
        """One of them."""
        return among[int(self.uniform(*key) * len(among))]

    def shuffled(self, all: Sequence[T], *key: object) -> list[T]:
        """All of them, in an order of chance."""
        return sorted(all, key=lambda one: self.uniform(*key, one))

    def word(self, *key: object) -> str:
        """Eight hexadecimal digits."""
        return blake2b(repr(key).encode(), digest_size=4, key=self._key).hexdigest()
