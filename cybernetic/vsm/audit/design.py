"""How many audits it takes: exact run lengths of a Bernoulli CUSUM, and the designs that follow from them.

Between two returns to zero the score is `ups * up - downs * down`, so what may become of it in such a cycle is had by
stepping it forward, without simulation: so many audits later it is back at zero, or it alarms. A run is cycles without
an alarm and then one with it, which gives its mean at once and its distribution by renewal.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, copysign, fsum, isfinite, log, log1p
from operator import mul

from cybernetic.core import OptionError, number
from cybernetic.vsm.audit.cusum import CusumDesign
from cybernetic.vsm.checks import instance, share

_NEGLIGIBLE = 1e-12  # of a cycle's chance to alarm: when less of it goes on, the rest changes nothing
_RAREST = 1e-290  # a cycle's chance to alarm, below which a float has no place for what follows from it
_LEAST = 1e-300  # a hazard, below which a number of audits has no place in a float
_SETTLED = 1e-8  # the hazard is constant once it changes by less than this part while a score falls to zero
_OVER = 1e-18  # nothing worth counting is left
_MOST = 4e6  # states of a cycle that are stepped forward, together: up to two seconds of work
_TERMS = 2e8  # terms of a distribution that are summed, together: some ten seconds of work


@dataclass(frozen=True, slots=True)
class RunLength:
    """How many audits pass until the alarm, as a distribution.

    `survival[n]` is the chance of no alarm in the first n audits; past its end the alarm comes with chance
    `hazard` in each audit.

    Raises `OptionError` for a `mean` below 1, a `survival` that is no tuple of chances that begins with 1 and never
    rises, and a `hazard` that is not in [1e-300, 1].
    """

    mean: float
    survival: tuple[float, ...] = field(repr=False)
    hazard: float

    def __post_init__(self) -> None:
        number("mean", self.mean, least=1.0)
        if number("hazard", self.hazard, least=_LEAST) > 1.0:
            raise OptionError("hazard", f"a chance in [{_LEAST:g}, 1]", self.hazard)
        if not instance("survival", self.survival, tuple) or self.survival[0] != 1:
            raise OptionError("survival", "a tuple that begins with 1", self.survival)
        for before, one in pairwise(self.survival):
            if share("survival", one) > before:
                raise OptionError("survival", "chances that never rise", (before, one))

    def quantile(self, p: float) -> int:
        """How many audits (>= 1) suffice for the alarm with probability `p` (0 to 1, neither)."""
        share("p", p, inner=True)
        left = (1 - p) * (1 + 1e-12)
        low, high = 0, len(self.survival) - 1
        if self.survival[high] > left:
            more = 1 if self.hazard == 1 else ceil(log(left / self.survival[high]) / log1p(-self.hazard))
            return high + more
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.survival[middle] <= left else (middle, high)
        return high


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What becomes of a score from zero until it is back there or alarms, by audit: `alive[n]` is the chance that it is
    neither after n audits, `back[n]` and `alarm[n]` that it is the one or the other just then.
    """

    alive: list[float]
    back: list[float]
    alarm: list[float]

    @property
    def mean(self) -> float:
        """Mean audits until the alarm, over as many cycles as it takes."""
        return fsum(self.alive) / fsum(self.alarm)


def run_length(q: float, design: CusumDesign) -> RunLength:
    """The distribution of the audits until `design` alarms, from score 0, at a true rate `q`.

    `q` lies in (0, 1]. At q0 it tells how long a false alarm takes; above, how long detection. The mean is
    exact to about ten digits. The time grows with the square of limit / down, how many agreements take a score to zero:
    milliseconds for the default design, a second for one that looks for 3 % where 2 % are tolerable, ten seconds at
    most. A design that would take longer, for its q1 is close to its q0, is refused; its mean is often still had by
    `audits_until`. Raises `OptionError`.
    """
    return _run_length(q, design, "q", "design")


def _run_length(q: float, design: CusumDesign, rate: str, designed: str) -> RunLength:
    """The same for a caller who knows the `rate` and the design by these names."""
    cycle = _cycle(q, design, rate, designed)
    span, longest = ceil(design.limit / design.down) + 2, len(cycle.alive)
    back, alive, alarm = cycle.back[::-1], cycle.alive[::-1], cycle.alarm[::-1]
    starts, survival, hazards, work = (
        [1.0],
        [1.0],
        [0.0],
        0,
    )  # starts[n]: the chance that a cycle begins there
    while survival[-1] > _OVER and not _settled(hazards, span):
        reach = min(len(starts) + 1, longest)
        work += 3 * reach
        if work > _TERMS:
            raise _too_close(designed, design)
        starts.append(0.0)
        recent = starts[-reach:]
        starts[-1] = recent[-1] = sum(map(mul, back[-reach:], recent))
        hazards.append(sum(map(mul, alarm[-reach:], recent)) / survival[-1])
        survival.append(min(survival[-1], sum(map(mul, alive[-reach:], recent))))
    return RunLength(cycle.mean, tuple(survival), min(1.0, hazards[-1]))


def _settled(hazards: list[float], span: int) -> bool:
    """Whether the chance of an alarm in the next audit, given none before, no longer changes."""
    if len(hazards) <= span or hazards[-1] == 0:
        return False
    return abs(hazards[-1] - hazards[-1 - span]) <= _SETTLED * hazards[-1]


def _cycle(q: float, design: CusumDesign, rate: str, designed: str) -> _Cycle:
    """The cycle of a score at a true rate `q`, which a caller knows by the name `rate`, as the design by `designed`."""
    if share(rate, q) == 0:
        raise OptionError(rate, "a number above 0: with nothing to find the alarm never comes", q)
    instance(designed, design, CusumDesign)
    up, down, limit = design.up, design.down, design.limit
    if down == 0 or (limit / down) * (limit / (up + down)) > 2 * _MOST:
        raise _too_close(designed, design)
    soon = ceil(limit / up) + 1  # audits in which an alarm can come, if it ever does
    cycle, alarms, work = _Cycle([1.0], [0.0], [0.0]), 0.0, 0
    states, least = [1.0], 0  # chances by the number of discrepancies, and the first of these numbers
    while states and (cycle.alive[-1] > _NEGLIGIBLE * alarms or len(cycle.alive) < soon):
        work += len(states)
        if work > _MOST:
            raise _too_close(designed, design)
        age, most = len(cycle.alive) - 1, least + len(states) - 1
        states = _audited(states, q)
        # Scores lie up + down apart: none but the highest can alarm, and none but the lowest be back.
        alarm = states.pop() if most * up - (age - most) * down + up >= limit else 0.0
        back = least * up - (age - least) * down <= down
        cycle.back.append(states.pop(0) if back else 0.0)
        cycle.alarm.append(alarm)
        cycle.alive.append(fsum(states))
        least += back
        alarms += alarm
    if alarms < _RAREST:
        raise OptionError(rate, "a rate at which an alarm is not too rare to be computed", q)
    return cycle


def _audited(states: list[float], q: float) -> list[float]:
    """The chances of numbers of discrepancies after one more audit: one may be more than there were."""
    p = 1 - q
    return [q * fewer + p * as_many for fewer, as_many in zip([0.0, *states], [*states, 0.0], strict=True)]


def _too_close(designed: str, design: CusumDesign) -> OptionError:
    return OptionError(designed, "a q1 further from q0, or a lower limit, for this to be computed", design)


def design_cusum(q0: float, q1: float, false_alarm_every: float) -> CusumDesign:
    """The design with the smallest limit (to 1e-3 nats) that alarms falsely at most once in a given number of
    audits.

    `q0` < `q1` as in `CusumDesign`; `false_alarm_every` (audits at q0, > 1). It takes ten milliseconds for rates as far
    apart as the default design's, tenths of a second for .02 and .03, some seconds at most; closer ones are refused in
    the end. Raises `OptionError`.
    """
    CusumDesign(q0, q1)
    number("false_alarm_every", false_alarm_every, above=1)

    def excess(limit: float) -> float:
        return log(_cycle(q0, CusumDesign(q0, q1, limit), "q0", "q1").mean / false_alarm_every)

    low, high = (0.0, -1.0), (0.25, excess(0.25))  # from below: what a run length takes grows with the limit
    while high[1] < 0:
        limit = 1.5 * high[0]
        low, high = high, (limit, excess(limit))
    return CusumDesign(q0, q1, _least(excess, low, high, 1e-3))


def _least(
    excess: Callable[[float], float], low: tuple[float, float], high: tuple[float, float], near: float
) -> float:
    """The least argument, to `near`, for which `excess`, which never falls, is not below 0. `low` and `high` are
    arguments of which the one is too low and the other not, each with its excess.

    It asks where the line between them is zero, half of `near` farther towards the middle, so that two answers close in
    on it; but only so far from the middle that it asks twice more at most than halving would. After Oliveira and
    Takahashi (2020), "An enhancement of the bisection method average performance preserving minmax optimality".
    """
    (low_at, below), (high_at, above) = low, high
    room = 2 * (high_at - low_at)
    while high_at - low_at > near:
        half = (high_at - low_at) / 2
        middle = low_at + half
        zero = low_at + 2 * half * below / (below - above)
        aim = zero + copysign(near / 2, middle - zero)
        at = min(max(aim, middle - (room - half)), middle + (room - half))
        room /= 2
        value = excess(at)
        if value < 0:
            low_at, below = at, value
        else:
            high_at, above = at, value
    return high_at


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
    design = CusumDesign() if design is None else design
    if confidence is None:
        return _cycle(rate, design, "rate", "design").mean
    share("confidence", confidence, inner=True)
    return _run_length(rate, design, "rate", "design").quantile(confidence)


def audit_detection(rate: float, probability: float, design: CusumDesign | None = None) -> AuditDetection:
    """What it takes to catch a `rate` of false successes when each task is audited with `probability` (above
    0).

    Audits are drawn independently of each other, so tasks = audits / probability, and the bad outputs shipped
    are tasks * rate. Raises `OptionError`.
    """
    share("rate", rate)
    if share("probability", probability) == 0:
        raise OptionError("probability", "a number above 0: without audits nothing is caught", probability)
    length = _run_length(rate, CusumDesign() if design is None else design, "rate", "design")
    tasks = length.mean / probability
    if not isfinite(tasks):
        raise OptionError(
            "probability", "a number at which a float holds the tasks until detection", probability
        )
    return AuditDetection(rate, probability, length.mean, length.quantile(0.95), tasks, tasks * rate)
