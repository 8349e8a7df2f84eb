"""What the auditor knows of one unit: a value, which is kept in the books."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from cybernetic.vsm.audit.assurance import clean_audits_needed
from cybernetic.vsm.audit.cusum import DiscrepancyCusum
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.posiwid import PosiwidGap
from cybernetic.vsm.audit.record import AuditRecord, Standing
from cybernetic.vsm.channels.note import Why
from cybernetic.wire import travels

REMEMBERED = 500  # tasks of a unit that may have to be done again


@travels(name="vsm.Dossier")
@dataclass(frozen=True, slots=True)
class Dossier:
    """Values in, values out.

    Attributes:
        path: of the unit.
        record: of its audits.
        tasks: done well by its own word, each with how many audits of the unit there had been.
        ports: those used in tasks that were found false, since the last time nothing was.
        since: audits of it when the score was 0 last.
        case: an alarm stands: so many clean audits have come since, one after another; None: none stands.
        missed: audits that came to nothing: the evidence was gone, the verifier failed or had nothing left to spend.
        inspections: surprise inspections so far.
        commended: tasks that were better than their report.
        gap: how far what it does is from what it is chartered for.
        told: whether system 3 has heard of its last alarm.
        untrue: whether the last inspection found it not as it should be.
        fruitless: how many looks at it, by their kind, have come to nothing since the last that did.
        source: the id of what its standing is from: the task that was audited last, or the word that a port it was
            found false with is used again.
        seen: the id of the last task of those that its gap is from.
        why: what its last alarm came of.
    """

    path: str
    record: AuditRecord = field(default_factory=AuditRecord)
    tasks: tuple[tuple[str, int], ...] = ()
    ports: frozenset[str] = frozenset()
    since: int = 0
    case: int | None = None
    missed: int = 0
    inspections: int = 0
    commended: int = 0
    gap: PosiwidGap | None = None
    told: bool = True
    untrue: bool = False
    fruitless: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    seen: str = ""
    why: Why | None = None

    @classmethod
    def fresh(cls, path: str, audit: Audit) -> Self:
        """Of a unit of which nothing is known."""
        return cls(path, AuditRecord(work=DiscrepancyCusum(audit.design)))

    @property
    def affected(self) -> tuple[str, ...]:
        """The tasks that may be false: those done since the audits gave assurance last.

        The score was 0 last at the likeliest time of the change; as many audits again as a clean record needs are
        taken from before, for a tool that lies now and then is found clean between two lies.
        """
        margin = clean_audits_needed(self.record.work.design.q1)
        return tuple(task for task, audits in self.tasks if audits >= self.since - margin)

    def completed(self, task: str) -> Self:
        """After a task was reported done well."""
        kept = self.tasks if len(self.tasks) < REMEMBERED else self.tasks[1:]
        return replace(self, tasks=(*kept, (task, self.record.work.audits)))

    def judged(self, discrepant: bool, ports: frozenset[str], now: float) -> tuple[Self, bool]:
        """After an audit at `now` of a task done with `ports`; and whether it alarms.

        An alarm opens a case, and the score begins anew: another alarm says that what was done about it did not help.
        """
        record = self.record.after(discrepant, now)
        alarm = record.work.alarm
        if alarm:
            record = replace(record, work=record.work.reset())
        after = replace(
            self,
            record=record,
            ports=self.ports | ports if discrepant else self.ports,
            case=0 if alarm or (discrepant and self.case is not None) else self.case,
        )
        if not discrepant and self.case is not None:
            after = replace(after, case=self.case + 1)
        if record.work.score == 0 and not alarm and self.case is None:
            after = replace(after, since=record.work.audits, ports=frozenset())
        return after, alarm

    @property
    def healed(self) -> bool:
        """Whether so many clean audits have followed an alarm that the rate it was about can be excluded."""
        return self.case is not None and self.case >= clean_audits_needed(self.record.work.design.q1)

    def closed(self) -> Self:
        """After the case was closed: nothing of what was before it counts any more."""
        record = replace(self.record, work=self.record.work.reset())
        return replace(self, record=record, case=None, tasks=(), ports=frozenset(), since=record.work.audits)

    def standing(self, now: float, max_age: float, suspect: bool) -> Standing:
        """What the unit may be called at `now`; `suspect`: its verifier is not to be believed."""
        plain = self.record.standing(max(now, self.record.last or now), max_age)
        if self.record.last is None:
            return Standing.UNAUDITED
        if suspect:
            return Standing.VERIFIER_SUSPECT
        return Standing.DISCREPANT if self.case is not None else plain


Suspicions = Mapping[str, DiscrepancyCusum]
"""How far each port of a level is involved in what audits found, by its name."""


def suspicions(
    known: Suspicions, audit: Audit, ports: frozenset[str], discrepant: bool
) -> dict[str, DiscrepancyCusum]:
    """After an audit of a task that was done with `ports`."""
    fresh = DiscrepancyCusum(audit.design)
    return {**known, **{port: known.get(port, fresh).after(discrepant) for port in ports}}


def suspects(known: Suspicions, involved: frozenset[str], audit: Audit) -> tuple[str, ...]:
    """Which of the ports that false successes were done with are to blame.

    Those with the highest score, over all units of the level: a port that others use without harm scores less. Where
    audits cannot tell them apart, the port that the verifier must keep off is spared, if another is left.
    """
    if not involved:
        return ()
    scores = {port: known[port].score if port in known else 0.0 for port in involved}
    worst = max(scores.values())
    blamed = {port for port, score in scores.items() if score >= worst / 2}
    spared = blamed - {audit.independent_of}
    return tuple(sorted(spared or blamed))
