"""What is declared anew holds from the first begin with it, and nothing is overspent for that."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm import BudgetExhausted
from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.contract import UNHEARD, Contract, Seal
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.refusals import AnotherPurse, StaleContract
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total
from tests.support import soak

PERIODS = (60.0, 30.0, 120.0, 45.0)


def usd(amount: float) -> Vector:
    return Vector(usd=amount)


def declared(budget: float, floors: dict[str, float], per: float = 60.0, id: str = "") -> Allocator:
    """A level as it is declared."""
    purse = Purse("acme", per, usd(budget), id=id)
    return Allocator(
        purse, {unit: usd(one) for unit, one in floors.items()}, purses=dict.fromkeys(floors, UNHEARD)
    )


class Company:
    """A level, its units, and what they have spent; `own`: its budget is its own, else it is lent to."""

    def __init__(self, own: bool) -> None:
        self.own, self.now, self.keys, self.ids = own, 10.0, 0, 0
        self.level, self.budget = declared(10.0, {"u0": 3.0, "u1": 3.0}, id="level"), 10.0
        self.units = {unit: Purse(unit, 60.0, usd(3.0)).born(self.id(), 0.0) for unit in ("u0", "u1")}
        self.away: dict[str, Purse] = {}
        self.spent: dict[int, Vector] = defaultdict(Vector)
        self.most: dict[int, Vector] = {0: usd(10.0)}  # by epoch, what the level may have there at most

    def id(self) -> str:
        self.ids += 1
        return f"purse{self.ids}"

    @property
    def epoch(self) -> int:
        return self.level.purse.epoch(self.now)

    def declare(self, budget: float, count: int, per: float) -> None:
        """All of it ends, and begins with that."""
        floors = {f"u{n}": budget / 4 for n in range(count)}
        fresh, other = declared(budget, floors, per, self.id()), per != self.level.purse.per
        self.level = self.level.succeeded(self.level.term + 1).redeclared(fresh, self.now, own=self.own)
        self.away |= {unit: one for unit, one in self.units.items() if unit not in floors}
        before, self.units = self.units, {}
        for unit, floor in floors.items():
            known = before.get(unit) or self.away.pop(unit, None)
            if known is not None and (unit in before or (self.epoch in known.ledgers and not other)):
                again = known.reopened().redeclared(per, usd(floor), self.now, id=self.id())
            else:
                again = Purse(unit, per, usd(floor)).born(self.id(), self.now)
            self.units[unit] = again
        if other:
            self.spent.clear()
            self.most = {self.epoch: NOTHING}
        if self.own and not other:
            self.most[self.epoch] = self.most.get(self.epoch, NOTHING).most(usd(budget))
        self.budget = budget

    def lend(self, unit: str, amount: float, heard: bool, answered: bool) -> None:
        """A contract, which may be lost, or its answer."""
        if unit not in self.units:
            return
        try:
            self.level, contract = self.level.issue(unit, usd(amount), self.now)
        except BudgetExhausted:
            return
        if not heard:
            return
        try:
            self.units[unit], accepted = self.units[unit].accept(contract)
        except AnotherPurse:
            self.level = self.level.renewed(unit, self.units[unit].id, self.now)
        except StaleContract:
            return
        else:
            self.level = self.level.accepted(accepted) if answered else self.level

    def spend(self, unit: str, amount: float) -> None:
        """A call."""
        if unit not in self.units:
            return
        self.keys += 1
        try:
            self.units[unit], epoch = self.units[unit].reserve(
                f"call{self.keys}", usd(amount), self.now, self.now + 1e9
            )
        except BudgetExhausted:
            return
        self.spent[epoch] += usd(amount)

    def loses(self, unit: str) -> None:
        """A unit has lost its books."""
        if unit in self.units:
            before = self.units[unit]
            self.units[unit] = Purse(unit, before.per, before.floor).born(self.id(), self.now)

    def given(self, amount: float) -> None:
        """A contract from above."""
        if self.own:
            return
        contract = Contract(
            "acme", self.epoch, usd(amount), Seal(1, self.keys), self.level.purse.id, self.level.purse.per
        )
        self.keys += 1
        try:
            self.level, accepted = self.level.accept(contract)
        except StaleContract:
            return
        self.most[self.epoch] = self.most.get(self.epoch, NOTHING).most(accepted.holds)

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.most.setdefault(self.epoch, usd(self.budget))
        self.level = self.level.begun(self.epoch).told(self.now)

    def check(self) -> None:
        """Nothing that may be spent was not granted."""
        level, epoch = self.level.begun(self.epoch), self.epoch
        ledger = level.purse.ledger(epoch)
        assert ledger.committed <= ledger.grant
        assert ledger.grant <= self.most.get(epoch, usd(self.budget))
        assert self.spent[epoch] <= ledger.committed
        assert total(one.ledger(epoch).grant for one in self.units.values()) <= ledger.committed
        assert set(level.floors) == set(self.units)
        assert level.purse.floor == usd(self.budget)


NAMES = st.sampled_from(["u0", "u1", "u2", "u3"])
AMOUNTS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
STEPS = st.one_of(
    st.tuples(
        st.just("declare"), st.sampled_from([4.0, 10.0, 20.0]), st.integers(0, 4), st.sampled_from(PERIODS)
    ),
    st.tuples(st.just("declare"), st.sampled_from([4.0, 10.0, 20.0]), st.integers(0, 4), st.just(60.0)),
    st.tuples(st.just("lend"), NAMES, AMOUNTS, st.booleans(), st.booleans()),
    st.tuples(st.just("spend"), NAMES, AMOUNTS),
    st.tuples(st.just("loses"), NAMES),
    st.tuples(st.just("given"), AMOUNTS),
    st.tuples(st.just("later"), st.sampled_from([1.0, 7.0, 25.0, 60.0])),
)


@settings(max_examples=soak(150, 3000), deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=30))
def test_nothing_is_overspent_however_often_all_is_declared_anew(own: bool, steps: list[Any]) -> None:
    company = Company(own)
    for name, *args in steps:
        getattr(company, name)(*args)
        company.check()


def test_a_budget_that_is_declared_anew_holds_at_once_as_far_as_it_is_not_committed() -> None:
    level, _ = declared(20.0, {"a": 4.0}).issue("a", usd(15), 10.0)
    less = level.redeclared(declared(6.0, {"a": 1.0}), 20.0, own=True)
    assert less.purse.ledger(0).grant == usd(15)  # what is lent
    assert less.purse.ledger(1).grant == usd(6)
    back = less._with(less.purse.with_ledger(0, less.purse.ledger(0).revise("a", usd(5)))).kept_to(21.0)
    assert back.purse.ledger(0).grant == usd(6)
    assert back.kept_to(22.0) is back
    more = back.redeclared(declared(20.0, {"a": 1.0}), 30.0, own=True)
    assert more.purse.ledger(0).grant == usd(20)


def test_who_lost_his_purse_in_an_epoch_gets_no_more_in_it_by_a_larger_budget() -> None:
    lost = declared(6.0, {})
    lost = replace(lost, purse=lost.purse.born("new", 10.0))
    more = lost.redeclared(declared(20.0, {}), 20.0, own=True)
    assert more.purse.ledger(0).grant == NOTHING
    assert more.purse.ledger(1).grant == usd(20)


def test_a_unit_that_is_added_has_an_account_and_what_one_that_is_gone_holds_counts_until_the_epoch_is_over() -> (
    None
):
    level, _ = declared(10.0, {"a": 2.0, "b": 2.0}).issue("a", usd(7), 10.0)
    after = level.redeclared(declared(10.0, {"b": 2.0, "c": 2.0}), 70.0, own=True).begun(1)
    assert {unit: one.upper for unit, one in after.purse.ledger(1).open.items()} == {"b": usd(2), "c": usd(2)}
    assert "c" in after.purse.ledger(0).closed  # it held nothing then
    at_once = level.redeclared(declared(10.0, {"b": 2.0, "c": 2.0}), 20.0, own=True).begun(0)
    held = {unit: one.upper for unit, one in at_once.purse.ledger(0).open.items()}
    assert held == {"a": usd(7), "b": usd(2), "c": usd(1)}  # as far as it is there


def test_a_unit_that_is_back_is_known_by_the_purse_it_had() -> None:
    heard = declared(10.0, {"a": 2.0}).renewed("a", "first", 1.0)
    level, _ = heard.issue("a", usd(7), 10.0)
    gone = level.redeclared(declared(10.0, {}), 20.0, own=True)
    back = gone.redeclared(declared(10.0, {"a": 2.0}), 30.0, own=True)
    assert back.purses == {"a": "first"}
    assert back.renewed("a", "second", 31.0).gone(0, "a") == usd(7)


def test_a_unit_without_a_contract_has_the_smaller_floor_in_the_epoch_that_runs() -> None:
    purse = Purse("a", 60.0, usd(2))
    more = purse.redeclared(60.0, usd(5), 70.0)
    assert (more.ledger(1).grant, more.ledger(2).grant) == (usd(2), usd(5))
    less = purse.redeclared(60.0, usd(1), 70.0)
    assert (less.ledger(1).grant, less.ledger(2).grant) == (usd(1), usd(1))
    assert purse.redeclared(60.0, usd(2), 70.0) is purse


@pytest.mark.parametrize("per", [30.0, 120.0])
def test_with_another_period_nothing_is_there_until_one_of_its_epochs_begins(per: float) -> None:
    level, _ = declared(10.0, {"a": 2.0}).issue("a", usd(7), 10.0)
    after = level.redeclared(declared(8.0, {"a": 1.0}, per, "new"), 40.0, own=True)
    epoch = int(40 // per)
    assert after.purse.ledger(epoch) == Ledger(NOTHING, until=(epoch + 1) * per)
    assert after.purse.ledger(epoch + 1).grant == usd(8)
    assert (after.purse.id, after.purse.kept, after.issued) == ("new", epoch, {})
    late = Purse("a", 60.0, usd(2)).told(130.0).begun(1).reopened().redeclared(per, usd(2), 10.0)
    with pytest.raises(BudgetExhausted):  # the clock was set back
        late.reserve("call", usd(1), 110.0, 120.0)


def test_in_epochs_begun_before_the_clock_was_set_back_who_does_not_know_them_has_nothing_but_by_contract() -> (
    None
):
    level = declared(10.0, {"a": 2.0, "b": 2.0}).begun(0).begun(1).told(70.0).renewed("a", "old", 1.0)
    after = level.succeeded(2).redeclared(declared(10.0, {"a": 2.0, "c": 2.0}), 5.0, own=True)
    assert "c" in after.purse.ledger(0).closed  # it held nothing in it
    after = after.renewed("a", "new", 60.0)
    assert after.gone(1, "a") == usd(2)
    with pytest.raises(BudgetExhausted):
        after.issue("a", usd(1), 5.0)
    after, word = after.closed("a", 5.0)
    unit = Purse("a", 60.0, usd(2), id="new")
    assert unit.accept(Contract("a", 0, NOTHING, Seal(1, 1), "new"))[0].ledger(1).grant == usd(2)
    told, answer = unit.accept(word)
    assert (answer.holds, word.bare) == (NOTHING, 2)
    assert [told.ledger(epoch).grant for epoch in (0, 1, 2)] == [NOTHING, NOTHING, usd(2)]
    forgot, _ = Purse("a", 60.0, usd(2), kept=1, id="new").accept(word)
    assert forgot.ledger(1).grant == NOTHING
    after, granted = after.begun(1).issue("a", usd(3), 65.0)
    assert (granted.bare, told.accept(granted)[0].ledger(1).grant) == (0, usd(3))
    within = Allocator(told, {"x": usd(1)})  # what a level was told holds for its units
    assert within.issue("x", NOTHING, 5.0)[1].bare == 2
    with pytest.raises(OptionError):
        after.closed("a", 65.0)


def test_an_epoch_begun_by_a_clock_a_little_ahead_is_none_of_before_the_clock_was_set_back() -> None:
    level = declared(10.0, {"a": 2.0}).begun(0).begun(1)
    for now, bare in ((59.0, 0), (58.9, 2)):
        after = level.succeeded(2).redeclared(declared(10.0, {"a": 2.0}), now, own=True)
        assert after.bare == bare
        assert after.issue("a", usd(3), now)[1].bare == bare


@pytest.mark.parametrize(("per", "first"), [(30.0, 12), (45.0, 8), (120.0, 3)])
def test_with_another_period_and_the_clock_set_back_nothing_is_paid_twice(per: float, first: int) -> None:
    purse, epoch = Purse("a", 60.0, usd(10)).reserve("call", usd(10), 330.0, 340.0)
    after = purse.settle(epoch, "call", usd(10)).reopened().redeclared(per, usd(10), 100.0, own=True)
    for ended in range(int(100 // per), first):
        with pytest.raises(BudgetExhausted):
            after.reserve("again", usd(1), ended * per + 1.0, 1e9)
    assert after.reserve("again", usd(1), first * per, 1e9)[1] == first


def test_what_is_no_period_or_no_floor_is_refused() -> None:
    purse: Any = Purse("a", 60.0)
    for per, floor, at in ((0.0, NOTHING, 0.0), (60.0, 1.0, 0.0), (30.0, 1.0, 0.0), (60.0, NOTHING, "now")):
        with pytest.raises(OptionError):
            purse.redeclared(per, floor, at)
    level: Any = declared(10.0, {})
    with pytest.raises(OptionError):
        level.redeclared(purse, 0.0)
