"""A unit's money: a ledger for each epoch, filled by contracts, and a floor when no contract comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.bargain.budget import Budget, Epoch, epoch_number
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report, Seal
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.refusals import (
    AnotherPeriod,
    AnotherPurse,
    BudgetExhausted,
    NoOpenBill,
    StaleContract,
)
from cybernetic.vsm.bargain.vector import NOTHING, Vector, vector
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, instance, word

NO_CONTRACT = Seal(0, 0)
EXACT = 1e-9  # of an epoch: products of times are no more exact
BILLS = 900.0  # seconds after the end of an epoch: bills for its calls that come later change nothing


@dataclass(frozen=True, slots=True)
class Purse:
    """What one unit (or a whole level) may spend, epoch by epoch: a value.

    A unit that is cut off spends its contract to the end of the epoch and then, in each epoch, its floor,
    which the allocator has set aside for it. The top of the tree is a unit whose floor is the budget
    (`Purse.root`).

    Arguments:
        unit: its path.
        per: length of an epoch, seconds > 0; the same for the allocator and all its units.
        floor: what it may spend in an epoch without a contract.
        seal: the latest contract accepted; an older one is refused.
        ledgers: by number of the epoch.
        kept: epochs below this one are forgotten: nothing about them counts any more.
        ended: epochs below this one were over in another life, and may have been reported, or what was spent in them is
            not known: nothing is reserved in them, also where the clock was set back since.
        id: tells this purse from those that the unit had before and lost.
        seen: the last time that it was told, seconds; None: none yet. An earlier one is refused: in an epoch of which
            it was said what was spent nothing more may be.
        bare: in epochs below this one that have no ledger there is no floor (see `Contract`).
    """

    unit: str
    per: float
    floor: Vector = NOTHING
    seal: Seal = NO_CONTRACT
    ledgers: Mapping[int, Ledger] = field(default_factory=dict)
    kept: int = 0
    ended: int = 0
    id: str = ""
    seen: float | None = None
    bare: int = 0

    def __post_init__(self) -> None:
        instance("unit", self.unit, str)
        number("per", self.per, above=0.0)
        vector("floor", self.floor)
        instance("seal", self.seal, Seal)
        for epoch in entries("ledgers", self.ledgers, Ledger):
            epoch_number("ledgers", epoch)
        epoch_number("kept", self.kept)
        epoch_number("ended", self.ended)
        instance("id", self.id, str)
        epoch_number("bare", self.bare)
        if self.seen is not None:
            number("seen", self.seen)

    @classmethod
    def root(cls, unit: str, budget: Budget) -> Self:
        """The purse at the top: its whole budget is its own in every epoch."""
        instance("budget", budget, Budget)
        return cls(unit, budget.per, budget.grant)

    def epoch(self, now: float) -> int:
        """The number of the epoch at `now`, which may be any."""
        return Epoch.at(now, self.per).number

    def told(self, now: float) -> Self:
        """The purse that knows that it is `now`. Who reports on an epoch tells it first that the epoch is over: then
        nothing is reserved in it any more, whatever a clock says. Raises `OptionError` for a time that runs backwards.
        """
        return self if number("now", now, least=self.seen) == self.seen else changed(self, seen=now)

    def reopened(self) -> Self:
        """The purse as it was written down in another life, whose clock was another one: what it was told is no
        measure for the times that come. But of the epochs that were `over` it may have reported what they took, and of
        those that are forgotten it has: nothing more is reserved in them.
        """
        ledgers = {epoch: changed(ledger, seen=None) for epoch, ledger in self.ledgers.items()}
        ended = max((self.ended, self.kept, *(epoch + 1 for epoch in self.over)))
        return changed(self, ledgers=ledgers, ended=ended, seen=None)

    def redeclared(self, per: float, floor: Vector, now: float, *, own: bool = False, id: str = "") -> Self:
        """The purse as it is declared anew: with another period, or another floor.

        `own`: the floor is its budget (see `root`). That holds from the epoch at `now` on, but for what is committed
        there: as that is given back, the same word again takes the grant down. Where it had less than its budget it
        gets no more in that epoch. One that is lent to has, without a contract, the smaller of both floors in it: no
        more is set aside for it.

        With another period epochs are other ones, and nobody knows what was spent in the one at `now`: a purse of that
        `id`, with nothing in it. Where the clock was set back, nothing is reserved in those that were begun since then.
        """
        number("now", now)
        flag("own", own)
        instance("id", id, str)
        if number("per", per, above=0.0) != self.per:
            begun = (known + 1 for known in self.ledgers if known > self.epoch(now))
            ended = ceil(max(self.ended, self.bare, *begun) * self.per / per - EXACT)
            epoch = Epoch.at(now, per).number
            empty = {epoch: Ledger(NOTHING, until=(epoch + 1) * per)}
            return type(self)(self.unit, per, floor, ledgers=empty, kept=epoch, ended=ended, id=id)
        running = self.epoch(now)
        after = self if vector("floor", floor) == self.floor else changed(self, floor=floor)
        if own:
            for epoch, ledger in self.ledgers.items():
                if epoch >= running:
                    grant = floor if self.floor <= ledger.grant else ledger.grant.least(floor)
                    less = ledger.regrant(grant)
                    after = after if less.grant == ledger.grant else after.with_ledger(epoch, less)
        elif after is not self and running not in self.ledgers and running >= self.kept:
            smaller = changed(self.ledger(running), grant=floor.least(self.floor))
            after = after.with_ledger(running, smaller)
        return after

    def begun(self, epoch: int) -> Self:
        """The purse with a ledger for `epoch`, be it that nothing is done in it; the purse as it is where that is
        forgotten.
        """
        return (
            self if epoch_number("epoch", epoch) < self.kept else self.with_ledger(epoch, self.ledger(epoch))
        )

    def ledger(self, epoch: int) -> Ledger:
        """The ledger of an epoch: one that holds the floor where no contract came."""
        known = self.ledgers.get(epoch_number("epoch", epoch))
        floor = NOTHING if epoch < self.bare else self.floor
        return Ledger(floor, until=(epoch + 1) * self.per) if known is None else known

    def accept(self, contract: Contract, at: float | None = None) -> tuple[Self, Accepted]:
        """Take a contract: the purse, and the answer to the allocator, which says what the clock says: `at`, seconds.

        One for an epoch that is over, and may have been reported, changes no grant: what it would leave has been lent
        to others by then. Taking the latest one again changes nothing and gives an answer again. Less than is committed
        already is taken as what is committed. Raises `StaleContract` for one that is older than the latest,
        `AnotherPurse` for one to a purse that was lost, `AnotherPeriod` for one whose epochs are others, `OptionError`
        for another's.
        """
        if instance("contract", contract, Contract).unit != self.unit:
            raise OptionError("contract.unit", repr(self.unit), contract.unit)
        if at is not None:
            number("at", at)
        if contract.purse != self.id:
            raise AnotherPurse(self.unit, self.id, contract.purse)
        if contract.seal < self.seal or (contract.epoch < self.kept and contract.grant):
            raise StaleContract(self.unit, contract.seal, self.seal, at)
        if contract.per not in (0.0, self.per):
            raise AnotherPeriod(self.unit, self.per, contract.per)
        after = self
        if contract.seal > self.seal:
            after = changed(self, seal=contract.seal, bare=max(self.bare, contract.bare))
            if contract.epoch >= self.running:
                ledger = self.ledger(contract.epoch).regrant(contract.grant)
                after = after.with_ledger(contract.epoch, ledger)
        holds = after.ledger(contract.epoch).grant if contract.epoch >= self.kept else NOTHING
        return after, Accepted(self.unit, contract.epoch, holds, contract.seal, at)

    def reserve(self, key: str, upper: Vector, now: float, until: float) -> tuple[Self, int]:
        """Reserve from the epoch at `now` (see `Ledger.reserve`): the purse, and the epoch to settle in. That is
        another one for a key that is known there: the word has come again.

        Raises `BudgetExhausted` also in an epoch that was over in another life.
        """
        after, epoch = self.told(now), self.epoch(now)
        instance("key", key, str)
        for earlier, ledger in self.ledgers.items():  # or a later one, where the clock was set back
            if earlier != epoch and (key in ledger.open or key in ledger.closed):
                return after.with_ledger(earlier, ledger.reserve(key, upper, now, until)), earlier
        if epoch < self.ended:
            why = f"epoch {epoch} was over, or spent, in another life"
            raise BudgetExhausted(key, upper, NOTHING, why, self.ended * self.per - now)
        if epoch < self.kept:
            raise OptionError("now", f"a time in epoch {self.kept} or later", now)
        return after.with_ledger(epoch, self.ledger(epoch).reserve(key, upper, now, until)), epoch

    def settle(
        self, epoch: int, key: str, actual: Vector, *, final: bool = True, bounded: bool | None = None
    ) -> Self:
        """Settle what was reserved in `epoch` (see `Ledger.settle`); an epoch that is forgotten: the purse as
        it is, for what was reserved then counts; what was not `bounded` then counts in the first that is not known to
        be over (`running`). No key of what is forgotten is known: such a word is to be said once. Nor is one that was
        never reserved for an epoch that was reported with a last word: nobody hears of it.
        """
        if epoch_number("epoch", epoch) < self.kept:
            if bounded is not False:
                return self
            epoch = self.running
        ledger = self.ledger(epoch).settle(key, actual, final=final, bounded=bounded)
        return self.with_ledger(epoch, ledger)

    def billed(self, key: str, actual: Vector) -> Self:
        """After the bill for a call that was settled at an upper bound, or is not settled yet: it took `actual`.

        Raises `NoOpenBill` for one that was settled for good, or is not known.
        """
        instance("key", key, str)
        for epoch, ledger in self.ledgers.items():
            closed = ledger.closed.get(key)
            if key in ledger.open or (closed is not None and not closed.final):
                return self.settle(epoch, key, actual)
        raise NoOpenBill(key)

    def born(self, id: str, now: float) -> Self:
        """The purse of a unit that knows of no other: in the epoch at `now` it may spend only what a contract grants,
        for one before it may have spent the floor. Of the epochs before that one it knows nothing, and says nothing.

        Raises `OptionError` for an empty `id`.
        """
        word("id", id)
        after, epoch = self.told(now), self.epoch(now)
        empty = Ledger(NOTHING, until=(epoch + 1) * self.per)
        return changed(after, ledgers={epoch: empty}, kept=max(self.kept, epoch), id=id)

    def expire(self, now: float) -> tuple[Self, tuple[tuple[int, str], ...]]:
        """Settle what is overdue in all epochs (see `Ledger.expire`): the purse, and (epoch, key) of each."""
        after, gone = self.told(now), []
        for epoch, ledger in self.ledgers.items():
            left, keys = ledger.expire(now)
            after = after.with_ledger(epoch, left) if keys else after
            gone += [(epoch, key) for key in keys]
        return after, tuple(gone)

    def conclude(self, now: float, patience: float = BILLS) -> Self:
        """Wait no longer for the bills of epochs that ended `patience` seconds ago: what was assumed is final."""
        number("patience", patience, least=0.0)
        after = self.told(now)
        for epoch, ledger in self.ledgers.items():
            if ledger.until + patience <= now:
                after = after.with_ledger(epoch, ledger.conclude())
        return after

    def overrun(self, now: float) -> Vector:
        """What calls took in the epoch at `now` beyond what was set aside, while that blocks it; else nothing."""
        ledger = self.ledger(self.told(now).epoch(now))
        return ledger.overrun if ledger.blocked else NOTHING

    def clear(self, now: float) -> Self:
        """Lift the block of an overrun in the epoch at `now` (see `Ledger.clear`)."""
        after, epoch = self.told(now), self.epoch(now)
        ledger = self.ledger(epoch)
        return after.with_ledger(epoch, ledger.clear()) if ledger.blocked else after

    @property
    def running(self) -> int:
        """The first epoch of which it was not told that it is over, and which is not forgotten."""
        told = self.kept if self.seen is None else self.epoch(self.seen)
        return max(self.kept, self.ended, told)

    @property
    def over(self) -> tuple[int, ...]:
        """The epochs that were told to be over, are not forgotten, and have a ledger: those to report on."""
        return tuple(sorted(epoch for epoch in self.ledgers if self.kept <= epoch < self.running))

    def report(self, epoch: int) -> Report:
        """What the unit owes for an epoch that is over; not final while outcomes are open.

        It is a promise about the epoch, so the purse must have been told that it is over (`told`), and have a ledger of
        it (`begun`): such a purse reserves nothing in it any more, also in another life.

        Raises `OptionError` for an epoch that is not among those that are `over`.
        """
        if epoch_number("epoch", epoch) not in self.over:
            told = f"one that was begun, and told to be over, from {self.kept} to {self.running - 1}"
            raise OptionError("epoch", told, epoch)
        ledger = self.ledger(epoch)
        return Report(self.unit, epoch, ledger.bound, ledger.settled, self.id)

    def forget(self, epoch: int) -> Self:
        """Drop the epochs up to and with `epoch`: their last reports have been taken.

        What is open in them is lost. Raises `OptionError` for what is no integer.
        """
        epoch_number("epoch", epoch)
        left = {known: ledger for known, ledger in self.ledgers.items() if known > epoch}
        return changed(self, ledgers=left, kept=max(self.kept, epoch + 1))

    def with_ledger(self, epoch: int, ledger: Ledger) -> Self:
        """The purse with another ledger for `epoch`. Raises `OptionError`."""
        if self.ledgers.get(epoch_number("epoch", epoch)) is instance("ledger", ledger, Ledger):
            return self
        return changed(self, ledgers={**self.ledgers, epoch: ledger})
