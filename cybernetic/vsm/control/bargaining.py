"""System 3's side of the bargain: it lends what the level holds to the units, and sees that each has its contract."""

from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.bargain.allocate import Claim
from cybernetic.vsm.bargain.allocator import AHEAD, LATE, Allocator
from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.bargain.contract import UNHEARD, Accepted, Contract, Report, Seal
from cybernetic.vsm.bargain.ledger import Ledger
from cybernetic.vsm.bargain.lending import lend, moved
from cybernetic.vsm.bargain.purse import NO_CONTRACT, Purse
from cybernetic.vsm.bargain.refusals import AnotherPeriod, AnotherPurse, BudgetExhausted, StaleContract
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total
from cybernetic.vsm.bargain.weights import earned_weights
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.control.accounts import Accounts
from cybernetic.vsm.control.claims import claims_on
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.opening import begun, closing
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.control.periods import Periods
from cybernetic.vsm.control.witnesses import UNTOLD, Before, Witnesses
from cybernetic.vsm.inspection.verifier import spends
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.timing import now

SOON = 1e-3  # seconds: a timer is no more exact
FIRST = 8.0  # seconds that a level within another waits for its first contract, before it lives by its floor


class Bargaining:
    """The leases of one level.

    Args:
        control: who speaks for it.
        charter: of the level.
        charges: its units, by path.
        accounts: what they account for.
        weights: what they weigh now.
        patience: with units that are to accept their contracts.
        kept: the part (0 to 1) of what there is that is kept back, until system 5 releases it.

    Attributes:
        allocator: the level's ledgers and leases; None where no budget is counted.
        owed: what units took beyond their leases: they are lent that, if it is there.
        witnesses: who knows until when the level was there.
    """

    def __init__(
        self,
        control: Any,
        charter: Charter,
        charges: Mapping[str, Charge],
        accounts: Accounts,
        weights: Callable[[], Mapping[str, float]],
        patience: Patience,
        kept: float = 0.0,
    ) -> None:
        self._kept = kept
        self._released: tuple[int, tuple[str, ...]] = (-1, ())  # in an epoch, to whom
        self._control, self._charges, self._accounts, self._weights = control, charges, accounts, weights
        self._auditing = {}  # what audits are set aside, as a part of the level's budget
        if charter.audit is not None and spends(charter.audit):
            free = max(0.0, 1.0 - sum(charge.floor_share for charge in charges.values()))
            self._auditing[f"{charter.path}:audit"] = min(charter.audit.budget_share, free)
        self.allocator: Allocator | None = None
        if charter.per is not None:
            purse = Purse(charter.path, charter.per, charter.floor)
            floors = {path: one.floor for path, one in charges.items()}
            floors |= dict.fromkeys(self._auditing, NOTHING)
            self.allocator = Allocator(purse, floors, purses=dict.fromkeys(charges, UNHEARD))
        self._lent = charter.budget is None  # it lives by what the level above lends it
        self._most = charter.most if self._lent else charter.floor  # that it shares out, by its own word
        self.witnesses = Witnesses(control, charter)
        self._entries: tuple[Entry, ...] = ()  # for the log: how it has begun
        self._alone_from = now() + (FIRST if self._lent else 0.0)
        self._unheard: int | None = None  # an epoch: it may not have been of the level above when that began
        self._told: tuple[int, Vector] | None = None  # what the level above lends for an epoch
        self._made: dict[str, Contract] = {}  # contracts not yet accepted, by unit
        self._written: dict[str, Contract] = {}  # those of them that are in the books, and may be sent
        self._closed: dict[str, int] = {}  # of which epoch a unit was told that it was over in another life
        self._sending: set[str] = set()  # whose contract is on its way
        self._patience = patience
        self._wakes = -inf  # when the end of an epoch is waited for, seconds
        self._bounds: tuple[int, Mapping[str, Vector]] = (-1, {})  # of an epoch: who is to have what at most
        self._took: set[str] = set()  # units that have taken a contract of this system 3
        self._periods = Periods(control, charter.per)
        self._calm_until = 0.0
        self.owed: Mapping[str, Vector] = {}

    def begin(self, known: Allocator | None, before: Before = UNTOLD) -> None:
        """Go on from the books, under a higher term: a predecessor that still speaks is refused. What is declared
        holds, whatever was when they were written. Without any the purse is another one than the level above may know;
        and where there was another, what that may have spent is gone. `before`: what `witnesses` know of other lives.
        """
        if self.allocator is None:
            return
        self.allocator, said = begun(self._control, self.allocator, known, before, now(), lent=self._lent)
        self._entries = tuple(self._control.entry(kind, body) for kind, body in said.items())
        if self._lent and known is not None and known.purse.epoch(now()) not in known.purse.ledgers:
            self._unheard = self.allocator.purse.epoch(now())

    @property
    def epoch(self) -> Epoch | None:
        """The epoch that it is; None where no budget is counted."""
        return None if self.allocator is None else Epoch.at(now(), self.allocator.purse.per)

    @property
    def purse(self) -> str:
        """The id of the level's own; empty where nothing is counted."""
        return "" if self.allocator is None else self.allocator.purse.id

    def renewed(self, path: str, purse: str) -> None:
        """A unit says which purse it has: with another one what it held counts as spent."""
        if self.allocator is None or path not in self.allocator.floors or not purse:
            return
        begun = max(self.allocator.purse.ledgers, default=0) * self.allocator.purse.per
        born = max(now() + AHEAD, self.allocator.births.get(path, -inf), begun)  # clocks may be set back
        after = self.allocator.renewed(path, purse, born)
        if after is not self.allocator:
            self.allocator = after
            for table in (self._made, self._written, self._closed):
                table.pop(path, None)  # what was on its way was for the purse before

    def lease(self, path: str) -> Vector:
        """What a unit may hold now by any word on its way."""
        if self.allocator is None:
            return NOTHING
        ledger = self.allocator.purse.ledger(self.allocator.purse.epoch(now()))
        return self._held(self.allocator, ledger).get(path, NOTHING)

    def issued(self, path: str) -> bool:
        """Whether a unit has a contract for this epoch, be it on its way."""
        epoch = self.epoch
        return (
            epoch is not None and self.allocator is not None and (epoch.number, path) in self.allocator.issued
        )

    def calm(self, until: float) -> None:
        """What is lent swings: until then it is shared out by the weights alone, whatever units earn or leave idle, so
        that nobody's share follows what it did with the last one.
        """
        self._calm_until = max(self._calm_until, until)

    def release(self, unit: str) -> bool:
        """Lend a unit what is kept back, in this epoch, or as much of it as others; whether that is new."""
        epoch = self.epoch
        if epoch is None or not self._kept or unit not in self._charges:
            return False
        known = self._released[1] if self._released[0] == epoch.number else ()
        self._released = epoch.number, (*known, unit)
        return unit not in known

    def bind(self, epoch: int, bounds: Mapping[str, Vector]) -> None:
        """What units are to have in an epoch at most; it holds for no other, and one that is over is nobody's."""
        if epoch >= self._bounds[0]:
            self._bounds = epoch, {**self._bounds_in(epoch), **bounds}

    def _bounds_in(self, epoch: int) -> Mapping[str, Vector]:
        return self._bounds[1] if self._bounds[0] == epoch else {}

    def most(self, units: Collection[str]) -> dict[str, Vector]:
        """What each of these units could have at most: its part, and of what others are bound to leave."""
        assert self.allocator is not None
        epoch = self.allocator.purse.epoch(now())
        ledger = self.allocator.purse.ledger(epoch)
        held = self._held(self.allocator, ledger)
        pool = ledger.available + total(held.values())
        pool = pool.less(pool.times(self._kept))
        parts = lend(pool, self._claims(held, pool), {}, 0.0, self._bounds_in(epoch))
        return {path: parts.get(path, NOTHING) for path in units}

    def parts(self, whole: Vector) -> dict[str, Vector]:
        """What each unit would have of a `whole` that the level were lent."""
        held = (*self._charges, *self._auditing)
        pool = whole.less(whole.times(self._kept))
        lent = lend(pool, self._claims(held, pool), {}, 0.0)
        return {path: lent.get(path, NOTHING) for path in self._charges}

    def bounded(self, amount: Vector) -> Vector:
        """No more than the level's own budget, if it declares one."""
        return amount if self._most is None else amount.least(self._most)

    # Downwards.

    async def turn(self) -> None:
        """Settle what is overdue, lend what the epoch holds, and be there when it ends."""
        epoch = self.epoch
        if self.allocator is None or epoch is None:
            return
        over = self.allocator.purse.over
        known = self.allocator
        if self._unheard != epoch.number:
            known = (known if self._unheard is None else known.begun(self._unheard)).begun(epoch.number)
            self._unheard = None
        self.allocator = known.expire(now()).conclude(now())
        if self._lent and self.allocator.purse.over != over:
            await self.write()  # before it is reported what they took
        if not self._lent:  # nobody above takes its reports
            past = self.allocator.purse.epoch(now() - LATE) - 1
            if past >= self.allocator.purse.kept:
                self.allocator = self.allocator.forget(past)
        await self.share_out()
        self.deliver()
        if (at := now()) > self._wakes - SOON:  # who has only his floor waits for the next contract
            wait = max(SOON, epoch.ends - at)
            self._wakes = at + wait
            self._control.ref.after(wait).cast(type(self._control).renew)

    async def share_out(self) -> None:
        """Contracts for what the epoch holds, where the shares have moved far enough to be worth it."""
        allocator, epoch, at = self.allocator, self.epoch, now()
        if allocator is None or epoch is None or not self._charges:
            return
        if epoch.number < allocator.purse.ended:
            await self._issue(*closing(allocator, self._closed, self._charges, at))
            return
        if not self.witnesses.know(epoch, ahead=any(allocator.floors.values())):
            return
        allocator = (allocator if self._lent else allocator.kept_to(at)).begun(epoch.number)
        nothing = self._lent and not allocator.purse.ledger(epoch.number).grant
        first = self._unheard == epoch.number or allocator.purse.seal == NO_CONTRACT
        if first and (nothing or at < self._alone_from):
            return  # the level's first contract is on its way: units that were given their floors would not wait for it
        held = self._held(allocator, allocator.purse.ledger(epoch.number))
        whole = self._pool(allocator, epoch, held)
        kept = whole.times(self._kept)
        pool = whole.less(kept)
        used = self._accounts.used(epoch)
        claims = self._claims(held, pool)
        known = {} if at < self._calm_until else {path: used[path] for path in held if path in used}
        gone = (at - epoch.begins) / (epoch.ends - epoch.begins)
        bounds = self._bounds_in(epoch.number)
        wanted = lend(pool, claims, known, gone, bounds, self._accounts.fallen())
        glad = set(self._released[1]) & wanted.keys() if self._released[0] == epoch.number else set()
        for path in glad:
            wanted[path] += kept.times(1.0 / len(glad))
        new = {path for path in held if (epoch.number, path) not in allocator.issued}
        changed = [
            path
            for path in held
            if path in new
            or moved(self._last(path, epoch, held), wanted[path], used.get(path, NOTHING), pool)
        ]
        fresh: dict[str, Contract] = {}
        for path in sorted(changed, key=lambda path: (path not in new, not wanted[path] <= held[path])):
            free = allocator.purse.ledger(epoch.number).available
            grant = wanted[path].least(held[path] + free)  # what another has to give back first comes later
            if path not in new and grant == self._last(path, epoch, held):
                continue
            try:
                allocator, contract = allocator.issue(path, grant, at)
            except BudgetExhausted:
                continue
            fresh[path] = contract
        await self._issue(allocator, fresh)

    async def _issue(self, allocator: Allocator, fresh: Mapping[str, Contract]) -> None:
        if allocator != self.allocator:
            self.allocator = allocator
            self._made |= fresh
            await self.write()
            self._written |= {path: one for path, one in fresh.items() if self._made.get(path) == one}

    def _held(self, allocator: Allocator, ledger: Ledger) -> dict[str, Vector]:
        """What each has of the ledger of an epoch, but for what was lost."""
        paths = (*self._charges, *self._auditing)
        held = {path: ledger.open[path].upper for path in paths if path in ledger.open}
        if not allocator.lost:
            return held
        epoch = round(ledger.until / allocator.purse.per) - 1
        return {path: upper.less(allocator.gone(epoch, path)) for path, upper in held.items()}

    def _last(self, path: str, epoch: Epoch, held: Mapping[str, Vector]) -> Vector:
        """What a unit was told last: it may not have heard it yet, or holds more because it has used more."""
        made = self._made.get(path)
        return made.grant if made is not None and made.epoch == epoch.number else held[path]

    def _pool(self, allocator: Allocator, epoch: Epoch, held: Mapping[str, Vector]) -> Vector:
        """What is lent or could be. A level holds more than it is lent until its units have given that back."""
        pool = self.bounded(allocator.purse.ledger(epoch.number).available + total(held.values()))
        if self._told is not None and self._told[0] == epoch.number:
            return pool.least(self._told[1])
        return pool

    def _claims(self, held: Collection[str], pool: Vector) -> dict[str, Claim]:
        """What each may claim; who took more than he was lent claims that first, where there is as much."""
        earned = {} if now() < self._calm_until else self._accounts.earned()
        weights = earned_weights(self._weights(), earned)
        return claims_on(pool, held, self._auditing, self._charges, weights, self.owed)

    def deliver(self) -> None:
        """Send what is not accepted yet, to all at the same time: who is silent delays nobody else.

        A unit that is away gets it when it is back.
        """
        for path, contract in self._written.items():
            if path not in self._sending:
                self._sending.add(path)
                self._control.task(self._send(path, contract))

    async def _send(self, path: str, contract: Contract) -> None:
        asked = now()
        try:
            if path in self._auditing:
                accepted: Accepted = await self._control.ask(Channel.AUDIT, Role.AUDIT, contract)
            else:
                accepted = await self._patience.ask(Channel.BARGAIN, contract, path)
        except AnotherPeriod as error:
            await self._periods.refused(path, error)
        except AnotherPurse as error:
            self.renewed(path, error.purse)
            self._control.ref.cast(type(self._control).renew)
        except StaleContract as error:
            self._delivered(path, contract)
            if not await self._periods.told(path, error.at, asked):
                await self._control.jot("stale", str(error))
            self._refused(path, error.known)
        except (CallError, Refusal):
            return
        else:
            assert self.allocator is not None
            self.allocator = self.allocator.accepted(accepted)
            self._took.add(path)
            self._delivered(path, contract)
            self._periods.agreed(path)
            await self._periods.told(path, accepted.at, asked)
        finally:
            self._sending.discard(path)

    def _refused(self, path: str, known: Seal) -> None:
        """A unit knows a later word than one of this system 3: that of a successor, if it has taken one of this before.
        Else of a predecessor that left no books, and that one is outbid.
        """
        assert self.allocator is not None
        if path not in self._took and known.term >= self.allocator.term:
            self.allocator = self.allocator.outbid(path, known)
            self._control.ref.cast(type(self._control).renew)
        elif known.term > self.allocator.term:
            self._control.replaced()

    def _delivered(self, path: str, contract: Contract) -> None:
        """A later contract, made while this one was on its way, is still to be sent."""
        for table in (self._made, self._written):
            if table.get(path) == contract:
                del table[path]

    async def reported(self, reports: tuple[Report, ...]) -> int | None:
        """Reports on epochs that are over; the last epoch up to which all was the last word, written down.

        What comes after one that is not final is kept with it: a later word may still settle that one.
        """
        if self.allocator is None or not reports:
            return None
        for report in reports:
            if report.unit in self.allocator.floors:
                self.allocator = self.allocator.reported(report)
        await self.write()
        open_ = min((report.epoch for report in reports if not report.final), default=inf)
        return max((report.epoch for report in reports if report.epoch < open_), default=None)

    # Upwards.

    async def granted(self, contract: Contract) -> Accepted:
        """A contract from the level above. Raises `StaleContract`, `AnotherPeriod`, and `AnotherPurse`: then another
        one comes, and is waited for.
        """
        assert self.allocator is not None
        try:
            first = self._unheard == contract.epoch
            self.allocator, accepted = self.allocator.accept(contract, now(), first=first)
        except AnotherPurse:
            self._alone_from = max(self._alone_from, now() + FIRST)
            raise
        self._told, self._unheard = (contract.epoch, contract.grant), None
        await self.share_out()
        await self.write()
        self.deliver()
        return accepted

    async def taken(self, epoch: int) -> None:
        """The level above has written down the level's reports up to an epoch."""
        if self.allocator is not None:
            self.allocator = self.allocator.forget(epoch)
            await self.write()

    def reports(self) -> tuple[Report, ...]:
        """What the level owes the one above for epochs that are over by what is written."""
        allocator = self.allocator
        return () if allocator is None else tuple(allocator.report(epoch) for epoch in allocator.purse.over)

    async def write(self) -> None:
        """Into the books, before anybody is told; refused there for one who was replaced."""
        if self.allocator is not None:
            entries, self._entries = self._entries, ()
            await self._control.keep("control", self.allocator, self.allocator.term, *entries)
