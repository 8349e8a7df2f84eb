"""Rights to spend: no more is spent than was granted, in no order of events; and what the dead held is got back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.crdt import Escrow, LeaseHolds, NotGuardian, RightsLacking
from tests.crdt.world import NAMES, Op, World, ops, spend
from tests.support import soak


class Bank:
    """Replicas of one escrow, some of them entrusted to the first; each joins what it does at once."""

    def __init__(self, granted: int, size: int = 4) -> None:
        self.names = list(NAMES[:size])
        self.dead: list[list[str]] = [[] for _ in self.names]
        self.states = [Escrow() for _ in self.names]
        self.told: list[Escrow] = []
        self.spent = 0
        self.clocks = [0.0] * size
        self.act(0, self.states[0].grant("ann", granted))
        for who in range(size):
            self.hear(who, 0)

    def act(self, who: int, delta: Escrow) -> None:
        self.states[who] = self.states[who].join(delta)
        self.told.append(delta)

    def hear(self, who: int, what: int) -> None:
        self.states[who] = self.states[who].join(self.told[what % len(self.told)])

    def everybody(self) -> list[str]:
        """All names, those of the dead too."""
        return [*self.names, *[name for dead in self.dead for name in dead]]

    def all(self) -> Escrow:
        whole = Escrow()
        for state in self.states:
            whole = whole.join(state)
        return whole


acts = st.tuples(
    st.sampled_from(
        ["give", "give", "spend", "spend", "hear", "hear", "ask", "lease", "lease", "reclaim", "settle",
         "entrust", "wait", "die", "succeed", "over", "want", "absorb", "absorb"]
    ),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 12),
)  # fmt: skip


def _do(bank: Bank, what: str, who: int, whom: int, amount: int) -> None:
    name, other, state, now = bank.names[who], bank.names[whom], bank.states[who], bank.clocks[who]
    match what:
        case "give":
            bank.act(who, state.give(name, other, amount, now))
        case "spend":
            bank.act(who, state.spend(name, amount, now))
            bank.spent += amount
        case "hear":
            bank.hear(who, amount * 7 + whom)
        case "ask":
            bank.states[who] = state.join(bank.states[whom].since(state.context))
        case "lease":
            bank.act(who, state.lease(name, other, amount, now + amount))
        case "reclaim":
            bank.act(who, state.reclaim(name, other, now))
        case "settle":
            bank.act(who, state.settle(name))
        case "entrust":
            bank.act(who, state.entrust(name, bank.names[max(0, who - 1)]))
        case "die":  # and is started again, from all that it knew
            bank.dead[who].append(name)
            bank.names[who] = f"{name}'"
        case "succeed":
            for former in bank.dead[who]:
                bank.act(who, bank.states[who].succeed(name, former))
        case "over":  # which its next start says for it
            for former in bank.dead[who]:
                bank.act(who, bank.states[who].settle_for(name, former))
        case "absorb":
            bank.act(who, state.absorb(name))
        case "want":
            bank.act(who, state.ask(name, amount))
        case "wait":
            bank.clocks[who] += amount  # whose clocks differ by how much nobody knows


@given(st.lists(acts, max_size=soak(80, 200)))
def test_no_interleaving_spends_more_than_was_granted(done: list[tuple[str, int, int, int]]) -> None:
    """Gives, spends, leases and reclaims in any order, told late, twice or never, on clocks that agree on nothing."""
    bank = Bank(20)
    for each in done:
        try:
            _do(bank, *each)
        except (RightsLacking, LeaseHolds, NotGuardian):
            continue
        assert bank.spent <= 20
        whole = bank.all()
        assert whole.used == bank.spent
        assert whole.left == 20 - bank.spent
        rights = [whole.rights(name) for name in bank.everybody()]
        assert whole.balances() == {
            name: amount for name, amount in zip(bank.everybody(), rights, strict=True) if amount
        }
        assert min(rights) >= 0
        assert sum(rights) == whole.left


ANN, BOB = 0, 1
guarded = st.sampled_from(
    [
        ("spend", BOB, BOB),
        ("spend", ANN, ANN),
        ("give", BOB, ANN),
        ("give", ANN, BOB),
        ("ask", ANN, BOB),
        ("ask", BOB, ANN),
        ("lease", ANN, BOB),
        ("reclaim", ANN, BOB),
        ("settle", BOB, BOB),
        ("die", ANN, ANN),
        ("succeed", ANN, ANN),
        ("die", BOB, BOB),
        ("over", BOB, BOB),
        ("absorb", ANN, ANN),
        ("absorb", BOB, BOB),
        ("wait", ANN, ANN),
        ("wait", BOB, BOB),
    ]
)


@given(st.lists(st.tuples(guarded, st.integers(1, 12)), min_size=10, max_size=soak(50, 100)))
@settings(max_examples=soak(100, 5000))
def test_a_guardian_never_takes_what_may_have_been_spent(
    done: list[tuple[tuple[str, int, int], int]],
) -> None:
    """Bob, under leases from ann, is cut off again and again; both spend all that they believe to have."""
    bank = Bank(20, 2)
    bank.act(ANN, bank.states[ANN].give("ann", "bob", 15))
    _do(bank, "ask", BOB, ANN, 0)
    bank.act(BOB, bank.states[BOB].entrust("bob", "ann"))
    _do(bank, "ask", ANN, BOB, 0)
    bank.act(ANN, bank.states[ANN].lease("ann", "bob", 5, until=10.0))
    _do(bank, "ask", BOB, ANN, 0)
    for (what, who, whom), amount in done:
        if what == "spend":  # the most that is allowed: what goes too far shows at once
            amount = bank.states[who].spendable(bank.names[who], bank.clocks[who]) or amount
        try:
            _do(bank, what, who, whom, amount)
        except (RightsLacking, LeaseHolds, NotGuardian):
            continue
        whole = bank.all()
        assert bank.spent <= 20
        assert min(whole.rights(each) for each in bank.everybody()) >= 0
        assert sum(whole.rights(each) for each in bank.everybody()) == whole.left == 20 - bank.spent


@given(st.lists(st.tuples(st.integers(0, 4), ops, st.integers(0, 99)), max_size=soak(50, 100)))
def test_what_each_may_spend_is_never_more_than_what_is_left(steps: list[tuple[int, Op, int]]) -> None:
    world = World(Escrow, 4)
    for who, op, heard in steps:
        world.change(who, op)
        world.hear(who + 1, heard)
        whole = Escrow()
        for state in world.states:
            whole = whole.join(state)
        pairs = zip(world.names, world.states, strict=True)
        assert sum(state.spendable(name, 0.0) for name, state in pairs) <= whole.granted - whole.used


def _told(bank: Bank) -> None:
    for who in range(len(bank.states)):
        for delta in bank.told:
            bank.states[who] = bank.states[who].join(delta)


def _leased() -> Bank:
    """Of 100 rights bob has 60, and a lease of the 25 first of them up to time 10."""
    bank = Bank(100, 2)
    bank.act(0, bank.states[0].give("ann", "bob", 60))
    _told(bank)
    bank.act(1, bank.states[1].entrust("bob", "ann"))
    _told(bank)
    bank.act(0, bank.states[0].lease("ann", "bob", 25, until=10.0))
    _told(bank)
    return bank


def test_who_has_a_guardian_spends_up_to_the_ceiling_until_the_lease_ends() -> None:
    bob = _leased().states[1]
    assert (bob.rights("bob"), bob.spendable("bob", 9.9), bob.spendable("bob", 10.0)) == (60, 25, 0)
    bob = bob.join(bob.spend("bob", 20, now=5.0))
    with pytest.raises(RightsLacking, match="'bob' wanted rights to 6: expected at most 5"):
        bob.spend("bob", 6, now=5.0)
    with pytest.raises(RightsLacking, match="wanted rights to 6"):
        bob.give("bob", "ann", 6, now=5.0)
    with pytest.raises(RightsLacking, match="expected at most 0"):
        bob.spend("bob", 1, now=10.0)
    with pytest.raises(OptionError, match="now: expected a finite number, got: None"):
        bob.spend("bob", 1)


def test_the_rights_of_the_dead_come_back_after_the_lease_and_what_it_may_have_spent_when_it_returns() -> (
    None
):
    bank = _leased()
    bob = bank.states[1]
    bob = bob.join(bob.spend("bob", 20, now=9.0))  # and bob is cut off
    ann = bank.states[0]
    with pytest.raises(LeaseHolds, match=r"the lease of 'bob' holds: expected a time after 11, got: 10\.5"):
        ann.reclaim("ann", "bob", now=10.5)
    ann = ann.join(ann.reclaim("ann", "bob", now=11.0))
    assert (ann.rights("ann"), ann.rights("bob")) == (40 + 35, 25)
    assert ann.lease_of("bob") is None
    assert not ann.reclaim("ann", "bob", now=12.0)
    ann = ann.join(ann.spend("ann", 75))

    bob = bob.join(ann.since(bob.context))  # bob is back, with a clock that is an hour behind
    assert bob.spendable("bob", now=-3600.0) == 0
    assert bob.rights("bob") == 5
    ann = ann.join(bob.settle("bob")).join(bob.since(ann.context))
    ann = ann.join(ann.reclaim("ann", "bob", now=12.0))
    assert (ann.rights("ann"), ann.rights("bob"), ann.left) == (5, 0, 5)


def test_what_a_dead_guardian_had_and_was_entrusted_is_its_successors() -> None:
    bank = _leased()
    ann = bank.states[0]
    ann = ann.join(ann.succeed("ann'", "ann"))  # as which she is started again, from the same store
    assert (ann.rights("ann"), ann.rights("ann'"), ann.successor("ann"), ann.keeper("bob")) == (
        0,
        40,
        "ann'",
        "ann'",
    )
    assert not ann.succeed("ann'", "ann")
    lease = ann.lease_of("bob")
    assert lease is not None
    assert (lease.epoch, lease.ceiling, lease.until) == (1, 25, 10.0)  # it holds as long as it was to hold
    with pytest.raises(LeaseHolds):
        ann.reclaim("ann'", "bob", now=10.5)
    extended = ann.join(ann.lease("ann'", "bob", 60, until=20.0))
    assert bank.states[1].join(extended).spendable("bob", 15.0) == 60
    ann = ann.join(ann.reclaim("ann'", "bob", now=11.0))
    assert (ann.rights("ann'"), ann.rights("bob")) == (40 + 35, 25)
    bob = bank.states[1].join(ann)
    assert bob.spendable("bob", 0.0) == 0
    ann = ann.join(bob.settle("bob"))
    ann = ann.join(ann.reclaim("ann'", "bob", now=12.0))
    assert ann.rights("ann'") == ann.left == 100
    ann = ann.join(ann.succeed("ann''", "ann'"))
    assert (ann.rights("ann''"), ann.keeper("bob"), ann.successor("ann")) == (100, "ann''", "ann''")
    late = ann.join(ann.grant("ann", 1))
    assert late.join(late.succeed("ann''", "ann")).rights("ann''") == 101


def test_only_one_takes_the_place_of_the_dead_and_of_a_ward_its_guardian() -> None:
    ann = _leased().states[0]
    with pytest.raises(NotGuardian, match="the guardian of 'bob' is 'ann'"):
        ann.succeed("cat", "bob")
    with pytest.raises(NotGuardian):
        ann.succeed("ann", "ann")
    after = ann.join(ann.succeed("cat", "ann"))
    for late in "bob", "dan":
        with pytest.raises(NotGuardian, match="'ann' is 'cat'"):
            after.succeed(late, "ann")


def test_a_ward_that_takes_its_guardians_place_needs_no_lease() -> None:
    bob = _leased().states[1]
    bob = bob.join(bob.succeed("bob", "ann"))
    assert bob.spendable("bob", 1e9) == 100
    after = bob.join(bob.succeed("bob'", "bob"))
    assert (after.rights("bob'"), after.spendable("bob'"), after.spendable("bob", 5.0)) == (100, 100, 0)


def test_of_a_dead_ward_its_next_start_says_that_it_is_over_and_nothing_is_taken_before_all_it_wrote_is_known() -> (
    None
):
    bank = _leased()
    bob = bank.states[1]
    spent = bob.spend("bob", 20, now=9.0)
    bob = bob.join(spent)
    over = bob.settle_for("bob'", "bob")
    ann = bank.states[0].join(over)  # which arrives before what it spent
    assert not ann.ended("bob")
    with pytest.raises(LeaseHolds):
        ann.reclaim("ann", "bob", now=9.5)
    ann = ann.join(spent)
    assert ann.ended("bob")
    ann = ann.join(ann.reclaim("ann", "bob", now=9.5))  # its lease is of no use to anybody
    assert (ann.rights("ann"), ann.rights("bob"), ann.left, ann.spendable("bob", 9.5)) == (80, 0, 80, 0)
    assert not bob.join(over).settle_for("bob''", "bob")
    with pytest.raises(NotGuardian):
        ann.settle_for("cat", "ann")
    own = bob.settle_for("bob", "bob")
    assert (bob.join(own).ended("bob"), bob.join(own).spendable("bob", 5.0)) == (True, 0)


def test_what_is_asked_for_is_what_one_wants_to_have_spent_in_all() -> None:
    bob = _leased().states[1]
    assert bob.asked("bob") == 0
    bob = bob.join(bob.ask("bob", 40))
    assert bob.asked("bob") == 40
    assert not bob.ask("bob", 30)
    bob = bob.join(bob.spend("bob", 20, now=5.0))
    assert bob.asked("bob") == 20
    with pytest.raises(RightsLacking, match="wanted rights to 41: expected at most 40"):
        bob.ask("bob", 41)


def test_a_new_lease_after_a_void_one_has_a_later_epoch() -> None:
    bank = _leased()
    ann = bank.states[0].join(bank.states[0].reclaim("ann", "bob", now=20.0))
    ann = ann.join(ann.lease("ann", "bob", 25, until=30.0))
    lease = ann.lease_of("bob")
    assert lease is not None
    assert (lease.epoch, lease.ceiling, lease.until) == (2, 25, 30.0)
    bob = bank.states[1].join(ann)
    assert bob.spendable("bob", 25.0) == 25


def test_a_lease_is_extended_and_never_shortened() -> None:
    ann = _leased().states[0]
    ann = ann.join(ann.lease("ann", "bob", 10, until=5.0))
    lease = ann.lease_of("bob")
    assert lease is not None
    assert (lease.epoch, lease.ceiling, lease.until) == (1, 25, 10.0)


def test_only_the_guardian_one_has_chosen_leases_and_reclaims() -> None:
    ann = _leased().states[0]
    for act in (ann.reclaim, lambda by, whom, now: ann.lease(by, whom, 1, now)):
        with pytest.raises(NotGuardian, match=r"the guardian of 'bob' is 'ann' \(''\: none\), got: 'cat'"):
            act("cat", "bob", 99.0)
        with pytest.raises(NotGuardian, match="the guardian of 'ann' is ''"):
            act("bob", "ann", 99.0)
    with pytest.raises(NotGuardian):
        ann.entrust("bob", "cat")
    with pytest.raises(NotGuardian):
        ann.entrust("cat", "cat")
    assert not ann.entrust("bob", "ann")
    assert not ann.settle("bob")


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, 2**63])
def test_an_impossible_amount_is_refused(amount: Any) -> None:
    with pytest.raises(OptionError, match="amount: expected"):
        Escrow().grant("ann", amount)
    with pytest.raises((OptionError, RightsLacking)):
        Escrow().spend("ann", amount)


def test_a_right_is_spent_once() -> None:
    escrow = Escrow()
    for amount in (5, 5):
        escrow = escrow.join(escrow.grant("ann", amount))
    delta = escrow.spend("ann", 10)
    escrow = escrow.join(delta).join(delta)
    assert (escrow.used, escrow.left, escrow.granted) == (10, 0, 10)
    assert not spend(escrow, "ann", Op(7, 0, 0))
