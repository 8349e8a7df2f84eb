"""Vectors of resources: exact algebra, order, rounding, and what is refused."""

from math import inf, nan, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Budget, Cost, Epoch, Ledger, Price, Purse, Rate, Vector, drift, total

NAMES = ("usd", "tokens", "minutes")
vectors = st.builds(Vector, st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 1e7)))
NOTHING = Vector()


def test_sums_are_exact_where_floats_are_not() -> None:
    assert total([Vector(usd=0.1)] * 10) == Vector(usd=1.0)
    assert Vector(usd=0.3) - Vector(usd=0.1) - Vector(usd=0.2) == NOTHING
    assert Vector(tokens=5_000_000) + Vector(usd=0.000000001) - Vector(tokens=5_000_000) == Vector(usd=1e-9)


def test_a_cost_is_a_vector_and_says_what_it_is() -> None:
    cost = Cost(usd=0.04, tokens=3000)
    assert cost == Vector({"tokens": 3000, "usd": 0.04})
    assert repr(cost) == "Cost(tokens=3000, usd=0.04)"
    assert cost.as_dict() == {"tokens": 3000.0, "usd": 0.04}
    assert cost.amount("calls") == 0.0
    assert len({cost, Vector(usd=0.04, tokens=3000), Vector(usd=0.0)}) == 2
    assert not Vector(usd=0.0)


@given(vectors, vectors, vectors)
def test_the_algebra_holds_exactly(a: Vector, b: Vector, c: Vector) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert (a + b) - b == a
    assert a.less(b) + a.least(b) == a
    assert a.least(b) + a.most(b) == a + b
    assert a.less(a + b) == NOTHING


@given(vectors, vectors, vectors)
def test_covering_is_a_partial_order(a: Vector, b: Vector, c: Vector) -> None:
    assert a <= a + b
    assert a >= NOTHING
    assert a.least(b) <= a <= a.most(b)
    assert (a <= b and b <= a) == (a == b)
    assert not (a <= b and b <= c) or a <= c
    assert (a.less(b) == NOTHING) == (a <= b)


@given(vectors, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=10))
def test_parts_never_sum_to_more_than_the_whole(whole: Vector, shares: list[float]) -> None:
    parts = [whole.times(share / sum(shares)) for share in shares] if sum(shares) > 1e-300 else []
    assert total(parts) <= whole + Vector(dict.fromkeys(NAMES, 1e-9 + 1e-8 * len(shares)))
    assert whole.times(1.0) == whole
    assert whole.times(0.5) + whole.times(0.5) <= whole


def test_a_budget_has_epochs() -> None:
    budget = Budget(usd=250, tokens=5_000_000, per=3600)
    assert budget.grant == Vector(usd=250, tokens=5_000_000)
    assert budget.epoch(7200.0) == Epoch(2, 7200.0, 10800.0)
    assert budget.epoch(7199.9).number == 1
    assert budget == Budget(tokens=5_000_000, usd=250.0, per=3600.0)
    assert repr(budget) == "Budget(tokens=5000000, usd=250, per=3600)"
    assert Rate(60, per=60).per_second == 1.0


@given(st.floats(1e-3, 1e4), st.integers(-(10**9), 10**9), st.sampled_from([-1, 0, 1]))
def test_every_moment_lies_in_one_epoch_and_the_next_begins_where_it_ends(
    per: float, number: int, beside: int
) -> None:
    now = number * per
    now = now if not beside else nextafter(now, beside * inf)
    epoch = Epoch.at(now, per)
    assert epoch.begins <= now < epoch.ends
    after = Epoch.at(epoch.ends, per)
    assert (after.number, after.begins) == (epoch.number + 1, epoch.ends)
    assert Epoch.at(nextafter(epoch.begins, -inf), per).number == epoch.number - 1


def test_at_the_end_of_an_epoch_the_next_one_is_spent() -> None:
    purse = Purse.root("acme", Budget(usd=1, per=0.7))
    for epoch in range(1, 200):
        _, spent_in = purse.reserve("call", Vector(usd=0.1), epoch * 0.7, epoch * 0.7 + 9.0)
        assert spent_in == epoch


def test_vectors_are_compared_with_vectors_alone() -> None:
    with pytest.raises(TypeError, match="'<=' not supported"):
        Vector(a=1) <= 3  # noqa: B015


def test_an_upper_bound_is_a_line_of_a_price_table() -> None:
    price = Price(taken=3e-6, given=15e-6)
    assert price.cost(1000, 500) == Cost(usd=0.0105, tokens=1500)
    assert drift(Vector(usd=1.0, tokens=10), Vector(usd=1.5)) == {"tokens": -1.0, "usd": 0.5}
    assert drift(Vector(), Vector(usd=1.5)) == {"usd": inf}


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("usd", lambda: Vector(usd=-0.01)),
        ("usd", lambda: Cost(usd=nan)),
        ("tokens", lambda: Vector(tokens=inf)),
        ("tokens", lambda: Vector(tokens=-5)),
        ("tokens", lambda: Vector(tokens=True)),
        ("usd", lambda: Vector({"usd": "5"})),  # type: ignore[dict-item]
        ("what is taken", lambda: Vector(usd=1) - Vector(usd=2)),
        ("what is taken", lambda: Vector(usd=1) - Vector(tokens=1)),
        ("factor", lambda: Vector(usd=1).times(-1.0)),
        ("factor", lambda: Vector(usd=1).times(nan)),
        ("per", lambda: Budget(usd=1, per=0)),
        ("amounts", lambda: Budget(per=60)),
        ("usd", lambda: Budget(usd=nan, per=60)),
        ("now", lambda: Epoch.at(nan, 60.0)),
        ("amount", lambda: Rate(0)),
        ("per", lambda: Rate(1, per=nan)),
        ("burst", lambda: Rate(1, burst=0)),
        ("taken", lambda: Price(-1.0, 1.0)),
        ("given", lambda: Price(1.0, nan)),
        ("tokens_out", lambda: Price(1.0, 1.0).cost(1, -1)),
        ("currency", lambda: Price(2.0, 3.0, "tokens")),
        ("currency", lambda: Price(2.0, 3.0, "")),
        ("resource", lambda: Vector({"": 1.0})),
        ("resource", lambda: Vector({1: 1.0, "a": 2.0})),  # type: ignore[dict-item]
        ("now", lambda: Epoch.at(1e308, 1e-10)),
        ("now", lambda: Epoch.at(-(2.0**60), 0.5)),
        ("grant", lambda: Ledger(5)),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
