"""What a unit's ports can prove: the receipts of its tasks, and that no task goes round in circles."""

from typing import Any

from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.inspection.messages import Evidence, Inspected
from cybernetic.vsm.ports.doings import Doings
from cybernetic.vsm.ports.guard import Guard
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.receipts import Came, Receipt
from cybernetic.vsm.ports.refusals import NoEvidence
from cybernetic.vsm.timing import now

KEPT = 1000  # tasks whose evidence is kept for audits


class Proofs:
    """The evidence of the unit at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._guards: dict[str, Guard] = {}
        self._receipts: dict[str, list[Receipt]] = {}  # of tasks at work
        self._evidence: dict[str, Evidence] = {}  # of tasks reported done
        self._doings = Doings()

    def guard(self, ask: Ask, repeats: int) -> None:
        """One more call of a task. Raises `Stuck`."""
        guard = self._guards.get(ask.task)
        if guard is None or guard.life != ask.life:
            guard = Guard(ask.life)
        self._guards[ask.task] = guard.passed(self._path, ask.port, ask.call, repeats)

    def forget(self, task: str) -> None:
        """A task that was not done (its id): what it called counts no more against it, and is no evidence of it."""
        self._guards.pop(task, None)
        self._receipts.pop(task, None)

    def receipt(self, passage: Passage, came: Came, result: str, cost: Vector, shared: str = "") -> Receipt:
        """The proof of a call that is over; `shared` is the id of the receipt of another's that stands for it."""
        ask = passage.ask
        receipt = Receipt(
            passage.id,
            ask.task,
            self._path,
            ask.port,
            ask.call,
            result,
            cost,
            came,
            passage.began,
            now(),
            passage.revision,
            shared,
        )
        self._receipts.setdefault(ask.task, []).append(receipt)
        return receipt

    def close(self, task: Any, outcome: Any) -> tuple[Receipt, ...]:
        """A task is reported done: its receipts, all of them.

        Raises `NoEvidence` for one shown that is not of this task, and for a success that shows none of a call that was
        done, or one whose outcome is unknown: that may not have happened.
        """
        receipts = tuple(self._receipts.pop(task.id, ()))
        if outcome.good and not outcome.evidence:
            raise NoEvidence(task.id, "none")
        if any(receipt not in receipts for receipt in outcome.evidence):
            raise NoEvidence(task.id, "one that its porter did not make")
        came = [receipt.came for receipt in outcome.evidence]
        if outcome.good and Came.UNKNOWN in came:
            raise NoEvidence(task.id, "one whose outcome is unknown")
        if outcome.good and Came.DONE not in came:
            raise NoEvidence(task.id, "only those of calls that failed")
        self._guards.pop(task.id, None)
        self._evidence[task.id] = Evidence(self._path, task, outcome, receipts)
        while len(self._evidence) > KEPT:
            del self._evidence[next(iter(self._evidence))]
        self._doings = self._doings.after(task.kind, receipts, task.id)
        return receipts

    def evidence(self, task: str) -> Evidence | None:
        """That of a task; None: it is not known any more."""
        return self._evidence.get(task)

    def inspected(self, spent: Vector, grant: Vector, revision: int) -> Inspected:
        """What an inspection sees."""
        return self._doings.inspected(self._path, spent, grant, revision)
