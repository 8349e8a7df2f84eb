"""Whatever model and whatever datum is accepted: what comes out is a number; and what is not accepted is named."""

from collections.abc import Callable
from math import isfinite

import pytest

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.cyberstride import (
    PRESETS,
    Gauge,
    HarrisonStevens,
    Index,
    Learning,
    Reading,
    RegimeModel,
)
from cybernetic.vsm.cyberstride import gauge as gauges

ONES, NONE = (1.0,) * 4, (0.0,) * 4
FAINTEST = RegimeModel(
    (1.0 - 2e-100, 1e-100, 1e-100, 0.0), (1.0, 1e80, 1.0, 1.0), (0.0, 0.0, 1e80, 0.0), NONE
)


def figures(reading: Reading) -> list[float]:
    return [
        one
        for figure in reading
        if figure is not None
        for one in (figure if isinstance(figure, tuple) else (figure,))
    ]


def size(chance: Chance, low: float, high: float) -> float:
    return float(10.0 ** chance.uniform(low, high))


def anything(chance: Chance) -> HarrisonStevens:
    """A filter of whatever is allowed, in its model and in how V is learnt."""

    def four(zeros: float) -> tuple[float, float, float, float]:
        wide = chance.choice([3.0, 12.0, 80.0])
        a, b, c, d = (
            0.0 if chance.random() < zeros else chance.choice([1.0, size(chance, -wide, wide)])
            for _ in range(4)
        )
        return a, b, c, d

    rare = [chance.choice([0.0, size(chance, -100.0, -1.0), 0.3 * chance.random()]) for _ in range(3)]
    model = RegimeModel((1.0 - sum(rare), rare[0], rare[1], rare[2]), four(0.0), four(0.5), four(0.5))
    learning = Learning(
        forget=chance.choice([0.99, size(chance, -300.0, -1.0)]),
        trust=size(chance, -300.0, 300.0),
        cap=size(chance, -300.0, 300.0),
        least=size(chance, -200.0, 200.0),
    )
    return HarrisonStevens(
        chance.choice([model, model, *PRESETS]),
        variance=chance.choice([1.0, size(chance, -200.0, 200.0)]),
        learning=chance.choice([None, learning]),
        spread=chance.choice([None, (size(chance, -80.0, 80.0), size(chance, -300.0, 80.0))]),
    )


def taken(one: HarrisonStevens, y: float | None) -> tuple[str, Reading | None]:
    """The reading after a datum, or which argument was refused."""
    try:
        return "", one.update(y)
    except OptionError as refused:
        return refused.name, None


@pytest.mark.parametrize("seed", range(150))
def test_what_is_accepted_gives_numbers_and_what_is_not_is_named(seed: int) -> None:
    chance = Chance(seed).stream("accepted")
    one, level, jumps = anything(chance), 0.0, chance.choice([3.0, 20.0, 150.0])
    for k in range(25):
        if k and chance.random() < 0.3:
            level += chance.choice([-1.0, 1.0]) * size(chance, 0.0, jumps) * one.variance**0.5
        y = None if k and chance.random() < 0.1 else level + chance.gauss(0.0, 1.0) * one.variance**0.5
        if y is not None and not isfinite(y):
            y = 1e308
        name, reading = taken(one, y)
        if reading is None:
            assert name == ("at" if y is None else "y")
        else:
            assert all(map(isfinite, figures(reading)))
            assert reading.level_sd > 0.0


@pytest.mark.parametrize("jump", [1.0, 1e3, 1e10, 1e40, 1e80, 1e120, 1e129])
@pytest.mark.parametrize("variance", [1e-200, 1.0, 1e30])
def test_a_regime_as_faint_as_may_be_is_no_division_by_nothing(jump: float, variance: float) -> None:
    one = HarrisonStevens(FAINTEST, variance=variance, level=0.0)
    deviation = variance**0.5
    for y in (0.3, jump, -jump, None, 0.1, jump):
        reading = one.update(None if y is None else y * deviation)
        assert all(map(isfinite, figures(reading)))
        assert sum(reading.posterior) == pytest.approx(1.0)


@pytest.mark.parametrize("exponent", range(1250, 2000, 50))
def test_a_datum_as_far_out_as_a_wide_regime_expects_leaves_the_level_a_deviation(exponent: int) -> None:
    wide = RegimeModel((0.9, 0.05, 0.05, 0.0), (1.0, 1e80, 1e80, 1.0), (0.0, 0.0, 1e80, 0.0), NONE)
    one = HarrisonStevens(wide, variance=1.0, level=0.0)
    for y in (0.1, (2.0 * exponent) ** 0.5 * 1e40):
        assert all(map(isfinite, figures(one.update(y))))


@pytest.mark.parametrize("begun", [1e-200, 1e-40, 1e-19])
def test_a_variance_below_the_least_comes_up_to_it_step_by_step(begun: float) -> None:
    one, steps = HarrisonStevens(variance=begun, level=0.0, learning=Learning(least=1e-18)), 0
    while one.variance < 1e-18:
        before, steps = one.variance, steps + 1
        assert before < one.update(0.0).variance <= before * 1.000001e12
    assert steps <= 16


def test_v_comes_to_no_more_than_it_may_be_and_evidence_that_is_forgotten_is_not_divided_by() -> None:
    eager = Learning(forget=1e-200, trust=5e-324, cap=1e300, least=1e-200)
    one = HarrisonStevens(FAINTEST, variance=1e190, learning=eager, level=0.0)
    for y in (1e140, 1e120, -1e140, 1e141, 0.0, 0.0, 1e100):
        assert 1e-200 <= one.update(y).variance <= 1e200


@pytest.mark.parametrize("variance", [1e80, 1e100, 1e200])
@pytest.mark.parametrize("model", PRESETS)
def test_it_is_the_datum_that_is_named_where_it_is_too_far_in_its_own_unit(
    model: str, variance: float
) -> None:
    one = HarrisonStevens(model, variance=variance, level=0.0)
    for k in range(10):
        one.update((-1.0) ** k * variance**0.5)
    with pytest.raises(OptionError) as caught:
        one.update(-1e173)
    assert caught.value.name == "y"


@pytest.mark.parametrize("known", [None, 1.0])
def test_a_gauge_names_the_value_it_was_given_and_goes_on_as_it_was(known: float | None) -> None:
    chance, gauge = Chance(1).stream("gauge"), Gauge(Index("load"), variance=known)
    for _ in range(40):
        gauge.update(chance.gauss(0.0, 1.0))
    before = gauge.data, gauge.health
    with pytest.raises(OptionError, match=r"^value: .*got: 1e\+200$"):
        gauge.update(1e200)
    assert (gauge.data, gauge.health) == before
    assert gauge.update(0.5).reading is not None


def test_a_guess_that_the_filter_cannot_begin_with_leaves_it_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance, gauge = Chance(1).stream("gauge"), Gauge(Index("load"), variance=1e64)
    for _ in range(100):
        gauge.update(1e32 * chance.gauss(5.0, 1.0))
    monkeypatch.setattr(gauges, "first_guess", lambda *_: 1e-200)
    judged = [gauge.update(1e32 * chance.gauss(5.0, 300.0 ** (1 + k / 50))) for k in range(130)]
    assert "errors" in str(judged[-1].muted)
    assert judged[-1].reading is not None
    assert judged[-1].reading.variance > 1e64


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: RegimeModel((1.0, 1e-250, 0.0, 0.0), ONES, NONE, NONE), "probability"),
        (lambda: RegimeModel((1e-101, 1.0, 0.0, 0.0), ONES, NONE, NONE), "probability"),
        (lambda: RegimeModel((1.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1e-81, 1.0), NONE, NONE), "noise"),
        (lambda: RegimeModel((1.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1e300, 1.0), NONE, NONE), "noise"),
        (lambda: RegimeModel((1.0, 0.0, 0.0, 0.0), ONES, (0.0, 0.0, 1e300, 0.0), NONE), "level"),
        (lambda: RegimeModel((1.0, 0.0, 0.0, 0.0), ONES, NONE, (0.0, 0.0, 1e300, 0.0)), "slope"),
        (lambda: HarrisonStevens(variance=1.0, spread=(1e-300, 0.0)), "spread"),
        (lambda: HarrisonStevens(variance=1.0, spread=(1.0, 1e90)), "spread"),
        (lambda: HarrisonStevens(variance=1.0, level=1e308), "level"),
        (lambda: HarrisonStevens(variance=1.0).update(1e308), "y"),
        (lambda: HarrisonStevens(variance=1.0, slope=1e130), "slope"),
    ],
)
def test_what_the_filter_could_not_compute_with_is_refused_by_its_name(
    make: Callable[[], object], name: str
) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name
