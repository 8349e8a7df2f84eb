"""Calls of which no upper bound is known: until their end they may take all that is left, and count so."""

from itertools import permutations
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    Allocator,
    Budget,
    BudgetExhausted,
    Cost,
    Ledger,
    Purse,
    Report,
    Seal,
    StaleContract,
    Vector,
)
from cybernetic.vsm.bargain.contract import Accepted, Contract
from cybernetic.vsm.bargain.refusals import AnotherPeriod, AnotherPurse


def usd(amount: float) -> Vector:
    """So many dollars."""
    return Vector(usd=amount)


NOTHING = Vector()
PURSE = Purse.root("acme", Budget(usd=10, per=60))
LEVEL = Allocator(PURSE, {})


def test_a_report_is_an_upper_bound_while_such_a_call_is_open() -> None:
    top = Allocator(Purse.root("acme", Budget(usd=10, per=60)), {"a": usd(10)})
    unit, epoch = Purse("a", 60, usd(10)).reserve("call", NOTHING, 50.0, 80.0)
    unit = unit.told(62.0)  # its clock is ahead of the level's
    assert unit.report(0) == Report("a", 0, usd(10), final=False)
    top = top.told(55.0).reported(unit.report(0))
    with pytest.raises(BudgetExhausted, match="not covered"):
        top.reserve("own", usd(1), 56.0, 58.0)
    unit = unit.settle(epoch, "call", usd(7), bounded=False)
    assert unit.report(0) == Report("a", 0, usd(7), final=True)
    assert top.reported(unit.report(0)).purse.ledger(0).available == usd(3)


def test_one_that_is_overdue_counts_as_all_that_is_left_until_it_is_known_better() -> None:
    ledger = Ledger(usd(10)).reserve("known", usd(3), 1.0, 90.0).reserve("call", NOTHING, 1.0, 20.0)
    assert (ledger.committed, ledger.bound) == (usd(3), usd(10))
    ledger, gone = ledger.expire(20.0)
    assert (gone, ledger.closed["call"].actual, ledger.available, ledger.overrun) == (
        ("call",),
        usd(7),
        NOTHING,
        NOTHING,
    )
    lower = ledger.settle("call", usd(6), final=False, bounded=False)
    assert lower.available == usd(1)
    paid = lower.settle("call", usd(7), bounded=False)  # its bill: what was left covers it
    assert (paid.spent, paid.overrun, paid.blocked, paid.settled) == (usd(7), NOTHING, False, False)
    more = lower.settle("call", usd(9), bounded=False)
    assert (more.spent, more.overrun, more.blocked) == (usd(9), usd(2), True)


def test_a_report_is_an_upper_bound_until_what_such_a_call_took_is_known() -> None:
    unit, _ = Purse("a", 60, usd(10)).reserve("known", usd(4), 1.0, 90.0)
    unit = unit.reserve("call", NOTHING, 1.0, 20.0)[0].expire(62.0)[0].settle(0, "known", usd(1))
    assert unit.ledger(0).closed["call"].actual == usd(6)
    assert unit.report(0) == Report("a", 0, usd(10), final=False)
    assert unit.billed("call", usd(9)).report(0) == Report("a", 0, usd(10), final=True)
    two = Ledger(usd(10)).reserve("x", NOTHING, 0.0, 5.0).reserve("y", NOTHING, 0.0, 5.0).expire(6.0)[0]
    assert two.settle("x", usd(1)).bound == usd(10)


def test_what_is_never_told_of_such_calls_is_all_that_was_left() -> None:
    ledger = Ledger(usd(10)).reserve("call", NOTHING, 0.0, 5.0).reserve("rest", usd(10), 0.0, 50.0)
    ledger = ledger.expire(6.0)[0].settle("rest", usd(1))
    assert ledger.closed["call"].actual == NOTHING  # the other held all there was
    over = ledger.conclude()
    assert (over.spent, over.overrun, over.settled) == (usd(10), NOTHING, True)
    assert over.conclude() is over
    two = Ledger(usd(10)).reserve("x", NOTHING, 0.0, 5.0).reserve("y", NOTHING, 0.0, 5.0)
    two = two.settle("x", usd(1), final=False, bounded=False).settle("y", usd(2), final=False, bounded=False)
    assert (two.conclude().spent, two.conclude().closed["y"].actual) == (usd(10), usd(2))


def test_a_floor_of_nothing_is_no_such_call() -> None:
    ledger = Ledger(usd(10)).aside("unit", NOTHING, 60.0)
    assert ledger.bound == NOTHING
    after, _ = ledger.expire(61.0)
    assert after.available == usd(10)


def test_a_bill_for_a_call_without_a_bound_is_taken_from_what_is_left_and_for_another_is_an_overrun() -> None:
    purse = Purse("a", 60, usd(10))
    purse, _ = purse.reserve("free", NOTHING, 1.0, 20.0)
    purse, _ = purse.reserve("bound", usd(2), 1.0, 20.0)
    assert purse.billed("free", usd(3)).ledger(0).overrun == NOTHING
    assert purse.billed("bound", usd(3)).ledger(0).overrun == usd(1)
    late = purse.expire(21.0)[0]
    assert late.billed("free", usd(3)).ledger(0).overrun == NOTHING
    assert late.billed("bound", usd(3)).ledger(0).overrun == usd(1)
    dear = late.settle(0, "bound", usd(0)).settle(0, "free", usd(4), final=False, bounded=False)
    assert dear.billed("free", usd(9)).ledger(0).overrun == NOTHING


def test_a_call_is_made_without_a_bound_only_where_something_of_all_is_left() -> None:
    ledger = Ledger(Cost(usd=1, tokens=10)).reserve("tokens", Cost(tokens=10), 1.0, 9.0)
    with pytest.raises(BudgetExhausted, match="nothing is left") as caught:
        ledger.reserve("call", NOTHING, 2.0, 9.0)
    assert caught.value.available == usd(1)
    with pytest.raises(BudgetExhausted, match="over since") as caught:
        Ledger(usd(1), until=60.0).reserve("call", usd(1), 61.0, 70.0)
    assert caught.value.available == NOTHING


def test_an_overrun_that_was_taken_back_blocks_no_more() -> None:
    purse = Purse("a", 60, usd(10)).settle(0, "call", usd(3), final=False)
    assert (purse.ledger(0).overrun, purse.overrun(1.0)) == (usd(3), usd(3))
    purse = purse.settle(0, "call", NOTHING)
    assert (purse.ledger(0).blocked, purse.overrun(1.0)) == (False, NOTHING)


def test_who_is_lost_without_an_id_leaves_its_successor_no_contract() -> None:
    second = Purse("a", 60, usd(10)).born("second", 1.0)
    with pytest.raises(AnotherPurse):
        second.accept(Contract("a", 0, usd(9), Seal(1, 1)))
    with pytest.raises(OptionError, match=r"^id: expected"):
        second.born("", 2.0)


def test_what_is_forgotten_stays_forgotten() -> None:
    purse = Purse("a", 60, usd(10)).forget(5).forget(2)
    assert purse.kept == 6
    with pytest.raises(StaleContract):
        purse.accept(Contract("a", 4, usd(1), Seal(1, 1)))


def test_an_answer_that_says_more_than_there_is_is_heard_also_where_an_overrun_blocks() -> None:
    top = Allocator(Purse.root("acme", Budget(usd=20, per=60)), {"a": usd(4)})
    top, contract = top.issue("a", usd(5), 1.0)
    top = top.settle(0, "call", usd(1))  # never reserved: an overrun
    assert top.purse.ledger(0).blocked
    after = top.accepted(Accepted("a", 0, usd(9), contract.seal))
    assert after.purse.ledger(0).open["a"].upper == usd(5)


def test_a_purse_lost_takes_nothing_of_epochs_to_come_and_an_outbid_term_forgets_what_was_on_its_way() -> (
    None
):
    top = Allocator(Purse.root("acme", Budget(usd=20, per=60)), {"a": usd(4)}, purses={"a": "first"})
    top = top.begun(0).begun(1).renewed("a", "second", 5.0)
    assert (top.gone(0, "a"), top.gone(1, "a")) == (usd(4), NOTHING)
    top, contract = top.issue("a", usd(9), 6.0)
    bid = top.outbid("a", Seal(7, 0))
    assert bid.issued == {}
    assert bid.accepted(Accepted("a", 0, usd(1), contract.seal)) is bid


def test_what_is_no_vector_is_named() -> None:
    ledger = Ledger(usd(10)).reserve("call", usd(1), 1.0, 9.0)
    with pytest.raises(OptionError, match=r"^actual: expected a Vector"):
        ledger.settle("call", 1.0)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"^floor: expected a Vector"):
        Purse("a", 60, 4)  # type: ignore[arg-type]
    for epoch in (1.5, "0", True):
        with pytest.raises(OptionError, match=r"^epoch: expected"):
            Report("a", epoch, usd(1), final=True)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match=r"^epoch: expected"):
            Contract("a", epoch, usd(1), Seal(1, 1))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"^grant: expected a Vector"):
        Contract("a", 0, 1.0, Seal(1, 1))  # type: ignore[arg-type]
    for number in (nan, 1.5):
        for act in (PURSE.forget, PURSE.ledger, PURSE.begun, LEVEL.forget):
            with pytest.raises(OptionError, match=r"^epoch: expected an integer"):
                act(number)  # type: ignore[operator]
        with pytest.raises(OptionError, match=r"^kept: expected an integer"):
            Purse("a", 60, kept=number)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match=r"^ended: expected an integer"):
            Purse("a", 60, ended=number)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"^spent: expected a Vector"):
        Report("a", 0, 1.0, final=True)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"^usd: expected"):
        Vector.of_grains({"usd": 10**400})


def test_a_call_is_settled_as_it_was_reserved() -> None:
    ledger = Ledger(usd(10)).reserve("call", NOTHING, 0.0, 5.0)
    assert ledger.settle("call", usd(3)) == ledger.settle("call", usd(3), bounded=False)
    open_bill = ledger.settle("call", usd(3), final=False)
    assert (open_bill.bound, open_bill.conclude().spent) == (usd(10), usd(10))
    known = Ledger(usd(10)).reserve("call", usd(2), 0.0, 5.0).settle("call", usd(3))
    assert (known.overrun, known.blocked) == (usd(1), True)


def test_what_was_assumed_too_high_blocks_no_longer_than_it_is_assumed() -> None:
    ledger = Ledger(usd(10)).reserve("lost", NOTHING, 0.0, 5.0).reserve("other", NOTHING, 0.0, 50.0)
    ledger = ledger.expire(6.0)[0].settle("other", usd(3))
    assert (ledger.overrun, ledger.blocked) == (usd(3), True)  # the lost one may have taken all ten
    part = ledger.settle("lost", usd(8), final=False)
    assert (part.spent, part.overrun, part.blocked) == (usd(11), usd(1), True)
    all = part.settle("lost", usd(2))
    assert (all.spent, all.overrun, all.blocked) == (usd(5), NOTHING, False)
    assert all.reserve("next", usd(5), 7.0, 9.0).committed == usd(10)


def test_a_bill_above_what_was_reserved_stays_an_overrun_whatever_is_given_back() -> None:
    ledger = Ledger(usd(10)).reserve("dear", usd(2), 0.0, 5.0).reserve("lost", NOTHING, 0.0, 5.0)
    ledger = ledger.settle("dear", usd(3)).expire(6.0)[0].settle("lost", usd(1))
    assert (ledger.overrun, ledger.blocked) == (usd(1), True)


def test_a_word_that_comes_again_in_the_next_epoch_takes_nothing_there() -> None:
    purse, first = PURSE.reserve("call", usd(4), 59.0, 70.0)
    again, epoch = purse.reserve("call", usd(4), 60.5, 70.0)
    assert (first, epoch, again.ledger(0).committed, again.ledger(1).committed) == (0, 0, usd(4), NOTHING)
    with pytest.raises(OptionError, match=r"^upper: "):
        purse.reserve("call", usd(5), 60.5, 70.0)
    settled, epoch = purse.settle(0, "call", usd(1)).reserve("call", usd(4), 60.5, 70.0)
    assert (epoch, settled.ledger(0).committed, settled.ledger(1).committed) == (0, usd(1), NOTHING)


@given(
    st.integers(3, 12),
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=4),
    st.booleans(),
)
def test_in_whatever_order_calls_end_the_ledger_comes_to_the_same(
    grant: int, calls: list[tuple[bool, int]], expires: bool
) -> None:
    ledger, took = Ledger(usd(grant)), dict[str, int]()
    for n, (free, most) in enumerate(calls):
        upper = NOTHING if free else usd(most)
        if free or (most and upper <= ledger.available):
            if free and not ledger.available:
                continue
            ledger = ledger.reserve(str(n), upper, 0.0, 5.0 if n % 2 else 50.0)
            took[str(n)] = most
    ledger = ledger.expire(6.0)[0] if expires else ledger
    ends = set()
    for order in permutations(took):
        after = ledger
        for key in order:
            after = after.settle(key, usd(took[key]))
            assert after.committed <= after.grant + after.overrun
        ends.add((after.spent, after.overrun, after.blocked))
    ((spent, overrun, blocked),) = ends  # nobody has broken his own bound
    assert overrun == spent.less(usd(grant))
    assert blocked is bool(overrun)


def test_an_overrun_that_was_cleared_blocks_no_more_and_another_one_does() -> None:
    ledger = Ledger(usd(20)).reserve("dear", usd(2), 0.0, 50.0).reserve("lost", NOTHING, 0.0, 5.0)
    ledger = ledger.reserve("other", NOTHING, 0.0, 50.0).reserve("last", usd(1), 0.0, 50.0)
    ledger = ledger.settle("dear", usd(3)).clear()
    assert (ledger.overrun, ledger.cleared, ledger.blocked) == (usd(1), usd(1), False)
    ledger = ledger.expire(6.0)[0].settle("other", usd(3))
    assert ledger.blocked
    ledger = ledger.settle("lost", usd(1))
    assert (ledger.overrun, ledger.blocked) == (usd(1), False)  # the one that was cleared
    assert ledger.settle("last", usd(2)).blocked


def test_what_was_cleared_and_is_covered_later_clears_nothing_else() -> None:
    ledger = Ledger(usd(10)).reserve("lost", NOTHING, 0.0, 5.0).reserve("other", NOTHING, 0.0, 50.0)
    ledger = ledger.reserve("bound", usd(1), 0.0, 50.0).expire(6.0)[0].settle("other", usd(3)).clear()
    ledger = ledger.settle("bound", usd(3))
    assert (ledger.overrun, ledger.cleared, ledger.blocked) == (usd(5), usd(3), True)
    ledger = ledger.settle("lost", usd(1))
    assert (ledger.overrun, ledger.cleared, ledger.blocked) == (usd(2), NOTHING, True)
    assert not ledger.clear().blocked


def test_a_clock_that_was_set_back_reserves_nothing_twice() -> None:
    purse, epoch = PURSE.reserve("call", usd(4), 301.0, 320.0)
    again, same = purse.reopened().reserve("call", usd(4), 299.0, 320.0)
    assert (epoch, same, again.ledger(4).committed) == (5, 5, NOTHING)


def test_a_bound_is_told_of_what_was_only_assumed_and_is_not_lowered_by_that() -> None:
    ledger = Ledger(usd(3)).reserve("call", NOTHING, 0.0, 5.0).expire(6.0)[0]
    assert ledger.closed["call"].actual == usd(3)
    told = ledger.settle("call", usd(8), final=False, bounded=True)
    assert (told.bound, told.closed["call"].actual) == (usd(8), usd(8))


@pytest.mark.parametrize("bounded", [None, True, False])
def test_what_is_told_of_one_without_a_bound_is_from_what_is_left_whatever_that_is(
    bounded: bool | None,
) -> None:
    ledger = Ledger(usd(10)).reserve("lost", NOTHING, 0.0, 5.0).reserve("all", usd(10), 0.0, 9.0)
    ledger = ledger.expire(6.0)[0].release("all")
    told = ledger.settle("lost", usd(4), final=False, bounded=bounded)
    billed = told.settle("lost", usd(4))
    for one in (told, billed):
        assert (one.overrun, one.blocked) == (NOTHING, False)
    assert billed.spent == usd(4)
    assert (
        ledger.settle("lost", usd(5), final=False, bounded=bounded).settle("lost", usd(4)).overrun == NOTHING
    )


def test_what_was_set_aside_for_one_without_a_bound_counts_as_taken_with_what_is_left() -> None:
    ledger = Ledger(usd(10)).reserve("x", NOTHING, 0.0, 5.0).revise("x", usd(4))
    assert ledger.expire(6.0)[0].closed["x"].actual == usd(10)


def test_a_contract_that_is_stale_or_for_a_lost_purse_is_that_before_it_is_of_another_period() -> None:
    purse = Purse("a", 60, id="mine", seal=Seal(2, 1))
    with pytest.raises(AnotherPurse):
        purse.accept(Contract("a", 0, usd(1), Seal(3, 1), "lost", 10.0))
    with pytest.raises(StaleContract):
        purse.accept(Contract("a", 0, usd(1), Seal(1, 1), "mine", 10.0))
    with pytest.raises(AnotherPeriod, match=r"epochs of 60 s, got: one for 10 s"):
        purse.accept(Contract("a", 0, usd(1), Seal(3, 1), "mine", 10.0))
