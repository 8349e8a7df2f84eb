"""Forecasts cover what comes, and their parts agree with each other."""

from dataclasses import replace
from math import inf, nextafter
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import PRESETS, Forecast, HarrisonStevens, RegimeModel, preset
from tests.support import soak
from tests.vsm.cyberstride.judged import share_is_at_least, share_is_at_most, stream
from tests.vsm.cyberstride.worlds import noise

PARTS = st.lists(
    st.tuples(st.floats(0.01, 1), st.floats(-50, 50), st.floats(0.01, 100)), min_size=1, max_size=6
)


@pytest.mark.parametrize("ahead", [1, 5])
def test_an_interval_of_eighty_percent_covers_that_share_of_steady_data(ahead: int) -> None:
    runs = soak(400, 4000)
    hits = 0
    for run in range(runs):
        series = noise(stream("cover", ahead, run), 30 + ahead)
        one = HarrisonStevens(variance=1.0, level=0.0)
        for y in series[:30]:
            one.update(y)
        low, high = one.forecast(ahead).interval(0.8)
        hits += low <= series[-1] <= high
    assert share_is_at_most(0.85, hits, runs)
    assert share_is_at_least(0.75, hits, runs)


def test_a_line_is_continued() -> None:
    one = HarrisonStevens(variance=1.0)
    for k in range(60):
        one.update(3.0 * k)
    assert one.forecast(10).mean == pytest.approx(3.0 * 69, rel=0.01)
    assert one.forecast(0.5).mean == pytest.approx(3.0 * 59.5, rel=0.01)


def test_the_mean_is_the_level_led_on_by_the_slope() -> None:
    one = HarrisonStevens(variance=4.0, level=1.0)
    for y in (1.0, 3.0, 9.0, 2.0):
        reading = one.update(y)
    assert one.forecast(3).mean == pytest.approx(reading.level + 3 * reading.slope)


@pytest.mark.parametrize("ahead", [1, 2, 7])
def test_a_wary_forecast_is_as_wide_as_the_level_after_so_many_missing_data(ahead: int) -> None:
    model = PRESETS["default"]
    one = HarrisonStevens(variance=4.0, level=1.0)
    for y in (1.0, 3.0, 9.0, 2.0, 4.0):
        one.update(y)
    forecast = one.forecast(ahead, changes=True)
    for _ in range(ahead):
        reading = one.update(None)
    noise = 4.0 * sum(p * r for p, r in zip(model.probability, model.noise, strict=True))
    assert forecast.mean == pytest.approx(reading.level)
    assert forecast.variance == pytest.approx(reading.level_sd**2 + noise)


@pytest.mark.parametrize("ahead", [1, 2, 7])
@pytest.mark.parametrize(("shift", "turn"), [(0.0, 0.0), (1.0, 0.0), (0.0, 0.1), (0.5, 0.2)])
def test_a_calm_forecast_is_that_of_a_kalman_filter(ahead: int, shift: float, turn: float) -> None:
    calm = RegimeModel((1.0, 0.0, 0.0, 0.0), (1.0,) * 4, (shift,) * 4, (turn,) * 4)
    one = HarrisonStevens(calm, variance=4.0, level=1.0, spread=(1.0, 0.5))
    for y in (1.0, 3.0, 9.0):
        one.update(y)
    forecast = one.forecast(ahead)
    for _ in range(ahead):
        reading = one.update(None)
    assert forecast.variance == pytest.approx(reading.level_sd**2 + 4.0)


def test_what_may_befall_makes_a_forecast_wider_and_ever_wider() -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    one.update(0.0)
    calm, wary = one.forecast(4), one.forecast(4, changes=True)
    assert wary.mean == pytest.approx(calm.mean)
    assert wary.variance > calm.variance
    assert one.forecast(8, changes=True).variance > wary.variance


@given(PARTS, st.floats(0.001, 0.999))
def test_quantiles_are_where_the_probability_is(parts: list[tuple[float, float, float]], q: float) -> None:
    total = sum(p for p, _, _ in parts)
    one = Forecast(tuple((p / total, m, v) for p, m, v in parts))
    assert one.below(one.quantile(q)) == pytest.approx(q, abs=1e-6)


@pytest.mark.parametrize("q", [5e-324, 1e-300, 1e-50, 1e-20, 1e-17, 1e-9, 0.3])
def test_the_lower_tail_is_as_exact_as_the_middle(q: float) -> None:
    """A mixture of one Gaussian in two parts, against the standard library."""
    exact = NormalDist(2.0, 3.0).inv_cdf(q)
    for one in (Forecast(((1.0, 2.0, 9.0),)), Forecast(((0.3, 2.0, 9.0), (0.7, 2.0, 9.0)))):
        assert one.quantile(q) == pytest.approx(exact, rel=1e-9)
        assert one.below(exact) == pytest.approx(q, rel=1e-9)


@given(PARTS)
def test_intervals_are_nested_about_the_median(parts: list[tuple[float, float, float]]) -> None:
    total = sum(p for p, _, _ in parts)
    one = Forecast(tuple((p / total, m, v) for p, m, v in parts))
    wide, narrow = one.interval(0.9), one.interval(0.5)
    assert wide[0] <= narrow[0] <= one.quantile(0.5) <= narrow[1] <= wide[1]


def test_the_density_is_the_slope_of_what_lies_below() -> None:
    one = Forecast(((0.7, 0.0, 1.0), (0.3, 4.0, 9.0)))
    slope = (one.below(1.001) - one.below(0.999)) / 0.002
    assert one.density(1.0) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("periods", [0, -1, inf, float("nan")])
def test_a_forecast_looks_ahead(periods: float) -> None:
    one = HarrisonStevens(variance=1.0, level=0.0)
    with pytest.raises(OptionError, match=r"^periods: "):
        one.forecast(periods)


def test_there_is_no_forecast_from_nothing() -> None:
    with pytest.raises(OptionError, match=r"^level: "):
        HarrisonStevens(variance=1.0).forecast()


@pytest.mark.parametrize("q", [0.0, 1.0, -0.1, float("nan")])
def test_a_quantile_is_of_a_probability(q: float) -> None:
    one = Forecast(((1.0, 0.0, 1.0),))
    with pytest.raises(OptionError, match=r"^q: "):
        one.quantile(q)
    with pytest.raises(OptionError, match=r"^coverage: "):
        one.interval(q)


@pytest.mark.parametrize("shares", [(1 / 3, 2 / 3), (0.1, 0.2, 0.7), (0.94, 0.02, 0.02, 0.02)])
@pytest.mark.parametrize("mean", [0.0, 1e12, 3e170, -7e171])
def test_what_is_far_from_zero_is_foreseen_as_what_is_near(shares: tuple[float, ...], mean: float) -> None:
    one = Forecast(tuple((p, mean, 1e-6) for p in shares))
    assert one.mean == mean
    assert one.variance == pytest.approx(1e-6)
    assert one.quantile(0.2) == pytest.approx(mean, rel=1e-15, abs=0.01)


@pytest.mark.parametrize("mean", [9e299, -9e299])
def test_of_what_is_as_far_as_numbers_go_quantiles_are_numbers(mean: float) -> None:
    one = Forecast(((1.0, mean, 1.0),))
    assert one.quantile(0.3) == one.quantile(0.7) == mean
    assert one.interval() == (mean, mean)
    with pytest.raises(OptionError, match=r"parts: expected a mixture .* means below 1e\+300"):
        Forecast(((1.0, 1.2 * mean, 1.0),))


def test_the_outermost_quantile_is_a_number_also_where_the_probabilities_sum_to_less_than_one() -> None:
    nearly = nextafter(1.0, 0.0)
    thirds = Forecast(((0.1, 0.0, 1.0), (0.2, 1.0, 1.0), (0.7 - 2e-16, 2.0, 1.0)))
    assert 8.0 < thirds.quantile(nearly) < 12.0
    low, high = Forecast(((1.0, 0.0, 1.0),)).interval(nearly)
    assert -9.0 < low < -8.0
    assert 8.0 < high < 9.0


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("hair", [9e-10, -9e-10, 5e-10])
@pytest.mark.parametrize("probability", [(0.25, 0.25, 0.25, 0.25), (1.0, 0.0, 0.0, 0.0)])
def test_a_model_whose_probabilities_sum_to_a_hair_more_or_less_than_1_has_forecasts(
    probability: tuple[float, float, float, float], hair: float, changes: bool
) -> None:
    first, second, third, fourth = probability
    model = replace(preset("default"), probability=(first + hair, second, third, fourth))
    one = HarrisonStevens(model, variance=1.0, level=2.0)
    for y in (None, 2.5, None):
        forecast = one.forecast(2.0, changes=changes)
        assert sum(p for p, _, _ in forecast.parts) == pytest.approx(1.0, abs=1e-12)
        one.update(y)
