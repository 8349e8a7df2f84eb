"""The audit record of one unit: its cusum, its gap, its verifier's health, and what it may be called for
them.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from cybernetic.core import number
from cybernetic.vsm.audit.cusum import DiscrepancyCusum
from cybernetic.vsm.audit.health import VerifierHealth
from cybernetic.vsm.checks import instance, share


class Standing(Enum):
    """What audits say of a unit. Nothing but recent clean audits by a verifier that works is `CLEAN`."""

    UNAUDITED = "unaudited"
    CLEAN = "clean"
    DISCREPANT = "discrepant"
    VERIFIER_SUSPECT = "verifier suspect"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """All that audits know of one unit. Values in, values out: `after` and `after_canary` return the next
    record.

    `work` scores the unit; `verifier` is the health of who audits it, by tasks whose answer is known. `gap` is
    the recent share of false successes (exponential average over about `memory` audits, >= 1); `last` is when
    the last audit was (seconds; None: never). Raises `OptionError`.
    """

    work: DiscrepancyCusum = field(default_factory=DiscrepancyCusum)
    verifier: VerifierHealth = field(default_factory=VerifierHealth)
    gap: float = 0.0
    last: float | None = None
    memory: float = 50.0

    def __post_init__(self) -> None:
        instance("work", self.work, DiscrepancyCusum)
        instance("verifier", self.verifier, VerifierHealth)
        number("memory", self.memory, least=1)
        share("gap", self.gap)
        if self.last is not None:
            number("last", self.last)

    def after(self, discrepant: bool, now: float) -> "AuditRecord":
        """The record after one audit at `now` (seconds, not before the last). Raises `OptionError`."""
        weight = max(1 / self.memory, 1 / (self.work.audits + 1))
        return replace(
            self,
            work=self.work.after(discrepant),
            gap=self.gap + weight * (discrepant - self.gap),
            last=number("now", now, least=self.last),
        )

    def after_canary(self, right: bool) -> "AuditRecord":
        """The record after the verifier judged a canary, rightly or not. Raises `OptionError`."""
        return replace(self, verifier=self.verifier.after_canary(right))

    def standing(self, now: float, max_age: float) -> Standing:
        """What the unit may be called at `now`, when an audit older than `max_age` seconds (> 0) says nothing
        any more.

        A verifier that is suspect (see `VerifierHealth`) makes all its verdicts doubtful, so that is said first; an
        alarm stands until the cusum is reset, however old. `now` is not before the last audit. Raises `OptionError`.
        """
        number("max_age", max_age, above=0)
        at = number("now", now, least=self.last)
        if self.verifier.suspect:
            return Standing.VERIFIER_SUSPECT
        if self.work.alarm:
            return Standing.DISCREPANT
        if self.last is None or at - self.last > max_age:
            return Standing.UNAUDITED
        return Standing.CLEAN
