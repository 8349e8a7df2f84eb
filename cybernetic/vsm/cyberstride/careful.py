"""The pairs of a regime merged with care, where a plain sum of them would keep no digits: the datum or a variance of
the model is so large that what is left when one is taken from another is lost in their rounding.

Each difference is had from differences of what is given, and none from results. It takes five times as long.
"""

from math import exp, inf, log, sqrt

from cybernetic.vsm.cyberstride.beliefs import LIFT, NARROWEST, Datum, Merged, Ray
from cybernetic.vsm.cyberstride.regimes import Row


def merge_carefully(row: Row, fan: list[Ray], datum: Datum) -> Merged:
    """What is left of the pairs that end in one regime. The fan is in the order of `Regime`. As no probability is below
    1e-120 and no variance above 1e270, the heaviest pair is not faint, and nothing overflows beside it.
    """
    prior, noise, w00, _, _ = row
    y, interval, deviation, beliefs = datum
    first = _heaviest(fan, row, datum)
    pairs = _pairs(row, fan, datum, first)
    weight = sum(pairs)
    shares = one, two, three, four = tuple([pair / weight for pair in pairs])
    near = (
        noise < fan[first][2] + w00
    )  # to the datum, and else to the forecast: levels are counted from there
    levels, growths = [], []
    for i, (_, growth, c00, c01, _, error, _) in enumerate(fan):
        q = 1.0 / (c00 + noise + w00)
        beside = _apart(datum, i, first) + q * (c00 + w00) * error
        levels.append(-noise * q * error if near else beside)
        growths.append(growth + q * (c01 + row[3]) * error)
    level, growth = _mean(shares, levels, first), _mean(shares, growths, first)
    c00 = c01 = c11 = 0.0
    for i, p in enumerate(shares):
        v00, v01, v11 = _known(row, fan[i], datum, i)
        ahead, faster = levels[i] - level, growths[i] - growth
        c00 += p * (v00 + ahead * ahead)
        c01 += p * (v01 + ahead * faster)
        c11 += p * (v11 + faster * faster)
    before, grew, *_ = beliefs[first]
    anchor = y if near else before + interval * grew
    return (
        prior * (weight * LIFT),
        fan[first][6] / (fan[first][2] + noise + w00),
        (anchor + deviation * level, deviation * growth, max(c00, NARROWEST), c01, c11),
        (one, two, three, four),
    )


def _heaviest(fan: list[Ray], row: Row, datum: Datum) -> int:
    """Which of the pairs weighs most: each is compared with the heaviest before it."""
    most, highest = 0, -inf
    for i, ray in enumerate(fan):
        height = log(_height(ray, row))
        if height + _nearer(fan, i, most, row, datum) > highest:
            most, highest = i, height
    return most


def _pairs(row: Row, fan: list[Ray], datum: Datum, first: int) -> list[float]:
    """What the pairs weigh, where the datum is as likely as the heaviest says, which is the `first`. Where errors are
    absurd, rounding may make one heavier than that.
    """
    heights = [_height(ray, row) for ray in fan]
    tallest = log(heights[first])
    return [
        height * exp(min(_nearer(fan, i, first, row, datum), tallest - log(height)))
        for i, height in enumerate(heights)
    ]


def _height(ray: Ray, row: Row) -> float:
    """What a pair weighs whose forecast is right."""
    return ray[0] / sqrt(ray[2] + row[1] + row[2])


def _nearer(fan: list[Ray], i: int, k: int, row: Row, datum: Datum) -> float:
    """By how much the exponent of pair `i` is above that of pair `k`: both may be 1e20, and alike."""
    (_, _, c00, _, _, error, energy), (_, _, r00, _, _, other, _) = fan[k], fan[i]
    if r00 < c00:
        return -_nearer(fan, k, i, row, datum)
    broad = row[1] + row[2]
    q = 1.0 / (r00 + broad)
    return 0.5 * _apart(datum, i, k) * (error + other) * q + energy / (c00 + broad) * ((r00 - c00) * q)


def _apart(datum: Datum, i: int, k: int) -> float:
    """How far what regime number `i` believed forecasts the datum above what number `k` did, in deviations."""
    _, interval, deviation, beliefs = datum
    (level, growth, *_), (other, its, *_) = beliefs[i], beliefs[k]
    return (level - other) / deviation + interval * ((growth - its) / deviation)


def _known(row: Row, ray: Ray, datum: Datum, i: int) -> tuple[float, float, float]:
    """The covariance that pair `i` leaves.

    Of the growth's variance, as it would be without a datum, its covariance with the level is taken away, squared and
    divided by the variance of the forecast. Written so, nothing is: neither what W adds to both, nor what the interval
    does.
    """
    _, noise, w00, w01, w11 = row
    _, _, c00, c01, c11, _, _ = ray
    _, interval, _, beliefs = datum
    _, _, v00, v01, v11 = beliefs[i]
    q, late = 1.0 / (c00 + noise + w00), interval - 1.0
    before = max(q * v00 * v11 - q * v01 * v01, 0.0)
    wandered = q * w11 * max(v00 + late * (2.0 * v01 + late * v11), 0.0)
    growth = before + wandered + q * (c11 + w11) * (noise + (w00 - w11))
    return noise * (q * (c00 + w00)), noise * (q * (c01 + w01)), growth


def _mean(shares: tuple[float, ...], values: list[float], first: int) -> float:
    """The mean, as far from the first of them as differences say."""
    lead = values[first]
    return lead + sum([p * (value - lead) for p, value in zip(shares, values, strict=True)])
