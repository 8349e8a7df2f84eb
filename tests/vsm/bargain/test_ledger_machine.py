"""T-S3-conserve and T-S3-overrun: one ledger through crashes, repetition, reordering and late truths.

The world knows what each call really took. Messages wait in a bag and come out in any order, twice, or never.
The ledger is written down before an answer goes out: a crash loses the operation, or the answer, or nothing.
"""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cybernetic.vsm.bargain import BudgetExhausted, Ledger, Vector, total
from tests.support import soak

END = 30.0
grants = st.sampled_from([Vector(usd=2, tokens=9), Vector(usd=1, tokens=5), Vector(usd=0.5)])
amounts = st.builds(
    lambda usd, tokens: Vector(usd=usd / 10, tokens=tokens), st.integers(0, 6), st.sampled_from([0, 0, 1, 2])
)
lasts = st.sampled_from([1.0, 5.0, 300.0])
crashes = st.sampled_from(["", "", "", "before", "after"])
paid = st.tuples(
    st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0, 0, 0, 0, 3]), st.sampled_from([None, None, 0, 2])
)


@dataclass
class Call:
    """One call as the world knows it.

    `upper` is what was asked for; `took` what refused tries of it took, `paid` what all of it really took, once made.
    """

    upper: Vector
    until: float
    took: Vector = field(default_factory=Vector)
    paid: Vector | None = None


class Spending(RuleBasedStateMachine):
    """One ledger and the calls paid from it; `excess` is what calls really took beyond their bounds."""

    @initialize(grant=grants)
    def begin(self, grant: Vector) -> None:
        self.now = 0.0
        self.ledger = Ledger(grant, until=END)
        self.granted = [grant]
        self.calls: dict[str, Call] = {}
        self.allowed: set[str] = set()
        self.bag: list[tuple[str, Vector, bool]] = []
        self.excess = Vector()

    @rule(
        upper=amounts,
        lasts=lasts,
        crash=crashes,
        goes=st.sampled_from(["open", "refused", "made", "told"]),
        paid=paid,
    )
    def a_call_is_asked_for(
        self, upper: Vector, lasts: float, crash: str, goes: str, paid: tuple[float, int, int | None]
    ) -> None:
        key = f"call-{len(self.calls)}"
        self.calls[key] = Call(upper, self.now + lasts)
        self.try_to_reserve(key, crash)
        if key in self.allowed and goes == "refused":
            self.refuse(key, 1.0, 0.5)
        if key in self.allowed and goes in ("made", "told"):
            self.make(key, *paid)
        if key in self.allowed and goes == "told":
            self.tell(*self.bag.pop())

    @rule(at=st.integers(0, 9), crash=crashes)
    def a_call_asks_again(self, at: int, crash: str) -> None:
        if self.calls:
            self.try_to_reserve(f"call-{at % len(self.calls)}", crash)

    def try_to_reserve(self, key: str, crash: str) -> None:
        call = self.calls[key]
        if crash == "before" or call.until <= self.now:
            return
        blocked = self.ledger.blocked
        known = key in self.ledger.open or key in self.ledger.closed
        try:
            self.ledger = self.ledger.reserve(key, call.upper, self.now, call.until)
        except BudgetExhausted:
            assert not known
            return
        assert known or not (blocked or self.now >= END)
        if crash != "after":
            self.allowed.add(key)

    @rule(at=st.integers(0, 9), paid=paid)
    def an_allowed_call_is_made(self, at: int, paid: tuple[float, int, int | None]) -> None:
        """Perhaps long after its reservation has expired."""
        waiting = [key for key in sorted(self.allowed) if self.calls[key].paid is None]
        if waiting:
            self.make(waiting[at % len(waiting)], *paid)

    @rule(at=st.integers(0, 9), took=st.sampled_from([0.1, 0.3, 1.0]), lasts=lasts)
    def a_call_is_refused_and_made_again(self, at: int, took: float, lasts: float) -> None:
        known = sorted(self.allowed & self.ledger.open.keys())
        waiting = [key for key in known if self.calls[key].paid is None]
        if waiting:
            self.refuse(waiting[at % len(waiting)], took, lasts)

    def refuse(self, key: str, took: float, lasts: float) -> None:
        """What the try took beyond its bound is set aside as far as it is there."""
        call, before = self.calls[key], self.ledger.available
        beyond = call.took.less(call.upper)
        call.took, call.until = call.took + Vector(usd=took), self.now + lasts
        again = replace(self.ledger.open[key], took=call.took, until=call.until)
        self.ledger = replace(self.ledger, open={**self.ledger.open, key: again})
        self.excess = self.excess + call.took.less(call.upper).less(beyond).less(before)

    def make(self, key: str, part: float, beyond: int, bound: int | None) -> None:
        """It takes a part of what refused tries left of its bound, or more than it; a bound on what it took may be told
        beside the truth.
        """
        call = self.calls[key]
        over = Vector(usd=beyond / 10)
        call.paid = call.took + call.upper.less(call.took).times(1.0 if beyond else part) + over
        self.excess = self.excess + over
        self.bag.append((key, call.paid, True))
        if bound is not None:
            self.bag.append((key, call.paid + Vector(usd=bound / 10), False))

    @rule(newest=st.integers(1, 6), keep=st.booleans())
    def a_word_about_a_call_arrives(self, newest: int, keep: bool) -> None:
        if len(self.bag) >= newest:
            word = self.bag[-newest]
            self.tell(*word)
            if not keep:
                self.bag.remove(word)

    def tell(self, key: str, amount: Vector, final: bool) -> None:
        before = self.ledger
        self.ledger = before.settle(key, amount, final=final)
        if not self.ledger.overrun <= before.overrun:
            assert self.ledger.blocked

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 3.0, END]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def what_is_overdue_expires(self) -> None:
        self.ledger, keys = self.ledger.expire(self.now)
        for key in keys:  # one of which no bound was known may have taken more
            call, actual = self.calls[key], self.ledger.closed[key].actual
            assert actual == call.upper.most(call.took) or (not call.upper and call.took <= actual)

    @rule(grant=grants)
    def the_grant_changes(self, grant: Vector) -> None:
        committed, before = self.ledger.committed, self.ledger.grant
        self.ledger = self.ledger.regrant(grant)
        assert grant <= self.ledger.grant
        assert committed.least(before) <= self.ledger.grant
        self.granted.append(self.ledger.grant)

    @rule()
    def the_overrun_is_cleared(self) -> None:
        self.ledger = self.ledger.clear()

    @invariant()
    def nothing_is_committed_that_was_not_granted(self) -> None:
        assert self.ledger.spent + self.ledger.reserved <= self.ledger.grant + self.ledger.overrun
        assert self.ledger.available + self.ledger.committed.least(self.ledger.grant) == self.ledger.grant

    @invariant()
    def the_sums_are_the_sums_of_the_parts(self) -> None:
        ledger = self.ledger
        assert ledger.reserved == total(open_.upper for open_ in ledger.open.values())
        aside = total(open_.upper.most(self.calls[key].took) for key, open_ in ledger.open.items())
        assert ledger.committed == ledger.spent + aside
        assert ledger.spent == total(closed.actual for closed in ledger.closed.values())
        assert ledger.overrun == total(closed.overrun for closed in ledger.closed.values())
        assert not ledger.open.keys() & ledger.closed.keys()

    @invariant()
    def what_is_really_paid_is_covered(self) -> None:
        paid = total(call.took if call.paid is None else call.paid for call in self.calls.values())
        assert paid <= self.ledger.committed + self.excess
        assert paid <= self.ledger.grant + self.excess

    @invariant()
    def a_final_word_is_the_truth(self) -> None:
        for key, settlement in self.ledger.closed.items():
            if settlement.final:
                assert settlement.actual == self.calls[key].paid

    def teardown(self) -> None:
        """When every word has arrived the ledger knows exactly what was paid."""
        for word in self.bag:
            self.tell(*word)
        made = {key: call.paid for key, call in self.calls.items() if call.paid is not None}
        for key, paid in made.items():
            assert self.ledger.closed[key].actual == paid
            assert self.ledger.closed[key].final


Spending.TestCase.settings = settings(max_examples=soak(50, 3000), stateful_step_count=50)
TestSpending = Spending.TestCase
