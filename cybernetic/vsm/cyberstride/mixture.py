"""One datum through the Harrison–Stevens filter: four Kalman filters fan out to sixteen and are merged to
four.

Everything here is a pure function of plain tuples, since this is the hot path of every index. Covariances
are kept in units of the observation variance V, so that learning V rescales nothing.
"""

from math import exp, inf, log, pi, sqrt
from typing import NamedTuple, TypeVar

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride.beliefs import LIFT, NARROWEST, Belief, Beliefs, Datum, Merged, Ray
from cybernetic.vsm.cyberstride.careful import merge_carefully
from cybernetic.vsm.cyberstride.regimes import Quad, Row, Rows

Origins = tuple[Quad, Quad, Quad, Quad]
"""For each regime now, the probabilities of the regimes one datum before, given it."""

T = TypeVar("T")

Surprise = tuple[float, float, float, float, float]
"""How a datum compared with its forecast: the error of that, in the units of the data; the error's variance were the
datum a steady one; the probability that it was; its squared standardised error, given that it was; and the logarithm
of the density of the whole forecast at the datum.
"""

_LEAST = 1e-120  # no regime is ever wholly ruled out: what a datum makes impossible may be needed at the next
_VANISHED = 1e-280  # below this, weights are noise
# The first pair weighs at least one part in so many: moments about it lose up to so many times a float's rounding. That
# is 1e-12, as other errors are; with 1e6 it would be more than 1e-11, and with 1e3 or less most regimes would be merged
# again, about their heaviest pair, after a step of 30 deviations.
_LEADING = 1e4
_BLURRED = 1e12  # an exponent, of which rounding leaves less than four digits behind the point
_SHARPEST = 1e-12  # no level is known better than to this variance, in V
_ROUNDING = 1e-15  # of a variance: less is not left of it when others are taken away
_FARTHEST = 1e270  # a variance, in V, above which squares over _SHARPEST's overflow
_LARGEST = 1e300  # a variance that can still be added to
_BROADEST = _LARGEST / _FARTHEST  # of V: above, it is _LARGEST that is met first
_ROOM = 1e8  # by so much squared errors stay below, lest what is known after a jump is too wide for the next datum
_AHEAD = 0.01  # and by that what is known while data are missing
_LIFTED = log(LIFT)
_PEAK = 1.0 / sqrt(2.0 * pi)  # the density of a standard Gaussian at its mean


class Mixture(NamedTuple):
    """What is known after a datum: the probability of each regime, what is believed in it, and where it came from."""

    weights: Quad
    beliefs: Beliefs
    origins: Origins


def begin(rows: Rows, level: float, slope: float, spread: tuple[float, float]) -> Mixture:
    """The mixture before any datum: one belief for all regimes. `spread`: variances of level and growth, in
    V.
    """
    priors = _priors(rows)
    belief = level, slope, spread[0], 0.0, spread[1]
    return Mixture(priors, (belief, belief, belief, belief), (priors, priors, priors, priors))


def _priors(rows: Rows) -> Quad:
    return tuple([row[0] for row in rows.each])  # type: ignore[return-value]


def absorb(
    mixture: Mixture, y: float, interval: float, rows: Rows, variance: float
) -> tuple[Mixture, Surprise]:
    """The mixture after datum `y`, `interval` periods after the last one, and how surprising it was.

    `rows` are those of the model for that interval, `variance` is V. For each pair of regimes (i before, j
    now) one Kalman step; then the pairs that share j are merged into one Gaussian of the same first two
    moments. Raises `OptionError` naming `y` when it lies so far out that floating point cannot hold its
    square, or `at` when so much time has passed that it cannot hold the variance.
    """
    deviation = sqrt(variance)
    per = 1.0 / deviation
    noise, wander = rows.widest
    broad = noise + wander
    weights, beliefs, _ = mixture
    lead = 0 if weights[0] * _LEADING > 1.0 else weights.index(max(weights))
    level, growth, _, _, _ = beliefs[lead]
    # Moments about this error are sums of squares of what is small, as it weighs enough.
    about = (y - level - interval * growth) * per
    within = mean = square = reach = 0.0
    fan: list[Ray] = []
    for p, (level, growth, c00, c01, c11) in zip(weights, beliefs):  # noqa: B905
        drift = interval * c11
        least = _SHARPEST + _ROUNDING * c00
        c00 += interval * (c01 + c01 + drift)
        if c00 < least:
            c00 = least
        error = (y - level - interval * growth) * per  # what is alike is taken away first
        energy = 0.5 * error * error
        reach += energy
        within += p * c00
        off = error - about
        mean += p * off
        square += p * off * off
        fan.append((p if p > _LEAST else _LEAST, growth * per, c00, c01 + drift, c11, error, energy))
    most = _FARTHEST if variance < _BROADEST else _LARGEST / variance
    if not reach * _ROOM + within + broad < most:
        if not within + broad < most:
            raise OptionError("at", "a time that is not absurdly far ahead", interval)
        raise OptionError("y", "a number whose distance from the forecast can be squared", y)
    steady, transient, step, turn = rows.each
    jumped = 0.5 * about * about >= broad
    if jumped:
        lead = _heaviest(fan, steady)
    led = _swapped(fan, lead) if lead else fan
    merge = _merge_unlike if rows.unlike else _merge
    datum = y, interval, deviation, beliefs
    w0, x0, belief0, came0 = merge(steady, led, lead, datum, jumped)
    left_out = 0.0, x0, belief0, came0
    w1, x1, belief1, came1 = merge(transient, led, lead, datum, jumped) if transient[0] else left_out
    w2, x2, belief2, came2 = merge(step, led, lead, datum, jumped) if step[0] else left_out
    w3, x3, belief3, came3 = merge(turn, led, lead, datum, jumped) if turn[0] else left_out
    shift = 0.0
    if x0 or x1 or x2 or x3:  # to one exponent
        shift = min(x0, x1, x2, x3)
        w0 *= exp(shift - x0)
        w1 *= exp(shift - x1)
        w2 *= exp(shift - x2)
        w3 *= exp(shift - x3)
    noise = steady[1] + steady[2]
    squared = 0.0
    for came, (_, _, c00, _, _, _, energy) in zip(came0, fan):  # noqa: B905
        squared += came * energy / (c00 + noise)
    total = w0 + w1 + w2 + w3
    scale = 1.0 / total
    weight = w0 * scale
    after = Mixture(
        (weight, w1 * scale, w2 * scale, w3 * scale),
        (belief0, belief1, belief2, belief3),
        (came0, came1, came2, came3),
    )
    return after, (
        deviation * (about + mean),
        variance * (noise + within + max(square - mean * mean, 0.0)),
        weight,
        2.0 * squared,
        log(total * per * _PEAK) - _LIFTED - shift,
    )


def _heaviest(fan: list[Ray], row: Row) -> int:
    """Which of the pairs weighs most that end in this regime."""
    broad = row[1] + row[2]
    heaviest, highest, nearest = 0, -inf, inf
    for i, (p, _, c00, _, _, _, energy) in enumerate(fan):
        q = 1.0 / (c00 + broad)
        height, exponent = log(p * sqrt(q)), energy * q
        if height + (nearest - exponent) > highest:  # so put, no digit is lost where exponents are 1e20
            heaviest, highest, nearest = i, height, exponent
    return heaviest


def _swapped(four: list[T], i: int) -> list[T]:
    """The same with the first and number `i` in each other's places."""
    after = four.copy()
    after[0], after[i] = four[i], four[0]
    return after


def _merge(row: Row, fan: list[Ray], lead: int, datum: Datum, jumped: bool) -> Merged:
    """What is left of the pairs that end in one regime. In the fan, number `lead` has changed places with the first.

    All in one go: second moments are summed about the first pair, which must therefore not be a light one, and after a
    jump likelihoods are relative to its own; where it is, the heaviest is put first (`_merge_afar`).
    """
    prior, noise, w00, w01, w11 = row
    broad = noise + w00
    own = 0.0
    if jumped:
        own = fan[0][6] * (1.0 / (fan[0][2] + broad))
        if own > _BLURRED:
            return _merge_unlike(row, fan, lead, datum, jumped)
    lead_short = lead_turn = short = turn = square = c00 = c01 = c11 = 0.0
    pairs: list[float] = []
    leads = True
    try:
        for p, growth, r00, r01, r11, error, energy in fan:
            q = 1.0 / (r00 + broad)
            pair = p * exp(own - energy * q) * sqrt(q)
            pairs.append(pair)
            if not pair:
                continue
            r01 += w01
            error *= q  # times `noise` it is how far short of the datum the level stays
            growth += r01 * error
            c00 += pair * (q * (r00 + w00))  # the gain first: in another order a faint pair underflows
            q *= r01
            c01 += pair * q
            c11 += pair * (r11 - q * r01)
            if leads:
                lead_short, lead_turn = error, growth
                leads = False
            else:
                error -= lead_short
                growth -= lead_turn
                part = pair * error
                short += part
                square += part * error
                c01 -= part * growth
                part = pair * growth
                turn += part
                c11 += part * growth
    except OverflowError:  # the first is far from being the heaviest
        return _merge_afar(row, fan, lead, datum)
    i, j, k, n = pairs
    weight = i + j + k + n
    if not i * _LEADING > weight > _VANISHED:
        return _merge_afar(row, fan, lead, datum)
    if lead:
        i, j, k, n = _swapped(pairs, lead)
    y, _, deviation, _ = datum
    scale = 1.0 / weight
    short *= scale
    mean = turn * scale
    c00 = noise * (scale * (c00 + noise * (square - short * short * weight)))  # the noise may be 1e80
    c11 = w11 + scale * (c11 - mean * turn)
    return (
        prior * (weight * LIFT),
        own,
        (
            y - deviation * noise * (lead_short + short),
            deviation * (lead_turn + mean),
            c00 if c00 > NARROWEST else NARROWEST,
            noise * (scale * (c01 + short * turn)),
            c11 if c11 > 0.0 else 0.0,  # rounding may leave it a hair below
        ),
        (i * scale, j * scale, k * scale, n * scale),
    )


def _merge_afar(row: Row, fan: list[Ray], lead: int, datum: Datum) -> Merged:
    """The same where the first pair is a light one, or all are faint: with the heaviest first. As no probability is
    below `_LEAST` and no variance above `_FARTHEST`, that one is not faint, and nothing overflows beside it.
    """
    fan = _swapped(fan, lead)
    heaviest = _heaviest(fan, row)
    return _merge(row, _swapped(fan, heaviest), heaviest, datum, True)


def _merge_unlike(row: Row, fan: list[Ray], lead: int, datum: Datum, _: bool) -> Merged:
    """The same where what is added up in one go is so unlike that what matters of it would be lost."""
    return merge_carefully(row, _swapped(fan, lead), datum)


def elapse(mixture: Mixture, interval: float, rows: Rows, variance: float) -> Mixture:
    """The mixture when the datum that was due after `interval` periods is missing: time passes, nothing is
    learnt. Raises `OptionError` naming `at` when so much time passes that floating point cannot hold the outcome.
    """
    level, slope, c00, c01, c11 = moments(mixture, variance)
    level += interval * slope
    c00 = max(c00 + interval * (2.0 * c01 + interval * c11), _SHARPEST + _ROUNDING * c00)
    c01 += interval * c11
    most = _AHEAD * min(_FARTHEST, _LARGEST / variance)
    if not (c00 + rows.widest[1] < most and -inf < level < inf):
        raise OptionError("at", "a time that is not absurdly far ahead", interval)
    moved = tuple([(level, slope, c00 + w00, c01 + w01, c11 + w11) for _, _, w00, w01, w11 in rows.each])
    return Mixture(_priors(rows), moved, (mixture.weights,) * 4)  # type: ignore[arg-type]


def moments(mixture: Mixture, variance: float) -> Belief:
    """Level and growth expected over the whole mixture, and their covariance c00, c01, c11 in units of V."""
    level, slope, c00 = levelled(mixture, variance)
    inverse = 1.0 / variance
    c01 = c11 = 0.0
    for p, (m, b, _, v01, v11) in zip(mixture.weights, mixture.beliefs, strict=True):
        b -= slope
        c01 += p * (v01 + inverse * (m - level) * b)
        c11 += p * (v11 + inverse * b * b)
    return level, slope, c00, c01, c11


def levelled(mixture: Mixture, variance: float) -> tuple[float, float, float]:
    """Level and growth expected over the whole mixture, and the level's variance in units of V."""
    p, q, r, s = mixture.weights
    (a, a1, a00, _, _), (b, b1, b00, _, _), (c, c1, c00, _, _), (d, d1, d00, _, _) = mixture.beliefs
    level = p * a + q * b + r * c + s * d
    a -= level
    b -= level
    c -= level
    d -= level
    between = p * a * a + q * b * b + r * c * c + s * d * d
    within = p * a00 + q * b00 + r * c00 + s * d00
    return level, p * a1 + q * b1 + r * c1 + s * d1, within + between / variance


def before(posterior: Quad, origins: Origins) -> Quad:
    """The posterior one datum earlier: that of now, led back through where each regime came from."""
    p, q, r, s = posterior
    (p0, p1, p2, p3), (q0, q1, q2, q3), (r0, r1, r2, r3), (s0, s1, s2, s3) = origins
    return (
        p * p0 + q * q0 + r * r0 + s * s0,
        p * p1 + q * q1 + r * r1 + s * s1,
        p * p2 + q * q2 + r * r2 + s * s2,
        p * p3 + q * q3 + r * r3 + s * s3,
    )


def calm(back1: Quad, earlier: Origins) -> float:
    """The probability that neither of the two data before brought a step or a turn."""
    steady, transient = earlier[0], earlier[1]
    return back1[0] * (steady[0] + steady[1]) + back1[1] * (transient[0] + transient[1])
