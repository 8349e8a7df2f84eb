"""Restart intensity, against the algorithm as OTP writes it down (RI-1 to RI-3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.supervision.intensity import Intensity
from tests.support import soak


class Literally:
    """RI-1 to the letter: a list of all times, newest first."""

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts, self.max_seconds, self.times = max_restarts, max_seconds, list[float]()

    def add(self, now: float) -> bool:
        self.times = [now, *(time for time in self.times if time >= now - self.max_seconds)]
        return len(self.times) <= self.max_restarts


# steps that often land on the edge of the window, and steps that are any number
GAPS = st.lists(
    st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]) | st.floats(0, 3, allow_subnormal=False), max_size=60
)
STARTS = st.sampled_from([0.0, -5.0, 1e9]) | st.floats(-1e6, 1e6)
MOST = st.integers(0, 6)
WINDOWS = st.sampled_from([0.25, 1.0, 2.0]) | st.floats(0.01, 5)


@given(MOST, WINDOWS, STARTS, GAPS)
def test_ri_1_every_answer_is_that_of_the_list_algorithm(
    most: int, window: float, now: float, gaps: list[float]
) -> None:
    real, model = Intensity(most, window), Literally(most, window)
    for gap in gaps:
        now += gap
        assert real.add(now) == model.add(now)  # also after giving up


@given(MOST, WINDOWS, STARTS, GAPS, st.sampled_from([0.0, 0.5, 1.0, 9.0]))
def test_ri_1_what_remains_is_how_many_more_would_go_on(
    most: int, window: float, now: float, gaps: list[float], later: float
) -> None:
    intensity = Intensity(most, window)
    for gap in gaps:
        now += gap
        intensity.add(now)
    remaining = intensity.remaining(now + later)
    assert 0 <= remaining <= most
    assert [intensity.add(now + later) for _ in range(remaining + 1)] == [True] * remaining + [False]


@given(st.integers(0, 50))
def test_ri_2_n_restarts_are_allowed_and_the_next_is_fatal(most: int) -> None:
    intensity = Intensity(most, 5.0)
    assert intensity.remaining(0.0) == most
    assert [intensity.add(1.0) for _ in range(most + 1)] == [True] * most + [False]
    assert intensity.remaining(1.0) == 0


def test_ri_2_with_none_allowed_the_first_is_fatal() -> None:
    assert not Intensity(0, 5.0).add(0.0)


def test_ri_3_the_edge_of_the_window_is_inclusive() -> None:
    on_the_edge, beyond = Intensity(1, 1.0), Intensity(1, 1.0)
    assert on_the_edge.add(10.0)
    assert beyond.add(10.0)
    assert on_the_edge.remaining(11.0) == 0
    assert beyond.remaining(11.000001) == 1
    assert not on_the_edge.add(11.0)
    assert beyond.add(11.000001)


def test_ri_9_restarts_are_forgotten_by_age_alone() -> None:
    intensity = Intensity(2, 10.0)
    assert [intensity.add(time) for time in (0.0, 5.0, 10.5, 15.5)] == [True, True, True, True]
    assert intensity.remaining(15.5) == 0
    assert intensity.remaining(100.0) == 2


@pytest.mark.parametrize("now", [0.5, -1.0, float("nan")])
def test_a_time_that_goes_backwards_is_refused(now: float) -> None:
    for most in (0, 1, 5):
        intensity = Intensity(most, 5.0)
        intensity.add(0.0)
        intensity.add(1.0)
        with pytest.raises(
            OptionError, match=r"now: expected a time not before the last restart, at 1\.0 s, got: "
        ):
            intensity.add(now)
        with pytest.raises(OptionError, match="now"):
            intensity.remaining(now)
        assert intensity.remaining(1.0) == max(0, most - 2)  # what was refused left no trace


def test_a_time_that_is_no_number_is_refused_from_the_start() -> None:
    with pytest.raises(OptionError, match="now"):
        Intensity(1, 1.0).add(float("nan"))


@pytest.mark.parametrize(
    ("most", "window"), [(-1, 1), (1.5, 1), (True, 1), (1, 0), (1, -1), (1, float("inf")), (1, "5")]
)
def test_impossible_limits_are_refused(most: object, window: object) -> None:
    with pytest.raises(OptionError, match="expected"):
        Intensity(most, window)  # type: ignore[arg-type]


def test_a_long_history_takes_no_more_memory_than_the_limit() -> None:
    intensity = Intensity(3, 5.0)
    for turn in range(soak(2_000, 200_000)):
        intensity.add(turn * 0.001)
    assert len(intensity._times) == 4
    unused = Intensity(10**9, 5.0)
    assert len(unused._times) == 0
