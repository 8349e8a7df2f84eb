"""Loops that stop and errors that come in bursts."""

from math import nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.ladder import Deadman, ErrorBurst


def test_a_loop_that_pauses_is_missed_after_two_periods() -> None:
    deadman = Deadman(period=10.0, last=0.0).beat(10.0).beat(19.0)
    assert not deadman.missed(38.9)
    assert deadman.missed(39.0)
    assert deadman.due == 39.0
    assert not deadman.beat(39.0).missed(39.0)


def test_three_missed_heartbeats_of_a_quarter_second_are_found_within_a_second() -> None:
    assert Deadman(period=0.25, last=0.2, misses=3).due == pytest.approx(0.95)


@given(st.lists(st.floats(0, 20), max_size=40))
def test_a_burst_is_five_errors_within_ten_seconds(gaps: list[float]) -> None:
    burst, now, times = ErrorBurst(), 0.0, []
    for gap in gaps:
        now += gap
        times.append(now)
        burst = burst.after(now)
        assert burst.reached == (sum(now - at < 10.0 for at in times) >= 5)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Deadman(period=0.0, last=0.0), "period"),
        (lambda: Deadman(period=1.0, last=nan), "last"),
        (lambda: Deadman(period=1.0, last=0.0, misses=0), "misses"),
        (lambda: Deadman(period=1.0, last=5.0).beat(4.0), "now"),
        (lambda: Deadman(period=1.0, last=5.0).missed(nan), "now"),
        (lambda: ErrorBurst(limit=0), "limit"),
        (lambda: ErrorBurst(window=0.0), "window"),
        (lambda: ErrorBurst().after(nan), "now"),
        (lambda: ErrorBurst().after(5.0).after(4.0), "now"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
