"""What is lent in the course of an epoch: fair parts, what lies idle, and never more than there is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Claim, Productivity, Vector, Worth, allocate, divide, lend, moved, total
from cybernetic.vsm.bargain.worth import LIMIT

TWO = {"a": Claim(1.0), "b": Claim(1.0)}
TEN = Vector(usd=10)

amounts = st.floats(0.0, 1e6, allow_nan=False)
claims = st.dictionaries(
    st.sampled_from("abcde"),
    st.builds(Claim, st.floats(0.1, 10.0), st.floats(0.0, 0.2), st.one_of(st.none(), st.floats(0.2, 1.0))),
    min_size=1,
)
vectors = st.builds(lambda usd, tokens: Vector(usd=usd, tokens=tokens), amounts, amounts)


@given(vectors, claims, st.dictionaries(st.sampled_from("abcde"), vectors), st.floats(0.0, 1.0), st.data())
def test_together_it_is_never_more_than_there_is_and_nobody_gets_less_than_his_floor(
    pool: Vector, wanted: dict[str, Claim], used: dict[str, Vector], gone: float, data: st.DataObject
) -> None:
    bounds = data.draw(st.dictionaries(st.sampled_from(sorted(wanted)), vectors))
    parts = lend(pool, wanted, used, gone, bounds)
    assert parts.keys() == wanted.keys()
    assert total(parts.values()) <= pool
    for unit, part in parts.items():
        for name in pool.resources:
            floor = wanted[unit].floor * pool.amount(name)
            assert part.amount(name) >= floor * (1 - 1e-9) - 1e-6
            cap = wanted[unit].cap
            if cap is not None:
                assert part.amount(name) <= max(cap * pool.amount(name), floor) * (1 + 1e-9) + 1e-6


@given(vectors, claims)
def test_at_the_beginning_it_is_what_is_fair(pool: Vector, wanted: dict[str, Claim]) -> None:
    parts = lend(pool, wanted, {}, 0.0)
    for name in pool.resources:
        shares = allocate(1.0, wanted)
        for unit, part in parts.items():
            assert part.amount(name) == pytest.approx(shares[unit] * pool.amount(name), rel=1e-6, abs=1e-6)


def test_what_lies_idle_of_the_time_gone_by_goes_to_who_is_ahead() -> None:
    parts = lend(TEN, TWO, {"a": Vector(usd=4), "b": Vector(usd=1)}, 0.5)
    assert parts == {
        "a": Vector(usd=6.5),
        "b": Vector(usd=3.5),
    }  # b keeps half of its five for half of the time


def test_where_nobody_is_ahead_nothing_moves() -> None:
    assert lend(TEN, TWO, {"a": Vector(usd=2), "b": Vector()}, 0.5) == {
        "a": Vector(usd=5),
        "b": Vector(usd=5),
    }


def test_who_is_held_apart_gets_nothing_of_what_lies_idle() -> None:
    used = {"a": Vector(usd=4), "b": Vector(usd=1)}
    assert lend(TEN, TWO, used, 0.5, apart=["a"]) == {"a": Vector(usd=5), "b": Vector(usd=5)}


def test_what_one_does_not_want_the_others_share() -> None:
    parts = lend(TEN, {**TWO, "c": Claim(2.0)}, {}, 0.0, {"c": Vector(usd=1)})
    assert parts == {"a": Vector(usd=4.5), "b": Vector(usd=4.5), "c": Vector(usd=1)}


def test_each_resource_is_moved_by_itself() -> None:
    used = {"a": Vector(usd=4, tokens=0), "b": Vector(usd=0, tokens=40)}
    parts = lend(Vector(usd=10, tokens=100), TWO, used, 0.5)
    assert parts["a"] == Vector(usd=7.5, tokens=25)
    assert parts["b"] == Vector(usd=2.5, tokens=75)


def test_no_more_of_an_epoch_can_be_gone_than_all() -> None:
    with pytest.raises(OptionError, match="gone"):
        lend(TEN, TWO, {}, 1.5)


def test_a_contract_is_worth_it_where_what_is_left_changes() -> None:
    used = Vector(usd=4)
    assert not moved(Vector(usd=5), Vector(usd=5.05), used, TEN)
    assert moved(Vector(usd=5), Vector(usd=5.2), used, TEN)
    assert moved(Vector(usd=4), Vector(usd=4.1), used, TEN)  # he has nothing left
    assert not moved(Vector(usd=4), Vector(usd=4.01), used, TEN)  # dust


def spent(worth: Worth, good: int, tasks: int, price: float = 0.05) -> Worth:
    """After so many tasks of one price, the first of them good."""
    for number in range(tasks):
        worth = worth.after(float(number < good), price, 10.0)
    return worth


def test_spending_that_is_worth_nothing_any_more_is_told_after_some_twenty_tasks() -> None:
    before = spent(Worth(Productivity(10.0)), 60, 60)
    assert not before.fallen
    assert not spent(before, 0, 12).fallen
    assert spent(before, 0, 30).fallen


def test_bad_luck_is_no_fall_and_who_is_back_is_back() -> None:
    worth = spent(Worth(Productivity(10.0)), 60, 60)
    for _ in range(200):
        worth = spent(worth, 4, 5)  # four of five
        assert not worth.fallen
    fallen = spent(worth, 0, 60)
    assert fallen.fallen
    assert fallen.score == LIMIT
    back = spent(fallen, 60, 60)
    assert not back.fallen


def test_of_who_has_no_past_nothing_is_said() -> None:
    assert not spent(Worth(Productivity(10.0)), 0, 500).fallen
    assert not spent(Worth(Productivity(10.0)), 10, 500).fallen


TENTHS = tuple(parts for parts in product(range(1, 19), repeat=3) if sum(parts) == 19)


@pytest.mark.parametrize("audit", [0.0, 0.05])
def test_where_floors_take_all_there_is_a_claim_without_one_gets_nothing(audit: float) -> None:
    """As floors are rounded when they are put in the unit of the pool: their sum may be a float's last digit more."""
    for parts in TENTHS:
        floors = [part / 20 if audit else part / 19 for part in parts]
        claims = {name: Claim(1.0, floor, 1.0) for name, floor in zip("abc", floors, strict=True)}
        claims = {**claims, "new": Claim(1.0), **({"audit": Claim(0.0, audit, audit)} if audit else {})}
        assert divide(Vector(usd=1), claims)["new"].amount("usd") < 1e-9
        for amount in (1.0, 8.0, 12.0, 100.0, 250.0):
            pool = Vector(usd=amount)
            lent = lend(pool, claims, {}, 0.0)
            assert total(lent.values()) <= pool
            assert lent["new"].amount("usd") < 1e-6


def test_floors_of_plain_numbers_may_take_all() -> None:
    floors = {"a": Claim(1.0, 0.2), "b": Claim(1.0, 0.4), "c": Claim(1.0, 0.4), "new": Claim(1.0)}
    lent = lend(Vector(usd=12), floors, {}, 0.0)
    assert total(lent.values()) <= Vector(usd=12)
    assert [lent[name].amount("usd") for name in ("a", "b", "new")] == pytest.approx([2.4, 4.8, 0.0])
    assert allocate(1.0, {"a": Claim(1.0, 1 + 5e-13), "b": Claim(1.0)})["b"] == 0.0


def test_where_nobody_has_a_weight_each_gets_its_floor_and_where_nobody_is_there_nobody_anything() -> None:
    audit = {"audit": Claim(0.0, 0.1, 0.1)}
    for used in ({}, {"audit": Vector(usd=1)}):
        assert lend(TEN, audit, used, 0.5) == {"audit": Vector(usd=1)}
    assert lend(TEN, {}, {}, 0.5) == {}
    with pytest.raises(OptionError, match=r"^floors: "):
        lend(TEN, {"audit": Claim(0.0, 1.5)}, {}, 0.5)
