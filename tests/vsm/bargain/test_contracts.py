"""Contracts by example: cut off, late, replaced, shrunk; the bargain as a talk; and what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import nan

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    Accepted,
    Allocator,
    Budget,
    BudgetExhausted,
    Contract,
    Cost,
    Ledger,
    Purse,
    Report,
    Seal,
    StaleContract,
    Talk,
    Vector,
)


def usd(amount: float) -> Vector:
    return Vector(usd=amount)


BUDGET = Budget(usd=100, per=60)
TOP = Allocator(Purse.root("acme", BUDGET), {"a": usd(10), "b": usd(5)}, grace=20.0)
UNIT = Purse("a", 60.0, usd(10))


def test_floors_are_set_aside_before_anything_else() -> None:
    top, _ = TOP.reserve("call", usd(85), 0.0, 30.0)
    with pytest.raises(BudgetExhausted, match="not covered"):
        top.reserve("other", usd(1), 0.0, 30.0)


def test_a_contract_is_set_aside_when_it_is_issued_and_a_decrease_when_it_is_accepted() -> None:
    top, more = TOP.issue("a", usd(60), 0.0)
    assert top.purse.ledger(0).available == usd(35)
    unit, answer = UNIT.accept(more)
    top = top.accepted(answer)
    top, less = top.issue("a", usd(20), 10.0)
    assert top.purse.ledger(0).available == usd(35)
    unit, _ = unit.reserve("call", usd(30), 12.0, 40.0)
    unit, answer = unit.accept(less)
    assert answer.holds == usd(30)
    assert top.accepted(answer).purse.ledger(0).available == usd(65)
    with pytest.raises(BudgetExhausted, match="not covered"):
        unit.reserve("other", usd(1), 13.0, 40.0)


def test_of_its_first_contract_a_level_sets_the_floors_of_its_units_aside_and_later_has_them_in_any_case() -> (
    None
):
    level = Allocator(Purse("a", 60.0, usd(15), kept=0), TOP.floors)
    less = Contract("a", 0, usd(4), Seal(1, 1))
    after, answer = level.accept(less, first=True)
    assert answer.holds == after.purse.ledger(0).committed == usd(4)  # it may have lent the rest to others
    after, answer = level.accept(less)
    assert answer.holds == after.purse.ledger(0).committed == usd(15)


def test_an_answer_to_an_older_contract_changes_nothing() -> None:
    top, first = TOP.issue("a", usd(20), 0.0)
    _, answer = UNIT.accept(first)
    top, _ = top.issue("a", usd(60), 1.0)
    assert top.accepted(answer) == top


def test_nobody_gets_less_than_its_floor_or_more_than_there_is() -> None:
    assert TOP.issue("a", usd(0), 0.0)[1].grant == usd(10)
    with pytest.raises(BudgetExhausted, match="an increase"):
        TOP.issue("a", usd(96), 0.0)


def test_taking_a_contract_again_changes_nothing_and_answers_again() -> None:
    _, contract = TOP.issue("a", usd(60), 0.0)
    once, answer = UNIT.accept(contract)
    spent, _ = once.reserve("call", usd(30), 0.0, 40.0)
    twice, again = spent.accept(contract)
    assert (twice, again) == (spent, answer)


def test_two_allocators_after_a_partition_the_older_is_refused() -> None:
    top, old = TOP.issue("a", usd(20), 0.0)
    new_top, new = top.succeeded(2).issue("a", usd(30), 1.0)
    _, older = top.issue("a", usd(80), 2.0)
    unit, _ = UNIT.accept(old)
    unit, answer = unit.accept(new)
    for stale in (old, older):
        with pytest.raises(StaleContract, match=r"'a': expected a seal of at least 2.1, got: 1\."):
            unit.accept(stale)
    assert new_top.accepted(answer).purse.ledger(0).available == usd(65)


def test_a_unit_cut_off_spends_its_contract_then_its_floor_and_a_late_report_settles_once() -> None:
    top, contract = TOP.issue("a", usd(60), 0.0)
    unit, _ = UNIT.accept(contract)
    unit, _ = unit.reserve("call", usd(50), 5.0, 20.0)
    with pytest.raises(BudgetExhausted, match="not covered"):
        unit.reserve("big", usd(11), 61.0, 80.0)
    unit, epoch = unit.reserve("small", usd(9), 61.0, 80.0)
    assert epoch == 1
    top = top.expire(80.0)
    assert top.purse.ledger(0).spent == usd(65)
    unit = unit.told(90.0)
    first = unit.report(0)
    assert first == Report("a", 0, usd(50), final=False)
    top = top.reported(first)
    unit = unit.settle(0, "call", usd(42))
    top = top.reported(unit.told(95.0).report(0))
    assert top.purse.ledger(0).spent == usd(47)
    assert top.reported(first) == top
    unit, gone = unit.expire(200.0)
    assert gone == ((1, "small"),)
    assert unit.report(1) == Report("a", 1, usd(9), final=False)


def test_a_report_on_an_epoch_the_allocator_slept_through_is_no_overrun() -> None:
    top = TOP.reported(Report("a", 3, usd(7), final=True))
    ledger = top.purse.ledger(3)
    assert (ledger.spent, ledger.reserved, ledger.overrun) == (usd(7), usd(5), Vector())


def test_an_overrun_below_is_an_overrun_above() -> None:
    unit, epoch = UNIT.reserve("call", usd(10), 0.0, 20.0)
    unit = unit.settle(epoch, "call", Cost(usd=13))
    top = TOP.reported(unit.told(60.0).report(0))
    assert (top.purse.ledger(0).overrun, top.purse.ledger(0).blocked) == (usd(3), True)


def test_in_no_order_do_answers_and_reports_block_an_allocator_that_has_its_books() -> None:
    top, more = TOP.issue("a", usd(80), 0.0)
    unit, held = UNIT.accept(more)
    unit, epoch = unit.reserve("call", usd(60), 1.0, 20.0)
    top, less = top.issue("a", usd(20), 2.0)
    unit, keeps = unit.accept(less)
    unit = unit.told(60.0)
    words = (held, keeps, keeps, unit.report(0), unit.settle(epoch, "call", usd(50)).report(0))
    for order in permutations(words):
        ledger = _after(top, order)
        assert (ledger.spent, ledger.overrun, ledger.blocked) == (usd(50), Vector(), False)


def test_what_a_unit_holds_by_another_s_word_is_an_overrun_where_its_report_comes_before_its_answer() -> None:
    unit, _ = UNIT.accept(TOP.issue("a", usd(80), 0.0)[1])
    unit, epoch = unit.reserve("call", usd(60), 1.0, 20.0)
    without_books, contract = replace(TOP, term=2).issue("a", usd(20), 2.0)
    unit, answer = unit.settle(epoch, "call", usd(60)).accept(contract)
    report = unit.told(60.0).report(0)
    for order, overrun in (((answer, report), 0), ((report, answer), 40)):
        ledger = _after(without_books, order)
        assert (ledger.spent, ledger.overrun, ledger.blocked) == (usd(60), usd(overrun), overrun > 0)
        assert ledger.clear().available == usd(35)  # what it took is counted once, in either order


def _after(top: Allocator, words: Sequence[Accepted | Report]) -> Ledger:
    for word in words:
        top = top.accepted(word) if isinstance(word, Accepted) else top.reported(word)
    return top.purse.ledger(0)


def test_what_is_forgotten_counts_no_more() -> None:
    unit, epoch = UNIT.reserve("call", usd(10), 0.0, 20.0)
    unit = unit.settle(epoch, "call", usd(1)).forget(0)
    assert unit.settle(0, "call", usd(9)) == unit
    with pytest.raises(StaleContract):
        unit.accept(Contract("a", 0, usd(50), Seal(1, 1)))
    top, contract = TOP.issue("a", usd(20), 0.0)
    top = top.forget(0)
    assert top.accepted(Accepted("a", 0, usd(20), contract.seal)) == top
    assert not top.issued


def test_a_talk_ends_in_agreement_or_in_the_floor() -> None:
    talk = Talk("a", offer=usd(20), most=usd(40), floor=usd(10), rounds=2)
    assert talk.accepted().agreed == usd(20)
    assert talk.countered(usd(35)).agreed == usd(35)
    talk = talk.countered(usd(100))
    assert (talk.offer, talk.agreed) == (usd(40), None)
    talk = talk.countered(usd(90)).countered(usd(90))
    assert (talk.agreed, talk.imposed) == (usd(10), True)
    assert talk.countered(usd(5)) == talk == talk.accepted()


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("per", lambda: Purse("a", 0.0)),
        ("contract.unit", lambda: UNIT.accept(Contract("b", 0, usd(1), Seal(1, 1)))),
        ("epoch", lambda: UNIT.report(0)),
        ("epoch", lambda: UNIT.told(59.9).report(0)),
        ("epoch", lambda: TOP.report(0)),
        ("now", lambda: UNIT.told(nan)),
        ("now", lambda: TOP.told(nan)),
        ("now", lambda: UNIT.reserve("call", usd(1), nan, 1.0)),
        ("now", lambda: UNIT.forget(5).reserve("call", usd(1), 0.0, 1.0)),
        ("floors", lambda: Allocator(Purse.root("acme", BUDGET), {"a": usd(60), "b": usd(50)})),
        ("grace", lambda: Allocator(Purse.root("acme", BUDGET), {}, grace=-1.0)),
        ("term", lambda: Allocator(Purse.root("acme", BUDGET), {}, term=0)),
        ("term", lambda: TOP.succeeded(1)),
        ("unit", lambda: TOP.issue("nobody", usd(1), 0.0)),
        ("report.unit", lambda: TOP.reported(Report("nobody", 0, usd(1), final=True))),
        ("key", lambda: TOP.reserve("a", usd(1), 0.0, 1.0)),
        ("rounds", lambda: Talk("a", usd(1), usd(1), usd(1), rounds=-1)),
        ("offer", lambda: Talk("a", usd(2), usd(1), usd(1))),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
