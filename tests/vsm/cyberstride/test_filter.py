"""The filter agrees with its equations, whatever the data, and keeps its promises at the edges."""

from math import exp, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import PRESETS, HarrisonStevens, Learning, Reading, Regime, RegimeModel
from tests.vsm.cyberstride.slow import SlowFilter

VALUES = st.floats(-20, 20)
SERIES = st.lists(st.one_of(VALUES, st.none()), min_size=1, max_size=25)
INTERVALS = st.floats(0.05, 20)
MODELS = st.sampled_from(sorted(PRESETS))
STEADY_ALONE = RegimeModel((1.0, 0.0, 0.0, 0.0), (1.0,) * 4, (0.0,) * 4, (0.0,) * 4)


@given(SERIES, st.floats(0.01, 100))
def test_it_computes_what_the_equations_say(series: list[float | None], variance: float) -> None:
    fast = HarrisonStevens(variance=variance, level=0.5, spread=(2.0, 0.1))
    slow = SlowFilter(PRESETS["default"], variance, 0.5, (2.0, 0.1))
    for z in series:
        y = None if z is None else z * variance**0.5
        reading = fast.update(y)
        slow.update(y)
        assert reading.posterior == pytest.approx([belief.p for belief in slow.beliefs], abs=1e-9)
        assert reading.back1 == pytest.approx(slow.back1, abs=1e-9)
        assert reading.back2 == pytest.approx(slow.back2, abs=1e-9)
        assert reading.level == pytest.approx(slow.level, abs=1e-7)
        assert reading.level_sd == pytest.approx(slow.level_sd, rel=1e-6)
        if y is not None:
            assert reading.log_density == pytest.approx(log(slow.density), abs=1e-6)


@given(st.lists(st.tuples(VALUES, INTERVALS), min_size=1, max_size=15), st.floats(0.5, 60))
def test_irregular_times_move_the_model_on_by_their_intervals(
    data: list[tuple[float, float]], period: float
) -> None:
    fast = HarrisonStevens(variance=1.0, level=0.0, spread=(1.0, 0.01), period=period)
    slow = SlowFilter(PRESETS["default"], 1.0, 0.0, (1.0, 0.01))
    at = 100.0
    fast.update(0.0, at)
    slow.update(0.0)
    for y, interval in data:
        at += interval * period
        reading = fast.update(y, at)
        slow.update(y, interval)
        assert reading.posterior == pytest.approx([belief.p for belief in slow.beliefs], abs=1e-6)
        assert reading.level == pytest.approx(slow.level, abs=1e-5)


def test_without_other_regimes_it_is_a_kalman_filter() -> None:
    one = HarrisonStevens(STEADY_ALONE, variance=1.0, level=0.0, spread=(1.0, 0.0))
    for count, y in enumerate([1.0, 5.0, 3.0, -2.0], start=1):
        reading = one.update(y)
        assert reading.level_sd == pytest.approx((1 + count) ** -0.5)
    assert reading.level == pytest.approx(7.0 / 5)
    assert reading.posterior == (1.0, 0.0, 0.0, 0.0)
    assert reading.change == 0.0


@given(MODELS, SERIES, st.booleans())
def test_probabilities_are_probabilities(model: str, series: list[float | None], learning: bool) -> None:
    one = HarrisonStevens(model, variance=1.0, level=0.0, learning=Learning() if learning else None, plan=1.0)
    for y in series:
        reading = one.update(y)
        for posterior in (reading.posterior, reading.back1, reading.back2):
            assert sum(posterior) == pytest.approx(1.0)
            assert min(posterior) >= 0.0
        assert 0.0 <= reading.change <= 1.0
        assert reading.level_sd > 0.0
        assert reading.variance > 0.0


@given(
    MODELS,
    st.lists(st.tuples(st.one_of(st.none(), st.floats(-1e90, 1e90)), st.floats(1e-6, 9e8)), max_size=12),
    st.booleans(),
)
def test_no_data_whatever_lead_to_nan(
    model: str, data: list[tuple[float | None, float]], learning: bool
) -> None:
    one = HarrisonStevens(model, variance=1.0, level=0.0, learning=Learning() if learning else None, plan=0.0)
    at = 0.0
    for y, interval in data:
        at += interval
        reading = one.update(y, at)
        assert all(map(isfinite, _numbers(reading)))
        assert sum(reading.posterior) == pytest.approx(1.0)
        assert sum(reading.back2) == pytest.approx(1.0)


@given(MODELS, st.lists(VALUES, min_size=1, max_size=20), st.floats(0.01, 100), st.floats(-100, 100))
def test_other_units_change_nothing_but_the_units(
    model: str, series: list[float], scale: float, origin: float
) -> None:
    one = HarrisonStevens(model, variance=1.0, learning=Learning())
    other = HarrisonStevens(model, variance=scale**2, learning=Learning())
    for y in series:
        here, there = one.update(y), other.update(origin + scale * y)
        assert there.posterior == pytest.approx(here.posterior, abs=1e-6)
        assert there.level == pytest.approx(origin + scale * here.level, abs=1e-5 * (1 + abs(origin) + scale))
        assert there.variance == pytest.approx(scale**2 * here.variance)


def test_a_missing_datum_teaches_nothing_and_widens_the_level() -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    before = one.update(0.3)
    gap = one.update(None)
    assert gap.y is None
    assert gap.posterior == pytest.approx(PRESETS["default"].probability)
    assert gap.back1 == pytest.approx(before.posterior)
    assert gap.back2 == pytest.approx(before.back1)
    assert gap.level == pytest.approx(before.level + before.slope)
    assert gap.level_sd > before.level_sd
    assert (gap.error, gap.log_density) == (0.0, 0.0)


def test_a_step_is_found_across_a_gap() -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    for y in [0.0] * 20 + [None, None, 8.0, 8.0, 8.0]:
        reading = one.update(y)
    assert reading.level == pytest.approx(8.0, abs=0.5)


def test_the_first_datum_is_the_level_where_none_is_given() -> None:
    reading = HarrisonStevens(variance=4.0).update(1234.5)
    assert (reading.level, reading.level_sd, reading.slope) == (1234.5, 2.0, 0.0)
    assert reading.posterior == PRESETS["default"].probability


def test_a_regime_that_an_outlier_rules_out_comes_back() -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    assert one.update(1e6).posterior[Regime.STEADY] == 0.0
    for _ in range(10):
        reading = one.update(1e6)
    assert reading.posterior[Regime.STEADY] > 0.9
    assert reading.level == pytest.approx(1e6)


def test_rounding_that_leaves_no_covariance_does_no_harm() -> None:
    one = HarrisonStevens("dairy", variance=1.0, level=0.0)
    for y, at in ((4.394521661177947e99, 1.0), (0.0, 2.0), (0.0, 4180.0)):
        reading = one.update(y, at)
    assert reading.level_sd > 0.0


def test_what_the_filter_says_of_a_datum_is_a_density() -> None:
    width = 0.05
    total = 0.0
    for k in range(-4000, 4000):
        one = HarrisonStevens(variance=1.0, level=0.0)
        total += width * exp(one.update(k * width).log_density)
    assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), "1", True])
def test_a_datum_that_is_no_number_is_refused_and_changes_nothing(bad: object) -> None:
    one, other = HarrisonStevens(variance=1.0, level=0.0), HarrisonStevens(variance=1.0, level=0.0)
    one.update(0.5, 1.0)
    with pytest.raises(OptionError, match=r"^y: "):
        one.update(bad, 2.0)  # type: ignore[arg-type]
    other.update(0.5, 1.0)
    assert one.update(0.7, 2.0) == other.update(0.7, 2.0)


def test_a_datum_too_far_out_to_square_is_refused() -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    with pytest.raises(OptionError, match=r"^y: "):
        one.update(1e200)
    assert one.update(0.0).level == pytest.approx(0.0)


@pytest.mark.parametrize("times", [(1.0, 1.0), (2.0, 1.0), (1.0, None), (None, 1.0), (1.0, float("nan"))])
def test_times_must_increase_and_be_given_always_or_never(times: tuple[float | None, float | None]) -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    one.update(0.0, times[0])
    with pytest.raises(OptionError, match=r"^at: "):
        one.update(0.0, times[1])


def test_a_filter_that_knows_no_level_cannot_begin_with_a_missing_datum() -> None:
    with pytest.raises(OptionError, match=r"^y: "):
        HarrisonStevens(variance=1.0).update(None)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("variance", {"variance": 0.0}),
        ("variance", {"variance": -1.0}),
        ("variance", {"variance": 1e-300}),
        ("variance", {"variance": float("nan")}),
        ("plan", {"plan": float("inf")}),
        ("level", {"level": float("nan")}),
        ("slope", {"slope": float("nan")}),
        ("spread", {"spread": (0.0, 0.1)}),
        ("spread", {"spread": (1.0, -0.1)}),
        ("spread", {"spread": 1.0}),
        ("period", {"period": 0.0}),
        ("model", {"model": "classic"}),
    ],
)
def test_an_impossible_option_is_refused_by_name(name: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        HarrisonStevens(**{"variance": 1.0, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("probability", {"probability": (0.5, 0.1, 0.1, 0.1)}),
        ("probability", {"probability": (0.0, 0.5, 0.25, 0.25)}),
        ("probability", {"probability": (1.1, -0.1, 0.0, 0.0)}),
        ("noise", {"noise": (1.0, 0.0, 1.0, 1.0)}),
        ("level", {"level": (0.0, 0.0, -1.0, 0.0)}),
        ("slope", {"slope": (0.0, 0.0, float("nan"), 0.0)}),
        ("slope", {"slope": (0.0, 0.0)}),
        ("truncation", {"truncation": 0.0}),
    ],
)
def test_an_impossible_model_is_refused_by_name(name: str, change: dict[str, object]) -> None:
    fine = {"probability": (0.9, 0.08, 0.01, 0.01), "noise": (1.0,) * 4, "level": (0.0,) * 4}
    with pytest.raises(OptionError, match=f"^{name}: "):
        RegimeModel(**{**fine, "slope": (0.0,) * 4, **change})  # type: ignore[arg-type]


def _numbers(reading: Reading) -> list[float]:
    return [
        number
        for field in reading
        if field is not None
        for number in (field if isinstance(field, tuple) else (field,))
    ]
