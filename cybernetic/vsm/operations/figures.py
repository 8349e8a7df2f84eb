"""The figures of a unit: each with the event it was measured at, and what is felt of it."""

from collections import deque
from collections.abc import Sequence

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.cyberstride.gauge import Gauge, Judgement
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.cyberstride.plan import Attention, Thresholds
from cybernetic.vsm.ladder.arrivals import Arrivals
from cybernetic.vsm.ladder.deadman import Deadman, ErrorBurst
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.operations.task import Performed
from cybernetic.vsm.ports.refusals import PolicyDenied, Quarantined, Suspended

ERRORS = "errors"
DRIFT, AGENTS = "drift", "agents"
BILLS, LEAST, OFF = (
    10,
    5,
    0.05,
)  # tasks that are looked back at, at the least, and how far bills may be off in the mean
DECIDED = (BudgetExhausted, PolicyDenied, Quarantined, Suspended)  # what a unit is refused by its own levels
ALERT = Thresholds()


class Figures:
    """What is measured of the unit at `path`, by `indices`; keeps the state of their filters.

    Attributes:
        last: by index: its latest value and the id of the task it was measured at.
    """

    def __init__(self, path: str, indices: Sequence[Index], now: float = 0.0) -> None:
        self._path = path
        self._gauges = {index.name: Gauge(index) for index in indices}
        self._aching: dict[tuple[str, Cause], PainKey] = {}
        self._well: set[tuple[str, Cause]] = (
            set()
        )  # of what it was said that it does not hurt, or hurts no more
        self._came: set[str] = set()  # indices that were measured: of any other nobody knows whether it comes
        self._begun = now
        self._burst = ErrorBurst()
        self._drifts: deque[float] = deque(maxlen=BILLS)
        self._arrivals: dict[str, Arrivals] = {}
        self._due = {index.name: Deadman(index.every, now) for index in indices if index.every is not None}
        self.last: dict[str, tuple[float, str]] = {}

    @property
    def aches(self) -> tuple[str, ...]:
        """The indices that are outside their limits."""
        return tuple(sorted(name for name, cause in self._aching if cause is Cause.LIMITS))

    def performed(self, performed: Performed, now: float) -> list[Felt | Relief]:
        """Take what a task was measured at; what is felt of it."""
        costs = [receipt.cost for receipt in performed.receipts]
        resources = sorted({name for cost in costs for name in cost.resources})
        values = {
            "cycle_time": performed.seconds,
            "success": float(performed.outcome.good),
            "cost": sum(cost.amount(resources[0]) for cost in costs) if resources else 0.0,
            **performed.measures,
        }
        felt = self._measured(values, performed.task, now) + self._drifted(performed, now)
        for name in self._gauges:  # what used to come with tasks, and does not any more
            arrivals = self._arrivals[name] = self._arrivals.get(name, Arrivals()).after(name in values)
            if name not in self._due and (arrivals.lost or name in values):
                felt += self._felt(name, Cause.HEARTBEAT, arrivals.lost, 1.0, now)
        return felt

    def _drifted(self, performed: Performed, now: float) -> list[Felt | Relief]:
        """Bills that are above what was estimated, task after task: what is reserved is not what is spent."""
        drift = performed.measures.get(DRIFT)
        if drift is None:
            return []
        self._drifts.append(min(drift, 1.0))
        off = sum(self._drifts) / len(self._drifts)
        stands = (DRIFT, Cause.LIMITS) in self._aching and off > 0.0
        aches = stands or (len(self._drifts) >= LEAST and off > OFF)
        if not aches and len(self._drifts) < LEAST:
            return []  # nobody knows yet
        return self._felt(DRIFT, Cause.LIMITS, aches, 1.0, now)

    def crowded(self, beyond: bool, now: float) -> list[Felt | Relief]:
        """Whether the unit had more agents than it may have."""
        return self._felt(AGENTS, Cause.LIMITS, beyond, 1.0, now)

    def failed(self, task: str, now: float, error: Exception | None = None) -> list[Felt | Relief]:
        """Take that a task was not done, for an `error` if it was one; what is felt of it.

        Five errors in ten seconds are an event. What the levels above forbid is a decision, and no error.
        """
        felt = self._measured({"success": 0.0}, task, now)
        if error is not None and not isinstance(error, DECIDED):
            self._burst = self._burst.after(now)
            if self._burst.reached or (ERRORS, Cause.ERRORS) in self._aching:
                felt += self._felt(ERRORS, Cause.ERRORS, self._burst.reached, 1.0, now)
        return felt

    def passed(self, now: float) -> list[Felt | Relief]:
        """Let time pass: an index that is overdue is missed, errors that come no more are over."""
        felt = []
        for name, deadman in self._due.items():
            missed = deadman.missed(max(now, deadman.last))
            if missed or name in self._came:
                felt += self._felt(name, Cause.HEARTBEAT, missed, 1.0, now)
        return felt + self._calmed(now)

    def _calmed(self, now: float) -> list[Felt | Relief]:
        last = self._burst.times[-1] if self._burst.times else self._begun
        if (ERRORS, Cause.ERRORS) in self._well or now - last < self._burst.window:
            return []
        self._burst = ErrorBurst()
        return self._felt(ERRORS, Cause.ERRORS, False, 0.0, now)

    def _measured(self, values: dict[str, float], source: str, now: float) -> list[Felt | Relief]:
        felt: list[Felt | Relief] = []
        for name, gauge in self._gauges.items():
            if name in values:
                self.last[name] = values[name], source
                self._came.add(name)
                if name in self._due:
                    self._due[name] = self._due[name].beat(max(now, self._due[name].last))
                judged = gauge.update(values[name])
                felt += self._felt(name, Cause.LIMITS, judged.breach is not None, _intensity(judged), now)
                felt += self._regime(name, judged, now)
        return felt

    def _regime(self, name: str, judged: Judgement, now: float) -> list[Felt | Relief]:
        """An alert hurts, and goes on to hurt until attention is quiet; one for the better, if it lasts, pleases."""
        alert = judged.attention >= Attention.ALERT
        if judged.better is True:
            pleased = [Felt(Pleasure(self._path, name, _intensity(judged), now))]
            lasting = alert and judged.pages
            return self._felt(name, Cause.REGIME, False, 0.0, now) + (pleased if lasting else [])
        stands = (name, Cause.REGIME) in self._aching and judged.attention > Attention.QUIET
        return self._felt(name, Cause.REGIME, alert or stands, _intensity(judged), now)

    def _felt(
        self, name: str, cause: Cause, aches: bool, intensity: float, now: float
    ) -> list[Felt | Relief]:
        """What is felt of it. What hurts no more is said to be over once; so is what does not, for what a predecessor
        felt would hurt for ever.
        """
        pain = Pain(self._path, name, cause, Severity.ALERT, intensity, now)
        if aches:
            self._aching[name, cause] = pain.key
            self._well.discard((name, cause))
            return [Felt(pain)]
        if (name, cause) in self._well:
            return []
        self._aching.pop((name, cause), None)
        self._well.add((name, cause))
        return [Relief(pain.key)]


def _intensity(judged: Judgement) -> float:
    """How many standard deviations it is from plan; a change without a plan counts as far as it is as alarming."""
    reading = judged.reading
    if reading is None:
        return 1.0
    return max(abs(reading.z_plan or 0.0), ALERT.alert_z * reading.change / ALERT.alert_change)
