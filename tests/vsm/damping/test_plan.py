"""Plan, then damp; and the shaping of decisions: by example and by property, and what is refused."""

from collections import Counter
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.damping import (
    Engagement,
    Flapping,
    Plan,
    Shaping,
    balanced_plan,
    dead_band,
    full_jitter,
    next_turn,
    phase,
)

names = st.text("abcdef", min_size=1, max_size=4)


def test_a_balanced_plan_is_as_the_capacities() -> None:
    plan = balanced_plan({"b": 1.0, "a": 3.0}, until=60.0)
    assert plan == Plan((("a", 0.75), ("b", 0.25)), 60.0)


@given(st.dictionaries(names, st.floats(0.0, 1e6), min_size=1), st.sets(names, max_size=60))
def test_every_member_gets_a_target_and_the_numbers_are_as_near_as_they_can_be(
    capacities: dict[str, float], members: set[str]
) -> None:
    if sum(capacities.values()) <= 0:
        return
    plan = balanced_plan(capacities, until=1.0)
    targets = plan.assigned(members)
    assert targets.keys() == members
    counts = Counter(targets.values())
    for name, share in plan.shares:
        assert abs(counts[name] - share * len(members)) < 1.0 + 1e-9
    beyond = [counts[name] - share * len(members) for name, share in plan.shares]
    assert max(beyond) - min(beyond) <= 1.0 + 1e-9  # nobody would bring it nearer by going elsewhere
    assert plan.assigned(sorted(members, reverse=True)) == targets


def test_who_is_left_over_goes_where_most_is_missing() -> None:
    plan = Plan((("a", 0.5), ("b", 0.3), ("c", 0.2)), until=1.0)
    assert Counter(plan.assigned("wxyz").values()) == {"a": 2, "b": 1, "c": 1}


def test_an_engagement_plans_forgets_penalties_and_ends() -> None:
    calm = Engagement(Shaping(fraction=0.1, dwell=30.0), lasts=300.0)
    assert calm.shaped(0.0) == Shaping()
    engaged, penalties = calm.engage({"a": 1.0, "b": 1.0}, {"unit": Flapping(5.0, 90.0, "a", 80.0)}, 100.0)
    assert engaged.plan == balanced_plan({"a": 1.0, "b": 1.0}, until=400.0)
    assert penalties == {"unit": Flapping(at=100.0)}
    assert engaged.shaped(399.0) == calm.shaping
    assert engaged.shaped(400.0) == Shaping()


def test_a_dead_band_ignores_little() -> None:
    assert dead_band(1.05, 1.0, 0.1) == 1.0
    assert dead_band(1.2, 1.0, 0.1) == 1.2


def test_a_move_needs_a_gain_a_stay_and_luck() -> None:
    shaping = Shaping(band=0.5, fraction=0.25, dwell=10.0)
    assert shaping.moves(1.0, 20.0, 10.0, 0.2)
    assert not shaping.moves(0.5, 20.0, 10.0, 0.2)
    assert not shaping.moves(1.0, 19.9, 10.0, 0.2)
    assert not shaping.moves(1.0, 20.0, 10.0, 0.25)
    assert Shaping().moves(0.1, 0.0, -inf, 0.999)


@given(st.integers(0, 5000), st.floats(0.01, 10.0), st.floats(0.0, 100.0), st.integers())
def test_full_jitter_lies_below_the_back_off_and_is_fixed_by_its_key(
    attempt: int, base: float, longest: float, seed: int
) -> None:
    wait = full_jitter(Chance(seed), attempt, base, longest, "unit", attempt)
    assert 0 <= wait <= min(longest, base * 2.0 ** min(attempt, 60))
    assert wait == full_jitter(Chance(seed), attempt, base, longest, "unit", attempt)


@given(st.floats(0.0, 1e6), st.floats(0.1, 1000.0), names)
def test_periodic_work_comes_once_a_period_at_the_phase_of_its_path(
    now: float, period: float, path: str
) -> None:
    at = next_turn(now, period, path)
    assert now < at <= now + period * (1 + 1e-9) + 1e-9
    turns = (at - phase(path, period)) / period
    assert turns == pytest.approx(round(turns), abs=1e-5)


def test_phases_are_spread() -> None:
    phases = [phase(f"acme/unit-{k}", 10.0) for k in range(1000)]
    counts = Counter(int(value) for value in phases)
    assert all(70 <= counts[k] <= 130 for k in range(10))


def test_a_name_that_no_encoding_holds_has_its_phase_and_its_place_too() -> None:
    odd, other = "acme/\udc80", "acme/\udc81"  # as of a file whose name is no text
    assert 0.0 <= phase(odd, 10.0) < 10.0
    assert phase(odd, 10.0) != phase(other, 10.0)
    assert balanced_plan({"a": 1.0}, until=1.0).assigned([odd]) == {odd: "a"}


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("capacities", lambda: balanced_plan({}, 1.0)),
        ("capacities", lambda: balanced_plan({"a": 0.0}, 1.0)),
        (r"capacities\['a'\]", lambda: balanced_plan({"a": nan}, 1.0)),
        (r"capacities\['a'\]", lambda: balanced_plan({"a": -1.0, "b": 5.0}, 1.0)),
        ("until", lambda: balanced_plan({"a": 1.0}, nan)),
        ("lasts", lambda: Engagement(Shaping(), 0.0)),
        ("now", lambda: Engagement(Shaping(), 1.0).engage({"a": 1.0}, {}, nan)),
        ("band", lambda: Shaping(band=-1.0)),
        ("fraction", lambda: Shaping(fraction=0.0)),
        ("fraction", lambda: Shaping(fraction=1.5)),
        ("dwell", lambda: Shaping(dwell=nan)),
        ("gain", lambda: Shaping().moves(nan, 0.0, 0.0, 0.0)),
        ("draw", lambda: Shaping().moves(1.0, 0.0, 0.0, 1.0)),
        ("width", lambda: dead_band(1.0, 1.0, -1.0)),
        ("value", lambda: dead_band(nan, 1.0, 1.0)),
        ("base", lambda: full_jitter(Chance(1), 1, 0.0, 1.0)),
        ("attempt", lambda: full_jitter(Chance(1), -1, 1.0, 1.0)),
        ("period", lambda: phase("a", 0.0)),
        ("now", lambda: next_turn(inf, 1.0, "a")),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
