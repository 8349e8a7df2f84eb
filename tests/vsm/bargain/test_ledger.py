"""The ledger by example: reserve, settle, expire, overrun, loans, shrinking, repetition, what is refused."""

from dataclasses import replace
from math import nan

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import BudgetExhausted, Cost, Ledger, Vector

NOTHING = Vector()
FRESH = Ledger(Vector(usd=10.0), until=3600.0)


def usd(amount: float) -> Cost:
    return Cost(usd=amount)


def test_what_is_reserved_is_not_available_and_what_was_not_needed_comes_back() -> None:
    ledger = FRESH.reserve("call", usd(4.0), 0.0, 60.0)
    assert (ledger.available, ledger.spent) == (usd(6.0), NOTHING)
    ledger = ledger.settle("call", usd(1.5))
    assert (ledger.available, ledger.spent, ledger.reserved) == (usd(8.5), usd(1.5), NOTHING)
    assert ledger.settled


def test_what_is_not_covered_is_refused_before_the_call() -> None:
    ledger = FRESH.reserve("call", usd(8.0), 0.0, 60.0)
    with pytest.raises(BudgetExhausted, match=r"at most Vector\(usd=2\), got: Cost\(usd=3\) \(not covered\)"):
        ledger.reserve("other", usd(3.0), 0.0, 60.0)
    with pytest.raises(BudgetExhausted, match="not covered"):
        ledger.reserve("other", Cost(usd=1.0, tokens=1), 0.0, 60.0)
    with pytest.raises(BudgetExhausted, match="over since"):
        ledger.reserve("other", usd(1.0), 3600.0, 3700.0)


@pytest.mark.parametrize(("took", "counts"), [(1.0, 4.0), (6.0, 6.0)])
def test_an_overdue_call_of_which_tries_were_refused_counts_for_no_less_than_they_took(
    took: float, counts: float
) -> None:
    ledger = FRESH.reserve("call", usd(4.0), 0.0, 60.0)
    again = replace(ledger.open["call"], took=usd(took))
    ledger = replace(ledger, open={"call": again})
    assert (ledger.committed, ledger.available) == (usd(counts), usd(10.0 - counts))
    with pytest.raises(BudgetExhausted, match="not covered"):
        ledger.reserve("other", usd(10.5 - counts), 1.0, 60.0)
    assert ledger.expire(60.0)[0].spent == usd(counts)


def test_repetition_changes_nothing() -> None:
    once = FRESH.reserve("call", usd(4.0), 0.0, 60.0)
    assert once.reserve("call", usd(4.0), 5.0, 99.0) == once
    settled = once.settle("call", usd(1.0))
    assert settled.settle("call", usd(1.0)) == settled
    assert settled.settle("call", usd(3.0)) == settled
    assert settled.reserve("call", usd(4.0), 5.0, 99.0) == settled
    with pytest.raises(OptionError, match=r"^upper: expected"):
        once.reserve("call", usd(5.0), 0.0, 60.0)


def test_an_unknown_outcome_counts_as_the_upper_bound_until_somebody_knows() -> None:
    ledger = FRESH.reserve("call", usd(4.0), 0.0, 60.0)
    ledger, keys = ledger.expire(59.9)
    assert keys == ()
    ledger, keys = ledger.expire(60.0)
    assert keys == ("call",)
    assert (ledger.spent, ledger.settled, ledger.blocked) == (usd(4.0), False, False)
    ledger = ledger.settle("call", usd(1.0))
    assert (ledger.spent, ledger.settled) == (usd(1.0), True)
    assert ledger.settle("call", usd(2.0)).spent == usd(1.0)


def test_an_overrun_is_charged_and_blocks_until_it_is_cleared() -> None:
    ledger = FRESH.reserve("call", usd(4.0), 0.0, 60.0).settle("call", usd(5.0))
    assert (ledger.spent, ledger.overrun, ledger.blocked) == (usd(5.0), usd(1.0), True)
    with pytest.raises(BudgetExhausted, match=r"an overrun of Vector\(usd=1\) is not cleared"):
        ledger.reserve("other", usd(0.1), 0.0, 60.0)
    ledger = ledger.clear().reserve("other", usd(5.0), 0.0, 60.0)
    assert ledger.available == NOTHING


def test_a_late_overrun_is_one_too_and_spending_may_then_exceed_the_grant_by_it_alone() -> None:
    ledger = FRESH.reserve("a", usd(10.0), 0.0, 60.0).expire(60.0)[0].settle("a", usd(12.5))
    assert (ledger.spent, ledger.overrun, ledger.available, ledger.blocked) == (
        usd(12.5),
        usd(2.5),
        NOTHING,
        True,
    )
    assert ledger.regrant(usd(1.0)).grant == usd(10.0)


def test_what_was_never_reserved_is_an_overrun_whole() -> None:
    ledger = FRESH.settle("stray", usd(2.0))
    assert (ledger.spent, ledger.overrun, ledger.blocked) == (usd(2.0), usd(2.0), True)


def test_a_bound_can_be_lowered_by_a_bound_and_is_replaced_by_a_final_word() -> None:
    ledger = FRESH.reserve("unit", usd(8.0), 0.0, 60.0).settle("unit", usd(5.0), final=False)
    assert (ledger.spent, ledger.settled) == (usd(5.0), False)
    ledger = ledger.settle("unit", usd(6.0), final=False)
    assert ledger.spent == usd(5.0)
    ledger = ledger.settle("unit", usd(3.0), final=False)
    assert ledger.spent == usd(3.0)
    above = ledger.settle(
        "unit", usd(4.0)
    )  # the bound was wrong: what was given back may be in use by others
    assert (above.spent, above.overrun, above.blocked) == (usd(4.0), usd(1.0), True)


def test_an_overrun_that_was_only_feared_is_taken_back() -> None:
    ledger = FRESH.reserve("unit", usd(8.0), 0.0, 60.0).settle("unit", usd(9.0), final=False)
    assert (ledger.overrun, ledger.blocked) == (usd(1.0), True)
    ledger = ledger.settle("unit", usd(7.0))
    assert (ledger.spent, ledger.overrun, ledger.blocked) == (usd(7.0), NOTHING, False)
    assert ledger.available == usd(3.0)


def test_an_overrun_that_is_known_and_cleared_blocks_not_again_but_more_of_it_does() -> None:
    known = FRESH.reserve("unit", usd(4.0), 0.0, 60.0).settle("unit", usd(5.0), final=False).clear()
    for told in (4.5, 5.0):
        assert not known.settle("unit", usd(told)).blocked
    assert known.settle("unit", usd(5.5)).blocked


def test_a_loan_does_not_grow_while_an_overrun_is_not_cleared_but_it_shrinks() -> None:
    ledger = FRESH.reserve("unit", usd(4.0), 0.0, 60.0).settle("stray", usd(1.0))
    with pytest.raises(BudgetExhausted, match=r"at most Vector\(\), got: Vector\(usd=1\)"):
        ledger.revise("unit", usd(5.0))
    assert ledger.revise("unit", usd(3.0)).reserved == usd(3.0)
    assert ledger.clear().revise("unit", usd(5.0)).reserved == usd(5.0)


def test_what_is_taken_without_asking_is_set_aside_also_where_nothing_may_be_reserved() -> None:
    ledger = FRESH.settle("stray", usd(7.0))
    assert ledger.aside("unit", usd(2.0), 70.0).reserved == usd(2.0)
    assert ledger.aside("unit", usd(4.0), 70.0).reserved == usd(3.0)
    assert ledger.aside("stray", usd(1.0), 70.0) is ledger


def test_a_call_not_made_costs_nothing() -> None:
    assert FRESH.reserve("call", usd(4.0), 0.0, 60.0).release("call").available == usd(10.0)


def test_a_loan_can_grow_and_shrink() -> None:
    ledger = FRESH.reserve("unit", usd(4.0), 0.0, 60.0).revise("unit", usd(9.0))
    assert ledger.available == usd(1.0)
    with pytest.raises(BudgetExhausted, match="an increase"):
        ledger.revise("unit", usd(10.5))
    assert ledger.revise("unit", usd(2.0)).available == usd(8.0)
    settled = ledger.settle("unit", usd(1.0))
    assert settled.revise("unit", usd(9.0)) == settled


def test_a_grant_shrunk_below_what_is_committed_is_clamped_and_nothing_more_is_reserved() -> None:
    ledger = FRESH.reserve("a", usd(3.0), 0.0, 60.0).settle("a", usd(2.0)).reserve("b", usd(4.0), 0.0, 60.0)
    shrunk = ledger.regrant(usd(1.0))
    assert (shrunk.grant, shrunk.available) == (usd(6.0), NOTHING)
    with pytest.raises(BudgetExhausted, match="not covered"):
        shrunk.reserve("c", usd(0.1), 0.0, 60.0)
    assert shrunk.settle("b", usd(1.0)).available == usd(3.0)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("now", lambda: FRESH.reserve("call", usd(1.0), nan, 60.0)),
        ("until", lambda: FRESH.reserve("call", usd(1.0), 60.0, 60.0)),
        ("until", lambda: FRESH.reserve("call", usd(1.0), 0.0, nan)),
        ("now", lambda: FRESH.expire(nan)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
