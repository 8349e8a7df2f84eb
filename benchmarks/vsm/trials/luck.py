"""Chance in a world, keyed by what it decides: whatever else an arm does, the same try has the same luck."""

from hashlib import blake2b
from math import exp, log1p
from statistics import NormalDist

_STANDARD = NormalDist()
_LEAST = 1e-12


class Luck:
    """The luck of one seed. A key is a word and what it is about: `("service", task, attempt)`.

    A number is the hash of seed and key: nothing is drawn in any order, and a generator for each of millions
    of draws would take most of the time.
    """

    def __init__(self, seed: int) -> None:
        self.seed, self._key = seed, str(seed).encode()

    def uniform(self, *key: object) -> float:
        """A number in [0, 1), uniform."""
        digest = blake2b(repr(key).encode(), digest_size=8, key=self._key).digest()
        return (int.from_bytes(digest, "big") >> 11) / (1 << 53)

    def exponential(self, mean: float, *key: object) -> float:
        """A waiting time without memory."""
        return -mean * log1p(-self.uniform(*key))

    def lognormal(self, mean: float, sigma: float, *key: object) -> float:
        """A duration, skewed to the right."""
        return mean * exp(sigma * self.normal(*key) - 0.5 * sigma * sigma)

    def normal(self, *key: object) -> float:
        """A standard Gaussian."""
        return _STANDARD.inv_cdf(min(1.0 - _LEAST, max(_LEAST, self.uniform(*key))))

    def poisson(self, mean: float, *key: object) -> int:
        """A count. One uniform number decides it, so that a higher mean never gives less."""
        left, count, weight = self.uniform(*key), 0, exp(-mean)
        while left >= weight and count < 10 * mean + 50:
            left -= weight
            count += 1
            weight *= mean / count
        return count
