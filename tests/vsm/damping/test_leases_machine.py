"""T-S2-mutex: in every interleaving at most one valid lease a key, and a fence that only newer tokens pass.

The table crashes and is reborn with nothing but a higher epoch, and may give shorter or longer leases from then on;
words take their time, answers are lost and asked for again; holders sleep and write late. A holder is on another
clock: it knows nothing of the table's times, and believes in a lease for `ttl` from when it asked.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cybernetic.vsm.damping import Fence, Lease, LeaseLost, LeaseTable
from tests.support import soak

TTL = 10.0
KEYS = st.sampled_from(["file", "ticket"])
HOLDERS = st.sampled_from(["ann", "bob", "eve"])
UNDERWAY = st.sampled_from([0.0, 0.0, 0.5, 3.0])  # seconds that a word to the table takes


class Leasing(RuleBasedStateMachine):
    """Holders, resources with fences, and a table that dies.

    `held` is the lease that each holder has heard of, `until` how long it believes in it, and `asked` when it asked
    last for what it waits for: what it is told is counted from there.
    """

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.table = LeaseTable(ttl=TTL)
        self.longest = TTL  # of what any table so far gives
        self.old: LeaseTable | None = None
        self.held: dict[tuple[str, str], Lease] = {}
        self.until: dict[tuple[str, str], float] = {}
        self.asked: dict[tuple[str, str], float] = {}
        self.ever: list[Lease] = []
        self.given_back: set[int] = set()
        self.fences = {"file": Fence("file"), "ticket": Fence("ticket")}
        self.passed: dict[str, list[int]] = {"file": [], "ticket": []}

    def take(self, lease: Lease | None, lost: bool = False) -> None:
        if lease is not None:
            self.ever.append(lease)
            if not lost:
                who = lease.holder, lease.key
                known = self.held.get(who)
                until = self.asked[who] + lease.ttl
                same = known is not None and known.token == lease.token
                self.held[who], self.until[who] = lease, max(until, self.until[who]) if same else until

    @rule(key=KEYS, holder=HOLDERS, lost=st.booleans(), priority=st.integers(0, 3), underway=UNDERWAY)
    def request(self, key: str, holder: str, lost: bool, priority: int, underway: float = 0.0) -> None:
        self.asked[holder, key] = self.now
        self.now += underway
        self.table, lease = self.table.request(key, holder, self.now, priority=float(priority))
        self.take(lease, lost)
        if lease is not None:
            self.write(lease)

    @rule(key=KEYS)
    def everybody_wants_the_same(self, key: str) -> None:
        for holder in ("ann", "bob", "eve"):
            self.request(key, holder, False, 0)

    @rule(key=KEYS, holder=HOLDERS)
    def the_answer_is_lost_and_asked_for_again_late(self, key: str, holder: str) -> None:
        self.request(key, holder, True, 0)
        self.time_passes(TTL - 1.0)
        self.request(key, holder, False, 0)

    @rule(key=KEYS, holder=HOLDERS, lost=st.booleans(), underway=UNDERWAY)
    def renew(self, key: str, holder: str, lost: bool, underway: float = 0.0) -> None:
        lease, asked = self.held.get((holder, key)), self.now
        if lease is None:
            return
        self.now += underway
        try:
            self.table, longer = self.table.renew(key, lease.token, self.now)
        except LeaseLost:
            return
        self.asked[holder, key] = asked
        self.take(longer, lost)
        assert self.now < longer.renew_at < longer.until

    @rule(key=KEYS, holder=HOLDERS, twice=st.booleans(), lost=st.booleans())
    def release(self, key: str, holder: str, twice: bool, lost: bool) -> None:
        lease = self.held.pop((holder, key), None)
        if lease is not None:
            self.given_back.add(lease.token)
            for _ in range(1 + twice):
                self.table, next_one = self.table.release(key, lease.token, self.now)
                self.take(next_one, lost)

    @rule(at=st.integers(0, 50))
    def an_old_release_arrives_late(self, at: int) -> None:
        if self.ever:
            lease = self.ever[at % len(self.ever)]
            believed = self.held.get((lease.holder, lease.key))
            if believed is None or believed.token != lease.token:
                self.table, next_one = self.table.release(lease.key, lease.token, self.now)
                self.take(next_one)

    @rule(lost=st.booleans())
    def turn(self, lost: bool) -> None:
        self.table, leases = self.table.turn(self.now)
        for lease in leases:
            self.take(lease, lost)

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 6.0, TTL]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(ttl=st.sampled_from([TTL, 2.0, 30.0]), reported=st.booleans())
    def the_table_dies_and_is_reborn(self, ttl: float, reported: bool) -> None:
        """One that has heard all that is held need not be quiet any more."""
        self.old = self.table
        quiet = self.now + self.longest
        self.table = LeaseTable(ttl=ttl, epoch=self.table.epoch + 1, quiet=quiet)
        self.longest = max(self.longest, ttl)
        if reported:
            for holder, key in self.held:
                self.a_holder_reports(holder, key, False)
            self.table = replace(self.table, quiet=self.now)
        for key in ("file", "ticket"):
            for holder in sorted(
                {"ann", "bob", "eve"} - {holder for holder, held in self.held if held == key}
            ):
                self.request(key, holder, False, 0)

    @rule(first=st.sampled_from([30.0, TTL]), then=st.sampled_from([2.0, TTL]), key=KEYS, holder=HOLDERS)
    def two_tables_die_one_after_another(self, first: float, then: float, key: str, holder: str) -> None:
        """What the first has given the second has only heard of; the third is quiet for that too."""
        self.the_table_dies_and_is_reborn(first, True)
        self.request(key, holder, False, 0)
        self.the_table_dies_and_is_reborn(then, False)
        self.a_holder_reports(holder, key, False)
        self.the_table_dies_and_is_reborn(then, False)

    @rule(holder=HOLDERS, key=KEYS, renews=st.booleans())
    def a_holder_reports(self, holder: str, key: str, renews: bool) -> None:
        """What it said then may come again when it has renewed."""
        lease = self.held.get((holder, key))
        if lease is not None and self.now < self.until[holder, key]:
            try:
                self.table = self.table.adopt(lease, self.now)
                if renews:
                    self.renew(key, holder, False)
                    self.table = self.table.adopt(lease, self.now)
                    again = self.table.holding(key, self.now)
                    assert again is None or again.until >= self.held[holder, key].until
            except LeaseLost:
                pass

    @rule(at=st.integers(0, 50))
    def an_old_report_arrives_late_or_again(self, at: int) -> None:
        """Never after its release: the words of one holder come in order."""
        told = [lease for lease in self.ever if lease.token not in self.given_back]
        if told:
            try:
                self.table = self.table.adopt(told[at % len(told)], self.now)
            except LeaseLost:
                pass

    @precondition(lambda self: self.old is not None)
    @rule(key=KEYS, holder=HOLDERS)
    def the_old_table_was_not_dead_and_grants(self, key: str, holder: str) -> None:
        """Two tables at once break exclusion among believers, which no table can prevent; the fence must
        hold.
        """
        assert self.old is not None
        _, lease = self.old.request(key, holder, max(self.now, self.old.seen or 0.0))
        if lease is not None:
            self.write(lease)

    @rule(at=st.integers(0, 50))
    def somebody_writes(self, at: int) -> None:
        """With a lease that may have been over for long."""
        if self.ever:
            self.write(self.ever[at % len(self.ever)])

    def write(self, lease: Lease) -> None:
        try:
            self.fences[lease.key] = self.fences[lease.key].passed(lease.token)
        except LeaseLost:
            return
        self.passed[lease.key].append(lease.token)

    @invariant()
    def at_most_one_holder_a_key_believes_it_may(self) -> None:
        for key in ("file", "ticket"):
            believed = [(lease, self.until[who]) for who, lease in self.held.items() if lease.key == key]
            valid = [(lease, until) for lease, until in believed if self.now < until]
            assert len({lease.token for lease, _ in valid}) <= 1, valid
            known = self.table.holding(key, self.now)
            for lease, until in valid:
                if known is not None and known.token == lease.token:
                    assert until <= known.until or self.now < self.table.quiet, (known, lease)
                elif known is not None:  # by an old word, before the holder has reported
                    assert known.token < lease.token, (known, lease)
                    assert self.now < self.table.quiet, (known, lease)

    @invariant()
    def no_token_is_granted_twice(self) -> None:
        holders = {(lease.token, lease.holder, lease.key) for lease in self.ever}
        assert len({token for token, _, _ in holders}) == len(holders)

    @invariant()
    def at_the_resource_tokens_only_grow(self) -> None:
        for tokens in self.passed.values():
            assert tokens == sorted(tokens)


Leasing.TestCase.settings = settings(max_examples=soak(50, 3000), stateful_step_count=50)
TestLeasing = Leasing.TestCase
