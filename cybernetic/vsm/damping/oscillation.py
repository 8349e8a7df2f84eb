"""Does a window of a signal oscillate? Two readings of its autocovariance, which must both say so.

*Regularity* of its zero crossings (Thornhill, Huang and Zhang, 2003) and its *decay ratio* (Miao and Seborg,
1999). Each alone errs in 3 to 17 % of windows of noise, both together in about 1 %
(benchmarks/vsm/damping/oscillation.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import frexp, fsum, inf, isfinite, ldexp, sqrt
from operator import mul
from statistics import mean, stdev

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance

SHORTEST = 10  # data in a window
LAGS = 0.6  # of the window: further out the autocovariance is made of too few products
CROSSINGS = 6  # needed for a regularity, after the first
INTERVALS = 10  # used at most
FAR = 300  # exponents of two beyond which a window is scaled


@dataclass(frozen=True, slots=True)
class Oscillation:
    """What a window says. `oscillating` is the verdict; the rest is why.

    Arguments:
        period: in the unit of `step`; None where there are too few zero crossings.
        regularity: r = mean(intervals) / (3 sd(intervals)); regular above 1; `inf` if they are all equal, 0
            if too few.
        decay: R, how much of the first swing of the autocovariance is left after one period; regular above
            .5.
        amplitude: of the sine with the same power, in the unit of the signal.
        oscillating: both are regular and the amplitude is above the floor.
    """

    period: float | None
    regularity: float
    decay: float
    amplitude: float
    oscillating: bool


def find_oscillation(window: Sequence[float], *, floor: float = 0.0, step: float = 1.0) -> Oscillation:
    """Judge a window of equidistant data of a decision signal (a share, a count, an error).

    It takes some 6 to 10 full periods in the window, fewer where there is little noise: size the window in
    periods of the suspected loop (two to four of its decision periods each), not in seconds.

    Arguments:
        window: at least 10 finite data, oldest first.
        floor: smaller amplitudes do not count, in the unit of the signal, >= 0.
        step: time between two data, > 0; gives the period its unit.

    The unit of the signal does not matter: a window far from 1 is scaled, by a power of two, which is exact.
    Raises `OptionError` for a window too short, a datum that is not finite, an amplitude that is none, a floor or step
    that cannot be.
    """
    number("floor", floor, least=0.0)
    number("step", step, above=0.0)
    instance("window", window, Sequence)  # type: ignore[type-abstract]
    whole("len(window)", len(window), least=SHORTEST)
    data, exponent = _scaled("window", window)
    flat = _without_line(data)
    power = fsum(value * value for value in flat) / len(flat)
    noise = 1e-12 * max(map(abs, data))  # what rounding alone leaves of a straight line
    if power <= noise * noise:
        return Oscillation(None, 0.0, 0.0, 0.0, oscillating=False)
    covariance = autocovariance(flat, int(LAGS * len(flat)))
    period, regular = regularity(covariance)
    decay, (amplitude,) = decay_ratio(covariance), _unscaled([sqrt(2.0 * power)], exponent)
    verdict = regular > 1.0 and decay > 0.5 and amplitude > floor
    lasts = None if period is None else period * step
    if lasts == inf:
        raise OptionError("step", f"a time of which a float holds {period:g}", step)
    return Oscillation(lasts, regular, decay, amplitude, verdict)


def detrended(window: Sequence[float]) -> list[float]:
    """The window less its least-squares line. At least 2 finite data. Raises `OptionError`."""
    instance("window", window, Sequence)  # type: ignore[type-abstract]
    whole("len(window)", len(window), least=2)
    data, exponent = _scaled("window", window)
    return _unscaled(_without_line(data), exponent)


def _without_line(data: Sequence[float]) -> list[float]:
    count = len(data)
    middle, centre = (count - 1) / 2.0, fsum(data) / count
    slope = (
        fsum((i - middle) * value for i, value in enumerate(data)) * 12.0 / (count * (count * count - 1.0))
    )
    return [value - centre - slope * (i - middle) for i, value in enumerate(data)]


def autocovariance(flat: Sequence[float], lags: int) -> list[float]:
    """The autocovariance at lags 0 to `lags` (fewer than there are data), divided by that at 0; of data without a mean,
    not all zero. Raises `OptionError`.
    """
    data, _ = _scaled("flat", flat)
    scale = fsum(map(mul, data, data))
    if not scale:
        raise OptionError("flat", "data that are not all zero", scale)
    if whole("lags", lags) >= len(data):
        raise OptionError("lags", f"fewer than the data, {len(data)}", lags)
    return [fsum(map(mul, data[lag:], data)) / scale for lag in range(lags + 1)]


def regularity(covariance: Sequence[float]) -> tuple[float | None, float]:
    """Period in lags and regularity r of an autocovariance's zero crossings; (None, 0) with too few.

    Raises `OptionError` for a number that is not finite.
    """
    covariance, _ = _scaled("covariance", covariance)
    found = [
        lag + left / (left - right)
        for lag, (left, right) in enumerate(pairwise(covariance))
        if left > 0 >= right or left < 0 <= right
    ][1:]
    if len(found) < CROSSINGS:
        return None, 0.0
    intervals = [late - early for early, late in pairwise(found)][:INTERVALS]
    spread, centre = stdev(intervals), mean(intervals)
    return 2.0 * centre, centre / (3.0 * spread) if spread else inf


def decay_ratio(covariance: Sequence[float]) -> float:
    """The decay ratio R of an autocovariance; 0 where it has no two minima with a maximum between.

    Height of the first maximum over the line that joins the two minima around it, divided by the depth of the
    first minimum under the line that joins lag 0 and that maximum. Raises `OptionError` for a number that is not
    finite.
    """
    covariance, _ = _scaled("covariance", covariance)
    low = _turn(covariance, 1, -1.0)
    high = _turn(covariance, low, 1.0) if low else None
    after = _turn(covariance, high, -1.0) if high else None
    if not (low and high and after):
        return 0.0
    height = covariance[high] - _line(covariance, low, after, high)
    depth = _line(covariance, 0, high, low) - covariance[low]
    return height / depth if depth > 0 else 0.0


def _finite(name: str, values: Sequence[float]) -> Sequence[float]:
    """Numbers that are finite: floats, nearly always. Raises `OptionError`."""
    instance(name, values, Sequence)  # type: ignore[type-abstract]
    if set(map(type, values)) == {float} and all(map(isfinite, values)):
        return values if isinstance(values, list | tuple) else list(values)  # a deque cannot be sliced
    return [number(name, value) for value in values]


def _scaled(name: str, values: Sequence[float]) -> tuple[Sequence[float], int]:
    """The values divided by a power of two, so that squares neither overflow nor vanish; and its exponent, mostly 0."""
    data = _finite(name, values)
    exponent = frexp(max(map(abs, data), default=0.0))[1]
    if abs(exponent) < FAR:
        return data, 0
    return [ldexp(value, -exponent) for value in data], exponent


def _unscaled(values: list[float], exponent: int) -> list[float]:
    if not exponent:
        return values
    try:
        return [ldexp(value, exponent) for value in values]
    except OverflowError:
        raise OptionError(
            "window", "data whose swings a float can hold", f"2**{exponent} times {values}"
        ) from None


def _turn(series: Sequence[float], start: int, sign: float) -> int | None:
    """The first place from `start` on where the series has a maximum (sign 1) or a minimum (sign -1)."""
    for place in range(max(start, 1), len(series) - 1):
        before, here, after = series[place - 1 : place + 2]
        if sign * (here - before) > 0 and sign * (here - after) >= 0:
            return place
    return None


def _line(series: Sequence[float], first: int, last: int, at: int) -> float:
    return series[first] + (series[last] - series[first]) * (at - first) / (last - first)
