"""Calls in work: places by Little's law once service times are known, and what is measured of a rate."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping.meter import Meter
from cybernetic.vsm.damping.work import Work


def served(work: Work, *seconds: float) -> Work:
    """After calls that took so long, one after another."""
    for at, took in enumerate(seconds):
        work = work.began("a", float(at)).ended("a", at + took, took)
    return work


def test_places_are_capacity_times_service_time_with_room_to_breathe_once_that_is_known() -> None:
    work = served(Work(least=10), *[3.0] * 9)
    assert work.places(1.0) == inf
    work = served(work, 3.0)
    assert work.places(1.0) == 6
    assert work.places(0.1) == 1
    assert work.places(0.1, burst=4.0) == 4


def test_a_service_that_slows_down_is_not_let_have_ever_more() -> None:
    work = served(Work(), *[1.0] * 200)
    places = work.places(2.0)
    work = served(work, *[10.0] * 10)
    assert work.places(2.0) <= 1.5 * places


def test_a_call_whose_end_nobody_told_counts_no_more_after_a_while() -> None:
    work = served(Work(patience=60.0), *[0.5] * 10).began("b", 100.0)
    assert work.full(100.0, 1.0)
    assert work.due == 160.0
    assert work.full(159.9, 1.0)
    assert not work.full(160.0, 1.0)


def test_an_end_makes_place_for_whose_call_it_was_and_a_stranger_s_for_nobody() -> None:
    work = Work().began("a", 0.0).began("b", 1.0).ended("c", 2.0)
    assert [who for _, who in work.out] == ["a", "b"]
    assert [who for _, who in work.ended("a", 3.0).out] == ["b"]
    assert work.without("b").out == ((0.0, "a"),)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=40))
def test_never_more_are_out_than_began_and_did_not_end(moves: list[tuple[str, bool]]) -> None:
    work, out = Work(patience=1e9), {"a": 0, "b": 0}
    for at, (who, begins) in enumerate(moves):
        work = work.began(who, float(at)) if begins else work.ended(who, float(at))
        out[who] = out[who] + 1 if begins else max(0, out[who] - 1)
    assert {who: sum(one == who for _, one in work.out) for who in "ab"} == out


def test_a_meter_tells_a_steady_rate_and_forgets_it() -> None:
    meter = Meter(half=10.0)
    for n in range(400):
        meter = meter.after(n / 4.0)
    assert meter.rate(100.0) == pytest.approx(4.0, rel=0.05)
    assert meter.rate(110.0) == pytest.approx(2.0, rel=0.05)
    assert Meter(at=5.0).after(5.0).rate(5.0) == pytest.approx(0.0693, rel=0.01)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("patience", lambda: Work(patience=0.0)),
        ("headroom", lambda: Work(headroom=0.5)),
        ("memory", lambda: Work(least=10, memory=5)),
        ("seconds", lambda: Work().ended("a", 0.0, nan)),
        ("mean", lambda: Work(mean=nan)),
        ("known", lambda: Work(known=-1)),
        ("half", lambda: Meter(half=0.0)),
        ("count", lambda: Meter().after(0.0, -1.0)),
        ("count", lambda: Meter(half=1e-300).after(0.0, 1e300)),
        ("value", lambda: Meter(value=nan)),
        ("at", lambda: Meter(at=nan)),
        ("now", lambda: Meter().rate(nan)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
