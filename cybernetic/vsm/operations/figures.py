"""The figures of a unit: each with the event it was measured at, and what is felt of it."""

from collections.abc import Sequence

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.cyberstride.gauge import Gauge, Judgement
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.cyberstride.plan import Attention
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.operations.task import Performed


class Figures:
    """What is measured of the unit at `path`, by `indices`; keeps the state of their filters.

    Attributes:
        last: by index: its latest value and the id of the task it was measured at.
    """

    def __init__(self, path: str, indices: Sequence[Index]) -> None:
        self._path = path
        self._gauges = {index.name: Gauge(index) for index in indices}
        self._aching: dict[tuple[str, Cause], PainKey] = {}
        self.last: dict[str, tuple[float, str]] = {}

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
        return self._measured(values, performed.task, now)

    def failed(self, task: str, now: float) -> list[Felt | Relief]:
        """Take that a task was not done; what is felt of it."""
        return self._measured({"success": 0.0}, task, now)

    def _measured(self, values: dict[str, float], source: str, now: float) -> list[Felt | Relief]:
        felt: list[Felt | Relief] = []
        for name, gauge in self._gauges.items():
            if name in values:
                self.last[name] = values[name], source
                judged = gauge.update(values[name])
                felt += self._felt(name, Cause.LIMITS, judged.breach is not None, _intensity(judged), now)
                alert = judged.attention >= Attention.ALERT and judged.better is not True
                felt += self._felt(name, Cause.REGIME, alert, _intensity(judged), now)
        return felt

    def _felt(
        self, name: str, cause: Cause, aches: bool, intensity: float, now: float
    ) -> list[Felt | Relief]:
        key = self._aching.get((name, cause))
        if aches:
            pain = Pain(self._path, name, cause, Severity.ALERT, intensity, now)
            self._aching[name, cause] = pain.key
            return [Felt(pain)]
        if key is not None:
            del self._aching[name, cause]
            return [Relief(key)]
        return []


def _intensity(judged: Judgement) -> float:
    """How many standard deviations it is from plan; 1 where there is none."""
    reading = judged.reading
    return 1.0 if reading is None or reading.z_plan is None else abs(reading.z_plan)
