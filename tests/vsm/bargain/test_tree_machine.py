"""T-S3-nested and T-S3-conserve over three levels, epochs, lost and late messages, skewed clocks, purses that are
lost, and allocators that are replaced.

acme lends to a division and to a unit; the division lends to two units. What is not delivered at once waits
in a bag, from which it comes in any order, more than once, or never. Each state is written down before its
messages go out, so a crash is a message that is lost; but a purse may be lost for good, be it a unit's or the
division's, and with it what it knew. Every clock is somewhat ahead of that of the level above, or behind it; who
begins anew may do so by another one. Both in one life count a floor twice, so of these a run has one alone.
"""

from collections import defaultdict
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cybernetic.vsm.bargain import (
    UNHEARD,
    Accepted,
    Allocator,
    AnotherPurse,
    Budget,
    BudgetExhausted,
    Contract,
    Purse,
    Report,
    StaleContract,
    Vector,
    total,
)
from tests.support import soak

PER = 60.0
BUDGET = Budget(usd=12, per=PER)
ABOVE = {"division": "acme", "solo": "acme", "left": "division", "right": "division"}
FLOORS = {"division": 4, "solo": 2, "left": 1, "right": 2}
LEAVES = ("solo", "left", "right")
NOTHING = Vector()

units = st.sampled_from(["left", "right", "division", "solo", "left", "division"])
dollars = st.integers(0, 8).map(lambda amount: Vector(usd=amount))
fates = st.sampled_from(["arrives", "arrives", "arrives and stays", "waits", "waits", "is lost"])
SOON_OVER = 0.0
skews = st.fixed_dictionaries({unit: st.sampled_from([0.0, 0.0, 7.0, -7.0]) for unit in ABOVE})


@dataclass(frozen=True)
class Word:
    """A unit says which purse it has, and what time it was by its clock when it was born."""

    unit: str
    purse: str
    born: float


Message = Contract | Accepted | Report | Word


class Tree(RuleBasedStateMachine):
    """Allocators and purses by path, a bag of messages, and what was really paid in each epoch."""

    @initialize(skew=skews, named=st.booleans())
    def begin(self, skew: dict[str, float], named: bool) -> None:
        """`named`: the purses have ids, which are heard before anything is spent."""
        self.now, self.skew = 10.0, {**skew, "acme": 0.0}
        ids = {unit: f"{unit}-0" if named else "" for unit in ABOVE}
        heard = dict.fromkeys(ABOVE, UNHEARD) if named else {}
        purse = Purse("division", PER, Vector(usd=4), id=ids["division"])
        self.allocators = {
            "acme": Allocator(Purse.root("acme", BUDGET), floors("acme"), grace=20.0, purses=heard),
            "division": Allocator(purse, floors("division"), grace=10.0, purses=heard),
        }
        self.purses = {leaf: Purse(leaf, PER, Vector(usd=FLOORS[leaf]), id=ids[leaf]) for leaf in LEAVES}
        self.words_of = {unit: Word(unit, ids[unit], 0.0) for unit in ABOVE}
        self.broken: set[int] = (
            set()
        )  # epochs in which the division lost its purse: it knows less than it has lent
        self.loose: set[int] = set()  # epochs of which a purse was lost: more may count as spent than was
        self.turned = False  # whether somebody began anew by another clock
        self.bag: list[tuple[str, Message]] = []
        self.calls: dict[str, tuple[str, int, Vector]] = {}  # those not yet made
        self.paid: dict[int, list[Vector]] = defaultdict(list)
        self.words: list[tuple[str, int, str, Vector]] = []
        self.boundless: dict[str, tuple[str, int]] = {}  # calls under way of which no bound is known
        self.count = 0
        for unit, word in self.words_of.items():
            self.deliver(ABOVE[unit], word, "")

    # what the units and levels do

    @rule(unit=units, grant=dollars, there=fates, back=fates)
    def an_allocator_grants(self, unit: str, grant: Vector, there: str, back: str) -> None:
        above = ABOVE[unit]
        try:
            self.allocators[above], contract = self.allocators[above].issue(unit, grant, self.at(above))
        except BudgetExhausted:
            return
        self.send(unit, contract, there, back)

    @rule(
        spender=st.sampled_from([*LEAVES, "left", "right", "division", "acme"]),
        part=st.sampled_from([0.5, 1.0, 1.0]),
        outcome=st.sampled_from(["told", "told", "made", "open"]),
        actual=st.sampled_from([0.0, 0.5, 1.0, 1.0]),
    )
    def somebody_spends(self, spender: str, part: float, outcome: str, actual: float) -> None:
        """All it may, or half of it; the call may be made later, and its outcome told later, or never."""
        self.count += 1
        key = f"call-{self.count}"
        upper, at = self.free(spender).times(part), self.at(spender)
        try:
            if spender in self.purses:
                self.purses[spender], epoch = self.purses[spender].reserve(key, upper, at, at + 15.0)
            else:
                self.allocators[spender], epoch = self.allocators[spender].reserve(key, upper, at, at + 15.0)
        except BudgetExhausted:
            epoch = self.running(spender)
            broken = spender == "division" and epoch in self.broken
            assert not upper or broken or epoch < self.purse(spender, epoch).ended
            return
        self.calls[key] = (spender, epoch, upper)
        if outcome != "open":
            self.make(key, actual)
        if outcome == "told":
            self.settle(*self.words.pop())

    @rule(at=st.integers(0, 9), actual=st.sampled_from([0.0, 0.5, 1.0, 1.0]))
    def a_call_is_made(self, at: int, actual: float) -> None:
        """Perhaps long after its reservation has expired."""
        if self.calls:
            self.make(sorted(self.calls)[at % len(self.calls)], actual)

    @rule(at=st.integers(0, 9), keep=st.booleans())
    def the_outcome_of_a_call_is_told(self, at: int, keep: bool) -> None:
        if self.words:
            word = self.words[at % len(self.words)]
            self.settle(*word)
            if not keep:
                self.words.remove(word)

    @rule(spender=st.sampled_from([*LEAVES, "left", "right", "division", "acme"]))
    def somebody_makes_a_call_of_which_no_bound_is_known(self, spender: str) -> None:
        self.count += 1
        key, at = f"call-{self.count}", self.at(spender)
        try:
            if spender in self.purses:
                self.purses[spender], epoch = self.purses[spender].reserve(key, NOTHING, at, at + 15.0)
            else:
                self.allocators[spender], epoch = self.allocators[spender].reserve(
                    key, NOTHING, at, at + 15.0
                )
        except BudgetExhausted:
            return
        self.boundless[key] = (spender, epoch)

    @rule(at=st.integers(0, 9), actual=st.sampled_from([0.0, 0.5, 1.0, 1.0]))
    def such_a_call_takes_some_of_what_is_left(self, at: int, actual: float) -> None:
        """Of what was assumed of it, where that had to be, and of what is left."""
        if not self.boundless:
            return
        key = sorted(self.boundless)[at % len(self.boundless)]
        spender, epoch = self.boundless.pop(key)
        if epoch < self.kept(spender) or not self.knows(spender, epoch, key):
            return
        ledger = self.purse(spender, epoch).ledger(epoch)
        assumed = ledger.closed[key].actual if key in ledger.closed else NOTHING
        took = (ledger.available + assumed).times(actual)
        self.paid[epoch].append(took)
        self.settle(spender, epoch, key, took, bounded=False)

    @rule(unit=st.sampled_from(LEAVES))
    def a_unit_begins_anew_from_its_books(self, unit: str) -> None:
        self.purses[unit] = self.purses[unit].reopened()

    @precondition(lambda self: not self.loose)
    @rule(unit=st.sampled_from([*LEAVES, "division"]), skew=st.sampled_from([0.0, 7.0, -7.0]))
    def a_unit_begins_anew_by_another_clock(self, unit: str, skew: float) -> None:
        """Of what it knew to be over nothing is spent any more, also where it is not over by this clock."""
        self.skew[unit], self.turned = skew, True
        if unit in self.purses:
            self.purses[unit] = self.purses[unit].reopened()
        else:
            self.allocators[unit] = self.allocators[unit].succeeded(self.allocators[unit].term + 1)

    @precondition(lambda self: not self.loose)
    @rule(unit=units, there=fates, spends=st.booleans())
    def a_unit_reports_on_an_epoch_that_runs_once_more_by_its_next_clock(
        self, unit: str, there: str, spends: bool
    ) -> None:
        self.time_passes(SOON_OVER, False)
        self.skew[unit] = max(7.0, self.skew[unit])
        self.a_unit_reports(unit, 1, there)
        self.a_unit_begins_anew_by_another_clock(unit, -7.0)
        if spends:
            self.somebody_spends(unit, 1.0, "told", 1.0)

    @rule(unit=units, back=st.sampled_from([1, 1, 1, 2]), there=fates)
    def a_unit_reports(self, unit: str, back: int, there: str) -> None:
        epoch = self.running(unit) - back
        if epoch >= self.kept(unit):
            self.send(ABOVE[unit], self.told(unit, self.at(unit), epoch).report(epoch), there, "")

    @rule(unit=units, there=fates)
    def a_unit_says_which_purse_it_has(self, unit: str, there: str) -> None:
        self.send(ABOVE[unit], self.words_of[unit], there, "")

    @precondition(lambda self: not self.turned)
    @rule(unit=st.sampled_from([*LEAVES, *LEAVES, "division"]), there=fates)
    def a_purse_is_lost(self, unit: str, there: str) -> None:
        """What was paid from it, as at the last moment all it could, is paid; who is asked about it has forgotten."""
        ahead = max(self.running(below) for below in ("left", "right"))
        if unit == "division" and ahead > self.running(unit):
            return  # of what a unit lost in an epoch that has not begun for its level a successor cannot know
        self.somebody_spends(unit, 1.0, "told", 1.0)
        self.count += 1
        self.words_of[unit] = word = Word(unit, f"{unit}-{self.count}", self.at(unit) + 1e-6 * self.count)
        self.loose |= set(range(self.running(unit) + 1))
        self.words = [told for told in self.words if told[0] != unit]
        purse = Purse(unit, PER, Vector(usd=FLOORS[unit])).born(word.purse, self.at(unit))
        if unit in self.purses:
            self.purses[unit] = purse
        else:
            self.broken |= set(range(self.running(unit) + 1))
            term, heard = self.allocators[unit].term + 1, dict.fromkeys(ABOVE, UNHEARD)
            self.allocators[unit] = Allocator(purse, floors(unit), grace=10.0, term=term, purses=heard)
            for below in ("left", "right"):  # it asks them first of all
                self.deliver(unit, self.words_of[below], "")
        self.send(ABOVE[unit], word, there, "")

    # what the world does

    @rule(seconds=st.sampled_from([1.0, 10.0, PER, SOON_OVER]), expires=st.booleans())
    def time_passes(self, seconds: float, expires: bool) -> None:
        """Also to when an epoch is over for those whose clock is ahead, and not for the others."""
        soon = (self.now // PER + 1) * PER - 3.0
        self.now = max(self.now, soon) if seconds == SOON_OVER else self.now + seconds
        if expires:
            self.purses = {unit: purse.expire(self.at(unit))[0] for unit, purse in self.purses.items()}
            self.allocators = {
                path: allocator.expire(self.at(path)) for path, allocator in self.allocators.items()
            }

    @rule(newest=st.integers(1, 6), fate=fates, back=fates)
    def a_message_comes_late(self, newest: int, fate: str, back: str) -> None:
        if len(self.bag) >= newest:
            self.send(*self.bag.pop(-newest), fate, back)

    @rule(path=st.sampled_from(["acme", "division"]))
    def an_allocator_is_replaced(self, path: str) -> None:
        self.allocators[path] = self.allocators[path].succeeded(self.allocators[path].term + 1)

    # how it is done

    def at(self, path: str) -> float:
        """The time by the clock of `path`."""
        return self.now + self.skew[path]

    def running(self, path: str) -> int:
        return int(self.at(path) // PER)

    def kept(self, unit: str) -> int:
        teller = self.teller(unit)
        return teller.kept if isinstance(teller, Purse) else teller.purse.kept

    def send(self, to: str, message: Message, fate: str, back: str) -> None:
        if fate.startswith("arrives"):
            self.deliver(to, message, back)
        if fate in ("waits", "arrives and stays"):
            self.bag.append((to, message))

    def deliver(self, to: str, message: Message, back: str) -> None:
        if isinstance(message, Word):
            self.allocators[to] = self.allocators[to].renewed(message.unit, message.purse, message.born)
        elif isinstance(message, Report):
            self.allocators[to] = self.allocators[to].reported(message)
        elif isinstance(message, Accepted):
            self.allocators[to] = self.allocators[to].accepted(message)
        else:
            try:
                if to in self.purses:
                    self.purses[to], answer = self.purses[to].accept(message)
                else:
                    self.allocators[to], answer = self.allocators[to].accept(message)
            except StaleContract:
                return
            except AnotherPurse:
                self.send(ABOVE[to], self.words_of[to], back, "")
                return
            self.send(ABOVE[to], answer, back, "")

    def make(self, key: str, actual: float) -> None:
        spender, epoch, upper = self.calls.pop(key)
        self.paid[epoch].append(upper.times(actual))
        if epoch >= self.kept(spender) and self.knows(spender, epoch, key):
            self.words.append((spender, epoch, key, upper.times(actual)))

    def knows(self, spender: str, epoch: int, key: str) -> bool:
        """Whether it has the call in its books: of what a lost purse paid nobody tells the next."""
        ledger = self.purse(spender, epoch).ledger(epoch)
        return key in ledger.open or key in ledger.closed

    def settle(self, spender: str, epoch: int, key: str, actual: Vector, bounded: bool = True) -> None:
        if spender in self.purses:
            self.purses[spender] = self.purses[spender].settle(epoch, key, actual, bounded=bounded)
        else:
            self.allocators[spender] = self.allocators[spender].settle(epoch, key, actual, bounded=bounded)

    def teller(self, unit: str) -> Purse | Allocator:
        return self.purses[unit] if unit in self.purses else self.allocators[unit]

    def told(self, unit: str, now: float, epoch: int) -> Purse | Allocator:
        """The one who reports on an epoch for a unit, and from here on knows that it is `now`."""
        if unit in self.purses:
            self.purses[unit] = self.purses[unit].begun(epoch).told(now)
        else:
            self.allocators[unit] = self.allocators[unit].begun(epoch).told(now)
        return self.teller(unit)

    def purse(self, unit: str, epoch: int) -> Purse:
        return self.purses[unit] if unit in self.purses else self.allocators[unit].begun(epoch).purse

    def free(self, unit: str) -> Vector:
        epoch = self.running(unit)
        return self.purse(unit, epoch).ledger(epoch).available

    # what must hold

    @invariant()
    def no_ledger_commits_more_than_it_was_granted(self) -> None:
        for epoch in self.recent():
            for unit in [*ABOVE, "acme"]:
                if epoch in self.broken and unit in ("division", "acme"):
                    continue
                ledger = self.purse(unit, epoch).ledger(epoch)
                assert ledger.committed <= ledger.grant, unit
                assert not ledger.overrun

    @invariant()
    def no_unit_holds_more_than_was_set_aside_for_it_above(self) -> None:
        """T-S3-nested: in the running epoch its grant, in one that is over, or was by another clock, what it has
        committed.
        """
        for epoch in self.recent():
            for unit, above in ABOVE.items():
                if epoch < max(self.kept(unit), self.kept(above) if above in ABOVE else 0):
                    continue
                if above == "division" and epoch in self.broken:
                    continue
                purse = self.purse(unit, epoch)
                ledger, spendable = purse.ledger(epoch), epoch >= max(self.running(unit), purse.ended)
                held = ledger.grant if spendable else ledger.committed
                lender = self.purse(above, epoch).ledger(epoch)
                aside = lender.open[unit].upper if unit in lender.open else lender.closed[unit].actual
                assert held <= aside, (unit, epoch)

    @invariant()
    def no_epoch_costs_more_than_the_budget(self) -> None:
        """T-S3-conserve: what was really paid by all, whatever the ledgers think."""
        assert all(total(paid) <= BUDGET.grant for paid in self.paid.values())

    def recent(self) -> range:
        running = int((self.now + 7.0) // PER)
        return range(max(0, running - 2), running + 1)

    def teardown(self) -> None:
        """When all has been told, from the leaves up, the top knows to the last billionth what was paid; where a purse
        was lost, it believes no less.
        """
        for word in self.words:
            self.settle(*word)
        for key, (spender, epoch, _) in self.calls.items():
            if epoch >= self.kept(spender) and self.knows(spender, epoch, key):
                self.settle(spender, epoch, key, NOTHING)
        for key, (spender, epoch) in self.boundless.items():
            if epoch >= self.kept(spender) and self.knows(spender, epoch, key):
                self.settle(spender, epoch, key, NOTHING)
        epochs = range(int((self.now + 7.0) // PER) + 1)
        late = (len(epochs) + 1) * PER
        for unit in (*LEAVES, "division"):
            self.deliver(ABOVE[unit], self.words_of[unit], "")
            for epoch in epochs:
                if epoch >= self.kept(unit):
                    report = self.told(unit, late, epoch).report(epoch)
                    assert report.final or epoch in self.loose
                    self.deliver(ABOVE[unit], report, "")
        for epoch in epochs:
            known, paid = (
                self.allocators["acme"].begun(epoch).told(late).report(epoch).spent,
                total(self.paid[epoch]),
            )
            assert known == paid if epoch not in self.loose else paid <= known, (known, paid, epoch)


def floors(above: str) -> dict[str, Vector]:
    return {unit: Vector(usd=FLOORS[unit]) for unit, level in ABOVE.items() if level == above}


Tree.TestCase.settings = settings(max_examples=soak(40, 1000), stateful_step_count=soak(40, 60))
TestTree = Tree.TestCase
