"""Reservations of calls that were not made yet: values in, values out."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.vsm.bargain import BudgetExhausted, Purse, Vector
from cybernetic.vsm.bargain.ledger import Reservation
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.ports.waiting import handed, refused, released

UPPERS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=8)


@given(UPPERS)
def test_of_those_who_are_gone_only_who_had_leave_may_have_taken_something(
    calls: list[tuple[int, bool]],
) -> None:
    purse = Purse("a", 60.0, Vector(usd=100))
    for n, (upper, leave) in enumerate(calls):
        purse, epoch = purse.reserve(f"a#{n}", Vector(usd=upper), 1.0, inf)
        purse = handed(purse, epoch, f"a#{n}", 10.0) if leave else purse
    late, _ = purse.expire(50.0)
    after, gone = released(purse)
    waited = tuple(f"a#{n}" for n, (_, leave) in enumerate(calls) if not leave)
    had = Vector(usd=sum(upper for upper, leave in calls if leave))
    assert gone == waited == tuple(late.ledger(0).open)  # no time ends for who waits
    ledger = after.ledger(0)
    assert ledger.committed == ledger.reserved == had
    assert all(ledger.closed[key].final and not ledger.closed[key].actual for key in waited)
    assert released(after) == (after, ())


@given(st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_who_waits_to_try_again_has_all_time_and_takes_what_refused_tries_took(
    upper: int, took: int, leave: bool
) -> None:
    purse, epoch = Purse("a", 60.0, Vector(usd=100)).reserve("a#1", Vector(usd=upper), 1.0, 10.0)
    purse = refused(purse, epoch, "a#1", Vector(usd=took))
    assert purse.expire(50.0)[1] == ()
    if leave:
        purse = handed(purse, epoch, "a#1", 20.0)
        late, gone = purse.expire(50.0)
        assert gone == ((0, "a#1"),)
        most = max(upper, took) if upper else 100  # without a bound, all that is left
        assert late.ledger(0).spent == late.ledger(0).bound == Vector(usd=most)
        assert released(purse) == (purse, ())
    else:
        assert released(purse)[0].ledger(0).committed == Vector(usd=took)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.booleans())
def test_what_refused_tries_took_is_nobody_else_s_before_it_is_made_again_or_while_and_stays_when_who_made_it_is_gone(
    upper: int, took: int, dearest: int, told: bool
) -> None:
    purse, epoch = Purse("a", 60.0, Vector(usd=20)).reserve("a#1", Vector(usd=upper), 1.0, inf)
    known = Unbounded({"east": Vector(usd=dearest)} if told else {}, {} if upper else {"a#1": "east"})
    waits, aside = refused(purse, epoch, "a#1", Vector(usd=took)), max(upper, took)
    purse = handed(waits, epoch, "a#1", 10.0)
    for one in waits, purse:
        assert one.ledger(0).committed == Vector(usd=aside)
        with pytest.raises(BudgetExhausted):
            one.reserve("a#2", Vector(usd=20.5 - aside), 2.0, 10.0)
    assert purse.settle(0, "a#1", Vector(usd=took)).ledger(0).overrun == (
        Vector(usd=took).less(Vector(usd=upper)) if upper else Vector()
    )
    lost, _ = known.lost(purse, *known.open)
    most = aside if upper else took + dearest if told else 20
    assert lost.expire(50.0)[0].ledger(0).spent == Vector(usd=most)


def test_leave_for_what_is_not_set_aside_changes_nothing() -> None:
    purse = Purse("a", 60.0, Vector(usd=100))
    assert handed(purse, 0, "a#1", 10.0) is purse
    assert refused(purse, 0, "a#1", Vector(usd=1)) is purse


def test_one_that_was_read_has_taken_nothing_as_one_that_was_made() -> None:
    assert (
        Reservation(Vector(usd=1), 10.0, took=Vector(usd=0.0)).took is Reservation(Vector(usd=1), 10.0).took
    )
