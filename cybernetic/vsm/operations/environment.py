"""The environment of a level: what brings the work, gives it to units, and gives it again when one dies."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cybernetic.core import CallFailed, Crash, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.operations.messages import Arrived
from cybernetic.vsm.operations.task import Assignment, Performed, Task
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

AGAIN = 0.2  # seconds before a task is given again
ATTEMPTS = 5  # how often a task may crash its unit
AWAY = 60.0  # seconds after which a task is given up whose unit is away


@travels(name="vsm.NoSuchUnit")
class NoSuchUnit(Refusal):
    """A task is for a path that is none of the level's."""

    def __init__(self, to: str, units: Sequence[str]) -> None:
        super().__init__(f"to: expected a path at or below one of {sorted(units)}, got: {to!r}")
        self.to = to


class Environment(Member):
    """Takes the tasks of a level and sees each of them through to an outcome.

    Args:
        path: of the level.
        units: their paths, with their weights.
    """

    role = Role.ENVIRONMENT

    def __init__(self, path: str, units: dict[str, float]) -> None:
        super().__init__(path)
        self._weights = dict(units)
        self._given = dict.fromkeys(units, 0)
        self._last = dict.fromkeys(units, 0)  # which was given a task least lately
        self._count = 0

    def submit(self, task: Task) -> Deferred[Performed]:
        """Give a task to a unit; answered with what came of it.

        Raises `NoSuchUnit`, what the operation refuses with, `CallFailed` when it crashed over it again and again.
        """
        unit = self._unit_for(task.to)
        answer = self.defer()
        self._hand(task, unit, answer)
        return answer

    def take_on(self, task: Task, answer: Deferred[Any]) -> None:
        """As `submit`, with an answer that somebody else in this process has to give."""
        try:
            self._hand(task, self._unit_for(task.to), answer)
        except NoSuchUnit as error:
            answer.fail(error)

    def _hand(self, task: Task, unit: str, answer: Deferred[Any]) -> None:
        self._given[unit] += 1
        self._count += 1
        self._last[unit] = self._count
        self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Arrived(task.kind, unit), disturbance=task.id)
        self.task(self._see_through(task, unit, answer))

    def load(self) -> dict[str, int]:
        """How many tasks each unit has been given and not finished."""
        return dict(self._given)

    async def _see_through(self, task: Task, unit: str, answer: Deferred[Any]) -> None:
        try:
            answer.reply(await self._performed(task, unit))
        except Exception as error:
            answer.fail(error)
        finally:
            self._given[unit] -= 1

    async def _performed(self, task: Task, unit: str) -> Performed:
        """Give it, and give it again: a few times where it crashed its unit, for a while where that is away."""
        crashes, since = 0, now()
        while True:
            try:
                performed: Performed = await self.ask(
                    Channel.OPERATIONS,
                    Role.MANAGEMENT,
                    Assignment(task, again=crashes > 0),
                    unit,
                    disturbance=task.id,
                    patience=None,
                )
            except CallFailed as error:
                if isinstance(error.reason, Crash):
                    crashes += 1
                elif now() >= since + AWAY:
                    raise
                if crashes >= ATTEMPTS:
                    raise
                await asyncio.sleep(AGAIN)
            else:
                return performed

    def _unit_for(self, to: str | None) -> str:
        """The unit at or above `to`; without one, that with the least to do for its weight, or which waited longest.

        A task for a level above this one may be done by anybody in it, so by anybody here.
        """
        if to is None or to == self.path or self.path.startswith(f"{to}/"):
            return min(
                self._given,
                key=lambda unit: ((self._given[unit] + 1) / self._weights[unit], self._last[unit]),
            )
        for unit in self._weights:
            if to == unit or to.startswith(f"{unit}/"):
                return unit
        raise NoSuchUnit(to, list(self._weights))
