"""One datum through the filter, beside the same in sixty digits."""

from dataclasses import replace
from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext

import pytest

from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import PRESETS
from cybernetic.vsm.cyberstride.mixture import Belief, Beliefs, Mixture, absorb, begin
from cybernetic.vsm.cyberstride.regimes import Quad, Rows

Exact = tuple[Decimal, ...]
FAINT = Decimal("1e-60")  # what a regime so improbable believes is of no account
RULED_OUT = Decimal("1e-120")  # the filter takes no regime for less likely


def kalman(ray: Exact, y: Decimal, noise: Decimal, v: Decimal) -> Exact:
    """A pair's likelihood times its prior, and its belief after the datum."""
    p, level, growth, c00, c01, c11 = ray
    q = 1 / (c00 + noise)
    error = y - level
    weight = p * (-(error**2) * q / (2 * v)).exp() * q.sqrt()
    gains = c00 * q, c01 * q
    return (
        weight,
        level + gains[0] * error,
        growth + gains[1] * error,
        c00 - gains[0] * c00,
        c01 - gains[0] * c01,
        c11 - gains[1] * c01,
    )


def merged(pairs: list[Exact], v: Decimal) -> Exact:
    """The Gaussian of the same first two moments."""
    weight = sum(pair[0] for pair in pairs)
    mean = [sum(p[0] * p[k] for p in pairs) / weight for k in (1, 2)]
    off = [(p[0], p[1] - mean[0], p[2] - mean[1], *p[3:]) for p in pairs]
    c00 = sum(p * (c + a * a / v) for p, a, _, c, _, _ in off) / weight
    c01 = sum(p * (c + a * b / v) for p, a, b, _, c, _ in off) / weight
    c11 = sum(p * (c + b * b / v) for p, _, b, _, _, c in off) / weight
    return (Decimal(weight), Decimal(mean[0]), Decimal(mean[1]), Decimal(c00), Decimal(c01), Decimal(c11))


def paired(mixture: Mixture, y: float, rows: Rows, variance: float) -> list[list[Exact]]:
    """For each regime the pairs that end in it."""
    found = []
    for row in rows.each:
        _, noise, *w = map(Decimal, row)
        pairs = []
        for p, belief in zip(mixture.weights, mixture.beliefs, strict=True):
            level, growth, c00, c01, c11 = map(Decimal, belief)
            wide = (c00 + 2 * c01 + c11 + w[0], c01 + c11 + w[1], c11 + w[2])
            ray = max(Decimal(p), RULED_OUT), level + growth, growth, *wide
            pairs.append(kalman(ray, Decimal(y), noise, Decimal(variance)))
        found.append(pairs)
    return found


def exactly(mixture: Mixture, y: float, rows: Rows, variance: float) -> list[Exact]:
    """The beliefs after the datum, each with its probability."""
    after = []
    for row, pairs in zip(rows.each, paired(mixture, y, rows, variance), strict=True):
        one = merged(pairs, Decimal(variance))
        after.append((Decimal(row[0]) * one[0], *one[1:]))
    total = sum(one[0] for one in after)
    return [(one[0] / total, *one[1:]) for one in after]


def off(belief: Belief, exact: Exact, deviation: float) -> float:
    """The largest error of a belief, relative to what it may be measured by."""
    level, growth, c00, c01, c11 = map(float, exact[1:])
    scales = max(abs(level), deviation), max(abs(growth), deviation), c00, (c00 * c11) ** 0.5, c11
    pairs = zip(belief, (level, growth, c00, c01, c11), scales, strict=True)
    return max(abs(one - other) / scale for one, other, scale in pairs)


@pytest.mark.parametrize(
    ("jump", "close"),
    [(1.0, 1e-12), (30.0, 1e-11), (1e3, 1e-10), (1e6, 1e-8)],
    ids=lambda value: f"{value:g}",
)
@pytest.mark.parametrize("model", ["default", "dairy"])
def test_a_datum_does_what_sixty_digits_say(model: str, jump: float, close: float) -> None:
    chance = Chance(11).stream("exact", model, jump)
    rows = PRESETS[model].rows()
    for variance in (1e-4, 1.0, 1e4):
        deviation = variance**0.5
        mixture, level = begin(rows, 0.0, 0.0, (1.0, 0.01)), 0.0
        for _ in range(20):
            level += chance.gauss(0.0, jump) if chance.random() < 0.15 else 0.0
            y = (level + chance.gauss(0.0, jump if chance.random() < 0.15 else 1.0)) * deviation
            with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
                exact = exactly(mixture, y, rows, variance)
            mixture, _ = absorb(mixture, y, 1.0, rows, variance)
            for weight, belief, one in zip(mixture.weights, mixture.beliefs, exact, strict=True):
                assert weight == pytest.approx(float(one[0]), rel=close * 100, abs=1e-60)
                assert one[0] < FAINT or off(belief, one, deviation) < close


@pytest.mark.parametrize("faint", [1e-3, 1e-5, 1e-7, 1e-12, 1e-20], ids="{:g}".format)
@pytest.mark.parametrize("growth", [10.0, 1e4], ids="{:g}".format)
def test_what_a_faint_regime_believes_far_off_costs_no_digits_of_the_others(
    faint: float, growth: float
) -> None:
    rows = PRESETS["default"].rows()
    near = 0.0, 0.0, 0.5, 0.0, 0.01
    weights = faint, 1.0 - 3.0 * faint, faint, faint
    mixture = begin(rows, 0.0, 0.0, (1.0, 0.01))._replace(
        weights=weights, beliefs=((-growth, growth, 0.5, 0.0, 0.01), near, near, near)
    )
    with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
        exact = exactly(mixture, 0.7, rows, 1.0)
    after, _ = absorb(mixture, 0.7, 1.0, rows, 1.0)
    for belief, one in zip(after.beliefs, exact, strict=True):
        assert off(belief, one, 1.0) < 1e-11


NEAR, VAGUE = (0.0, 0.0, 0.5, 0.0, 0.01), (30.0, 0.0, 1e20, 0.0, 0.01)


@pytest.mark.parametrize(
    ("weights", "beliefs", "y"),
    [
        (
            (1e-50, 1.0, 1e-50, 1e-50),
            (NEAR, NEAR, NEAR, NEAR),
            1e12,
        ),  # a probability beside exponents of 1e23
        ((0.6, 0.4, 1e-20, 1e-20), (VAGUE, NEAR, NEAR, NEAR), 0.0),  # a density that is as low as it is wide
    ],
    ids=["far", "vague"],
)
def test_after_a_jump_the_pair_is_found_that_weighs_most(weights: Quad, beliefs: Beliefs, y: float) -> None:
    rows = PRESETS["default"].rows()
    mixture = begin(rows, 0.0, 0.0, (1.0, 0.01))._replace(weights=weights, beliefs=beliefs)
    after, _ = absorb(mixture, y, 1.0, rows, 1.0)
    assert after.origins[0][1] == pytest.approx(1.0, abs=1e-9)


def foreseen(mixture: Mixture, y: float, rows: Rows, variance: float) -> tuple[float, float]:
    """The error of the forecast of a datum one period on, and its variance were it a steady one."""
    v, noise, w = Decimal(variance), *map(Decimal, rows.each[0][1:3])
    parts = []
    for p, belief in zip(mixture.weights, mixture.beliefs, strict=True):
        level, growth, c00, c01, c11 = map(Decimal, belief)
        parts.append((Decimal(p), level + growth, c00 + 2 * c01 + c11))
    mean = sum(p * m for p, m, _ in parts) / sum(p for p, _, _ in parts)
    spread = sum(p * (v * c + (m - mean) ** 2) for p, m, c in parts)
    return float(Decimal(y) - mean), float(v * (noise + w) + spread)


@pytest.mark.parametrize("jump", [1e4, 1e6, 1e8, 1e10], ids="{:g}".format)
def test_after_jumps_to_and_fro_the_forecast_is_compared_as_sixty_digits_say(jump: float) -> None:
    chance, rows = Chance(11).stream("fro", jump), PRESETS["default"].rows()
    for _ in range(10):
        mixture = begin(rows, 0.0, 0.0, (1.0, 0.01))
        for _ in range(25):
            y = chance.choice([0.0, jump]) + chance.gauss(0.0, 1.0)
            with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
                expected = foreseen(mixture, y, rows, 1.0)
            mixture, (error, variance, *_) = absorb(mixture, y, 1.0, rows, 1.0)
            assert variance == pytest.approx(expected[1], rel=1e-6)
            assert error == pytest.approx(expected[0], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("ratio", [1e11, 1e14, 1e16], ids="{:g}".format)
def test_variances_however_unlike_leave_what_is_known_of_growth_its_digits(ratio: float) -> None:
    model = replace(PRESETS["default"], slope=(0.0, 0.0, 0.0, ratio))
    chance, rows = Chance(11).stream("unlike", ratio), model.rows()
    mixture, level, growth = begin(rows, 0.0, 0.0, (1.0, 0.01)), 0.0, 0.0
    for _ in range(40):
        growth += chance.gauss(0.0, ratio**0.5) if chance.random() < 0.15 else 0.0
        level += growth
        y = level + chance.gauss(0.0, 1.0)
        with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
            exact = exactly(mixture, y, rows, 1.0)
        mixture, _ = absorb(mixture, y, 1.0, rows, 1.0)
        for belief, one in zip(mixture.beliefs, exact, strict=True):
            assert one[0] < FAINT or belief[4] == pytest.approx(float(one[5]), rel=1e-5)


@pytest.mark.parametrize(("jump", "close"), [(1e7, 1e-3), (1e8, 1e-6), (-1e8, 1e-6)], ids="{:g}".format)
def test_where_regimes_came_from_is_told_by_what_differs_also_where_a_datum_is_absurdly_far_out(
    jump: float, close: float
) -> None:
    rows, near = PRESETS["default"].rows(), 1.0 / jump
    alike = tuple((level, 0.0, 0.5, 0.0, 0.01) for level in (0.0, near, -near, 2.0 * near))
    start = begin(rows, 0.0, 0.0, (1.0, 0.01))
    mixture = start._replace(weights=(0.4, 0.3, 0.2, 0.1), beliefs=alike)  # type: ignore[arg-type]
    with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
        pairs = paired(mixture, jump, rows, 1.0)
        exact = [[float(one[0] / sum(two[0] for two in four)) for one in four] for four in pairs]
    after, _ = absorb(mixture, jump, 1.0, rows, 1.0)
    for came, four in zip(after.origins, exact, strict=True):
        assert min(four) > 0.01
        assert came == pytest.approx(four, rel=close)
