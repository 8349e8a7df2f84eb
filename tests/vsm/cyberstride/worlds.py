"""Series to try detectors on: Gaussian noise of variance 1 about 0, until something happens."""

from collections.abc import Iterator
from random import Random

BEFORE = 50  # data before anything happens


def noise(chance: Random, count: int) -> list[float]:
    return [chance.gauss(0.0, 1.0) for _ in range(count)]


def autocorrelated(chance: Random, count: int, phi: float) -> Iterator[float]:
    """Noise of variance 1 whose neighbours have correlation `phi`."""
    state = chance.gauss(0.0, 1.0)
    for _ in range(count):
        yield state
        state = phi * state + (1.0 - phi * phi) ** 0.5 * chance.gauss(0.0, 1.0)


def changed(chance: Random, kind: str, size: float, after: int) -> list[float]:
    """`BEFORE` data of noise, then `after` data with a "step", a "drift" (`size` a datum) or one "spike"."""
    shape = {
        "step": [size] * after,
        "drift": [size * (k + 1) for k in range(after)],
        "spike": [size] + [0.0] * (after - 1),
    }[kind]
    return noise(chance, BEFORE) + [shift + chance.gauss(0.0, 1.0) for shift in shape]
