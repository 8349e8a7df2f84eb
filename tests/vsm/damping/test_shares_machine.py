"""T-S2-rate: in any window all grants stay within rate * w + burst, through the coordinator's death and
rebirth.

Members ask for leases, answers are lost, the coordinator dies or two of them live at once, everybody is
greedy.
"""

from math import inf, nan

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cybernetic.core import OptionError
from cybernetic.vsm.damping import Member, SharedPacer
from tests.support import soak

RATE, TTL, BURST = 2.0, 20.0, 1.0
NAMES = ("ann", "bob", "eve", "joe")
COST = 1.0


class Sharing(RuleBasedStateMachine):
    """Four members under one coordinator, or two while the old one does not know that it was replaced."""

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.coordinators = [SharedPacer(RATE, frozenset(NAMES), TTL, born=-TTL, burst=BURST)]
        self.follows = dict.fromkeys(NAMES, 0)
        self.members = {name: Member(RATE / len(NAMES)) for name in NAMES}
        self.level, self.at = 0.0, 0.0  # a bucket that leaks at the rate holds the worst window so far
        self.pacers_used: set[object] = set()

    @rule(deaf=st.sets(st.sampled_from(NAMES), max_size=2), thirds=st.integers(1, 4))
    def all_renew_and_call_for_a_while(self, deaf: set[str], thirds: int) -> None:
        """Each third of a lease; the answers to some are lost all the while."""
        for _ in range(thirds):
            for name in NAMES:
                self.ask(name, name in deaf)
            self.time_passes(TTL / 3)

    @rule(seconds=st.sampled_from([0.25, 1.0, TTL / 2, TTL]))
    def time_passes(self, seconds: float) -> None:
        """Nobody renews, and everybody calls as often as it may."""
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            for name in NAMES:
                self.call(name)

    @rule(who=st.sets(st.sampled_from(NAMES)))
    def a_new_coordinator_is_born(self, who: set[str]) -> None:
        """Some learn of it at once; the old one goes on for the others."""
        self.coordinators.append(SharedPacer(RATE, frozenset(NAMES), TTL, born=self.now, burst=BURST))
        for name in who:
            self.follows[name] = len(self.coordinators) - 1

    def ask(self, name: str, lost: bool) -> None:
        """A member asks the coordinator it knows for a lease; the answer may be lost."""
        which = self.follows[name]
        self.coordinators[which] = self.coordinators[which].heard(name, self.members[name].until, self.now)
        if not lost:
            self.members[name] = self.members[name].leased(self.now, self.now + TTL)

    def call(self, name: str) -> None:
        member = self.members[name]
        if member.alone(self.now):
            self.members[name], may = member.grant(self.now, COST)
            pacer: object = name
        else:
            which = self.follows[name]
            self.coordinators[which], may = self.coordinators[which].grant(self.now, COST)
            pacer = which
        if may:
            left = self.level - RATE * (self.now - self.at)
            if left <= 0:  # the worst window begins anew, and with it the pacers that have a part in it
                self.pacers_used.clear()
            self.level, self.at = max(0.0, left) + COST, self.now
            self.pacers_used.add(pacer)

    @invariant()
    def no_window_gets_more_than_its_due(self) -> None:
        assert self.level <= BURST * len(self.pacers_used) + 1e-6


Sharing.TestCase.settings = settings(max_examples=soak(25, 1500), stateful_step_count=soak(15, 40))
TestSharing = Sharing.TestCase


def test_while_all_hold_leases_the_coordinator_grants_the_whole_rate() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=0.0)
    for name in "ab":
        shared = shared.heard(name, 20.0, 10.0)
    assert shared.share(10.0) == 1.0
    assert shared.ready(10.0) == 10.5
    shared, early = shared.grant(10.2)
    shared, due = shared.grant(10.5)
    assert (early, due) == (False, True)


def test_a_member_that_may_have_lapsed_keeps_its_share() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=0.0).heard("a", 20.0, 12.0).heard("b", -inf, 12.0)
    assert shared.share(12.0) == 0.5
    assert shared.share(20.0) == 0.0


def test_what_a_lapsed_member_may_have_used_is_not_earned_by_the_coordinator() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=0.0).heard("a", 30.0, 12.0).heard("b", 13.0, 12.0)
    assert (
        shared.grant(20.0, cost=8.0)[1] is True
    )  # a half of the rate since 12.0, when b may not have lapsed yet
    assert shared.grant(20.0, cost=8.1)[1] is False


def test_one_newly_born_grants_nothing_for_one_ttl_where_it_has_not_heard_all() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=5.0, burst=3.0).heard("a", 16.0, 6.0)
    assert shared.ready(6.0) == 15.0
    assert shared.grant(14.9)[1] is False


def test_one_newly_born_grants_as_soon_as_it_has_heard_all() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=5.0).heard("a", 16.0, 6.0).heard("b", 16.0, 7.0)
    assert shared.ready(7.0) == 7.5
    assert shared.grant(7.4)[1] is False
    assert shared.grant(7.5)[1] is True


def test_a_member_whose_share_changes_keeps_what_it_has_earned() -> None:
    member = Member(0.5).leased(0.0, 10.0)
    assert member.sharing(0.25, 5.0).ready(10.0) == 14.0
    alone, _ = member.grant(11.0)
    assert (
        alone.sharing(0.25, 11.0).ready(11.0) == 13.0
    )  # a half is earned, and the other takes twice as long


def test_a_member_alone_earns_from_its_lapse_on() -> None:
    member = Member(0.5).leased(0.0, 10.0)
    assert not member.alone(9.9)
    assert member.grant(9.9)[1] is False
    assert member.ready(9.9) == 12.0
    member, soon = member.grant(11.9)
    member, due = member.grant(12.0)
    assert (soon, due) == (False, True)
    member = member.leased(12.5, 20.0)
    assert member.ready(20.0) == 22.0


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("rate", lambda: SharedPacer(0.0, frozenset("a"), 1.0, 0.0)),
        ("members", lambda: SharedPacer(1.0, frozenset(), 1.0, 0.0)),
        ("members", lambda: SharedPacer(1.0, "abc", 1.0, 0.0)),  # type: ignore[arg-type]
        ("members", lambda: SharedPacer(1.0, ["a", "a"], 1.0, 0.0)),  # type: ignore[arg-type]
        ("members", lambda: SharedPacer(1.0, frozenset({1}), 1.0, 0.0)),  # type: ignore[arg-type]
        ("held", lambda: _heard({"a": nan}, {"a": 1.0})),
        ("held", lambda: _heard({"b": 5.0}, {"b": 1.0})),
        ("parts", lambda: _heard({"a": 5.0}, {})),
        ("parts", lambda: _heard({"a": 5.0}, {"a": nan})),
        ("parts", lambda: _heard({"a": 5.0}, {"a": 7.0})),
        ("ttl", lambda: SharedPacer(1.0, frozenset("a"), 0.0, 0.0)),
        ("born", lambda: SharedPacer(1.0, frozenset("a"), 1.0, nan)),
        ("burst", lambda: SharedPacer(1.0, frozenset("a"), 1.0, 0.0, burst=-1.0)),
        ("member", lambda: SharedPacer(1.0, frozenset("a"), 1.0, 0.0).heard("b", 0.0, 0.0)),
        ("holds_until", lambda: SharedPacer(1.0, frozenset("a"), 1.0, 0.0).heard("a", nan, 0.0)),
        ("now", lambda: SharedPacer(1.0, frozenset("a"), 1.0, 5.0).heard("a", 5.0, 4.0)),
        ("share", lambda: Member(0.0)),
        ("until", lambda: Member(1.0).leased(0.0, inf)),
        ("now", lambda: Member(1.0).leased(5.0, 6.0).alone(4.0)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=rf"^{name}(\['\w'\])?: expected"):
        act()


def _heard(held: dict[str, float], parts: dict[str, float]) -> SharedPacer:
    return SharedPacer(1.0, frozenset("a"), 10.0, 0.0, held=held, parts=parts)


def test_two_coordinators_at_once_grant_no_more_than_one_may() -> None:
    """Half of the members went over to a new one; the old one believes for one ttl that they are its own."""
    world = Sharing()
    world.begin()
    world.all_renew_and_call_for_a_while(set(), 4)
    world.a_new_coordinator_is_born({"ann", "bob"})
    for _ in range(6):
        world.all_renew_and_call_for_a_while(set(), 1)
        world.no_window_gets_more_than_its_due()


def test_a_member_that_stands_for_several_vouches_for_a_part() -> None:
    shared = SharedPacer(2.0, frozenset("ab"), 10.0, born=0.0)
    shared = shared.heard("a", 20.0, 12.0, part=0.5).heard("b", 22.0, 12.0)
    assert shared.share(12.0) == 0.75
    assert shared.part(21.0) == 0.5
    assert shared.share(20.0) == 0.5
