"""What the environments of the levels have in hand: it outlives them, whose successors go on with it."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.operations.memory import KEPT, Memory
from cybernetic.vsm.operations.task import Task
from cybernetic.vsm.owned import Owned


@dataclass(slots=True)
class Work:
    """A task under way.

    Attributes:
        task: what it is.
        unit: where it is (a path).
        answers: for those who wait for what comes of it.
        anew: names why what came of it before does not count; empty: it does.
        by: the paths of the units that wait for it, and of those that wait for these, as far as is known.
        again: whether it was given to its unit before.
        begun: whether a unit may have begun it.
        tries: how often whoever had it ended over it.
        ended: of what, the last time; None: that was never so.
        since: when that was found to be away, seconds; None: it is there.
        why: what was said for it to be done; None: it began here.
    """

    task: Task
    unit: str
    answers: list[Deferred[Any]] = field(default_factory=list)
    anew: str = ""
    by: frozenset[str] = frozenset()
    again: bool = False
    begun: bool = False
    tries: int = 0
    ended: object = None
    since: float | None = None
    why: Why | None = None


class UnderWay:
    """The tasks of a level that are under way, by id, and those that were done of late (`memory`).

    Args:
        levels: those of all levels of this process, this one included, by path.
        handed: the tasks that units wait for, as they stand at each of these levels, by id.

    Attributes:
        out: until when (seconds) units are taken out of the level, by path.
        redone: what came of tasks that were done anew: for what reason (`Work.anew`), and how that went, by id.
    """

    def __init__(self, levels: dict[str, "UnderWay"], handed: dict[str, list[Work]]) -> None:
        self._levels, self._handed = levels, handed
        self._works: dict[str, Work] = {}
        self.memory = Memory()
        self.out: dict[str, float] = {}
        self.redone: OrderedDict[str, tuple[str, tuple[str, str]]] = OrderedDict()

    def __iter__(self) -> Iterator[Work]:
        return iter(list(self._works.values()))

    def find(self, task: str) -> Work | None:
        """A task (its id), if it is under way."""
        return self._works.get(task)

    def add(self, work: Work) -> None:
        """A task is under way."""
        self._works[work.task.id] = work
        for known in self._handed.get(work.task.id, ()):
            work.by |= known.by
        self._wait(work, work.by)

    def join(self, work: Work, answer: Deferred[Any], by: frozenset[str]) -> None:
        """Somebody else waits for a task as well."""
        work.answers.append(answer)
        for one in self._everywhere(work.task.id):
            self._wait(one, by)

    def end(self, work: Work) -> None:
        """A task is over."""
        self._works.pop(work.task.id, None)
        works = [one for one in self._handed.pop(work.task.id, ()) if one is not work]
        if works:
            self._handed[work.task.id] = works

    def _wait(self, work: Work, by: frozenset[str]) -> None:
        """Units wait for a task, as far as it stands at one level."""
        known = self._handed.get(work.task.id, [])
        if by and not any(work is one for one in known):
            self._handed[work.task.id] = [*known, work]
        work.by |= by

    def redid(self, task: str, why: str, end: tuple[str, str]) -> None:
        """A task (its id) was done anew, and what came of that; the last thousand are known."""
        self.redone.pop(task, None)
        self.redone[task] = why, end
        while len(self.redone) > KEPT:
            self.redone.popitem(last=False)

    def waiting(self, by: frozenset[str]) -> frozenset[str]:
        """Those who wait for what units do (their paths), at whatever level, and these themselves: none of them may do
        what is asked for by these.
        """
        found, before = set(by), 0
        while len(found) > before:
            before = len(found)
            for works in self._handed.values():
                if any(self._reaches(work.unit, found) for work in works):
                    found.update(*(work.by for work in works))
        return frozenset(found)

    def held_by(self, task: str, units: frozenset[str]) -> str | None:
        """Which of some units, or of the levels they are in, is at a task (its id); None: none of them."""
        works = self._everywhere(task)
        return next((work.unit for work in works if self._reaches(work.unit, units)), None)

    def _everywhere(self, task: str) -> list[Work]:
        """A task as it stands at each level that it has come through."""
        found = (level.find(task) for level in self._levels.values())
        return [work for work in found if work is not None]

    def _reaches(self, unit: str, units: set[str] | frozenset[str]) -> bool:
        """Whether what a unit has to do is for one of `units` to do. Which unit of a level has it, that level knows; of
        one in another process it may be any.
        """
        inside = f"{unit}/"
        return unit in units or (unit not in self._levels and any(one.startswith(inside) for one in units))


_known: Owned[tuple[dict[str, UnderWay], dict[str, list[Work]]]] = Owned(lambda: ({}, {}))


def under_way(system: Any, path: str) -> UnderWay:
    """What the level at a path has in hand in this process."""
    levels, handed = _known.of(system)
    return levels.setdefault(path, UnderWay(levels, handed))
