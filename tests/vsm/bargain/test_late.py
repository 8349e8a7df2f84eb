"""A contract that comes when its epoch is over for the unit: what it would leave has been lent to others by then."""

from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Allocator, Budget, Contract, Purse, Seal, Vector, total

PER = 100.0


def usd(amount: float) -> Vector:
    return Vector(usd=amount)


def test_no_more_is_paid_than_the_budget_where_a_contract_comes_after_the_report() -> None:
    root = Purse.root("acme", Budget(usd=10, per=PER))
    top = Allocator(root, {"a": usd(2), "b": usd(2)}, grace=10.0)
    a, b = Purse("a", PER, usd(2)), Purse("b", PER, usd(2))
    a, _ = a.reserve("unbounded", Vector(), 10.0, 500.0)
    top, late = top.issue("a", usd(8), 95.0)
    a = a.begun(0).told(101.0)  # its clock is ahead
    top = top.reported(a.report(0))
    top, more = top.issue("b", usd(8), 96.0)
    b, answer = b.accept(more)
    top = top.accepted(answer)
    b = b.reserve("call", usd(8), 97.0, 99.0)[0].settle(0, "call", usd(8))
    a, held = a.accept(late)
    assert (held.holds, a.report(0).spent) == (usd(2), usd(2))
    took = a.ledger(0).available
    a = a.settle(0, "unbounded", took, bounded=False)
    assert total([took, usd(8)]) == usd(10)
    top = top.accepted(held).reported(a.report(0)).reported(b.begun(0).told(101.0).report(0)).told(101.0)
    assert top.report(0).spent == usd(10)
    assert (top.purse.ledger(0).overrun, top.purse.ledger(0).blocked) == (Vector(), False)


@pytest.mark.parametrize("grant", [3.0, 9.0])
def test_a_contract_for_what_is_over_leaves_the_grant_and_counts_as_heard(grant: float) -> None:
    unit = Purse("a", PER, usd(2)).accept(Contract("a", 0, usd(8), Seal(1, 1)))[0].told(101.0)
    late, answer = unit.accept(Contract("a", 0, usd(grant), Seal(1, 2)))
    assert (late.ledger(0), late.seal, answer.holds) == (unit.ledger(0), Seal(1, 2), usd(8))


@pytest.mark.parametrize("none", ["x", None, 1.5, True])
def test_an_epoch_that_is_no_integer_is_named(none: Any) -> None:
    purse = Purse("a", PER, usd(2))
    allocator = Allocator(purse, {})
    for act in (
        purse.begun,
        allocator.begun,
        lambda epoch: purse.settle(epoch, "call", usd(1)),
        lambda epoch: allocator.settle(epoch, "call", usd(1)),
    ):
        with pytest.raises(OptionError, match=r"^epoch: expected an integer"):
            act(none)
