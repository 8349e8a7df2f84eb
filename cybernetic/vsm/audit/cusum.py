"""A Bernoulli CUSUM over audits: it adds up evidence that successes are falsely reported, and alarms in time.

After Reynolds & Stoumbos (1999), "A CUSUM chart for monitoring a proportion when inspecting continuously".
"""

from dataclasses import dataclass, field, replace
from math import inf, log, log1p

from cybernetic.core import OptionError, flag, number, whole
from cybernetic.vsm.checks import instance, share


@dataclass(frozen=True, slots=True)
class CusumDesign:
    """What a Bernoulli CUSUM is tuned for.

    `q0` is the share of false successes that is tolerable, `q1` the share that must be found (0 < q0 < q1 <
    1); `limit` is the score that alarms (> 0, in nats of log-likelihood). The defaults give one false alarm
    in about 1011 audits at q0. `design_cusum` finds the limit for another rate. Raises `OptionError`.
    """

    q0: float = 0.02
    q1: float = 0.15
    limit: float = 3.89

    def __post_init__(self) -> None:
        share("q0", self.q0, inner=True)
        share("q1", self.q1, inner=True)
        number("limit", self.limit, above=0)
        if self.q1 <= self.q0:
            raise OptionError("q1", f"more than q0, which is {self.q0:g}", self.q1)

    @property
    def up(self) -> float:
        """What a discrepancy adds to the score: ln(q1/q0)."""
        ratio = self.q1 / self.q0
        return log(ratio) if ratio < inf else log(self.q1) - log(self.q0)

    @property
    def down(self) -> float:
        """What an agreement takes from the score: -ln((1-q1)/(1-q0))."""
        return log1p(-self.q0) - log1p(-self.q1)

    def drift(self, q: float) -> float:
        """The mean change of the score per audit at a true rate `q` (0 to 1); above 0 it climbs."""
        share("q", q)
        return q * self.up - (1 - q) * self.down


@dataclass(frozen=True, slots=True)
class DiscrepancyCusum:
    """The running score of one unit's audits. Values in, values out: `after` returns the next one.

    `score` is the evidence so far (>= 0), `audits` how many were counted, `discrepancies` how many disagreed.
    Raises `OptionError`.
    """

    design: CusumDesign = field(default_factory=CusumDesign)
    score: float = 0.0
    audits: int = 0
    discrepancies: int = 0

    def __post_init__(self) -> None:
        instance("design", self.design, CusumDesign)
        number("score", self.score, least=0)
        whole("audits", self.audits)
        whole("discrepancies", self.discrepancies)

    @property
    def alarm(self) -> bool:
        """Whether the score has reached the limit."""
        return self.score >= self.design.limit

    def after(self, discrepant: bool) -> "DiscrepancyCusum":
        """The cusum after one more audit; `discrepant`: reported a success that was verified to be a failure.

        Raises `OptionError` when `discrepant` is not a bool. An alarm is not cleared here: see `reset`.
        """
        change = self.design.up if flag("discrepant", discrepant) else -self.design.down
        return DiscrepancyCusum(
            self.design, max(0.0, self.score + change), self.audits + 1, self.discrepancies + discrepant
        )

    def reset(self) -> "DiscrepancyCusum":
        """The same cusum with its score at 0, as after the cause of an alarm was dealt with."""
        return replace(self, score=0.0)
