"""What a unit really does: where its time and its money went, by kind of task, as receipts prove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from cybernetic.vsm.bargain.vector import Vector, total
from cybernetic.vsm.inspection.messages import Inspected
from cybernetic.vsm.ports.receipts import Receipt

KINDS = 50  # that are kept apart; the rest is "other"


@dataclass(frozen=True, slots=True)
class Doings:
    """Counts by kind of task: `tasks`, `seconds` at ports, `costs` of the first resource; `last` is the id of the task
    that was counted last. A value.
    """

    tasks: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    last: str = ""

    def after(self, kind: str, receipts: Sequence[Receipt], task: str = "") -> Self:
        """After a task (its id) that left these receipts."""
        kind = kind if kind in self.tasks or len(self.tasks) < KINDS else "other"
        cost = total(receipt.cost for receipt in receipts)
        first = sorted(cost.resources)[:1]
        return type(self)(
            {**self.tasks, kind: self.tasks.get(kind, 0) + 1},
            _with(self.seconds, kind, sum(receipt.ended - receipt.began for receipt in receipts)),
            _with(self.costs, kind, sum(cost.amount(name) for name in first)),
            task,
        )

    def inspected(self, path: str, spent: Vector, grant: Vector, revision: int) -> Inspected:
        """What an inspection sees of the unit at `path`."""
        return Inspected(path, spent, grant, self.tasks, self.seconds, self.costs, revision, self.last)


def _with(counts: Mapping[str, float], kind: str, more: float) -> dict[str, float]:
    return {**counts, kind: counts.get(kind, 0.0) + max(0.0, more)}
