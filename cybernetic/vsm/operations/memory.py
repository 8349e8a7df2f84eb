"""What the environment of a level remembers of tasks that were done, in case they come, or have to be done, again."""

from collections import OrderedDict
from dataclasses import dataclass

from cybernetic.vsm.operations.task import Performed, Task

KEPT = 1000  # tasks


@dataclass(frozen=True, slots=True)
class Remembered:
    """A task, which unit did it, and what came of it."""

    task: Task
    unit: str
    performed: Performed


class Memory:
    """The last thousand tasks that were done, well or not, by id: what was not may have had its effect all the same."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Remembered] = OrderedDict()

    def keep(self, task: Task, unit: str, performed: Performed) -> None:
        """A task was done, well or not."""
        self._known.pop(task.id, None)
        self._known[task.id] = Remembered(task, unit, performed)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def find(self, id: str) -> Remembered | None:
        """What is known of a task."""
        return self._known.get(id)
