"""Time does not run backwards for who keeps money: what was said of a time that is over stays true."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    UNHEARD,
    Allocator,
    Budget,
    BudgetExhausted,
    Contract,
    Ledger,
    Purse,
    Seal,
    Vector,
)
from cybernetic.vsm.control.bargaining import Bargaining
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.ports.till import Till
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.recursion.charter import Charter


def usd(amount: float) -> Vector:
    """So many dollars."""
    return Vector(usd=amount)


PURSE = Purse.root("acme", Budget(usd=10, per=60))
LATE = PURSE.expire(130.0)[0]
ALLOCATOR = Allocator(PURSE, {"a": usd(4)}, purses={"a": "first"})
OLD = ALLOCATOR.expire(130.0)
LEDGER = Ledger(usd(10)).expire(30.0)[0]


@pytest.mark.parametrize(
    "act",
    [
        lambda: LEDGER.reserve("key", usd(1), 5.0, 6.0),
        lambda: LEDGER.expire(29.0),
        lambda: Ledger(usd(10)).reserve("key", usd(1), 5.0, 9.0).reserve("other", usd(1), 4.0, 9.0),
        lambda: LATE.reserve("key", usd(1), 129.0, 140.0),
        lambda: LATE.expire(129.0),
        lambda: LATE.conclude(129.0),
        lambda: LATE.overrun(129.0),
        lambda: LATE.clear(129.0),
        lambda: LATE.born("second", 129.0),
        lambda: LATE.told(129.0),
        lambda: PURSE.reserve("key", usd(1), 5.0, 9.0)[0].reserve("other", usd(1), 4.0, 9.0),
        lambda: PURSE.conclude(5.0).expire(4.0),
        lambda: PURSE.clear(5.0).expire(4.0),
        lambda: PURSE.born("second", 5.0).expire(4.0),
        lambda: OLD.reserve("key", usd(1), 129.0, 140.0),
        lambda: OLD.issue("a", usd(1), 129.0),
        lambda: OLD.expire(129.0),
        lambda: OLD.conclude(129.0),
        lambda: OLD.told(129.0),
        lambda: ALLOCATOR.issue("a", usd(5), 5.0)[0].issue("a", usd(6), 4.0),
    ],
)
def test_a_time_before_the_last_that_was_told_is_refused_by_name(act: Callable[[], object]) -> None:
    with pytest.raises(OptionError, match=r"^now: expected"):
        act()


def test_the_same_time_again_is_none_that_runs_backwards() -> None:
    assert LATE.told(130.0) is LATE
    assert LATE.expire(130.0)[0].conclude(130.0) is LATE
    assert LEDGER.expire(30.0)[0] is LEDGER


def test_who_has_said_what_an_epoch_took_spends_nothing_more_in_it() -> None:
    unit = Purse("a", 60, usd(4)).begun(0).told(61.0)
    assert unit.report(0).final
    with pytest.raises(OptionError, match=r"^now: expected"):
        unit.reserve("key", usd(4), 55.0, 58.0)


def test_nothing_is_said_of_an_epoch_before_the_purse_was_told_that_it_is_over() -> None:
    unit = Purse("a", 60, usd(4))
    for early in (
        unit,
        unit.told(61.0),
        unit.begun(0).told(59.0),
        unit.reserve("key", usd(1), 59.0, 61.0)[0],
    ):
        with pytest.raises(
            OptionError, match=r"^epoch: expected one that was begun, and told to be over, from 0"
        ):
            early.report(0)
    unit = unit.begun(0)
    assert unit.reserve("key", usd(1), 61.0, 62.0)[0].report(0).final
    later = unit.reserve("key", usd(1), 1.0, 2.0)[0].reserve("next", usd(1), 61.0, 62.0)[0].told(125.0)
    assert (later.over, later.forget(0).over, unit.over) == ((0, 1), (1,), ())


def test_what_was_over_in_another_life_stays_over_where_the_clock_was_set_back() -> None:
    allocator = Allocator(Purse.root("acme", Budget(usd=4, per=60)), {"a": usd(4)}, purses={"a": "first"})
    unit = Purse("a", 60, usd(4), id="first").begun(0).told(65.0)  # its clock is ahead
    again = unit.reopened()
    with pytest.raises(BudgetExhausted, match="epoch 0 was over, or spent, in another life") as caught:
        again.reserve("call", usd(4), 57.0, 70.0)
    assert caught.value.again == 3.0
    assert again.reserve("call", usd(4), 60.0, 70.0)[1] == 1
    assert again.told(57.0).report(0) == unit.report(0)
    assert again.told(57.0).reopened().ended == 1
    level = allocator.begun(0).told(61.0).succeeded(2)  # and has reported what its units may have spent
    with pytest.raises(BudgetExhausted, match="no account in epoch 0 any more"):
        level.issue("a", usd(4), 57.0)
    assert allocator.begun(0).told(59.0).succeeded(2).issue("a", usd(4), 57.0)[1].epoch == 0


def test_nor_is_anything_reserved_in_one_that_was_reported_and_forgotten_and_that_is_said_as_a_want_of_money() -> (
    None
):
    unit = Purse("a", 60, usd(4), id="first").begun(0).told(65.0).forget(0)
    again = unit.reopened()
    assert again.ended == 1
    with pytest.raises(BudgetExhausted, match="epoch 0 was over, or spent, in another life") as caught:
        again.reserve("call", usd(4), 57.0, 70.0)
    assert caught.value.again == 3.0
    again = again.told(57.0).begun(0).begun(1)
    assert (again.over, again.reserve("call", usd(4), 60.0, 70.0)[1]) == ((), 1)


def test_in_another_life_times_are_those_of_its_clock() -> None:
    ledger = LATE.reserve("key", usd(1), 131.0, 140.0)[0].reopened().ledger(2)
    assert (ledger.seen, ledger.reserved) == (None, usd(1))
    purse, epoch = LATE.reserve("key", usd(1), 131.0, 140.0)[0].reopened().reserve("k", usd(2), 125.0, 140.0)
    assert (epoch, purse.ledger(2).reserved) == (2, usd(3))
    _, contract = OLD.succeeded(2).issue("a", usd(5), 125.0)
    assert contract.grant == usd(5)


def test_a_bill_that_comes_when_its_epoch_is_forgotten_leaves_units_the_floors_they_take_unasked() -> None:
    allocator, epoch = ALLOCATOR.begun(3).reserve("call", Vector(), 190.0, 200.0)
    late = allocator.forget(epoch).settle(epoch, "call", usd(10), bounded=False)
    ledger = late.begun(epoch + 1).purse.ledger(epoch + 1)
    assert ledger.open["a"].upper == usd(4)
    assert (ledger.overrun, ledger.blocked) == (usd(4), True)
    over = (
        allocator.begun(epoch + 1).forget(epoch).told(310.0)
    )  # the one after it is over, and may be reported
    late = over.settle(epoch, "call", usd(3), bounded=False)
    assert late.report(epoch + 1) == over.report(epoch + 1)
    assert late.purse.ledger(epoch + 1).closed.keys() == set()
    assert late.purse.ledger(epoch + 2).spent == usd(3)
    assert allocator.forget(epoch).settle(epoch, "call", usd(10)) == allocator.forget(epoch)
    with pytest.raises(OptionError, match=r"^key: expected"):
        allocator.settle(epoch, "a", usd(1))


def test_who_is_no_unit_has_no_purse_and_no_purse_is_called_unheard_of() -> None:
    with pytest.raises(OptionError, match=r"^unit: expected"):
        ALLOCATOR.renewed("nobody", "second", 1.0)
    with pytest.raises(OptionError, match=r"^purse: expected"):
        ALLOCATOR.renewed("a", UNHEARD, 1.0)


def test_a_purse_that_is_new_by_a_clock_behind_is_taken_at_the_time_of_the_one_before() -> None:
    allocator = ALLOCATOR.renewed("a", "second", 30.0)
    assert allocator.renewed("a", "third", 29.0) is allocator  # it could be a late word of one before
    known = allocator.renewed("a", "third", max(29.0, allocator.births["a"]))
    assert known.purses["a"] == "third"
    assert known.gone(0, "a") == usd(4)


class Kept:
    """Books with a purse of another life in them, whose clock was far ahead; what is saved is counted."""

    def __init__(self) -> None:
        self.saved = 0

    async def call(self, method: Any, part: str, *value: Any) -> Any:
        self.saved += bool(value)
        purse = Purse.root("a", Budget(usd=10, per=60)).told(1e12)
        return None if value else (7, purse, Unbounded())


async def test_a_till_goes_on_by_its_own_clock_and_writes_nothing_where_nothing_was_overdue() -> None:
    books: Any = Kept()
    till = Till("a", books, 60.0, usd(10))
    await till.begin()
    await till.expire()
    assert till.report() == ()
    assert books.saved == 0
    assert till.spent() == (Vector(), usd(10))
    await till.clear()


class Written:
    """Books that keep what is saved last."""

    def __init__(self) -> None:
        self.last: Any = None

    async def call(self, method: Any, part: str, *value: Any) -> Any:
        if value:
            (self.last,) = value
        return self.last


async def test_a_till_that_dies_before_its_first_contract_is_written_is_followed_by_the_same_purse() -> None:
    books: Any = Written()
    first = Till("a", books, 60.0, usd(10))
    await first.begin()
    contract = Contract("a", 0, usd(5), Seal(1, 1), first.id)  # it would count as spent if `first` were lost
    second = Till("a", books, 60.0, usd(10))
    await second.begin()
    assert second.id == first.id
    assert second.spent() == (Vector(), Vector())
    assert (await second.accept(contract)).holds == usd(5)


async def test_that_an_epoch_is_over_is_written_before_it_is_reported() -> None:
    books: Any = Written()
    till = Till("a", books, 60.0, usd(10))
    await till.begin()
    await till.accept(Contract("a", 0, usd(5), Seal(1, 1), till.id))
    await asyncio.sleep(61.0)
    assert till.report() == ()
    await till.expire()
    assert [report.epoch for report in till.report()] == [0]
    assert books.last[1].over == (0,)
    again = books.last[1].reopened()
    with pytest.raises(BudgetExhausted, match="in another life"):
        again.reserve("call", usd(1), 59.0, 70.0)


async def test_a_system_3_whose_clock_is_behind_that_of_the_one_before_hears_of_a_new_purse() -> None:
    charges = {"a": Charge("a", 1.0, usd(4), 0.4)}
    accounts: Any = None
    bargaining = Bargaining(
        None, Charter("acme", per=60.0, floor=usd(10)), charges, accounts, dict, Patience(None)
    )
    assert bargaining.allocator is not None
    known = replace(bargaining.allocator, purses={"a": "first"}, births={"a": 9999.0})
    bargaining.begin(replace(known, purse=known.purse.told(9999.0)))
    bargaining.renewed("a", "second")
    assert bargaining.allocator.purses == {"a": "second"}
    assert bargaining.reports() == ()
