"""Allocation: golden shares, optimality, exact division of vectors, earned weights, and what is refused."""

from fractions import Fraction
from math import fsum, log, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    Claim,
    Productivity,
    Vector,
    allocate,
    divide,
    earned_weights,
    total,
    worth_publishing,
)

UNITS = ("a", "b", "c", "d", "e")


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Claim]:
    made = {}
    for unit in draw(st.lists(st.sampled_from(UNITS), min_size=1, unique=True)):
        floor = draw(st.just(0.0) | st.floats(0.0, 0.2))
        cap = draw(st.none() | st.floats(floor, 1.0))
        made[unit] = Claim(draw(st.just(0.0) | st.floats(0.01, 10.0)), floor, cap)
    assume(any(claim.weight for claim in made.values()))
    return made


def test_shares_are_these_to_twelve_digits() -> None:
    """Level 100/7 until c meets its floor of 20 and a its cap of 30: then b and d share 50 as 2 to 1."""
    shares = allocate(
        100.0, {"a": Claim(4.0, cap=30.0), "b": Claim(2.0), "c": Claim(0.5, floor=20.0), "d": Claim(1.0)}
    )
    golden = {"a": 30.0, "b": 33.333333333333333, "c": 20.0, "d": 16.666666666666667}
    assert shares == pytest.approx(golden, abs=1e-12)


def test_without_bounds_shares_are_as_the_weights() -> None:
    assert allocate(7.0, {"a": Claim(1.0), "b": Claim(2.5)}) == pytest.approx({"a": 2.0, "b": 5.0}, abs=1e-12)


def test_small_floors_count_beside_a_large_one() -> None:
    floors = {"large": Claim(0.0, 1e16), **{unit: Claim(0.0, 1.0) for unit in UNITS[:4]}}
    assert allocate(1e16 + 8, {**floors, "rest": Claim(1.0)})["rest"] == 4.0


def test_what_no_cap_can_take_is_left_over() -> None:
    assert allocate(10.0, {"a": Claim(1.0, cap=2.0), "b": Claim(1.0, cap=3.0)}) == {"a": 2.0, "b": 3.0}


def test_a_unit_without_weight_gets_its_floor() -> None:
    assert allocate(10.0, {"a": Claim(0.0, floor=2.0), "b": Claim(1.0)}) == {"a": 2.0, "b": 8.0}


@given(st.floats(1.0, 1e6), claims())
def test_all_is_shared_out_within_the_bounds_at_one_level(amount: float, made: dict[str, Claim]) -> None:
    """The conditions of Karush, Kuhn and Tucker, which for this problem only the solution meets."""
    shares = allocate(amount, made)
    assert fsum(shares.values()) <= amount * (1 + 1e-12)
    levels = []
    for unit, claim in made.items():
        cap = claim.cap if claim.cap is not None else amount
        assert claim.floor <= shares[unit] <= cap or claim.cap is None
        if claim.weight and claim.floor < shares[unit] and (claim.cap is None or shares[unit] < claim.cap):
            levels.append(shares[unit] / claim.weight)
    assert levels == pytest.approx([levels[0]] * len(levels), rel=1e-9) if levels else True
    if fsum(shares.values()) < amount * (1 - 1e-9):
        assert not levels
        assert all(shares[unit] == claim.cap for unit, claim in made.items() if claim.weight)
    for unit, claim in made.items():
        if levels and claim.weight and shares[unit] == claim.floor != claim.cap:
            assert claim.floor / claim.weight >= levels[0] * (1 - 1e-9)
        if levels and claim.weight and claim.cap is not None and shares[unit] == claim.cap > claim.floor:
            assert claim.cap / claim.weight <= levels[0] * (1 + 1e-9)


@given(claims())
def test_no_other_division_has_a_higher_sum_of_logarithms(made: dict[str, Claim]) -> None:
    shares = allocate(1.0, made)
    free = [unit for unit, claim in made.items() if claim.weight and shares[unit] > 0]
    for giver in free:
        for taker in free:
            moved = dict(shares)
            moved[giver] -= 1e-4 * shares[giver]
            moved[taker] += 1e-4 * shares[giver]
            cap = made[taker].cap
            if giver != taker and moved[giver] >= made[giver].floor and (cap is None or moved[taker] <= cap):
                assert worth(made, moved) <= worth(made, shares) + 1e-9


def worth(made: dict[str, Claim], shares: dict[str, float]) -> float:
    return fsum(claim.weight * log(shares[unit]) for unit, claim in made.items() if shares[unit] > 0)


@given(claims(), st.integers(0, 10**13), st.floats(0.0, 1e5))
def test_a_vector_is_divided_to_the_last_billionth_and_never_beyond(
    made: dict[str, Claim], tokens: int, usd: float
) -> None:
    grant = Vector(tokens=tokens, usd=usd)
    parts = divide(grant, made)
    assert total(parts.values()) <= grant
    if all(claim.cap is None for claim in made.values()):
        assert total(parts.values()).amount("usd") == pytest.approx(usd, abs=1e-6, rel=1e-9)


def test_an_odd_billionth_is_not_taken_from_a_unit_that_has_none() -> None:
    made = {"a": Claim(0.5), "b": Claim(10.0, cap=0.0), "c": Claim(0.7)}
    grant = Vector(tokens=29442426)
    assert total(grant.times(share) for share in allocate(1.0, made).values()) != grant
    assert total(divide(grant, made).values()) == grant


def test_shares_that_sum_to_a_little_more_than_one_still_divide_no_more_than_there_is() -> None:
    made = {"a": Claim(7.0), "b": Claim(6.0), "c": Claim(7.0)}
    assert sum(map(Fraction, allocate(1.0, made).values())) > 1
    assert total(divide(Vector(tokens=10**13), made).values()) == Vector(tokens=10**13)


def test_weights_are_bent_by_what_is_earned() -> None:
    weights = earned_weights({"a": 1.0, "b": 2.0, "new": 1.0}, {"a": 4.0, "b": 1.0}, epsilon=0.2)
    assert weights == pytest.approx({"a": 1.0, "b": 2.0 * (0.2 + 0.8 * 0.25), "new": 1.0}, abs=1e-12)
    assert earned_weights({"a": 3.0}, {"a": 0.0}) == {"a": 3.0}


def test_productivity_fades_with_what_is_spent() -> None:
    productivity = Productivity(horizon=10.0)
    assert productivity.ratio == 0.0
    productivity = productivity.after(6.0, 2.0)
    assert productivity.ratio == 3.0
    for _ in range(100):
        productivity = productivity.after(1.0, 1.0)
    assert productivity.ratio == pytest.approx(1.0, abs=1e-3)


def test_only_what_moved_is_published() -> None:
    old = {"a": 1.0, "b": 2.0}
    assert not worth_publishing(old, {"a": 1.09, "b": 1.81})
    assert worth_publishing(old, {"a": 1.11, "b": 2.0})
    assert worth_publishing(old, {"a": 1.0})
    assert worth_publishing({"a": 0.0}, {"a": 0.1})
    assert not worth_publishing({"a": 0.0}, {"a": 0.0})


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("weights", lambda: allocate(1.0, {})),
        ("weights", lambda: allocate(1.0, {"a": Claim(0.0), "b": Claim(0.0)})),
        ("amount", lambda: allocate(-1.0, {"a": Claim(1.0)})),
        ("amount", lambda: allocate(nan, {"a": Claim(1.0)})),
        ("floors", lambda: allocate(1.0, {"a": Claim(1.0, floor=0.7), "b": Claim(1.0, floor=0.7)})),
        ("weight", lambda: Claim(-1.0)),
        ("weight", lambda: Claim(nan)),
        ("floor", lambda: Claim(1.0, floor=-0.1)),
        ("cap", lambda: Claim(1.0, floor=0.5, cap=0.4)),
        ("epsilon", lambda: earned_weights({"a": 1.0}, {}, epsilon=1.5)),
        (r"base\['a'\]", lambda: earned_weights({"a": nan}, {})),
        (r"productivity\['a'\]", lambda: earned_weights({"a": 1.0}, {"a": -1.0})),
        ("horizon", lambda: Productivity(0.0)),
        ("value", lambda: Productivity(1.0).after(nan, 1.0)),
        ("spent", lambda: Productivity(1.0).after(1.0, -1.0)),
        ("change", lambda: worth_publishing({}, {}, change=nan)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
