"""How many audits it takes: exact run lengths of a Bernoulli CUSUM, and the designs that follow from them.

Between two returns to zero the score is `ups * up - downs * down`, so a chart is a Markov chain over pairs of
counts, and the distribution of the run length is had by stepping it forward, without simulation.
"""

from dataclasses import dataclass, field
from math import ceil, fsum, log, log1p

from cybernetic.core import OptionError, number
from cybernetic.vsm.audit.cusum import CusumDesign
from cybernetic.vsm.checks import share

_RARE = 1e-10  # a state with less than this part of the mass is counted as back at zero
LEAST_RATE = 1e-6
"""The smallest rate whose run length is computed: merging rare states costs 0.1 % below 1e-4."""

_SETTLED = 1e-8  # the hazard is constant once it changes by less than this part while a score falls to zero
_OVER = 1e-18  # nothing worth counting is left
_MOST = 3e7  # states that are stepped forward, together: some fifteen seconds of work


@dataclass(frozen=True, slots=True)
class RunLength:
    """How many audits pass until the alarm, as a distribution.

    `survival[n]` is the chance of no alarm in the first n audits; past its end the alarm comes with chance
    `hazard` in each audit.
    """

    mean: float
    survival: tuple[float, ...] = field(repr=False)
    hazard: float

    def quantile(self, p: float) -> int:
        """How many audits (>= 1) suffice for the alarm with probability `p` (0 to 1, neither)."""
        share("p", p, inner=True)
        left = (1 - p) * (1 + 1e-12)
        low, high = 0, len(self.survival) - 1
        if self.survival[high] > left:
            return high + ceil(log(left / self.survival[high]) / log1p(-self.hazard))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.survival[middle] <= left else (middle, high)
        return high


def run_length(q: float, design: CusumDesign) -> RunLength:
    """The distribution of the audits until `design` alarms, from score 0, at a true rate `q`.

    `q` lies in [1e-6, 1]. At q0 it tells how long a false alarm takes; above, how long detection. The mean is
    exact to about seven digits from 1e-3 on, to three below: rare states are merged. The time grows with the square of
    limit / down, how many agreements take a score to zero: milliseconds for the default design, seconds for one that
    looks for 1 %, half a minute at most. A design that would take longer, for its q1 is close to its q0, is refused.
    Raises `OptionError`.
    """
    return _run_length(q, design, "q", "design")


def _run_length(q: float, design: CusumDesign, rate: str, designed: str) -> RunLength:
    """The same for a caller who knows the `rate` and the design by these names."""
    if share(rate, q) < LEAST_RATE:
        raise OptionError(
            rate, f"a number from {LEAST_RATE:g}: with nothing to find the alarm never comes", q
        )
    apart = OptionError(designed, "a q1 further from q0, or a lower limit, for this to be computed", design)
    span = min(design.limit / design.down, _MOST)
    if span * span > 2 * _MOST:
        raise apart
    span = ceil(span) + 2
    soon = max(span, ceil(design.limit / design.up) + 2)  # audits in which an alarm can come, if it ever does
    alive, survival, hazards, work = {(0, 0): 1.0}, [1.0], [0.0], 0
    while survival[-1] > _OVER and not _settled(hazards, span):
        work += len(alive)
        if work > _MOST:
            raise apart
        alive, alarmed = _audited(alive, q, design, _RARE * survival[-1])
        hazards.append(alarmed / survival[-1])
        if hazards[-1] == 0 and len(hazards) > soon:
            raise OptionError(rate, "a rate at which an alarm is not too rare to be computed", q)
        survival.append(min(survival[-1], fsum(alive.values())))
    tail = survival[-1] * (1 - hazards[-1]) / hazards[-1]
    return RunLength(fsum(survival) + tail, tuple(survival), hazards[-1])


def _settled(hazards: list[float], span: int) -> bool:
    """Whether the chance of an alarm in the next audit, given none before, no longer changes."""
    if len(hazards) <= span or hazards[-1] == 0:
        return False
    return abs(hazards[-1] - hazards[-1 - span]) <= _SETTLED * hazards[-1]


def _audited(
    alive: dict[tuple[int, int], float], q: float, design: CusumDesign, rare: float
) -> tuple[dict[tuple[int, int], float], float]:
    """Where the mass of the charts that have not alarmed lies after one more audit, and how much alarmed in
    it.
    """
    up, down, limit = design.up, design.down, design.limit
    after, alarmed = {(0, 0): 0.0}, 0.0
    for (ups, downs), mass in alive.items():
        score = ups * up - downs * down
        if score + up >= limit:
            alarmed += mass * q
        else:
            state = (ups + 1, downs)
            after[state] = after.get(state, 0.0) + mass * q
        state = (ups, downs + 1) if score > down and mass > rare else (0, 0)
        after[state] = after.get(state, 0.0) + mass * (1 - q)
    return after, alarmed


def design_cusum(q0: float, q1: float, false_alarm_every: float) -> CusumDesign:
    """The design with the smallest limit (to 1e-3 nats) that alarms falsely at most once in a given number of
    audits.

    `q0` < `q1` as in `CusumDesign`; `false_alarm_every` (audits at q0, > 1) up to about 1e6. It asks for
    some twenty run lengths: see there for how long they take, and which are refused.
    Raises `OptionError`.
    """
    CusumDesign(q0, q1)
    number("false_alarm_every", false_alarm_every, above=1)
    low, high = 0.0, max(1.0, log(false_alarm_every))
    while _run_length(q0, CusumDesign(q0, q1, high), "q0", "q1").mean < false_alarm_every:
        low, high = high, 1.5 * high
    while high - low > 1e-3:
        middle = (low + high) / 2
        enough = _run_length(q0, CusumDesign(q0, q1, middle), "q0", "q1").mean >= false_alarm_every
        low, high = (low, middle) if enough else (middle, high)
    return CusumDesign(q0, q1, high)


@dataclass(frozen=True, slots=True)
class AuditDetection:
    """What catching one rate of false successes takes, at one sampling probability.

    `rate` and `probability` are what was asked; `audits` the mean audits to detect, `audits_95` their 95 %
    point, `tasks` the mean tasks done until then, `slipped` the mean bad outputs shipped before the alarm.
    """

    rate: float
    probability: float
    audits: float
    audits_95: int
    tasks: float
    slipped: float


def audits_until(rate: float, design: CusumDesign | None = None, confidence: float | None = None) -> float:
    """How many audits until a unit with this `rate` of false successes is caught: the mean, or with
    `confidence` (0 to 1, neither) the number that suffices with that probability. `design`: the default
    one. Raises `OptionError`.
    """
    share("rate", rate)
    if confidence is not None:
        share("confidence", confidence, inner=True)
    length = _run_length(rate, design or CusumDesign(), "rate", "design")
    return length.mean if confidence is None else length.quantile(confidence)


def audit_detection(rate: float, probability: float, design: CusumDesign | None = None) -> AuditDetection:
    """What it takes to catch a `rate` of false successes when each task is audited with `probability` (above
    0).

    Audits are drawn independently of each other, so tasks = audits / probability, and the bad outputs shipped
    are tasks * rate. Raises `OptionError`.
    """
    share("rate", rate)
    if share("probability", probability) == 0:
        raise OptionError("probability", "a number above 0: without audits nothing is caught", probability)
    length = _run_length(rate, design or CusumDesign(), "rate", "design")
    tasks = length.mean / probability
    return AuditDetection(rate, probability, length.mean, length.quantile(0.95), tasks, tasks * rate)
