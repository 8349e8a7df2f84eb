"""A unit that has lost its purse: what it held counts as spent, and contracts for it reach no other."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    UNHEARD,
    Allocator,
    AnotherPurse,
    Budget,
    BudgetExhausted,
    Purse,
    Report,
    Seal,
    StaleContract,
    Vector,
)


def usd(amount: float) -> Vector:
    """So many dollars."""
    return Vector(usd=amount)


TOP = Allocator(
    Purse.root("acme", Budget(usd=100, per=60)),
    {"a": usd(10), "b": usd(5)},
    grace=10.0,
    purses={"a": UNHEARD, "b": UNHEARD},
)


def begun() -> tuple[Allocator, Purse]:
    """The unit `a` holds forty of a hundred, from its first purse."""
    allocator, contract = TOP.renewed("a", "first", 0.0).issue("a", usd(40), 1.0)
    purse, accepted = Purse("a", 60, usd(10), id="first").accept(contract)
    return allocator.accepted(accepted), purse


def test_a_contract_for_a_purse_that_is_lost_is_refused_with_the_one_there_is() -> None:
    allocator, _ = begun()
    _, contract = allocator.issue("a", usd(50), 2.0)
    with pytest.raises(AnotherPurse, match="'second'") as refused:
        Purse("a", 60, usd(10)).born("second", 2.0).accept(contract)
    assert (refused.value.purse, refused.value.meant) == ("second", "first")


def test_a_purse_that_knows_of_no_other_has_no_floor_in_the_epoch_in_which_it_is_born() -> None:
    born = Purse("a", 60, usd(10)).born("second", 70.0)
    assert born.ledger(1).grant == Vector()
    assert born.ledger(0).grant == born.ledger(2).grant == usd(10)


@given(st.floats(0, 40), st.floats(0, 100), st.floats(0, 1))
def test_what_was_lost_and_what_comes_on_top_are_never_more_than_there_is(
    spent: float, grant: float, part: float
) -> None:
    allocator, _ = begun()  # of which the unit may have spent anything, `spent`, when it lost it
    allocator = allocator.renewed("a", "second", 2.0)
    assert allocator.gone(0, "a") == usd(40)
    wanted = usd(grant).least(allocator.purse.ledger(0).available)
    allocator, contract = allocator.issue("a", wanted, 2.0)
    purse, accepted = Purse("a", 60, usd(10)).born("second", 2.0).accept(contract)
    allocator = allocator.accepted(accepted)
    ledger = allocator.purse.ledger(0)
    assert usd(spent) + purse.ledger(0).grant <= ledger.open["a"].upper
    assert ledger.committed <= ledger.grant
    paid = purse.ledger(0).grant.times(part)
    closed = allocator.reported(Report("a", 0, paid, True, "second")).purse.ledger(0).closed["a"]
    assert closed.actual == usd(40) + paid


def test_to_hear_of_the_same_purse_again_changes_nothing_and_nothing_is_lost_of_the_first() -> None:
    allocator, _ = begun()
    assert allocator.renewed("a", "first", 2.0) is allocator
    assert TOP.begun(0).renewed("a", "first", 1.0).lost == {}


def test_what_was_lost_is_forgotten_with_its_epoch() -> None:
    allocator, _ = begun()
    assert allocator.renewed("a", "second", 2.0).forget(0).lost == {}


def test_less_than_the_floor_is_granted_where_that_is_lost_and_no_more_is_there() -> None:
    allocator, contract = TOP.renewed("b", "x", 0.0).issue("b", usd(88), 1.0)
    allocator = allocator.renewed("b", "y", 1.0)
    allocator, contract = allocator.issue("b", usd(1), 2.0)
    assert contract.grant == usd(2)  # of a floor of five there are two
    assert contract.purse == "y"


def test_who_outbids_a_predecessor_that_left_no_books_is_heard() -> None:
    allocator, purse = begun()
    known, accepted = Seal(7, 3), None
    purse, accepted = purse.accept(
        TOP.renewed("a", "first", 0.0).outbid("a", Seal(6, 0)).issue("a", usd(20), 3.0)[1]
    )
    assert accepted.seal.term == known.term
    _, contract = allocator.issue("a", usd(30), 4.0)
    with pytest.raises(StaleContract) as refused:
        purse.accept(contract)
    _, contract = allocator.outbid("a", refused.value.known).issue("a", usd(30), 4.0)
    assert purse.accept(contract)[1].holds == usd(30)


def test_what_counted_as_spent_when_the_epoch_was_over_still_does_when_the_purse_is_heard_to_be_lost() -> (
    None
):
    allocator, purse = begun()
    purse, _ = purse.reserve("call", usd(40), 2.0, 20.0)
    allocator = allocator.expire(71.0)  # nobody has reported
    assert allocator.purse.ledger(0).spent == usd(45)
    second = Purse("a", 60, usd(10)).born("second", 50.0)
    for after in (
        allocator.renewed("a", "second", 50.0).reported(second.told(72.0).report(0)),
        # its word before its name
        allocator.reported(second.told(72.0).report(0)).renewed("a", "second", 50.0),
    ):
        assert after.purse.ledger(0).spent == usd(45)
        assert after.told(80.0).report(0).spent == usd(45)


def test_what_a_lost_purse_reported_with_its_last_word_is_all_that_counts() -> None:
    allocator, purse = begun()
    purse, epoch = purse.reserve("call", usd(40), 2.0, 20.0)
    allocator = allocator.reported(purse.settle(epoch, "call", usd(7)).told(61.0).report(0))
    allocator = allocator.renewed("a", "second", 62.0)
    assert allocator.purse.ledger(0).closed["a"].actual == usd(7)
    assert allocator.gone(0, "a") == usd(0)
    assert allocator.gone(1, "a") == usd(10)  # of the epoch in which it was born the one before had the floor


def test_a_purse_without_an_id_is_lost_like_any_other() -> None:
    allocator = Allocator(TOP.purse, TOP.floors)
    allocator, contract = allocator.issue("a", usd(40), 1.0)
    _, accepted = Purse("a", 60, usd(10)).accept(contract)
    allocator = allocator.accepted(accepted).renewed("a", "second", 3.0)
    assert allocator.gone(0, "a") == usd(40)
    allocator, contract = allocator.issue("a", usd(40), 4.0)
    _, accepted = Purse("a", 60, usd(10)).born("second", 3.0).accept(contract)
    assert allocator.accepted(accepted).purse.ledger(0).committed == usd(85)


def test_the_floor_that_a_lost_purse_had_counts_also_where_the_epoch_was_not_begun() -> None:
    allocator, _ = begun()
    allocator = allocator.renewed("a", "second", 61.0)
    assert allocator.gone(1, "a") == usd(10)
    assert allocator.gone(2, "a") == usd(0)


def test_a_late_word_of_a_purse_that_is_lost_changes_nothing() -> None:
    allocator, first = begun()
    allocator = allocator.renewed("a", "second", 2.0)
    assert allocator.renewed("a", "first", 0.0) is allocator
    assert allocator.reported(first.told(60.0).report(0)) is allocator


def test_of_the_epochs_before_it_was_born_a_purse_says_nothing() -> None:
    born = Purse("a", 60, usd(10)).born("second", 70.0)
    with pytest.raises(
        OptionError, match=r"^epoch: expected one that was begun, and told to be over, from 1 to 2,"
    ):
        born.told(200.0).report(0)


def test_a_unit_whose_clock_is_ahead_is_granted_nothing_in_an_epoch_for_which_it_has_reported() -> None:
    for final in (True, False):
        allocator = TOP.renewed("a", "first", 0.0).reported(Report("a", 0, usd(1), final, "first"))
        with pytest.raises(BudgetExhausted, match="no account in epoch 0 any more"):
            allocator.issue("a", usd(1000), 1.0)
    with pytest.raises(BudgetExhausted, match="no account in epoch 0 any more"):
        TOP.begun(0).forget(3).issue("a", usd(1), 1.0)


def test_floors_are_set_aside_where_a_call_of_which_nobody_knew_has_blocked_the_epoch() -> None:
    for took, left in ((1, 15), (88, 12), (200, 0)):
        allocator = replace(TOP, purse=TOP.purse.settle(0, "call", usd(took)))
        assert allocator.purse.ledger(0).blocked
        assert allocator.begun(0).purse.ledger(0).reserved == usd(left)
        assert allocator.told(60.0).report(0).spent == usd(took + left)
        assert allocator.reported(Report("a", 0, usd(2), True, "?")).purse.ledger(0).closed[
            "a"
        ].actual == usd(2)


def test_a_late_report_on_an_epoch_that_is_forgotten_brings_it_not_back() -> None:
    allocator = TOP.forget(100)
    assert not allocator.reported(Report("a", 1, usd(1), True, "?")).purse.ledgers
    assert allocator.begun(100) is allocator


def test_a_unit_that_holds_more_than_there_is_by_the_word_of_another_is_no_error_when_it_answers() -> None:
    allocator, contract = replace(TOP, purse=TOP.purse.born("new", 1.0)).issue("a", usd(0), 2.0)
    purse, _ = Purse("a", 60, usd(10)).reserve("call", usd(10), 1.0, 20.0)
    _, accepted = replace(purse, id="?").accept(contract)
    assert accepted.holds == usd(10)
    assert allocator.accepted(accepted).purse.ledger(0).committed == usd(0)
