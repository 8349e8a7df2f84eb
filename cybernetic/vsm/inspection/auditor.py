"""The agent of system 3*."""

import inspect

from cybernetic.core import CallError, Refusal, token
from cybernetic.runtime import Named
from cybernetic.vsm.algedonic.messages import Felt
from cybernetic.vsm.audit.cusum import DiscrepancyCusum
from cybernetic.vsm.audit.findings import Account, AuditFinding
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.record import AuditRecord, Standing
from cybernetic.vsm.audit.sampling import Sampler
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.inspection.messages import Completed, Discrepancy, Evidence, Probe
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.timing import now

REMEMBERED = 200  # tasks of a unit that may have to be done again


class Auditor(Member):
    """System 3* of a level: looks at finished tasks past the management, when nobody expects it.

    Args:
        path: of the level.
        audit: what was declared.
        secret: decides which tasks are looked at; None: a fresh one.
    """

    role = Role.AUDIT
    period = 1.0

    def __init__(self, path: str, audit: Audit, secret: bytes | None = None) -> None:
        super().__init__(path)
        self._audit = audit
        self._sampler = Sampler(secret or token(16).encode(), audit.probability, audit.kappa)
        self._records: dict[str, AuditRecord] = {}
        self._since_clean: dict[str, list[str]] = {}
        self._suspects: dict[str, set[str]] = {}
        self._books: Named[Books] = self.system.named(f"{self.path}:books", Books)

    @hears(Completed)
    def _completed(self, completed: Completed, note: Note) -> None:
        """A task is reported done: the lot decides, now that nothing of it can be changed."""
        record = self._records.setdefault(completed.path, self._fresh())
        tasks = self._since_clean.setdefault(completed.path, [])
        tasks.append(completed.task)
        del tasks[:-REMEMBERED]
        chance = self._sampler.probability(gap=record.gap)
        if self._audit.verify is not None and self._sampler.picks(completed.task, chance):
            self.task(self._look_at(completed, note))

    async def _look_at(self, completed: Completed, note: Note) -> None:
        try:
            evidence = await self.ask(
                Channel.AUDIT, Role.PORTER, Probe(completed.task), completed.path, cause=note
            )
        except (CallError, Refusal):
            return
        if evidence is not None:
            await self._judge(evidence, await self._verified(evidence))

    async def _verified(self, evidence: Evidence) -> Account:
        assert self._audit.verify is not None
        verdict = self._audit.verify(evidence)
        if inspect.isawaitable(verdict):
            verdict = await verdict
        return verdict if isinstance(verdict, Account) else Account(bool(verdict))

    async def _judge(self, evidence: Evidence, verified: Account) -> None:
        path, task = evidence.path, evidence.task.id
        finding = AuditFinding(task, path, Account(evidence.outcome.good), verified)
        before = self._records[path]
        record = self._records[path] = before.after(finding.discrepant, now())
        if finding.discrepant:
            ports = self._suspects.setdefault(path, set())
            ports |= {receipt.port for receipt in evidence.receipts}
            body = {"task": task, "unit": path, "reported": True, "verified": False}
            await self._books.call(Books.note, Entry(kind="finding", path=self.path, body=body, at=now()))
        if record.work.alarm and not before.work.alarm:
            self._alarm(path, record)

    def _alarm(self, path: str, record: AuditRecord) -> None:
        pain = Pain(path, "discrepancy", Cause.AUDIT, Severity.ALERT, 1.0, now())
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))
        ports = tuple(sorted(self._suspects.get(path, set()) - {self._audit.independent_of}))
        found = Discrepancy(path, record.work.audits, record.gap, ports, tuple(self._since_clean[path]))
        self.tell(Channel.AUDIT, Role.CONTROL, found)

    def standings(self) -> dict[str, Standing]:
        """What each unit may be called; what was never audited is "unaudited"."""
        at = now()
        return {path: one.standing(at, self._audit.max_age) for path, one in self._records.items()}

    def records(self) -> dict[str, AuditRecord]:
        """All that audits know of each unit."""
        return dict(self._records)

    def _fresh(self) -> AuditRecord:
        return AuditRecord(work=DiscrepancyCusum(self._audit.design))
