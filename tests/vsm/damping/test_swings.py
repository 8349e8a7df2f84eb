"""Swings of integrated error: the areas to twelve digits, constant memory, and what is refused."""

from math import inf, nan, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping import SwingCounter, swing_limit


def fed(counter: SwingCounter, errors: list[float], step: float = 1.0) -> SwingCounter:
    for k, error in enumerate(errors):
        counter = counter.saw(error, k * step)
    return counter


def test_an_area_is_the_integral_between_the_zeros() -> None:
    counter = SwingCounter(limit=2.24, count=3, within=100.0)
    counter = fed(counter, [1.0, 1.0, -3.0])  # 1 + 1/8 over the zero, then 9/8 begins
    assert counter.swings == ()
    assert counter.area == pytest.approx(9 / 8, abs=1e-12)
    counter = counter.saw(3.0, 4.0)  # 9/8 + 3/2
    assert counter.swings == (3.0,)
    assert counter.area == pytest.approx(1.5, abs=1e-12)


@pytest.mark.parametrize(("amplitude", "expected"), [(0.9, False), (1.1, True)])
def test_a_sine_oscillates_if_it_is_larger_than_what_the_limit_stands_for(
    amplitude: float, expected: bool
) -> None:
    counter = SwingCounter(swing_limit(1.0, 20.0), count=6, within=70.0)
    counter = fed(counter, [amplitude * sin(2 * pi * k / 200) for k in range(1000)], step=0.1)
    assert counter.oscillating(99.9) is expected
    assert counter.period == (pytest.approx(20.0, abs=1e-9) if expected else None)


def test_swings_far_apart_are_no_oscillation() -> None:
    counter = fed(SwingCounter(limit=1.0, count=3, within=5.0), [9.0, -9.0, 9.0, -9.0, 9.0])
    assert counter.oscillating(4.0)
    assert not counter.oscillating(8.0)


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_a_zero_that_lands_on_a_datum_ends_a_swing(size: float) -> None:
    counter = fed(SwingCounter(limit=size * 0.9, count=3, within=1e6), [size, 0.0, -size, -0.0] * 20)
    assert counter.swings == (73.0, 75.0, 77.0)
    assert counter.area == size
    assert counter.period == 4.0


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_a_zero_between_two_data_ends_a_swing_however_small_they_are(size: float) -> None:
    counter = fed(SwingCounter(limit=size / 4, count=3, within=1e6), [size, -size] * 20)
    assert counter.swings == (36.5, 37.5, 38.5)


def test_an_error_that_touches_zero_and_turns_back_has_not_swung() -> None:
    counter = fed(SwingCounter(limit=0.5, count=3, within=1e6), [0.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    assert counter.swings == ()
    assert counter.area == 2.5
    assert counter.saw(0.0, 6.0).saw(0.0, 8.0).saw(-1.0, 9.0).swings == (8.0,)


@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(-100.0, 100.0)), max_size=100))
def test_the_memory_is_constant_and_nothing_is_nan(story: list[tuple[float, float]]) -> None:
    counter, now = SwingCounter(limit=1.0, count=4, within=10.0), 0.0
    for gap, error in story:
        now += gap
        counter = counter.saw(error, now)
        assert len(counter.swings) <= 4
        assert list(counter.swings) == sorted(counter.swings)
        assert counter.area >= 0


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("limit", lambda: SwingCounter(0.0, 1, 1.0)),
        ("count", lambda: SwingCounter(1.0, 0, 1.0)),
        ("within", lambda: SwingCounter(1.0, 1, inf)),
        ("error", lambda: SwingCounter(1.0, 1, 1.0).saw(nan, 0.0)),
        ("now", lambda: SwingCounter(1.0, 1, 1.0).saw(1.0, nan)),
        ("now", lambda: SwingCounter(1.0, 1, 1.0).saw(1.0, 5.0).saw(1.0, 4.0)),
        ("error", lambda: SwingCounter(1.0, 1, 1.0).saw(1e308, 0.0).saw(1e308, 1e308)),
        ("error", lambda: SwingCounter(1.0, 1, 1.0, error=nan)),
        ("area", lambda: SwingCounter(1.0, 1, 1.0, area=nan)),
        ("at", lambda: SwingCounter(1.0, 1, 1.0, at=inf)),
        ("amplitude", lambda: swing_limit(0.0, 1.0)),
        ("period", lambda: swing_limit(1e308, 1e308)),
        ("period", lambda: swing_limit(1e-200, 1e-200)),
        ("period", lambda: swing_limit(1.0, -1.0)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
