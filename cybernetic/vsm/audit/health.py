"""How far a verifier is to be believed: by canaries it judged, and by audits it could not do at all."""

from dataclasses import dataclass, field, replace
from typing import Self

from cybernetic.core import flag
from cybernetic.vsm.audit.cusum import CusumDesign, DiscrepancyCusum
from cybernetic.vsm.checks import instance

CANARIES = CusumDesign(q0=0.005, q1=0.2, limit=5.0)  # two that fail close to each other are enough
FAILURES = CusumDesign(q0=0.05, q1=0.5, limit=4.6)  # so are three audits in a row that raise or hang


@dataclass(frozen=True, slots=True)
class VerifierHealth:
    """The health of a verifier. Values in, values out.

    `canaries` scores what it says of tasks whose answer is known, `failures` how often it raises or hangs. It is
    `suspect` from the alarm of either until both scores are back at 0, so that one right answer does not clear it.
    Raises `OptionError`.
    """

    canaries: DiscrepancyCusum = field(default_factory=lambda: DiscrepancyCusum(CANARIES))
    failures: DiscrepancyCusum = field(default_factory=lambda: DiscrepancyCusum(FAILURES))
    suspect: bool = False

    def __post_init__(self) -> None:
        instance("canaries", self.canaries, DiscrepancyCusum)
        instance("failures", self.failures, DiscrepancyCusum)
        flag("suspect", self.suspect)

    def after_canary(self, right: bool) -> Self:
        """After it judged a canary, rightly or not. Raises `OptionError`."""
        return replace(self, canaries=_after(self.canaries, not flag("right", right)))._judged()

    def after_try(self, failed: bool) -> Self:
        """After it was asked, and raised or hung (`failed`), or not. Raises `OptionError`."""
        return replace(self, failures=_after(self.failures, flag("failed", failed)))._judged()

    def _judged(self) -> Self:
        bad = self.canaries.alarm or self.failures.alarm
        clear = self.canaries.score == 0 and self.failures.score == 0
        return replace(self, suspect=bad or (self.suspect and not clear))


def _after(cusum: DiscrepancyCusum, bad: bool) -> DiscrepancyCusum:
    """The next score, no higher than its limit: who is well again is believed again after a bounded time."""
    after = cusum.after(bad)
    return replace(after, score=min(after.score, after.design.limit))
