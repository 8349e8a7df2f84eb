"""The filter before the ladder: hysteresis, a threshold that learns, and rarity under a simulated week of
noise.
"""

from math import inf, log, nan
from statistics import NormalDist

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.ladder import Feeling, Sensitivity, arouse
from tests.support import soak

DAY = 86_400.0


def test_a_pain_begins_at_one_threshold_and_ends_at_a_lower_one() -> None:
    sensitivity, aroused, felt = Sensitivity(on=3.5, off=2.8), False, []
    for at, z in enumerate([1.0, 3.4, 3.6, 3.0, 2.9, 2.7, 3.0]):
        feeling, sensitivity = arouse(aroused, sensitivity, z, float(at))
        aroused = feeling in (Feeling.ONSET, Feeling.STANDING)
        felt.append(feeling.name)
    assert felt == ["QUIET", "QUIET", "ONSET", "STANDING", "STANDING", "RELIEF", "QUIET"]


def test_every_signal_raises_the_threshold_and_time_lowers_it_again() -> None:
    sensitivity = Sensitivity(budget=6.25, step=0.1)
    sensitivity = sensitivity.signalled(0.0).signalled(0.0)
    assert sensitivity.threshold(0.0) == pytest.approx(3.7)
    assert sensitivity.threshold(DAY / 5) == pytest.approx(3.6)
    assert sensitivity.threshold(DAY) == 3.5


@given(
    st.lists(st.tuples(st.floats(0, 4 * DAY / 24), st.floats(0, 12)), max_size=200),
    st.floats(0.5, 50),
    st.floats(0.01, 1),
)
def test_the_number_of_signals_is_bounded_by_budget_and_threshold(
    data: list[tuple[float, float]], budget: float, step: float
) -> None:
    sensitivity, now, count = Sensitivity(budget=budget, step=step), 0.0, 0
    for passed, z in data:
        now += passed
        feeling, sensitivity = arouse(False, sensitivity, z, now)
        count += feeling is Feeling.ONSET
        rise = sensitivity.threshold(now) - sensitivity.on
        assert count <= 0.8 * budget * now / DAY + rise / step + 1e-6


def test_strong_pain_always_gets_through() -> None:
    sensitivity = Sensitivity()
    for at in range(1000):
        _, sensitivity = arouse(False, sensitivity, 5.0, float(at))
    assert arouse(False, sensitivity, 12.0, 1000.0)[0] is Feeling.ONSET


def test_a_week_of_white_noise_stays_within_the_budget() -> None:
    weeks, series, budget = soak(3, 300), 120, 5.0
    tail = 2 * NormalDist().cdf(-3.5)
    for week in range(weeks):
        stream = Chance(week).stream("white noise")
        sensitivity, now, offered, told = Sensitivity(budget=budget), 0.0, 0, 0
        while now <= 7 * DAY:
            now += -log(1 - stream.random()) * 60 / (series * tail)  # the next datum beyond 3.5 sigma
            z = -NormalDist().inv_cdf((1 - stream.random()) * tail / 2)
            feeling, sensitivity = arouse(False, sensitivity, z, now)
            offered, told = offered + 1, told + (feeling is Feeling.ONSET)
        assert offered > 400  # what the threshold alone would have let through
        assert 7 < told <= 7 * budget


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Sensitivity(on=2.0, off=2.0), "on"),
        (lambda: Sensitivity(on=nan), "on"),
        (lambda: Sensitivity(off=0.0), "off"),
        (lambda: Sensitivity(budget=0.0), "budget"),
        (lambda: Sensitivity(step=inf), "step"),
        (lambda: arouse(False, Sensitivity(), nan, 0.0), "intensity"),
        (lambda: arouse(False, Sensitivity(), -1.0, 0.0), "intensity"),
        (lambda: arouse(False, Sensitivity(), 1.0, nan), "now"),
        (lambda: arouse(True, Sensitivity().signalled(5.0), 1.0, 4.0), "now"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
