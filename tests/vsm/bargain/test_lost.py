"""A unit that has lost its purse: what it held counts as spent, and contracts for it reach no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.vsm.bargain import Allocator, AnotherPurse, Budget, Purse, Report, Seal, StaleContract, Vector


def usd(amount: float) -> Vector:
    """So many dollars."""
    return Vector(usd=amount)


TOP = Allocator(Purse.root("acme", Budget(usd=100, per=60)), {"a": usd(10), "b": usd(5)})


def begun() -> tuple[Allocator, Purse]:
    """The unit `a` holds forty of a hundred, from its first purse."""
    allocator, contract = TOP.renewed("a", "first").issue("a", usd(40), 1.0)
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
    allocator = allocator.renewed("a", "second")
    assert allocator.gone(0, "a") == usd(40)
    wanted = usd(grant).least(allocator.purse.ledger(0).available)
    allocator, contract = allocator.issue("a", wanted, 2.0)
    purse, accepted = Purse("a", 60, usd(10)).born("second", 2.0).accept(contract)
    allocator = allocator.accepted(accepted)
    ledger = allocator.purse.ledger(0)
    assert usd(spent) + purse.ledger(0).grant <= ledger.open["a"].upper
    assert ledger.committed <= ledger.grant
    paid = purse.ledger(0).grant.times(part)
    closed = allocator.reported(Report("a", 0, paid, True)).purse.ledger(0).closed["a"]
    assert closed.actual == usd(40) + paid


def test_to_hear_of_the_same_purse_again_changes_nothing_and_nothing_is_lost_of_the_first() -> None:
    allocator, _ = begun()
    assert allocator.renewed("a", "first") is allocator
    assert TOP.begun(0).renewed("a", "first").lost == {}


def test_what_was_lost_is_forgotten_with_its_epoch() -> None:
    allocator, _ = begun()
    assert allocator.renewed("a", "second").forget(0).lost == {}


def test_less_than_the_floor_is_granted_where_that_is_lost_and_no_more_is_there() -> None:
    allocator, contract = TOP.renewed("b", "x").issue("b", usd(88), 1.0)
    allocator = allocator.renewed("b", "y")
    allocator, contract = allocator.issue("b", usd(1), 2.0)
    assert contract.grant == usd(2)  # of a floor of five there are two
    assert contract.purse == "y"


def test_who_outbids_a_predecessor_that_left_no_books_is_heard() -> None:
    allocator, purse = begun()
    known, accepted = Seal(7, 3), None
    purse, accepted = purse.accept(
        TOP.renewed("a", "first").outbid("a", Seal(6, 0)).issue("a", usd(20), 3.0)[1]
    )
    assert accepted.seal.term == known.term
    _, contract = allocator.issue("a", usd(30), 4.0)
    with pytest.raises(StaleContract) as refused:
        purse.accept(contract)
    _, contract = allocator.outbid("a", refused.value.known).issue("a", usd(30), 4.0)
    assert purse.accept(contract)[1].holds == usd(30)
