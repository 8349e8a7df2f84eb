"""One datum through the Harrison–Stevens filter: four Kalman filters fan out to sixteen and are merged to
four.

Everything here is a pure function of plain tuples, since this is the hot path of every index. Covariances
are kept in units of the observation variance V, so that learning V rescales nothing.
"""

from math import exp, inf, log, pi, sqrt
from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride.regimes import Quad, Row, Rows

Component = tuple[float, float, float, float, float, float]
"""A regime's posterior: its probability, level, growth, and covariance c00, c01, c11 in units of V."""

Components = tuple[Component, Component, Component, Component]

Origins = tuple[Quad, Quad, Quad, Quad]
"""For each regime now, the probabilities of the regimes one datum before, given it."""

_Ray = tuple[float, float, float, float, float, float, float]

_Merged = tuple[float, float, float, float, float, float, Quad]

_LEAST = 1e-120  # no regime is ever wholly ruled out: what a datum makes impossible may be needed at the next
_VANISHED = 1e-280  # below this, weights are noise
_SHARPEST = 1e-12  # no level is known better than to this variance, in V
_FARTHEST = 1e300  # half a squared standardised error, above which squares overflow
_PEAK = 1.0 / sqrt(2.0 * pi)  # the density of a standard Gaussian at its mean


class Mixture(NamedTuple):
    """What is known after a datum: a component for each regime, and where each came from."""

    components: Components
    origins: Origins


class Surprise(NamedTuple):
    """How a datum compared with its forecast.

    `error` and `variance`: the one-step forecast error in the units of the data, and its variance were the
    datum a steady one. `weight`: the probability that it was. `squared`: its squared standardised error,
    given that it was. `log_density`: of the datum under the whole forecast.
    """

    error: float
    variance: float
    weight: float
    squared: float
    log_density: float


def begin(rows: Rows, level: float, slope: float, spread: tuple[float, float]) -> Mixture:
    """The mixture before any datum: one belief for all regimes. `spread`: variances of level and growth, in
    V.
    """
    priors = tuple([row[0] for row in rows.each])
    components = tuple([(prior, level, slope, spread[0], 0.0, spread[1]) for prior in priors])
    return Mixture(components, (priors,) * 4)  # type: ignore[arg-type]


def absorb(
    mixture: Mixture, y: float, interval: float, rows: Rows, variance: float
) -> tuple[Mixture, Surprise]:
    """The mixture after datum `y`, `interval` periods after the last one, and how surprising it was.

    `rows` are those of the model for that interval, `variance` is V. For each pair of regimes (i before, j
    now) one Kalman step; then the pairs that share j are merged into one Gaussian of the same first two
    moments. Raises `OptionError` naming `y` when it lies so far out that floating point cannot hold its
    square, or `at` when so much time has passed that it cannot hold the variance.
    """
    inverse = 1.0 / variance
    half = 0.5 * inverse
    noise, wander = rows.widest
    shift, within, mean, square, reach = inf, 0.0, 0.0, 0.0, 0.0
    origin = mixture.components[0][1]
    fan = []
    for p, level, slope, c00, c01, c11 in mixture.components:
        c00 += interval * (c01 + c01 + interval * c11)
        c01 += interval * c11
        if c00 < _SHARPEST:
            c00 = _SHARPEST
        level += interval * slope
        error = y - level
        energy = half * error * error
        level -= origin
        mean += p * level
        square += p * level * level
        within += p * c00
        reach += energy
        least = energy * (1.0 / (c00 + wander + noise))
        if least < shift:
            shift = least  # the best exponent there is: no likelihood overflows, and one does not vanish
        fan.append((p if p > _LEAST else _LEAST, slope, c00, c01, c11, error, energy))
    if not reach + within + wander < _FARTHEST:
        if not within + wander < _FARTHEST:
            raise OptionError("at", "a time that is not absurdly far ahead", interval)
        raise OptionError("y", "a number whose distance from the forecast can be squared", y)
    steady_row, *other_rows = rows.each
    steady = _merge(steady_row, fan, y, shift, inverse)
    merged = [steady]
    for row in other_rows:
        merged.append(_merge(row, fan, y, shift, inverse) if row[0] else (0.0, *steady[1:]))
    total = merged[0][0] + merged[1][0] + merged[2][0] + merged[3][0]
    scale = 1.0 / total
    after = Mixture(
        tuple([(w * scale, level, slope, c00, c01, c11) for w, level, slope, c00, c01, c11, _ in merged]),  # type: ignore[arg-type]
        (merged[0][6], merged[1][6], merged[2][6], merged[3][6]),
    )
    noise = steady_row[1] + steady_row[2]
    squared = 0.0
    for came, (_, _, c00, _, _, _, energy) in zip(steady[6], fan, strict=True):
        squared += came * energy / (c00 + noise)
    return after, Surprise(
        y - origin - mean,
        variance * (noise + within) + max(square - mean * mean, 0.0),
        after.components[0][0],
        2.0 * squared,
        log(total * sqrt(inverse) * _PEAK) - shift,
    )


def _merge(row: Row, fan: list[_Ray], y: float, shift: float, inverse: float) -> _Merged:
    """What is left of the pairs that end in one regime: its component, with a weight that is not yet scaled
    to probabilities, and the probabilities of where it came from.
    """
    prior, noise, w00, w01, w11 = row
    weight = level = slope = c00 = c01 = c11 = 0.0
    pairs = []
    for p, growth, r00, r01, r11, error, energy in fan:
        r00 += w00
        r01 += w01
        q = 1.0 / (r00 + noise)
        exponent = shift - energy * q
        pair = (p * exp(exponent) if exponent < 0.0 else p) * sqrt(q)
        gain = r01 * q
        kept = noise * q  # what the gain leaves of the level's error; levels are measured from y here
        off = -kept * error
        turn = growth + gain * error
        weight += pair
        level += pair * off
        slope += pair * turn
        c00 += pair * (kept * r00)
        c01 += pair * (kept * r01)
        c11 += pair * (r11 + w11 - gain * r01)
        pairs.append((pair, off, turn))
    if weight < _VANISHED:  # its probability is 0, but its moments are not: look again from where it stands
        nearest = min([energy * (1.0 / (r00 + w00 + noise)) for _, _, r00, _, _, _, energy in fan])
        return 0.0, *_merge(row, fan, y, nearest, inverse)[1:]
    scale = 1.0 / weight
    level *= scale
    slope *= scale
    for pair, off, turn in pairs:
        off -= level
        turn -= slope
        pair *= inverse
        c00 += pair * off * off
        c01 += pair * off * turn
        c11 += pair * turn * turn
    (i, _, _), (j, _, _), (k, _, _), (n, _, _) = pairs
    came = (i * scale, j * scale, k * scale, n * scale)
    c11 = c11 * scale if c11 > 0.0 else 0.0  # rounding may leave it a hair below
    return prior * weight, y + level, slope, c00 * scale, c01 * scale, c11, came


def elapse(mixture: Mixture, interval: float, rows: Rows, variance: float) -> Mixture:
    """The mixture when the datum that was due after `interval` periods is missing: time passes, nothing is
    learnt. Raises `OptionError` naming `at` when so much time passes that floating point cannot hold the outcome.
    """
    level, slope, c00, c01, c11 = moments(mixture.components, variance)
    level += interval * slope
    c00 = max(c00 + interval * (2.0 * c01 + interval * c11), _SHARPEST)
    c01 += interval * c11
    if not (c00 + rows.widest[1] < _FARTHEST and -inf < level < inf):
        raise OptionError("at", "a time that is not absurdly far ahead", interval)
    came = tuple([component[0] for component in mixture.components])
    moved = tuple([(row[0], level, slope, c00 + row[2], c01 + row[3], c11 + row[4]) for row in rows.each])
    return Mixture(moved, (came,) * 4)  # type: ignore[arg-type]


def moments(components: Components, variance: float) -> tuple[float, float, float, float, float]:
    """Level and growth expected over the whole mixture, and their covariance c00, c01, c11 in units of V."""
    level = slope = 0.0
    for p, m, b, _, _, _ in components:
        level += p * m
        slope += p * b
    inverse = 1.0 / variance
    c00 = c01 = c11 = 0.0
    for p, m, b, v00, v01, v11 in components:
        m -= level
        b -= slope
        c00 += p * (v00 + inverse * m * m)
        c01 += p * (v01 + inverse * m * b)
        c11 += p * (v11 + inverse * b * b)
    return level, slope, c00, c01, c11


def before(posterior: Quad, origins: Origins) -> Quad:
    """The posterior one datum earlier: that of now, led back through where each regime came from."""
    p, q, r, s = posterior
    return tuple([p * a + q * b + r * c + s * d for a, b, c, d in zip(*origins)])  # type: ignore[return-value]  # noqa: B905


def calm(back1: Quad, earlier: Origins) -> float:
    """The probability that neither of the two data before brought a step or a turn."""
    steady, transient = earlier[0], earlier[1]
    return back1[0] * (steady[0] + steady[1]) + back1[1] * (transient[0] + transient[1])
