"""The roster of a level: which of its units a task is given to."""

from collections.abc import Callable, Collection, Mapping

from cybernetic.vsm.operations.kinds import Kinds
from cybernetic.vsm.operations.refusals import NoSuchUnit
from cybernetic.vsm.operations.task import Task
from cybernetic.vsm.ports.refusals import Suspended

LONGEST = 8.0  # rounds for which a unit without money is spared before it is tried again
NOBODY: frozenset[str] = frozenset()


class Roster:
    """What the environment of a level knows of its units.

    Args:
        path: of the level.
        weights: of its units, by path.
        kinds: of tasks that they take, by path; of those that do not take any.
        pulse: seconds of a round.
        out: until when (seconds) units are taken out of the level, by path.
        now: the time, in seconds.

    Attributes:
        load: how many tasks each unit has been given and not finished.
        moved: the id of the task at which that has changed last, by unit.
        out: as given; it may change.
    """

    def __init__(
        self,
        path: str,
        weights: Mapping[str, float],
        kinds: Kinds,
        pulse: float,
        out: dict[str, float],
        now: Callable[[], float],
    ) -> None:
        self._path, self._weights, self._kinds = path, dict(weights), kinds
        self._pulse, self.out, self._now = pulse, out, now
        self.load = dict.fromkeys(weights, 0)
        self.moved: dict[str, str] = {}
        self._last = dict.fromkeys(weights, 0)  # which was given a task least lately
        self._count = 0
        self._dry: dict[str, tuple[float, float]] = {}  # until when it is spared for want of money; how long
        self._declined: set[tuple[str, str]] = set()  # which level has nobody for which kind

    def __contains__(self, unit: str) -> bool:
        return unit in self._weights

    # What happens to them.

    def gives(self, unit: str, task: str) -> None:
        """A task (its id) is given to a unit: at once, so that the next is not given to the same one."""
        self.load[unit] += 1
        self.moved[unit] = task
        self._count += 1
        self._last[unit] = self._count

    def takes_back(self, unit: str, task: str) -> None:
        """A task (its id) that a unit was given is over, or goes to another."""
        self.load[unit] -= 1
        self.moved[unit] = task

    def ran_dry(self, unit: str) -> None:
        """A unit refused a task because it had no money for it, which takes no time at all: without this it would have
        the least to do, and draw all that comes. It is spared for a round, for longer when that was too early.
        """
        until, pause = self._dry.get(unit, (0.0, 0.0))
        if self._now() >= until:
            pause = min(max(self._pulse, 2.0 * pause), LONGEST * self._pulse)
            self._dry[unit] = self._now() + pause, pause

    def did(self, unit: str) -> None:
        """A unit has done a task."""
        self._dry.pop(unit, None)

    def declined(self, unit: str, kind: str) -> None:
        """A level within has nobody who takes a kind: the others are asked first from now on."""
        self._declined.add((unit, kind))

    def is_out(self, unit: str) -> bool:
        """Whether a unit is taken out of the level."""
        return self._now() < self.out.get(unit, 0.0)

    # Who does a task.

    def pick(self, task: Task, waiting: frozenset[str] = NOBODY) -> str:
        """The unit at or above whom a task is for; if it is for nobody, that with the least to do for its weight, or
        which waited longest, of those that take its kind, have money, and are not `waiting` for it themselves.

        Raises `NoSuchUnit`, `NoSuchKind`, `Suspended` where all that could do it are taken out.
        """
        if self._for_anybody(task.to):
            able = self._able(task.kind)
            free = [unit for unit in able if unit not in waiting]
            with_money = [unit for unit in free if not self._is_dry(unit)]
            return self.least_busy(with_money or free or able)
        to = task.to or ""
        for unit in self._weights:
            if to == unit or to.startswith(f"{unit}/"):
                if self.is_out(unit):
                    raise self._suspended(unit)
                self._kinds.check(unit, task.kind)
                return unit
        raise NoSuchUnit(to, list(self._weights))

    def others(
        self, task: Task, tried: Collection[str], waiting: frozenset[str] = NOBODY, dry: bool = False
    ) -> list[str]:
        """Those but the ones that were `tried` who may do a task as well. `dry`: also those without money."""
        if not self._for_anybody(task.to):
            return []
        takers = (unit for unit in self._kinds.takers(self._weights, task.kind) if not self.is_out(unit))
        found = [unit for unit in takers if unit not in tried and unit not in waiting]
        return [unit for unit in found if dry or not self._is_dry(unit)]

    def least_busy(self, units: Collection[str]) -> str:
        """Which of some units has the least to do."""
        return min(units, key=lambda unit: ((self.load[unit] + 1) / self._weights[unit], self._last[unit]))

    def _able(self, kind: str) -> list[str]:
        """Those that take a kind and are there."""
        takers = self._kinds.takers(self._weights, kind)
        there = [unit for unit in takers if not self.is_out(unit)]
        if not there:
            raise self._suspended(min(takers, key=lambda unit: self.out[unit]))
        return [unit for unit in there if (unit, kind) not in self._declined] or there

    def _for_anybody(self, to: str | None) -> bool:
        """A task for a level above this one may be done by anybody in it, so by anybody here."""
        return to is None or to == self._path or self._path.startswith(f"{to}/")

    def _is_dry(self, unit: str) -> bool:
        return self._now() < self._dry.get(unit, (0.0, 0.0))[0]

    def _suspended(self, unit: str) -> Suspended:
        return Suspended(unit, "it is taken out of its level", self.out[unit])
