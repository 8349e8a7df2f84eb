"""The rows of the dead: taken over by who has a right to it, dropped everywhere, and void for who returns."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.crdt import AWMap, Escrow, LeaseHolds, NotGuardian, RightsLacking, digest
from cybernetic.crdt.row import Lease, Row
from cybernetic.crdt.rows import summed
from cybernetic.wire import Codec
from tests.crdt.test_escrow import Bank, _do, acts
from tests.support import soak

CODEC = Codec()


def did(value: Escrow, *acts: Any) -> Escrow:
    """The value after acts, each told by its name and what it is given."""
    for name, *args in acts:
        value = value.join(getattr(value, name)(*args))
    return value


def restarted(days: int, guardian: str = "") -> Escrow:
    """A value whose owner, with a guardian or without, was started once a day and has spent one each day."""
    value = did(Escrow(), ("grant", "boss", 10_000))
    name = ""
    for day in range(days):
        former, name = name, f"start-{day}"
        if former and guardian:
            value = did(value, ("settle_for", name, former), ("reclaim", "boss", former, 0.0))
            value = did(value, ("absorb", "boss"))
        elif former:
            value = did(value, ("succeed", name, former), ("absorb", name))
        value = did(value, ("give", "boss", name, 3))
        if guardian:
            value = did(value, ("entrust", name, "boss"), ("lease", "boss", name, 2, 10.0))
        value = did(value, ("spend", name, 1, 0.0))
    return value


@pytest.mark.parametrize("guardian", ["", "boss"])
def test_a_year_with_a_start_a_day_leaves_no_row_a_start(guardian: str) -> None:
    month, year = restarted(30, guardian), restarted(365, guardian)
    assert year.store.trie.size == month.store.trie.size <= 4
    assert (year.used, year.granted) == (365, 10_000)
    assert year.rights("start-364") == (2 if guardian else 365 * 2)
    assert sum(year.balances().values()) == year.left
    assert year.successor("start-0") == ("boss" if guardian else "start-364")
    one = len(CODEC.encode(did(Escrow(), ("grant", "boss", 10_000)).spend("boss", 1)))
    assert len(CODEC.encode(year.spend("boss", 1))) < one + 100, "what changes each day does not grow"
    assert CODEC.copy(year) == year
    assert digest(CODEC.copy(year)) == digest(year)


def boss_and_ward() -> Escrow:
    """A ward with 10, of which it may spend 5 up to time 10 and has spent 3."""
    value = did(Escrow(), ("grant", "ann", 20), ("give", "ann", "bob", 10), ("entrust", "bob", "ann"))
    return did(value, ("lease", "ann", "bob", 5, 10.0), ("spend", "bob", 3, 0.0))


def test_who_returns_after_its_row_was_dropped_finds_its_rights_void() -> None:
    before = boss_and_ward()
    ann = did(before, ("settle_for", "bob'", "bob"), ("reclaim", "ann", "bob", 0.0), ("absorb", "ann"))
    assert ann.store.trie.get("bob") is None
    assert (ann.rights("ann"), ann.used, ann.left) == (17, 3, 17)
    late = before.spend("bob", 1, 1.0)  # which somebody was wrong to say could not be
    for bob in before.join(ann), before.join(late).join(ann), ann.join(before).join(late), ann.join(late):
        assert bob.store.trie.get("bob") is None
        assert (bob.rights("bob"), bob.spendable("bob", 1.0), bob.absorbed("bob")) == (0, 0, True)
        assert (bob.granted, bob.used, bob.rights("ann")) == (20, 3, 17)
        with pytest.raises(RightsLacking):
            bob.spend("bob", 1, 1.0)
        with pytest.raises(
            OptionError, match="replica: expected one that was not said to be over, got: 'bob'"
        ):
            bob.grant("bob", 1)
        assert not bob.settle("bob")
        assert not bob.settle_for("bob'", "bob")
    given = did(ann, ("give", "ann", "bob", 2))
    assert given.rights("ann") == 17, "what is given to its name is who took it over's"


def test_rows_are_dropped_inside_of_maps_too_also_when_they_come_in_pieces() -> None:
    plan = AWMap[str]()
    old = plan = plan.join(plan.put("cash", boss_and_ward()))
    for act, *args in (("settle_for", "bob'", "bob"), ("reclaim", "ann", "bob", 0.0), ("absorb", "ann")):
        plan = plan.join(plan.put("cash", getattr(plan.at("cash", Escrow), act)(*args)))
    ways: list[tuple[Any, ...]] = [
        tuple(plan.split(1)),
        (plan,),
        tuple(plan.slices(1)),
        (plan.since(old.context),),
        (plan.since(AWMap[str]().context),),
    ]
    for pieces, begin, carried in product(ways, (old, AWMap[str]()), (CODEC.copy, lambda piece: piece)):
        mine = begin
        for piece in pieces:
            mine = mine.join(carried(piece))
        mine = mine.join(old).join(plan)
        assert mine.at("cash", Escrow).store.trie.get("bob") is None
        assert mine == plan
        assert mine.at("cash", Escrow).rights("ann") == 17


def test_only_the_dead_without_rights_are_taken_over_and_only_by_who_has_a_right_to_it() -> None:
    value = boss_and_ward()
    assert not value.absorb("ann"), "nobody is over"
    value = did(value, ("settle_for", "bob'", "bob"))
    assert not value.absorb("ann"), "it has rights"
    value = did(value, ("reclaim", "ann", "bob", 0.0))
    for other in "bob", "bob'", "cat":
        assert not value.absorb(other)
    assert not value.absorb("cat")
    value = did(value, ("absorb", "ann"))
    assert not value.absorb("ann"), "it is done"
    value = did(value, ("entrust", "dan", "eve"))
    assert not did(value, ("settle_for", "x", "dan")).absorb("ann")


def test_who_has_a_guardian_takes_over_nothing_for_that_may_not_know_of_it() -> None:
    value = did(Escrow(), ("grant", "bob", 10), ("succeed", "bob'", "bob"), ("entrust", "bob'", "ann"))
    assert not value.absorb("bob'")
    value = did(value, ("settle_for", "bob''", "bob'"), ("reclaim", "ann", "bob'", 0.0))
    value = did(value, ("absorb", "ann"), ("absorb", "ann"))
    assert (value.rights("ann"), value.successor("bob"), value.successor("bob'")) == (10, "ann", "ann")
    rows = [value.store.trie.get(one) for one in ("bob", "bob'")]
    assert rows[0] is not None, "who absorbs the second need not know all that the first wrote"
    assert rows[1] is None


def test_what_one_before_a_ward_spent_may_come_late() -> None:
    deltas, value = [], Escrow()
    for name, *args in [
        ("grant", "bob", 10),
        ("grant", "dave", 4),
        ("spend", "bob", 4),
        ("give", "dave", "bob", 4),
        ("succeed", "bob'", "bob"),
        ("entrust", "bob'", "ann"),
        ("settle_for", "bob''", "bob'"),
    ]:
        deltas.append(getattr(value, name)(*args))
        value = value.join(deltas[-1])
    ann = Escrow()
    for delta in (*deltas[:2], *deltas[4:]):
        ann = ann.join(delta)
    ann = did(ann, ("reclaim", "ann", "bob'", 0.0), ("absorb", "ann"), ("absorb", "ann"))
    assert ann.absorbed("bob'")
    for late in deltas[2:4]:
        ann = ann.join(late)
    assert (ann.granted, ann.used, ann.rights("ann") + ann.rights("dave")) == (14, 4, 10)


def with_an_estate() -> tuple[Escrow, Escrow, Escrow]:
    """One that gave its former start 5, which that spent: the value before it takes over its row, that, and after."""
    before = did(Escrow(), ("grant", "bob'", 10), ("give", "bob'", "bob", 5), ("spend", "bob", 5))
    before = did(before, ("succeed", "bob'", "bob"))
    estate = before.absorb("bob'")
    return before, estate, before.join(estate).entrust("bob'", "ann")


def test_a_guardian_takes_nothing_from_one_of_whom_it_does_not_know_all() -> None:
    before, estate, entrusted = with_an_estate()
    ann = before.join(entrusted)  # the estate is late
    assert not ann.reclaim("ann", "bob'", 0.0)
    ann = ann.join(estate)
    ann = ann.join(ann.reclaim("ann", "bob'", 0.0))
    assert (ann.rights("ann"), ann.left) == (5, 5)


def test_one_is_not_over_before_its_estate_is_known() -> None:
    before, estate, entrusted = with_an_estate()
    over = before.join(estate).join(entrusted).settle_for("bob''", "bob'")
    ann = before.join(entrusted).join(over)
    assert not ann.ended("bob'")
    assert not ann.absorb("ann")
    assert ann.join(estate).ended("bob'")


def test_nothing_is_taken_over_with_an_estate_that_is_late() -> None:
    value = did(Escrow(), ("grant", "bob", 4), ("succeed", "bob'", "bob"))
    estate = value.absorb("bob'")
    value = value.join(estate)
    last = value.entrust("bob'", "ann")
    over = value.join(last).settle_for("bob''", "bob'")
    ann = Escrow().join(last).join(over)
    assert ann.rights("bob'") == 0
    assert not ann.absorb("ann")
    ann = did(ann.join(value), ("reclaim", "ann", "bob'", 0.0), ("absorb", "ann"))
    assert (ann.rights("ann"), ann.absorbed("bob'"), ann.granted) == (4, True, 4)


def test_a_lease_of_one_whose_row_is_taken_over_holds_as_long_as_it_was_to_hold() -> None:
    value = did(boss_and_ward(), ("succeed", "ann'", "ann"), ("absorb", "ann'"))
    assert value.store.trie.get("ann") is None
    lease = value.lease_of("bob")
    assert lease is not None
    assert (lease.ceiling, lease.until, value.keeper("bob")) == (5, 10.0, "ann'")
    assert (value.spendable("bob", 9.0), value.spendable("bob", 10.0)) == (2, 0)
    with pytest.raises(LeaseHolds):
        value.reclaim("ann'", "bob", 10.5)
    value = did(value, ("reclaim", "ann'", "bob", 11.0))
    assert (value.rights("ann'"), value.rights("bob")) == (10 + 5, 2)
    value = did(value, ("succeed", "ann''", "ann'"), ("absorb", "ann''"))
    assert value.lease_of("bob") is None, "it stays void"
    value = did(value, ("settle", "bob"), ("reclaim", "ann''", "bob", 11.0))
    assert (value.rights("ann''"), value.rights("bob")) == (17, 0)


@pytest.mark.parametrize("keepers", [("ann", "bee", "cat"), ("cat", "bee", "ann")])
def test_of_what_two_whose_rows_are_taken_over_together_say_of_a_ward_the_later_counts(
    keepers: tuple[str, str, str],
) -> None:
    first, second, third = keepers
    value = did(Escrow(), ("grant", first, 30), ("entrust", "bob", first), ("give", first, "bob", 20))
    value = did(value, ("lease", first, "bob", 5, 10.0), ("succeed", second, first))
    leased = did(value, ("lease", second, "bob", 12, 20.0), ("succeed", third, second), ("absorb", third))
    lease = leased.lease_of("bob")
    assert lease is not None
    assert (leased.absorbed(first), leased.absorbed(second)) == (True, True)
    assert (lease.epoch, lease.ceiling, lease.until) == (1, 12, 20.0)

    value = did(value, ("reclaim", second, "bob", 11.0), ("lease", second, "bob", 1, 30.0))
    value = did(value, ("succeed", third, second), ("reclaim", third, "bob", 31.0), ("succeed", "dan", third))
    value = did(value, ("absorb", "dan"))
    assert (value.lease_of("bob"), value.absorbed(second), value.absorbed(third)) == (None, True, True)
    later = did(value, ("lease", "dan", "bob", 1, 40.0)).lease_of("bob")
    assert later is not None
    assert later.epoch == 3


def test_an_estate_says_the_latest_of_what_its_rows_say_in_whatever_order_they_come() -> None:
    rows = [
        Row((("x", 1),), leases=(("bob", Lease(1, 5, 9.0)),), void=(("bob", 2),), ended=(("bob", 3),)),
        Row((("y", 1),), leases=(("bob", Lease(2, 4, 8.0)),), void=(("bob", 1),), ended=(("bob", 5),)),
    ]
    for some in rows, rows[::-1]:
        estate = summed(some, ["x", "y"], lambda one: one, ("z", 1))
        assert estate is not None
        assert estate.leases == (("bob", Lease(2, 4, 8.0)),)
        assert (estate.void, estate.ended) == ((("bob", 2),), (("bob", 5),))


def test_that_one_is_over_holds_when_the_row_of_who_said_so_is_taken_over() -> None:
    value = did(boss_and_ward(), ("entrust", "bob'", "ann"), ("settle_for", "bob'", "bob"))
    value = did(value, ("settle_for", "bob''", "bob'"), ("absorb", "ann"))
    assert (value.absorbed("bob'"), value.absorbed("bob"), value.ended("bob")) == (True, False, True)
    value = did(value, ("reclaim", "ann", "bob", 0.0), ("absorb", "ann"))
    assert (value.rights("ann"), value.absorbed("bob")) == (17, True)


def test_names_beyond_the_most_are_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cybernetic.crdt.rows.MOST_ABSORBED", 3)
    value = restarted(6)
    assert value.store.trie.size == 5
    assert sum(value.balances().values()) == value.left == 10_000 - 6


later = st.sampled_from(["succeed", "over", "absorb", "hear", "hear", "ask", "reclaim", "spend"])
ends = st.tuples(later, st.integers(0, 3), st.integers(0, 3), st.integers(1, 12))


@given(st.lists(st.one_of(acts, ends), min_size=20, max_size=soak(80, 200)), st.randoms())
@settings(max_examples=soak(50, 1000))
def test_rows_that_are_taken_over_create_and_lose_no_rights_in_whatever_order_all_is_heard(
    done: list[tuple[str, int, int, int]], order: Any
) -> None:
    bank = Bank(20)
    bank.act(0, bank.states[0].give("ann", "bob", 5))
    _do(bank, "ask", 1, 0, 1)
    for first in [("die", 0, 0, 1), ("succeed", 0, 0, 1), ("die", 1, 0, 1), ("succeed", 1, 0, 1), *done]:
        try:
            _do(bank, *first)
        except (RightsLacking, LeaseHolds, NotGuardian):
            continue
    whole = bank.all()
    told = list(bank.told)
    order.shuffle(told)
    again = Escrow()
    for delta in told:
        again = again.join(delta)
        assert again.spendable("ann", 0.0) == again.rights("ann") or not again.absorbed("ann")
    assert again == whole
    assert (whole.granted, whole.used, whole.left) == (20, bank.spent, 20 - bank.spent)
    assert sum(whole.rights(one) for one in bank.everybody()) == whole.left
    assert all(whole.rights(one) >= 0 for one in bank.everybody())
