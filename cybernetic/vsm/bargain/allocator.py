"""System 3's side of the bargain: it lends parts of its own purse, and is fenced when it was replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self

from cybernetic.core import OptionError, flag, number, one_of, whole
from cybernetic.vsm.bargain.budget import epoch_number
from cybernetic.vsm.bargain.contract import UNHEARD, Accepted, Contract, Report, Seal
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.purse import BILLS, Purse
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total, vector
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, entry, instance, mapping

AHEAD = 1.0  # seconds that a clock may be ahead: what began later yet, began before one was set back
LATE = 2 * BILLS  # seconds after the end of an epoch: last words of units that come later change nothing


@dataclass(frozen=True, slots=True)
class Allocator:
    """Who lends to the units of one level: a value. A unit's contract is a reservation in the level's own
    ledger.

    For each unit the ledger holds the most the unit may hold by any word on its way: an increase is set aside
    before the contract is sent, and a decrease counts when the unit has accepted it. The floor of every unit
    is set aside before anything else in an epoch, for the unit takes it without asking when it is cut off.
    Contracts bear a `Seal`, and units refuse one that is older than what they know.

    Write the allocator down before its contracts are sent. A successor starts from what was written, with a
    higher term (`succeeded`); what keeps the one it replaces from writing is a `Fence` at the journal, by
    term.

    Arguments:
        purse: the level's own money. The calls of the level itself reserve from it too.
        floors: by unit, what it may spend without a contract; together at most the purse's own floor.
        grace: seconds after an epoch within which units report; after that their contracts count as spent.
        term: number of this allocator among its predecessors and successors, >= 1.
        version: of the last contract.
        issued: the seal of the last contract, by (epoch, unit).
        purses: the id of the purse that each unit has, by unit; "" of one that is not named, as of a `Purse` that is
            given none. With `UNHEARD` a unit has none yet, and the first that is heard of costs nothing: of one
            that was lost before that nobody knows.
        lost: what units held when they lost their purses, by (epoch, unit): it counts as spent.
        births: when each unit's purse was born, by unit, as far as it was heard: an earlier one is lost.
        bare: epochs below this one were begun before the clock was set back: units that do not know them have nothing
            in them but by contract.

    The last time that it was told is that of its purse; an earlier one is refused, but by a successor, whose clock is
    another one.
    """

    purse: Purse
    floors: Mapping[str, Vector]
    grace: float = 0.0
    term: int = 1
    version: int = 0
    issued: Mapping[tuple[int, str], Seal] = field(default_factory=dict)
    purses: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[tuple[int, str], Vector] = field(default_factory=dict)
    births: Mapping[str, float] = field(default_factory=dict)
    bare: int = 0

    def __post_init__(self) -> None:
        instance("purse", self.purse, Purse)
        number("grace", self.grace, least=0.0)
        epoch_number("bare", self.bare)
        whole("term", self.term, least=1)
        whole("version", self.version)
        for unit, floor in mapping("floors", self.floors).items():
            vector(entry("floors", instance("floors", unit, str)), floor)
        for name, kind in (("issued", Seal), ("purses", str), ("lost", Vector)):
            entries(name, getattr(self, name), kind)
        for unit in self.purses:
            instance("purses", unit, str)
        for name in ("issued", "lost"):
            for key in getattr(self, name):
                _account(name, key)
        for unit, born in mapping("births", self.births).items():
            number(entry("births", instance("births", unit, str)), born)
        if not total(self.floors.values()) <= self.purse.floor:
            raise OptionError("floors", f"a sum of at most {self.purse.floor!r}", total(self.floors.values()))

    def begun(self, epoch: int) -> Self:
        """The allocator with an epoch begun, be it over: the floor of every unit is set aside in its ledger.

        As much of it as there is: less in the first epoch of a purse (see `Purse.born`), and where calls have taken
        more than was left to them. An epoch that is forgotten: the allocator as it is.
        """
        if epoch_number("epoch", epoch) < self.purse.kept:
            return self
        ledger = self.purse.ledger(epoch)
        for unit, floor in self.floors.items():
            ledger = ledger.aside(unit, floor, ledger.until + self.grace)
        return self._with(self.purse.with_ledger(epoch, ledger))

    def accept(
        self, contract: Contract, at: float | None = None, *, first: bool = False
    ) -> tuple[Self, Accepted]:
        """Take a contract for the level from the level above, `at` a time (see `Purse.accept`).

        `first`: it may not have known the level when the epoch began, and have lent its floor to others. Then the
        floors of the units are set aside of what is granted; else they are there whatever that is.
        """
        epoch = instance("contract", contract, Contract).epoch
        known = self if flag("first", first) else self.begun(epoch)
        purse, answer = known.purse.accept(contract, at)
        return changed(known, purse=purse).begun(epoch), answer

    def told(self, now: float) -> Self:
        """The allocator that knows that it is `now` (see `Purse.told`)."""
        return self._with(self.purse.told(now))

    def report(self, epoch: int) -> Report:
        """What the level owes the level above for an epoch that is over (see `Purse.report`), its units' part
        included.
        """
        known = self.begun(epoch) if epoch_number("epoch", epoch) in self.purse.ledgers else self
        return known.purse.report(epoch)

    def reserve(self, key: str, upper: Vector, now: float, until: float) -> tuple[Self, int]:
        """Reserve for a call of the level itself (see `Purse.reserve`), after the floors of its units.

        Raises `OptionError` for a key that is the name of a unit.
        """
        if instance("key", key, str) in self.floors:
            raise OptionError("key", "a key that is no unit's name", key)
        begun = self.begun(self.purse.epoch(now))
        purse, epoch = begun.purse.reserve(key, upper, now, until)
        return changed(begun, purse=purse), epoch

    def settle(
        self, epoch: int, key: str, actual: Vector, *, final: bool = True, bounded: bool | None = None
    ) -> Self:
        """Settle a call of the level itself (see `Purse.settle`), after the floors of its units: also a bill that comes
        when its epoch is forgotten, and counts in the one that runs.

        Raises `OptionError` for a key that is the name of a unit.
        """
        if instance("key", key, str) in self.floors:
            raise OptionError("key", "a key that is no unit's name", key)
        gone = epoch_number("epoch", epoch) < self.purse.kept
        begun = self if gone and bounded is not False else self.begun(self.purse.running if gone else epoch)
        return begun._with(begun.purse.settle(epoch, key, actual, final=final, bounded=bounded))

    def issue(self, unit: str, grant: Vector, now: float) -> tuple[Self, Contract]:
        """Grant `unit` that much (at least its floor, as far as that is there) for the epoch at `now`: the allocator,
        and the contract to send.

        Raises `BudgetExhausted` for an increase that is not covered, and for an epoch that is forgotten, or was over in
        another life, or for which the unit, whose clock may be ahead, has reported; `OptionError` for an unknown unit.
        """
        one_of("unit", unit, sorted(self.floors))
        epoch = self.purse.epoch(now)
        begun = self.told(now).begun(epoch)
        ledger = begun.purse.ledger(epoch)
        if unit not in ledger.open or epoch < begun.purse.ended:
            raise BudgetExhausted(unit, grant, NOTHING, f"it has no account in epoch {epoch} any more")
        gone, held = self.gone(epoch, unit), ledger.open[unit].upper
        granted = vector("grant", grant).most(self.floors[unit].least(held.less(gone) + ledger.available))
        ledger = ledger.revise(unit, held.most(gone + granted))
        seal = Seal(self.term, self.version + 1)
        issued = {**self.issued, (epoch, unit): seal}
        after = changed(
            begun, purse=begun.purse.with_ledger(epoch, ledger), version=seal.version, issued=issued
        )
        return after, self._contract(unit, epoch, granted, seal)

    def closed(self, unit: str, now: float) -> tuple[Self, Contract]:
        """The allocator, and a contract of nothing for the epoch at `now`, which was over in another life: a unit that
        does not know would have its floor in it. Raises `OptionError` for an epoch that was not, and an unknown unit.
        """
        one_of("unit", unit, sorted(self.floors))
        if (epoch := self.purse.epoch(now)) >= self.purse.ended:
            raise OptionError("now", f"a time in epoch {self.purse.ended - 1} or before", now)
        seal = Seal(self.term, self.version + 1)
        return changed(self, version=seal.version), self._contract(unit, epoch, NOTHING, seal)

    def _contract(self, unit: str, epoch: int, grant: Vector, seal: Seal) -> Contract:
        bare = max(self.bare, self.purse.bare)
        of, per = self.purses.get(unit, ""), self.purse.per
        return Contract(unit, epoch, grant, seal, of, per, bare if bare > epoch + 1 else 0)

    def accepted(self, answer: Accepted) -> Self:
        """After a unit's answer. One to a contract that is not the unit's last changes nothing.

        A unit may hold more than there is, by the word of an allocator that lost its books: it is an overrun when it is
        reported, and counts as far as it is covered until then; where its report comes before its answer, all of it is
        that it had not been granted by this one, for nothing tells it from what a unit took too much.
        """
        instance("answer", answer, Accepted)
        if self.issued.get((answer.epoch, answer.unit)) != answer.seal or answer.epoch < self.purse.kept:
            return self
        ledger = self.purse.ledger(answer.epoch)
        if answer.unit not in ledger.open:
            return self
        held, upper = self.gone(answer.epoch, answer.unit) + answer.holds, ledger.open[answer.unit].upper
        covered = upper if ledger.blocked else upper + ledger.available
        return self._with(
            self.purse.with_ledger(answer.epoch, ledger.revise(answer.unit, held.least(covered)))
        )

    def reported(self, report: Report) -> Self:
        """After a unit's report on an epoch that is over; its last word settles it once.

        One of another purse than the unit is known to have (see `renewed`) changes nothing.
        """
        one_of("report.unit", instance("report", report, Report).unit, sorted(self.floors))
        if report.purse != self.purses.get(report.unit, ""):
            return self
        begun = self.begun(report.epoch)
        spent = self.gone(report.epoch, report.unit) + report.spent
        return begun._with(begun.purse.settle(report.epoch, report.unit, spent, final=report.final))

    def gone(self, epoch: int, unit: str) -> Vector:
        """What a unit held in an epoch when it lost its purse: nobody knows what became of it. Raises `OptionError` for
        an epoch that is no integer.
        """
        epoch_number("epoch", epoch)
        return self.lost.get((epoch, instance("unit", unit, str)), NOTHING)

    def renewed(self, unit: str, purse: str, born: float) -> Self:
        """After a unit said which purse it has. With another one it knows nothing of what it has spent: all it could
        have, by any word on its way, counts as spent, unless a last word has told that. What it gets in this epoch
        comes on top of that. A purse that was born before the one that is known changes nothing.

        `born`: when the purse was born, seconds, by the unit's clock; or later, where that is not known. It is what
        tells a new purse from a late word of an old one: a new one whose clock is behind is said to be born when the
        one that is known was (`births`). Raises
        `OptionError` for an unknown unit, a `purse` that is no string, and for `UNHEARD`, which no purse is called.
        """
        one_of("unit", unit, sorted(self.floors))
        number("born", born)
        if instance("purse", purse, str) == UNHEARD:
            raise OptionError("purse", "the id of a purse", purse)
        before = self.purses.get(unit, "")
        if purse == before or born < self.births.get(unit, -inf):
            return self
        issued = {key: seal for key, seal in self.issued.items() if key[1] != unit}
        purses, births = {**self.purses, unit: purse}, {**self.births, unit: born}
        after = changed(self, purses=purses, births=births, issued=issued)
        if before == UNHEARD:
            return after
        last = self.purse.epoch(born)
        begun = after.begun(last)
        bounds = {epoch: _bound(ledger, unit) for epoch, ledger in begun.purse.ledgers.items()}
        lost = {
            (epoch, unit): bound for epoch, bound in bounds.items() if bound is not None and epoch <= last
        }
        return changed(begun, lost={**self.lost, **lost})

    def expire(self, now: float) -> Self:
        """Count as spent what units have not reported in time; a late report still settles it."""
        return self._with(self.purse.expire(now)[0])

    def conclude(self, now: float) -> Self:
        """Wait no longer for the last words of units on epochs that ended `LATE` seconds ago: what was assumed is
        final.
        """
        return self._with(self.purse.conclude(now, LATE))

    def forget(self, epoch: int) -> Self:
        """Drop the epochs up to and with `epoch`. Raises `OptionError` for what is no integer."""
        epoch_number("epoch", epoch)
        issued = {key: seal for key, seal in self.issued.items() if key[0] > epoch}
        lost = {key: spent for key, spent in self.lost.items() if key[0] > epoch}
        return changed(self, purse=self.purse.forget(epoch), issued=issued, lost=lost)

    def succeeded(self, term: int) -> Self:
        """The successor that takes over what was written down, also by another clock. `term` must be higher."""
        return changed(
            self, purse=self.purse.reopened(), term=whole("term", term, least=self.term + 1), version=0
        )

    def redeclared(self, declared: Self, now: float, *, own: bool = False) -> Self:
        """The allocator as it is `declared` anew, by one that has just begun: its period, its floor (see
        `Purse.redeclared`), and the floors of its units.

        A unit that is added gets an account in the epoch at `now`, its floor as far as that is there; it held nothing
        in those before, nor in those that were over (`Purse.ended`). What one that is gone holds in that epoch counts
        until it is over; after it nothing is set aside for it. With another period all accounts are new ones. Which
        purse each has stays known.
        """
        of = instance("declared", declared, Allocator).purse
        purse = self.purse.redeclared(of.per, of.floor, now, own=own, id=of.id)
        floors, purses = dict(declared.floors), {**declared.purses, **self.purses}
        later = (epoch + 1 for epoch in purse.ledgers if epoch * purse.per > now + AHEAD)
        bare = max((purse.ended, *later))
        after = replace(self, purse=purse, floors=floors, grace=declared.grace, purses=purses, bare=bare)
        if of.per != self.purse.per:
            return replace(after, issued={}, lost={})
        for epoch, ledger in purse.ledgers.items():
            if epoch < max(purse.epoch(now), purse.ended):
                new = floors.keys() - self.floors.keys() - ledger.open.keys() - ledger.closed.keys()
                for unit in new:
                    ledger = ledger.settle(unit, NOTHING)
                purse = purse.with_ledger(epoch, ledger)
        return after._with(purse)

    def kept_to(self, now: float) -> Self:
        """One with a budget of its own that was lowered, after units have given back what is more than that."""
        return self._with(self.purse.redeclared(self.purse.per, self.purse.floor, now, own=True))

    def outbid(self, unit: str, known: Seal) -> Self:
        """The allocator under a term above one that `unit` knows, of a predecessor that left no books."""
        instance("unit", unit, str)
        instance("known", known, Seal)
        issued = {key: seal for key, seal in self.issued.items() if key[1] != unit}
        return changed(self.succeeded(max(self.term, known.term) + 1), issued=issued)

    def _with(self, purse: Purse) -> Self:
        return self if purse is self.purse else changed(self, purse=purse)


def _account(name: str, key: object) -> None:
    """Check that `key` is of a unit's account: an epoch, and the unit."""
    if not isinstance(key, tuple) or len(key) != 2 or not isinstance(key[1], str):
        raise OptionError(name, "a mapping by (epoch, unit)", key)
    epoch_number(name, key[0])


def _bound(ledger: Ledger, unit: str) -> Vector | None:
    """The most that a unit can have spent of a ledger, as far as that is not known from its last word; else None."""
    if unit in ledger.open:
        return ledger.open[unit].upper
    closed = ledger.closed.get(unit)
    return None if closed is None or closed.final else closed.actual
