"""The agent of system 3*."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal, real_time
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.audit.findings import Account, AuditFinding
from cybernetic.vsm.audit.health import VerifierHealth
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.record import AuditRecord, Standing
from cybernetic.vsm.bargain.contract import Accepted, Contract
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import Vector, total
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why, incident
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.inspection.canaries import Canaries
from cybernetic.vsm.inspection.dossier import Dossier
from cybernetic.vsm.inspection.files import Files
from cybernetic.vsm.inspection.fruitless import Fruitless, Look
from cybernetic.vsm.inspection.fund import Fund
from cybernetic.vsm.inspection.gate import Gate
from cybernetic.vsm.inspection.messages import Completed, Discrepancy, Evidence, Lifted, Probe
from cybernetic.vsm.inspection.secret import Secret
from cybernetic.vsm.inspection.spending import Spending
from cybernetic.vsm.inspection.surprises import Surprises
from cybernetic.vsm.inspection.verifier import CannotTell, judgement
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.operations.messages import Taken, Unblocked
from cybernetic.vsm.ports.tally import tally
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.findings import Findings

AT_ONCE = 8  # audits
WAITING = 1000  # audits that wait; beyond them the oldest are given up
DOUBT = 10  # rounds between two canaries of a verifier that is not believed


class Auditor(Member):
    """System 3* of a level: looks at finished tasks past the management, when nobody expects it.

    What it knows is in the books, its secret too, so that its successor goes on where it ended.

    Args:
        charter: of the level; its `audit` is declared.
        units: by path, the purposes of each with their weights; none where none are declared.
        paced: names of the ports that system 2 paces.
        secret: decides which tasks are looked at, in the place of the one declared; see `Secret.of`. What is in the
            books goes before.
    """

    role = Role.AUDIT
    period = 1.0

    def __init__(
        self,
        charter: Charter,
        units: Mapping[str, Mapping[str, float]],
        paced: frozenset[str] = frozenset(),
        secret: bytes | None = None,
    ) -> None:
        super().__init__(charter.path)
        audit = self._audit = charter.audit or Audit()
        books: Named[Books] = self.system.named(f"{self.path}:books", Books)
        known = Secret.of(audit.secret, self.system.chance, self.path) if secret is None else Secret(secret)
        files = self._files = Files(self.path, audit, units, books, known)
        purse = None if charter.per is None else Purse(f"{self.path}:audit", charter.per)
        self._fund = Fund(purse, files.keep_purse, lambda purse: tally(self.system, files.life, purse))
        self._gate = Gate(self, charter.ports, paced, charter.policies, audit.independent_of, self._fund)
        self._canaries = Canaries(audit.canaries)
        self._fruitless = Fruitless(self, files)
        self._surprises = Surprises(self, audit, units, files, self._fruitless)
        self._spending = Spending()
        self._findings = Findings(self, units)
        self._due: deque[tuple[Callable[..., Awaitable[None]], Any]] = deque()
        self._at_work = self._turns = 0
        self._telling: set[str] = set()
        self._doubted = ""  # the task at which the verifier was doubted, or believed again

    async def setup(self) -> None:
        """Go on from the books: with the same secret, the same records, the same purse."""
        kept = await self._files.load()
        if kept is not None:
            await self._fund.begin(*kept)
        for unit in self._files.dossiers:
            self._wind(unit)
        if self._audit.verify is not None:  # before it is believed, it shows that it can tell
            for _ in self._audit.canaries:
                self._soon(self._try_out, self._canaries.next(self.path))
        super().setup()

    # Which tasks.

    @hears(Completed)
    def _completed(self, completed: Completed, note: Note) -> None:
        """A task is reported: the lot decides, now that nothing of it can be changed."""
        unit = completed.path
        self._files.change(unit, lambda one: one.completed(completed.task) if completed.good else one)
        if self._fund.purse is not None:
            self._spending.completed(unit, self._fund.purse.epoch(now()))
        if self._audit.verify is None:
            return
        if self._files.sampler.picks(completed.task, self._chances()[unit]):
            self._soon(self._look_at, (completed, note.why))

    def _chances(self) -> dict[str, float]:
        """The chance of an audit, by unit: raised by its gap, and thinned to what audits may cost."""
        dossiers, chance = self._files.dossiers.items(), self._files.sampler.probability
        wished = {unit: chance(gap=one.record.gap) for unit, one in dossiers}
        granted = self._fund.granted
        if not granted:
            return wished
        return self._spending.thinned(wished, granted.amount(sorted(granted.resources)[0]))

    def _soon(self, work: Callable[..., Awaitable[None]], about: Any) -> None:
        """Do it when fewer than `AT_ONCE` audits are under way."""
        self._due.append((work, about))
        if len(self._due) > WAITING:
            self._due.popleft()
        self._next()

    def _next(self) -> None:
        while self._due and self._at_work < AT_ONCE:
            self._at_work += 1
            self.task(self._worked(*self._due.popleft()))

    async def _worked(self, work: Callable[..., Awaitable[None]], about: Any) -> None:
        try:
            await work(about)
        finally:
            self._at_work -= 1
        self._next()

    # One audit.

    async def _look_at(self, about: tuple[Completed, Why]) -> None:
        completed, note = about
        unit, probe = completed.path, Probe(completed.task)
        try:
            within = self._audit.patience
            evidence = await self.ask(Channel.AUDIT, Role.PORTER, probe, unit, cause=note, patience=within)
        except (CallError, Refusal):
            evidence = None
        if evidence is None:
            verified = None
            self._fruitless.after(unit, Look.AUDIT, False, note)
        else:
            verified = await self._verified(evidence, unit, note)
        if verified is None or self._files.health.suspect:
            self._files.change(unit, lambda one: replace(one, missed=one.missed + 1))
        else:
            self._fruitless.after(unit, Look.AUDIT, True, note)
            await self._judge(evidence, verified, note)
        if self._canaries.turn(self._files.sampler, completed.task):
            self._soon(self._try_out, self._canaries.next(unit))

    async def _verified(
        self, evidence: Evidence, unit: str | None = None, note: Why | None = None
    ) -> Account | None:
        """What the verifier says; None where it cannot tell, which is noted, of a `unit` whose audit it is as well."""
        assert self._audit.verify is not None
        before = self._fund.purse
        try:
            account = await self.judged(self._audit.verify, evidence)
        except CannotTell as error:
            about = {"task": evidence.task.id, "unit": evidence.path, "why": str(error)}
            await self._files.jot("unverified", about, note)
            if error.failed:
                await self._heal(self._files.health.after_try(True), evidence)
                if unit is not None and not self._files.health.suspect:
                    self._fruitless.after(unit, Look.AUDIT, False, note)
            return None
        finally:
            self._spending.audited(before, self._fund.purse)
        await self._heal(self._files.health.after_try(False), evidence)
        return account

    async def judged(self, check: Callable[..., Any], of: Any) -> Account:
        """What `verify` or `inspect` says, off the loop where it would hold it up. Raises `CannotTell`."""
        aside = self.run_blocking if real_time(asyncio.get_running_loop()) else None
        return await judgement(check, of, self._gate.use, self._audit.patience, aside)

    async def _judge(self, evidence: Evidence, verified: Account, note: Why) -> None:
        unit, task = evidence.path, evidence.task.id
        cost = total(receipt.cost for receipt in evidence.receipts)
        reported = Account(
            evidence.outcome.good, sum(cost.amount(name) for name in sorted(cost.resources)[:1])
        )
        finding = AuditFinding(task, unit, reported, verified)
        if finding.commendable and (verified.cost > 0 or not reported.good):
            await self._commend(unit, task, note)
        if not reported.good:
            return  # a failure that was owned up to is none of a false success
        ports = frozenset(verified.ports or (receipt.port for receipt in evidence.receipts))
        body = {"task": task, "unit": unit, "reported": True, "verified": False, "ports": sorted(ports)}
        entries = [self._files.entry("finding", body, note)] if finding.discrepant else []
        self._files.change(unit, lambda one: replace(one, source=task))
        alarm = await self._files.judged(unit, finding.discrepant, ports, *entries)
        if alarm:
            self._files.change(unit, lambda one: replace(one, why=note))
            self.feel(unit, "discrepancy", note=note)
            self._report(unit)
        elif self._files.of(unit).healed:
            await self._close(unit, note)

    async def _commend(self, unit: str, task: str, note: Why) -> None:
        """Audits find good news, too: work that is better than its report."""
        self._files.change(unit, lambda one: replace(one, commended=one.commended + 1))
        await self._files.jot("commendation", {"task": task, "unit": unit}, note)
        felt = Felt(Pleasure(unit, "audit", 1.0, now()))
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, felt, cause=note)

    # What follows from an alarm.

    def _report(self, unit: str) -> None:
        """Have system 3 hear of it, until it has."""
        if unit not in self._telling:
            self._telling.add(unit)
            self.task(self._reported(unit))

    async def _reported(self, unit: str) -> None:
        one = self._files.of(unit)
        blamed = self._files.blamed(unit)
        found = Discrepancy(unit, one.record.work.audits, one.record.gap, blamed, one.affected)
        try:
            await self.ask(Channel.AUDIT, Role.CONTROL, found, cause=one.why, patience=30.0)
        except (CallError, Refusal):
            return  # the next round tries again
        else:
            self._files.change(unit, lambda one: replace(one, told=True))
        finally:
            self._telling.discard(unit)

    async def _close(self, unit: str, note: Why) -> None:
        """The unit is as it should be again."""
        body = {"unit": unit, "audits": self._files.of(unit).record.work.audits}
        await self._files.close(unit, self._files.entry("cleared", body, note))
        self.relieve(unit, "discrepancy", note)

    @hears(Lifted)
    async def _lifted(self, lifted: Lifted, note: Note) -> None:
        """System 3 has put ports to use again: what was held against them is over."""
        again = self._files.again(lifted.times)
        if not again:
            return
        for unit, dossier in list(self._files.dossiers.items()):
            if dossier.case is not None and not again.isdisjoint(dossier.ports):
                self._files.change(unit, lambda one: replace(one, source=note.id))
                await self._close(unit, note.why)
        await self._files.lift(again, lifted.times)

    # The verifier itself.

    async def _try_out(self, canary: tuple[Evidence, bool]) -> None:
        evidence, good = canary
        account = await self._verified(evidence)
        if account is not None:
            await self._heal(self._files.health.after_canary(account.good is good), evidence)

    async def _heal(self, health: VerifierHealth, at: Evidence) -> None:
        before, self._files.health = self._files.health.suspect, health
        if health.suspect is before:
            return
        self._doubted = at.task.id
        await self._files.keep(self._files.entry("verifier", {"suspect": health.suspect}))
        (self.feel if health.suspect else self.relieve)(self.path, "verifier")

    # Surprise inspections.

    def _wind(self, unit: str) -> None:
        wait = self._surprises.due(unit)
        if wait is not None:
            self.ref.after(wait).cast(Auditor.look_in, unit)

    def look_in(self, unit: str) -> None:
        """The time of a surprise inspection has come."""
        self._soon(self._look_in, unit)

    async def _look_in(self, unit: str) -> None:
        try:
            await self._surprises.inspect(unit)
        finally:
            self._wind(unit)

    # Its account, and what system 3 says.

    @hears(Contract)
    async def _contracted(self, contract: Contract, note: Note) -> Accepted | None:
        return await self._fund.accept(contract)

    async def billed(self, id: str, cost: Vector) -> None:
        """The bill for a call of an audit of which nobody knew what it took. Raises `NoOpenBill`."""
        await self._fund.billed(id, cost)

    @hears(Taken)
    async def _taken(self, taken: Taken, note: Note) -> None:
        await self._fund.forget(taken.epoch)

    @hears(Unblocked)
    async def _unblocked(self, unblocked: Unblocked, note: Note) -> None:
        await self._fund.clear()

    @hears(PolicyUpdate)
    def _policies(self, update: PolicyUpdate, note: Note) -> None:
        self._gate.policies = update.policies

    async def cycle(self) -> None:
        """Account to system 3, tell again what it has not heard, try out a verifier in doubt, tell the world, save."""
        self._turns += 1
        if self._canaries and self._files.health.suspect and self._turns % DOUBT == 0:
            self._soon(self._try_out, self._canaries.next(self.path))
        if account := await self._fund.account():
            self.tell(Channel.AUDIT, Role.CONTROL, account)
        for unit, one in self._files.dossiers.items():
            if not one.told:
                self._report(unit)
        self._findings.show({unit for unit, one in self._files.dossiers.items() if one.case is not None})
        await self._files.save()

    # Asked.

    async def audit(self, unit: str, task: str) -> Any:
        """Audit one task of a unit, whatever the lot says; answered when that is done."""
        answer = self.defer()
        self._soon(self._looked_at, (Completed(task, "asked", unit), answer))
        return answer

    async def _looked_at(self, about: tuple[Completed, Deferred[None]]) -> None:
        completed, answer = about
        try:
            await self._look_at((completed, incident()))
        finally:
            answer.reply(None)

    def standings(self) -> dict[str, Standing]:
        """What each unit may be called; what was never audited is "unaudited", and none is clean while none can be."""
        at, age, suspect = now(), self._audit.max_age, self._files.health.suspect
        known = {unit: one.standing(at, age, suspect) for unit, one in self._files.dossiers.items()}
        blocked = bool(self._fund.overrun)
        return {unit: self._fruitless.standing(unit, one, blocked) for unit, one in known.items()}

    def records(self) -> dict[str, AuditRecord]:
        """What the audits of each unit came to."""
        return {unit: one.record for unit, one in self._files.dossiers.items()}

    def dossiers(self) -> dict[str, Dossier]:
        """All that is known of each unit."""
        return dict(self._files.dossiers)

    def gaps(self) -> dict[str, float]:
        """How far what each unit does is from what it is chartered for, bits; of those that were looked at."""
        return {unit: one.gap.bits for unit, one in self._files.dossiers.items() if one.gap is not None}

    def measured(self) -> dict[str, dict[str, tuple[Standing | float, str]]]:
        """Standings and gaps, each with the id of the task that it is from: of a verifier that is not believed, be it
        all that is known of a unit, that at which it was not.
        """
        files, standings = self._files.dossiers, self.standings()
        doubt = Standing.VERIFIER_SUSPECT
        return {
            "standings": {
                unit: (one, (one is doubt and self._doubted) or files[unit].source)
                for unit, one in standings.items()
            },
            "gaps": {unit: (bits, files[unit].seen) for unit, bits in self.gaps().items()},
        }

    def health(self) -> VerifierHealth:
        """How far the verifier is to be believed."""
        return self._files.health

    # What it feels.

    def feel(self, path: str, index: str, intensity: float = 1.0, note: Why | None = None) -> None:
        """Say that it hurts at `path`, because of a `note`."""
        pain = Pain(path, index, Cause.AUDIT, Severity.ALERT, intensity, now())
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain), cause=note)

    def relieve(self, path: str, index: str, note: Why | None = None) -> None:
        """Say that what hurt is over, because of a `note`."""
        key = PainKey(path, index, Cause.AUDIT.value)
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(key), cause=note)
