"""Exclusive leases by example: waiting, ageing, renewal, rebirth, fences, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import inf, nan

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.damping import Fence, Lease, LeaseLost, LeaseTable

TABLE = LeaseTable(ttl=60.0)


def granted(table: LeaseTable, key: str, holder: str, now: float) -> tuple[LeaseTable, Lease]:
    table, lease = table.request(key, holder, now)
    assert lease is not None
    return table, lease


def test_a_free_key_is_granted_and_a_held_one_waited_for() -> None:
    table, lease = granted(TABLE, "file", "ann", 0.0)
    assert (lease.holder, lease.until, lease.renew_at) == ("ann", 60.0, 20.0)
    table, none = table.request("file", "bob", 1.0)
    assert none is None
    table, other = granted(table, "other", "bob", 1.0)
    table, next_one = table.release("file", lease.token, 2.0)
    assert next_one is not None
    assert (next_one.holder, next_one.until) == ("bob", 62.0)
    assert next_one.token > other.token > lease.token


def test_asking_twice_changes_nothing() -> None:
    table, lease = granted(TABLE, "file", "ann", 0.0)
    again, same = table.request("file", "ann", 10.0)
    assert same == replace(lease, ttl=50.0)
    assert again.holding("file", 10.0) == lease
    once, _ = table.request("file", "bob", 11.0)
    twice, _ = once.request("file", "bob", 12.0)
    assert twice.waiting == once.waiting


def test_a_lease_lapses_unless_it_is_renewed() -> None:
    table, lease = granted(TABLE, "file", "ann", 0.0)
    table, lease = table.renew("file", lease.token, 20.0)
    assert lease.until == 80.0
    assert table.holding("file", 79.9) == lease
    assert table.holding("file", 80.0) is None
    with pytest.raises(LeaseLost, match="nobody holds it"):
        table.renew("file", lease.token, 80.0)
    table, _ = granted(table, "file", "bob", 80.0)
    with pytest.raises(LeaseLost, match="'bob' holds it"):
        table.renew("file", lease.token, 81.0)
    assert table.release("file", lease.token, 82.0)[0].holding("file", 82.0) is not None


def test_what_lapses_goes_to_who_waits() -> None:
    table, _ = granted(TABLE, "file", "ann", 0.0)
    table, _ = table.request("file", "bob", 5.0)
    table, nobody = table.turn(59.0)
    assert nobody == ()
    table, (lease,) = table.turn(60.0)
    assert (lease.holder, lease.until) == ("bob", 120.0)


def test_tokens_grow_also_after_several_were_granted_at_once() -> None:
    table = TABLE
    for holder, key in product("ab", ("file", "other")):
        table, _ = table.request(key, holder, 0.0)
    table, both = table.turn(60.0)
    assert len({lease.token for lease in both}) == 2
    table, _ = table.release("other", both[1].token, 61.0)
    assert granted(table, "other", "c", 62.0)[1].token > max(lease.token for lease in both)


def test_priority_comes_first_and_waiting_makes_up_for_it() -> None:
    table, lease = granted(LeaseTable(ttl=60.0, ageing=10.0), "file", "ann", 0.0)
    table, _ = table.request("file", "patient", 0.0)
    table, _ = table.request("file", "urgent", 1.0, priority=2.0)
    early, _ = table.release("file", lease.token, 5.0)
    held = early.holding("file", 5.0)
    assert held is not None
    assert held.holder == "urgent"
    table, _ = table.request("file", "late", 30.0, priority=2.0)
    table, first = table.release("file", lease.token, 40.0)
    assert first is not None
    assert first.holder == "urgent"  # 2 + 39/10 against 4.0 and 2 + 1
    _, second = table.release("file", first.token, 50.0)
    assert second is not None
    assert second.holder == "patient"  # 5.0 against 2 + 2


def test_a_flood_of_urgent_requests_does_not_starve_a_patient_one() -> None:
    table, lease = granted(LeaseTable(ttl=5.0, ageing=10.0), "file", "ann", 0.0)
    table, _ = table.request("file", "patient", 0.0)
    now = 0.0
    while lease.holder != "patient":
        table, _ = table.request("file", f"urgent-{now}", now, priority=3.0)
        now += 1.0
        table, next_one = table.release("file", lease.token, now)
        assert next_one is not None
        lease = next_one
    assert now <= 31.0


def test_the_dead_hold_and_wait_for_nothing() -> None:
    table, _ = granted(TABLE, "file", "ann", 0.0)
    table, _ = table.request("file", "bob", 1.0)
    table, _ = table.request("file", "eve", 2.0)
    table, none = table.forget("bob", 3.0)
    assert none == ()
    table, (lease,) = table.forget("ann", 4.0)
    assert lease.holder == "eve"
    assert not table.waiting


def test_one_reborn_grants_nothing_for_one_ttl_and_takes_in_what_holders_report() -> None:
    old, lease = granted(TABLE, "file", "ann", 0.0)
    new = LeaseTable(ttl=60.0, epoch=1, quiet=70.0)
    new, none = new.request("file", "bob", 11.0)
    assert none is None
    new = new.adopt(lease, 12.0)
    new, lease = new.renew("file", lease.token, 20.0)
    new, nobody = new.turn(70.0)
    assert nobody == ()
    new, (taken,) = new.turn(80.0)
    assert taken.holder == "bob"
    assert taken.token > lease.token
    far = Lease("ticket", "eve", 7, until=1e9, ttl=60.0)
    capped = LeaseTable(ttl=60.0, epoch=1, quiet=40.0).adopt(far, 30.0).holding("ticket", 30.0)
    assert capped is not None
    assert capped.until == 90.0
    _, old_one = old.request("other", "eve", 5.0)
    assert old_one is not None
    with pytest.raises(LeaseLost, match="after the quiet time"):
        LeaseTable(ttl=60.0, epoch=1, quiet=40.0).adopt(old_one, 50.0)
    with pytest.raises(LeaseLost, match="a newer lease is known"):
        LeaseTable(ttl=60.0, epoch=0, quiet=40.0).adopt(old_one, 30.0)


def test_a_fence_turns_away_who_slept_through_its_lease() -> None:
    fence = Fence("file").passed(3).passed(5).passed(5)
    with pytest.raises(LeaseLost, match="token 3 is lost: expected a token of at least 5"):
        fence.passed(3)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("ttl", lambda: LeaseTable(ttl=0.0)),
        ("ageing", lambda: LeaseTable(ttl=1.0, ageing=0.0)),
        ("quiet", lambda: LeaseTable(ttl=1.0, quiet=inf)),
        ("epoch", lambda: LeaseTable(ttl=1.0, epoch=-1)),
        ("seen", lambda: LeaseTable(ttl=1.0, seen=nan)),
        ("now", lambda: TABLE.request("file", "ann", nan)),
        ("now", lambda: TABLE.request("file", "ann", 5.0)[0].turn(4.0)),
        ("now", lambda: TABLE.request("file", "ann", 5.0)[0].release("file", 1, 4.0)),
        ("now", lambda: TABLE.request("file", "ann", 5.0)[0].forget("ann", 4.0)),
        ("priority", lambda: TABLE.request("file", "ann", 0.0, priority=nan)),
        ("token", lambda: Fence("file").passed(0)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()


def test_a_lease_lasts_as_long_as_was_asked_for_and_no_longer_than_the_table_gives() -> None:
    table, short = LeaseTable(ttl=10.0).request("file", "ann", 0.0, ttl=2.0)
    table, long = table.request("ticket", "ann", 0.0, ttl=99.0)
    assert short is not None
    assert long is not None
    assert (short.until, long.until) == (2.0, 10.0)
    table, renewed = table.renew("file", short.token, 1.0)
    assert renewed.until == 3.0
    assert table.holding("file", 3.0) is None


def test_one_that_withdraws_waits_no_more_and_holds_what_it_holds() -> None:
    table, _ = LeaseTable(ttl=10.0).request("file", "ann", 0.0)
    table, _ = table.request("file", "bob", 1.0)
    table, _ = table.request("file", "eve", 2.0)
    table = table.withdraw("bob", 3.0, "file").withdraw("ann", 3.0)
    assert table.holding("file", 3.0) is not None
    _, granted = table.turn(10.0)
    assert [lease.holder for lease in granted] == ["eve"]


def test_one_that_withdraws_from_one_still_waits_for_the_others() -> None:
    table = LeaseTable(ttl=10.0)
    for holder, key in product(("ann", "bob"), ("file", "door")):
        table, _ = table.request(key, holder, 0.0)
    _, granted = table.withdraw("bob", 2.0, "file").turn(10.0)
    assert [(lease.key, lease.holder) for lease in granted] == [("door", "bob")]


def test_a_lease_of_a_predecessor_that_gave_longer_ones_holds_to_its_end() -> None:
    _, lease = granted(LeaseTable(ttl=60.0), "file", "ann", 0.0)
    new = LeaseTable(ttl=5.0, epoch=1, quiet=6.0).adopt(lease, 1.0)
    new, none = new.request("file", "bob", 6.5)
    assert none is None
    assert new.holding("file", 59.9) == lease
    new, renewed = new.renew("file", lease.token, 7.0)
    assert renewed.until == 60.0
    _, renewed = new.renew("file", lease.token, 57.0)
    assert renewed.until == 62.0


def test_a_report_that_comes_again_takes_nothing_back() -> None:
    _, word = granted(LeaseTable(ttl=60.0), "file", "ann", 0.0)
    new = LeaseTable(ttl=60.0, epoch=1, quiet=61.0).adopt(word, 2.0)
    new, renewed = new.renew("file", word.token, 20.0)
    new = new.adopt(word, 25.0)
    assert new.holding("file", 79.9) == renewed
    new, none = new.request("file", "bob", 61.0)
    assert none is None


def test_who_succeeds_is_quiet_for_the_longest_lease_that_any_before_gave() -> None:
    _, lease = granted(LeaseTable(ttl=60.0), "file", "ann", 0.0)
    second = LeaseTable(ttl=5.0, epoch=1, quiet=10.0 + 60.0).adopt(lease, 10.0)
    assert second.holding("file", 59.9) == lease
    third = LeaseTable(ttl=5.0, epoch=2, quiet=20.0 + max(60.0, second.ttl))
    third, none = third.request("file", "bob", 25.0)
    assert none is None
    _, (taken,) = third.turn(third.quiet)
    assert taken.holder == "bob"


def test_who_asks_again_late_is_told_what_is_left_and_renews_for_the_whole() -> None:
    table, _ = granted(LeaseTable(ttl=10.0), "file", "ann", 0.0)
    table, again = granted(table, "file", "ann", 9.0)
    assert (again.until, again.ttl) == (10.0, 1.0)
    assert 9.0 < again.renew_at < 10.0
    _, renewed = table.renew("file", again.token, 9.5)
    assert (renewed.until, renewed.ttl) == (19.5, 10.0)


def test_what_a_table_that_gives_shorter_leases_renews_is_told_to_last_as_long_as_it_does() -> None:
    _, lease = granted(LeaseTable(ttl=30.0), "file", "ann", 0.0)
    table = LeaseTable(ttl=2.0, epoch=1, quiet=31.0).adopt(lease, 1.0)
    table, renewed = table.renew("file", lease.token, 28.0)
    assert (renewed.until, renewed.ttl) == (30.0, 2.0)
    assert 28.0 < renewed.renew_at < 30.0
    _, renewed = table.renew("file", lease.token, 29.0)
    assert (renewed.until, renewed.ttl) == (31.0, 2.0)


def test_who_reports_what_it_asked_for_waits_for_it_no_more() -> None:
    _, lease = granted(LeaseTable(ttl=10.0), "file", "ann", 0.0)
    new = LeaseTable(ttl=10.0, epoch=1, quiet=11.0)
    for holder in ("ann", "bob"):
        new, none = new.request("file", holder, 1.0)
        assert none is None
    new, none = new.adopt(lease, 2.0).release("file", lease.token, 3.0)
    assert none is None
    new, (next_one,) = new.turn(11.0)
    assert next_one.holder == "bob"
    assert not new.waiting


KNOWN, LEASE = granted(TABLE, "file", "ann", 0.0)


@pytest.mark.parametrize(
    "act",
    [
        lambda: KNOWN.request("file", "ann", 9.0)[0],
        lambda: KNOWN.request("file", "bob", 9.0)[0],
        lambda: KNOWN.renew("file", LEASE.token, 9.0)[0],
        lambda: KNOWN.release("file", LEASE.token, 9.0)[0],
        lambda: KNOWN.release("file", LEASE.token + 1, 9.0)[0],
        lambda: KNOWN.withdraw("bob", 9.0),
        lambda: KNOWN.forget("bob", 9.0)[0],
        lambda: KNOWN.turn(9.0)[0],
        lambda: LeaseTable(ttl=60.0, epoch=1, quiet=70.0).adopt(LEASE, 9.0),
    ],
)
def test_after_each_act_no_time_before_it_is_taken(act: Callable[[], LeaseTable]) -> None:
    with pytest.raises(OptionError, match="now: expected a finite number >= 9"):
        act().holding("file", 8.0)
