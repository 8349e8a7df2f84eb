"""What the environment of a level has in hand: it outlives the environment, whose successor goes on with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.runtime import Deferred
from cybernetic.vsm.operations.memory import Memory
from cybernetic.vsm.operations.task import Task


@dataclass(slots=True)
class Work:
    """A task under way.

    Attributes:
        task: what it is.
        unit: where it is (a path).
        answers: for those who wait for what comes of it.
        anew: whether what came of it before does not count.
        by: the path of the unit that waits for it; None: no unit does.
        again: whether it was given to its unit before.
        begun: whether a unit may have begun it.
    """

    task: Task
    unit: str
    answers: list[Deferred[Any]] = field(default_factory=list)
    anew: bool = False
    by: str | None = None
    again: bool = False
    begun: bool = False


class UnderWay:
    """The tasks of a level that are under way, by id, and those that were done well of late (`memory`)."""

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}
        self.memory = Memory()

    def __iter__(self) -> Iterator[Work]:
        return iter(list(self._works.values()))

    def find(self, task: str) -> Work | None:
        """A task (its id), if it is under way."""
        return self._works.get(task)

    def add(self, work: Work) -> None:
        """A task is under way."""
        self._works[work.task.id] = work

    def end(self, work: Work) -> None:
        """A task is over."""
        self._works.pop(work.task.id, None)

    def waits(self, unit: str, by: str) -> bool:
        """Whether a unit waits for what `by` does, or what waits for that; it does, at the least, for itself."""
        seen, ahead = set[str](), [unit]
        while ahead:
            one = ahead.pop()
            if one == by:
                return True
            if one not in seen:
                seen.add(one)
                ahead += [work.unit for work in self._works.values() if work.by == one]
        return False


_known: WeakKeyDictionary[Any, dict[str, UnderWay]] = WeakKeyDictionary()


def under_way(system: Any, path: str) -> UnderWay:
    """What the level at a path has in hand in this process."""
    return _known.setdefault(system, {}).setdefault(path, UnderWay())
