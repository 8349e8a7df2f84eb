"""The environment of a level: what brings the work, gives it to units, and gives it again when one dies."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.operations.messages import Arrived
from cybernetic.vsm.operations.task import Assignment, Performed, Task

AGAIN = 0.2  # seconds before a task is given again to a unit that died over it
ATTEMPTS = 5


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
        self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Arrived(task.kind, unit), disturbance=task.id)
        self.task(self._see_through(task, unit, answer))

    def load(self) -> dict[str, int]:
        """How many tasks each unit has been given and not finished."""
        return dict(self._given)

    async def _see_through(self, task: Task, unit: str, answer: Deferred[Any]) -> None:
        try:
            for left in reversed(range(ATTEMPTS)):
                given = Assignment(task, again=left < ATTEMPTS - 1)
                try:
                    performed = await self.ask(
                        Channel.OPERATIONS, Role.MANAGEMENT, given, unit, disturbance=task.id, patience=None
                    )
                except CallError as error:
                    if not left:
                        answer.fail(error)
                        return
                    await asyncio.sleep(AGAIN)
                except Exception as error:
                    answer.fail(error)
                    return
                else:
                    answer.reply(performed)
                    return
        finally:
            self._given[unit] -= 1

    def _unit_for(self, to: str | None) -> str:
        """The unit at or above `to`; without one, that with the least to do for its weight."""
        if to is None or to == self.path:
            return min(self._given, key=lambda unit: (self._given[unit] + 1) / self._weights[unit])
        for unit in self._weights:
            if to == unit or to.startswith(f"{unit}/"):
                return unit
        raise NoSuchUnit(to, list(self._weights))
