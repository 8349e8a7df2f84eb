"""Oscillation: golden readings, symmetries, false-alarm rates and power at one window, what is refused."""

from collections import deque
from math import cos, exp, inf, isfinite, nan, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.damping import autocovariance, decay_ratio, detrended, find_oscillation, regularity
from tests.support import soak
from tests.vsm.cyberstride.judged import share_is_at_least, share_is_at_most
from tests.vsm.damping.signals import SIGNALS, WINDOW

WINDOWS = soak(250, 4000)
data = st.floats(-1e6, 1e6)

# A decision that swings; the readings were worked out apart, in rational numbers.
SWINGING = [0, 5, 1, -4, 0, 6, 0, -5, 1, 5, 0, -6, -1, 4, 1, -5, 0, 5, 1, -4, -1, 6, 0, -5, 1, 4, 0, -4]
PERIOD = 4.0135594789651053308
REGULARITY = 29.254443838711956547
DECAY = 0.9219673529894213049
AMPLITUDE = 4.9339903417804599783


def test_the_readings_of_a_window_are_these_to_twelve_digits() -> None:
    found = find_oscillation(SWINGING, step=10.0)
    assert found.period == pytest.approx(10.0 * PERIOD, rel=1e-12)
    assert found.regularity == pytest.approx(REGULARITY, rel=1e-12)
    assert found.decay == pytest.approx(DECAY, abs=1e-12)
    assert found.amplitude == pytest.approx(AMPLITUDE, abs=1e-12)
    assert found.oscillating


def test_the_decay_ratio_of_a_damped_cosine_is_the_one_of_the_paper() -> None:
    """Extremes of `exp(-a k) cos(2 pi k / 20)` lie at lags 10, 20, 30: R follows from their heights."""
    series = [exp(-0.001 * k) * cos(2 * pi * k / 20) for k in range(40)]
    low, high, after = -exp(-0.01), exp(-0.02), -exp(-0.03)
    expected = (high - (low + after) / 2) / ((1 + high) / 2 - low)
    assert decay_ratio(series) == pytest.approx(expected, abs=1e-12)


def test_a_decision_that_alternates_oscillates_with_the_period_of_two() -> None:
    found = find_oscillation([60.0, 0.0] * 6, step=10.0)
    assert found.oscillating
    assert found.regularity > 10
    assert found.period == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize("flat", [[0.0] * 20, [0.1] * 20, [k * 0.1 + 3e8 for k in range(20)], [1e-9] * 20])
def test_a_straight_line_does_not_oscillate(flat: list[float]) -> None:
    found = find_oscillation(flat)
    assert (found.oscillating, found.period) == (False, None)


def test_what_is_too_small_to_matter_does_not_count() -> None:
    window = [0.01, -0.01] * 20
    assert find_oscillation(window).oscillating
    assert not find_oscillation(window, floor=0.02).oscillating


@given(st.lists(data, min_size=10, max_size=80), st.floats(-100, 100), st.floats(-100, 100))
def test_a_line_added_changes_nothing_and_nothing_is_ever_nan(
    window: list[float], level: float, slope: float
) -> None:
    found = find_oscillation(window)
    for reading in (found.regularity, found.decay, found.amplitude):
        assert reading >= 0
    assert isfinite(found.decay)
    if found.amplitude > 1.0:
        moved = find_oscillation([value + level + slope * k for k, value in enumerate(window)])
        assert moved.amplitude == pytest.approx(found.amplitude, rel=1e-6)


@given(st.lists(data, min_size=2, max_size=50))
def test_a_detrended_window_has_no_mean_and_no_slope(window: list[float]) -> None:
    flat = detrended(window)
    scale = 1.0 + max(map(abs, window))
    assert sum(flat) == pytest.approx(0.0, abs=1e-9 * scale)
    assert sum(k * value for k, value in enumerate(flat)) == pytest.approx(0.0, abs=1e-7 * scale)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=40).filter(lambda x: max(map(abs, x)) > 1e-3))
def test_an_autocovariance_begins_at_one_and_never_exceeds_it(window: list[float]) -> None:
    found = autocovariance(window, len(window) - 1)
    assert found[0] == pytest.approx(1.0, abs=1e-12)
    assert all(abs(value) <= 1.0 + 1e-12 for value in found)


@pytest.mark.parametrize("scale", [2.0**-1000, 1e-310, 1e-170, 1e-9, 1e200, 1e300, 2.0**1000])
def test_the_unit_of_a_signal_does_not_matter(scale: float) -> None:
    plain = find_oscillation([float(value) for value in SWINGING])
    found = find_oscillation([value * scale for value in SWINGING])
    assert found.oscillating
    assert found.amplitude == pytest.approx(AMPLITUDE * scale, rel=1e-9)
    for reading in ("period", "regularity", "decay"):
        assert getattr(found, reading) == pytest.approx(getattr(plain, reading), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-170, 1e200, 1e307])
def test_what_a_window_is_read_by_does_not_mind_the_unit_either(scale: float) -> None:
    flat = detrended([value * scale for value in SWINGING])
    assert flat == pytest.approx([value * scale for value in detrended(SWINGING)], rel=1e-9)
    covariance = autocovariance(flat, 16)
    assert covariance == pytest.approx(autocovariance(detrended(SWINGING), 16), abs=1e-12)
    swings = [value * scale for value in covariance]
    assert regularity(swings) == pytest.approx(regularity(covariance), rel=1e-9)
    assert decay_ratio(swings) == pytest.approx(decay_ratio(covariance), rel=1e-9)


def test_the_first_ten_intervals_are_read_and_no_more() -> None:
    regular = [1.0, -1.0] * 6 + [1.0]  # 12 crossings; the first does not count
    assert regularity([*regular, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, -1.0]) == (2.0, inf)
    assert regularity([*regular[:-1], -1.0, 1.0, -1.0])[1] < inf  # the tenth is longer


def test_too_few_crossings_are_not_regular() -> None:
    assert regularity([1.0, -0.5, 0.4, -0.3, 0.2, -0.1]) == (None, 0.0)
    assert regularity([1.0, -1.0] * 4)[1] == inf
    assert decay_ratio([1.0, 0.5, 0.2, 0.1]) == 0.0


@pytest.mark.parametrize("noise", ["white", "AR(.7)", "AR(.95)", "step", "ramp"])
def test_false_alarms_stay_within_one_and_a_half_percent_of_windows(noise: str) -> None:
    """T-S2-FAR: red only if so many alarms would be rarer than 1 % at a rate of 1.5 %."""
    assert share_is_at_most(0.015, alarms(noise), WINDOWS)


@pytest.mark.parametrize(
    ("signal", "power"),
    [("sine 1", 0.84), ("sine 2", 1.0), ("square 1", 0.31), ("square 2", 0.99)],
)
def test_the_power_at_a_window_of_ten_or_six_periods_is_that_of_the_table(signal: str, power: float) -> None:
    """Red only if so few finds would be rarer than 1 % at 95 % of the power in the table."""
    assert share_is_at_least(0.95 * power, alarms(signal), WINDOWS)


def test_both_readings_must_say_so() -> None:
    chance = Chance(7)
    found = [find_oscillation(SIGNALS["AR(.7)"](chance.stream("both", run), WINDOW)) for run in range(150)]
    assert any(one.regularity > 1.0 and one.decay <= 0.5 for one in found)
    assert any(one.regularity <= 1.0 and one.decay > 0.5 for one in found)
    assert all(one.oscillating == (one.regularity > 1.0 and one.decay > 0.5) for one in found)


def alarms(name: str) -> int:
    """In how many windows of a signal an oscillation is found; fixed seed."""
    chance = Chance(7)
    return sum(
        find_oscillation(SIGNALS[name](chance.stream(name, run), WINDOW)).oscillating
        for run in range(WINDOWS)
    )


@pytest.mark.parametrize(
    ("name", "act"),
    [
        (r"len\(window\)", lambda: find_oscillation([1.0] * 9)),
        ("window", lambda: find_oscillation([nan] * 10)),
        ("window", lambda: find_oscillation([1.7e308, -1.7e308] * 10)),
        ("window", lambda: detrended([1.7e308, -1.7e308, -1.7e308, 1.7e308, -1.7e308, 1.7e308])),
        ("window", lambda: find_oscillation([1.0] * 9 + [inf])),
        ("floor", lambda: find_oscillation([1.0] * 10, floor=-1.0)),
        ("step", lambda: find_oscillation([1.0] * 10, step=0.0)),
        (r"len\(window\)", lambda: detrended([1.0])),
        ("lags", lambda: autocovariance([1.0, -1.0], -1)),
        ("flat", lambda: autocovariance([0.0, 0.0], 1)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()


def test_any_sequence_is_a_window() -> None:
    flat = [cos(0.7 * n) for n in range(40)]
    covariance = autocovariance(flat, 24)
    assert autocovariance(deque(flat), 24) == covariance
    assert regularity(deque(covariance)) == regularity(covariance)
    assert decay_ratio(deque(covariance)) == decay_ratio(covariance)
    assert find_oscillation(deque(flat)) == find_oscillation(flat)
