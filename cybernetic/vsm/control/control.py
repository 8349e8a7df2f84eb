"""The agent of system 3."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Ack, Felt, Over, Relief, Told
from cybernetic.vsm.bargain.allocate import Claim, divide
from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report
from cybernetic.vsm.bargain.purse import NO_CONTRACT, Purse
from cybernetic.vsm.bargain.refusals import BudgetExhausted, StaleContract
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total
from cybernetic.vsm.bargain.weights import Productivity, earned_weights, worth_publishing
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.reweighing import considered
from cybernetic.vsm.governance.messages import Acting, PolicyKnown, PolicyUpdate, Referral
from cybernetic.vsm.inspection.messages import Audited, Discrepancy, Quarantine
from cybernetic.vsm.inspection.verifier import spends
from cybernetic.vsm.intelligence.messages import Considered, Proposed, Settled, Shift
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.operations.messages import Accountability, Intervention, Resumption, Rung, Taken
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.timing import now

FIRST = 4.0  # seconds that a level within another waits for its first contract, before it lives by its floor
HORIZON = 100.0  # units of the first resource after whose spending productivity is forgotten


class Control(Member):
    """System 3 of a level.

    Args:
        charter: of the level.
        charges: its units.
    """

    role = Role.CONTROL
    period: float = 1.0

    def __init__(self, charter: Charter, charges: Sequence[Charge]) -> None:
        super().__init__(charter.path)
        self._charter = charter
        self._charges = {charge.path: charge for charge in charges}
        free = max(0.0, 1.0 - sum(charge.floor_share for charge in charges))
        self._auditing = {}  # what audits are set aside, as a part of the level's budget
        if charter.audit is not None and spends(charter.audit):
            self._auditing[f"{charter.path}:audit"] = min(charter.audit.budget_share, free)
        self._books: Named[Books] = self.system.named(f"{self.path}:books", Books)
        self._allocator: Allocator | None = None
        if charter.per is not None:
            purse = Purse(self.path, charter.per, charter.floor)
            floors = {one.path: one.floor for one in charges}
            self._allocator = Allocator(purse, {**floors, **dict.fromkeys(self._auditing, NOTHING)})
        self._productivity = {path: Productivity(HORIZON) for path in self._charges}
        self._accounts: dict[str, Accountability] = {}
        self._heard = dict.fromkeys(self._charges, now())  # when each unit accounted last
        self._missing: dict[str, PainKey] = {}  # what hurts of those that do not account, by unit
        self._standing: dict[str, Contract] = {}  # contracts not yet accepted, by unit
        self._sending: set[str] = set()  # whose contract is on its way
        self._held: dict[str, Intervention] = {}
        self._shift: Shift | None = None  # of weights, agreed with system 4
        self._overruns: frozenset[str] = frozenset()

    async def setup(self) -> None:
        """Go on from the books, under a higher term: a predecessor that still speaks is refused."""
        known = await self._books.call(Books.load, "control")
        if known is not None and self._allocator is not None:
            self._allocator = known.succeeded(known.term + 1)
        self._shift = await self._books.call(Books.load, "shift")
        self._alone_from = now() + (FIRST if self._charter.budget is None else 0.0)
        await self._write()
        super().setup()
        self.ref.cast(Control.turn)

    # The bargain, downwards.

    async def cycle(self) -> None:
        """Offer what the epoch holds, settle what is overdue, let interventions lapse."""
        at = now()
        self._held = {path: one for path, one in self._held.items() if at < one.until}
        self._watch_accounts(at)
        if self._allocator is None:
            return
        epoch = self._allocator.purse.epoch(at)
        self._allocator = self._allocator.begun(epoch).expire(at)
        await self._share_out()
        self._deliver()
        self._watch_overrun()

    async def _share_out(self) -> None:
        """Contracts for what the epoch holds, where the shares have moved far enough to be worth it."""
        allocator, at = self._allocator, now()
        if allocator is None or not self._charges:
            return
        if allocator.purse.seal == NO_CONTRACT and at < self._alone_from:
            return  # the level's first contract is on its way: units that were given their floors would not wait for it
        epoch = allocator.purse.epoch(at)
        ledger = allocator.begun(epoch).purse.ledger(epoch)
        held = {
            path: ledger.open[path].upper for path in (*self._charges, *self._auditing) if path in ledger.open
        }
        wanted = divide(ledger.available + total(held.values()), {path: self._claim(path) for path in held})
        new = [path for path in held if (epoch, path) not in allocator.issued]
        if not new and not self._moved(held, wanted):
            return
        for path in sorted(held, key=lambda path: path not in new):
            try:
                allocator, contract = allocator.issue(path, wanted[path], at)
            except BudgetExhausted:
                continue  # what another unit has to give back first is shared out in the next round
            self._standing[path] = contract
        self._allocator = allocator
        await self._write()

    def _claim(self, path: str) -> Claim:
        if path in self._auditing:
            return Claim(0.0, self._auditing[path], self._auditing[path])
        charge = self._charges[path]
        earned = {one: made.ratio for one, made in self._productivity.items() if made.spent}
        weights = earned_weights(self._weights(), earned)
        return Claim(weights[path], charge.floor_share, charge.cap_share)

    def _weights(self) -> dict[str, float]:
        """Those that were agreed with system 4 or ruled by system 5, as long as they hold; else as declared."""
        if self._shift is not None and now() < self._shift.until:
            return dict(self._shift.weights)
        return {path: charge.weight for path, charge in self._charges.items()}

    async def reweigh(self, shift: Shift | None, why: str = "") -> None:
        """Share out by other weights until then; None: by those that were declared."""
        self._shift = shift
        await self._books.call(Books.save, "shift", shift)
        weights = None if shift is None else dict(shift.weights)
        await self._jot("shift", {"weights": weights, "until": shift and shift.until, "why": why})
        await self._share_out()

    @hears(Proposed)
    def _proposed(self, proposed: Proposed, note: Note) -> Considered:
        declared = {path: charge.weight for path, charge in self._charges.items()}
        return considered(proposed.shift, declared, self._held, self._allocator is not None, now())

    @hears(Settled)
    async def _settled(self, settled: Settled, note: Note) -> None:
        await self.reweigh(settled.shift, f"{settled.id}: {settled.why}")

    def _moved(self, held: Mapping[str, Vector], wanted: Mapping[str, Vector]) -> bool:
        names = {name for vector in wanted.values() for name in vector.resources}
        return any(
            worth_publishing(
                {path: vector.amount(name) for path, vector in held.items()},
                {path: vector.amount(name) for path, vector in wanted.items()},
            )
            for name in names
        )

    def _deliver(self) -> None:
        """Send what is not accepted yet, to all at the same time: who is silent delays nobody else.

        A unit that is away gets it when it is back.
        """
        for path, contract in self._standing.items():
            if path not in self._sending:
                self._sending.add(path)
                self.task(self._send(path, contract))

    async def _send(self, path: str, contract: Contract) -> None:
        try:
            if path in self._auditing:
                accepted: Accepted = await self.ask(Channel.AUDIT, Role.AUDIT, contract, patience=0.5)
            else:
                accepted = await self.ask(Channel.BARGAIN, Role.MANAGEMENT, contract, path, patience=0.5)
        except StaleContract as error:
            self._delivered(path, contract)
            await self._jot("stale", str(error))
        except (CallError, Refusal):
            return
        else:
            assert self._allocator is not None
            self._allocator = self._allocator.accepted(accepted)
            self._delivered(path, contract)
        finally:
            self._sending.discard(path)

    def _delivered(self, path: str, contract: Contract) -> None:
        """A later contract, made while this one was on its way, is still to be sent."""
        if self._standing.get(path) == contract:
            del self._standing[path]

    @hears(Accountability)
    async def _accounted(self, account: Accountability, note: Note) -> None:
        self._accounts[account.path] = account
        self._heard[account.path] = now()
        if missing := self._missing.pop(account.path, None):
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(missing))
        known = self._productivity.get(account.path)
        if known is not None and account.done:
            resources = account.spent.resources
            spent = account.spent.amount(sorted(resources)[0]) if resources else 0.0
            self._productivity[account.path] = known.after(float(account.done), spent)
        if self._allocator is None or not account.reports:
            return
        for report in account.reports:
            self._allocator = self._allocator.reported(report)
        await self._write()
        final = [report.epoch for report in account.reports if report.final]
        if final:
            self.tell(Channel.BARGAIN, Role.MANAGEMENT, Taken(max(final)), account.path)

    @hears(Audited)
    async def _audited(self, audited: Audited, note: Note) -> None:
        """What audits took in epochs that are over."""
        if self._allocator is None:
            return
        for report in audited.reports:
            if report.unit in self._allocator.floors:
                self._allocator = self._allocator.reported(report)
        await self._write()
        final = [report.epoch for report in audited.reports if report.final]
        if final:
            self.tell(Channel.AUDIT, Role.AUDIT, Taken(max(final)))

    # The bargain, upwards.

    async def granted(self, contract: Contract) -> Accepted:
        """A contract from the level above. Raises `StaleContract`."""
        assert self._allocator is not None
        self._allocator, accepted = self._allocator.accept(contract)
        await self._share_out()
        await self._write()
        self.ref.cast(Control.turn)
        return accepted

    async def taken(self, epoch: int) -> None:
        """The level above has written down the level's reports up to an epoch."""
        if self._allocator is not None:
            self._allocator = self._allocator.forget(epoch)
            await self._write()

    def account(self) -> Accountability:
        """What the level owes the level above."""
        accounts = self._accounts.values()
        at, spent = now(), NOTHING
        reports: tuple[Report, ...] = ()
        if self._allocator is not None:
            purse = self._allocator.purse
            spent = purse.ledger(purse.epoch(at)).committed
            over = [epoch for epoch in sorted(purse.ledgers) if epoch < purse.epoch(at)]
            reports = tuple(self._allocator.report(epoch, at) for epoch in over)
        return Accountability(
            self.path,
            sum(one.done for one in accounts),
            sum(one.failed for one in accounts),
            sum(one.waiting for one in accounts),
            spent,
            {},
            reports,
        )

    # What it commands.

    async def intervene(self, path: str, one: Intervention | Resumption) -> None:
        """Intervene in a unit, or end that before its time: it is written in the log, and ends by itself."""
        self._held.pop(path, None)
        if isinstance(one, Intervention):
            self._held[path] = one
        what = one.rung.name if isinstance(one, Intervention) else "RESUMED"
        await self._jot("intervention", {"unit": path, "rung": what, "why": one.reason})
        await self._command(path, one)

    async def pass_on(self, one: Intervention | Resumption) -> None:
        """An intervention of the level above in this level as a whole."""
        await asyncio.gather(*(self.intervene(path, one) for path in self._charges))

    async def quarantine(self, one: Quarantine) -> None:
        """Take a port out of use in all units, or put it back."""
        await self._jot("quarantine", {"port": one.port, "why": one.reason, "lifted": one.lifted})
        await asyncio.gather(*(self._command(path, one) for path in self._charges))
        if self._charter.audit is not None:
            self.tell(Channel.AUDIT, Role.AUDIT, one)

    async def distribute(self, update: PolicyUpdate) -> dict[str, int]:
        """Policies for every unit; under which revision each acts since."""
        if self._charter.audit is not None:
            self.tell(Channel.AUDIT, Role.AUDIT, update)  # the verifier acts under them, too
        answers = await asyncio.gather(*(self._command(path, update) for path in self._charges))
        return {known.path: known.revision for known in answers if isinstance(known, PolicyKnown)}

    async def _command(self, path: str, body: object) -> Any:
        try:
            return await self.ask(Channel.COMMAND, Role.MANAGEMENT, body, path, patience=0.5)
        except (CallError, Refusal) as error:
            return error

    @hears(PolicyUpdate)
    def _policies(self, update: PolicyUpdate, note: Note) -> Deferred[dict[str, int]]:
        answer: Deferred[dict[str, int]] = self.defer()
        self.task(self._distributed(update, answer))
        return answer

    async def _distributed(self, update: PolicyUpdate, answer: Deferred[dict[str, int]]) -> None:
        answer.reply(await self.distribute(update))

    @hears(Acting)
    def _acting(self, acting: Acting, note: Note) -> None:
        """A part has only begun: system 5 knows what it should act under."""
        self.tell(Channel.METASYSTEM, Role.POLICY, acting, cause=note)

    @hears(Referral)
    def _referred(self, referral: Referral, note: Note) -> Deferred[Any]:
        answer = self.defer()
        self.task(self._asked(referral, note, answer))
        return answer

    async def _asked(self, referral: Referral, note: Note, answer: Deferred[Any]) -> None:
        try:
            verdict = await self.ask(
                Channel.METASYSTEM,
                Role.POLICY,
                referral,
                cause=note,
                patience=None,  # who refers it knows how long to wait
            )
        except Exception as error:
            answer.fail(error)
        else:
            answer.reply(verdict)

    # What it is told.

    @hears(Discrepancy)
    async def _discrepant(self, found: Discrepancy, note: Note) -> None:
        """A unit's successes are none: what it was done with is taken out of use, until somebody says otherwise."""
        await self._jot("finding", {"unit": found.path, "gap": found.gap, "ports": list(found.ports)})
        for port in found.ports:
            reason = f"audits of {found.path} found {found.gap:.0%} of its successes false"
            await self.quarantine(Quarantine(port, reason))

    @hears(Told)
    def _told(self, told: Told, note: Note) -> None:
        """A pain has come up to the level: it takes it over, and intervenes where it knows how."""
        pain = told.pain
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Ack(pain.key, told.level, f"{self.path}:control"))
        if pain.path in self._charges and pain.cause is Cause.LIMITS:
            until = now() + self._charter.clocks[0].recovery
            advise = Intervention(Rung.ADVISE, f"{pain.index} is outside its limits", until)
            self.task(self.intervene(pain.path, advise))

    @hears(Over)
    def _over(self, over: Over, note: Note) -> None:
        """Nothing stands on it."""

    def _watch_accounts(self, at: float) -> None:
        """A unit that has not accounted for two periods is an exception, whatever else of it still beats."""
        for path in self._charges:
            if path not in self._missing and at - self._heard[path] > 2 * self.period:
                pain = Pain(path, "account missing", Cause.HEARTBEAT, Severity.ALERT, 1.0, at)
                self._missing[path] = pain.key
                self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))

    def _watch_overrun(self) -> None:
        """A unit that took more than was set aside hurts until it is cleared."""
        assert self._allocator is not None
        ledger = self._allocator.purse.ledger(self._allocator.purse.epoch(now()))
        if ledger.overrun:
            pain = Pain(self.path, "overrun", Cause.INVARIANT, Severity.ALERT, 1.0, now())
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))

    # Its books.

    def ledger(self) -> Any:
        """The allocator as it stands; None where no budget is counted."""
        return self._allocator

    def accounts(self) -> dict[str, Accountability]:
        """The last account of each unit."""
        return dict(self._accounts)

    def interventions(self) -> dict[str, Intervention]:
        """Those in force, by unit."""
        return dict(self._held)

    async def _write(self) -> None:
        if self._allocator is not None:
            await self._books.call(Books.save, "control", self._allocator, self._allocator.term)

    async def _jot(self, kind: str, body: object) -> None:
        await self._books.call(Books.note, Entry(kind=kind, path=self.path, body=body, at=now()))
