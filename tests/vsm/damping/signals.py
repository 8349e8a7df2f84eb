"""The signals of the table of oscillation detectors: noise that must not alarm, and waves that should.

SNR is the ratio of standard deviations: a wave of SNR 1 has the power of the noise around it.
"""

from collections.abc import Callable
from functools import partial
from math import pi, sin, sqrt
from random import Random

WINDOW = 120

Signal = Callable[[Random, int], list[float]]


def white(chance: Random, size: int) -> list[float]:
    return [chance.gauss(0.0, 1.0) for _ in range(size)]


def autoregressive(memory: float, chance: Random, size: int) -> list[float]:
    value = chance.gauss(0.0, 1.0) / sqrt(1.0 - memory * memory)  # as if it had run for ever
    data = []
    for _ in range(size):
        value = memory * value + chance.gauss(0.0, 1.0)
        data.append(value)
    return data


def step(height: float, chance: Random, size: int) -> list[float]:
    return [value + (height if k >= size // 2 else 0.0) for k, value in enumerate(white(chance, size))]


def ramp(slope: float, chance: Random, size: int) -> list[float]:
    return [value + slope * k for k, value in enumerate(white(chance, size))]


def sine(period: float, snr: float, chance: Random, size: int) -> list[float]:
    start = chance.random() * period
    wave = [sqrt(2.0) * snr * sin(2.0 * pi * (k + start) / period) for k in range(size)]
    return [value + noise for value, noise in zip(wave, white(chance, size), strict=True)]


def square(period: float, snr: float, chance: Random, size: int) -> list[float]:
    start = chance.random() * period
    wave = [snr if (k + start) % period < period / 2 else -snr for k in range(size)]
    return [value + noise for value, noise in zip(wave, white(chance, size), strict=True)]


SIGNALS: dict[str, Signal] = {
    "white": white,
    "AR(.7)": partial(autoregressive, 0.7),
    "AR(.95)": partial(autoregressive, 0.95),
    "step": partial(step, 4.0),
    "ramp": partial(ramp, 0.05),
    "sine .5": partial(sine, 12.0, 0.5),
    "sine 1": partial(sine, 12.0, 1.0),
    "sine 2": partial(sine, 12.0, 2.0),
    "square .5": partial(square, 20.0, 0.5),
    "square 1": partial(square, 20.0, 1.0),
    "square 2": partial(square, 20.0, 2.0),
}
