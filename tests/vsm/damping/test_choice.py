"""A choice among equivalents: what is cheapest, a plan that is followed once, and then damped moves."""

from collections import Counter
from math import inf, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping import Advice, Shaping
from cybernetic.vsm.damping.choice import Choice

NORTH, SOUTH = {"north": 1.0, "south": 2.0}, {"north": 2.0, "south": 1.0}
EVEN = {"north": 1.0, "south": 1.0}


def test_while_nothing_is_advised_it_goes_where_it_is_cheapest() -> None:
    choice = Choice()
    for at, costs in enumerate((NORTH, SOUTH, NORTH)):
        choice = choice.made(costs, float(at), 0.5)
        assert choice.here == min(costs, key=costs.__getitem__)
    assert choice.made(EVEN, 3.0, 0.99).here == "north"  # as good as any


@given(st.floats(0.0, 1.0, exclude_max=True))
def test_among_equals_the_first_choice_is_by_lot(draw: float) -> None:
    assert Choice().made(EVEN, 0.0, draw).here == ("north" if draw < 0.5 else "south")


@given(st.integers(1, 6), st.floats(0.01, 1.0), st.none() | st.just("worse"))
def test_those_who_move_are_spread_evenly_over_equals_however_few_may_move(
    equals: int, fraction: float, here: str | None
) -> None:
    names = [f"n{at}" for at in range(equals)]
    advice = Advice(100.0, shaping=Shaping(fraction=fraction))
    choice, costs = Choice(here=here, advice=advice), {**dict.fromkeys(names, 1.0), "worse": 2.0}
    draws = [(at + 0.5) / 6000 for at in range(6000)]
    went = Counter(choice.made(costs, 0.0, draw).here for draw in draws)
    moved = 6000 - went["worse"]
    assert abs(moved - (fraction if here else 1.0) * 6000) <= 1
    assert all(abs(went[name] - moved / equals) < 2 for name in names)


@given(st.floats(1e-300, 1.0), st.integers(1, 9))
def test_the_last_draw_that_moves_goes_to_the_last_of_equals(fraction: float, equals: int) -> None:
    names = [f"n{at}" for at in range(equals)]
    choice = Choice(here="worse", advice=Advice(100.0, shaping=Shaping(fraction=fraction)))
    last = choice.made({**dict.fromkeys(names, 1.0), "worse": 2.0}, 0.0, nextafter(fraction, 0.0))
    assert last.here == names[-1]


def test_a_plan_is_followed_once_and_then_moves_are_shaped() -> None:
    advice = Advice(100.0, (("north", 0.5), ("south", 0.5)), "south", Shaping(fraction=0.15, dwell=30.0))
    choice = Choice().made(NORTH, 0.0, 0.5).advised(advice)
    choice = choice.made(NORTH, 1.0, 0.0)
    assert choice.here == "south"  # though north is cheaper for it
    assert choice.made(NORTH, 20.0, 0.0).here == "south"  # it dwells
    assert choice.made(NORTH, 40.0, 0.2).here == "south"  # not all at once
    moved = choice.made(NORTH, 40.0, 0.1)
    assert moved.here == "north"
    assert moved.advised(advice) is moved  # told again it is not followed again
    assert moved.made(SOUTH, 100.0, 0.9).here == "south"  # it is over


def test_who_is_asked_to_stay_stays_for_as_long_as_that() -> None:
    choice = Choice().made(NORTH, 0.0, 0.5).advised(Advice(1000.0)).held(50.0)
    assert choice.made(SOUTH, 49.0, 0.0).here == "north"
    assert choice.made(SOUTH, 50.0, 0.0).here == "south"
    assert choice.held(-inf).made(SOUTH, 49.0, 0.0).here == "south"


def test_a_target_or_a_place_that_is_gone_does_not_count() -> None:
    choice = Choice().made(NORTH, 0.0, 0.5).advised(Advice(1000.0, target="south")).held(inf)
    assert choice.made({"north": 1.0}, 1.0, 0.0).here == "north"
    assert choice.made({"east": 1.0}, 1.0, 0.0).here == "east"
    with pytest.raises(OptionError, match="costs"):
        choice.made({}, 1.0, 0.0)
