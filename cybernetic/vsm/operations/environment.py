"""The environment of a level: what brings the work, gives it to units, and gives it again when one dies."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cybernetic.core import CallFailed, Crash, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.inspection.messages import Completed
from cybernetic.vsm.operations.memory import Memory
from cybernetic.vsm.operations.messages import Arrived, Out, Redo, Redone
from cybernetic.vsm.operations.task import Assignment, Performed, Task
from cybernetic.vsm.ports.refusals import Suspended
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

AGAIN = 0.2  # seconds before a task is given again
ATTEMPTS = 5  # how often a task may crash its unit
LONGEST = 8.0  # rounds for which a unit without money is spared before it is tried again
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
        audited: those of them that are levels, where system 3* wants to hear of what they have done.
        rates: tasks that a unit is given in a second at most, by path; of those that have such a limit.
    """

    role = Role.ENVIRONMENT

    def __init__(
        self,
        path: str,
        units: dict[str, float],
        audited: frozenset[str] = frozenset(),
        rates: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(path)
        self._rates, self._free = dict(rates or {}), dict.fromkeys(units, 0.0)
        self._audited = audited
        self._weights = dict(units)
        self._given = dict.fromkeys(units, 0)
        self._come = dict.fromkeys(units, 0)
        self._last = dict.fromkeys(units, 0)  # which was given a task least lately
        self._count = 0
        self._out: dict[str, float] = {}  # until when units are taken out of the level
        self._dry: dict[
            str, tuple[float, float]
        ] = {}  # until when units are spared that had no money left; how long
        self._memory = Memory()
        self._again: set[str] = set()  # tasks that are being done again

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
        except Refusal as error:
            answer.fail(error)

    def _hand(self, task: Task, unit: str, answer: Deferred[Any]) -> None:
        self._count_in(unit)
        self._come[unit] += 1
        self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Arrived(task.kind, unit), disturbance=task.id)
        self.task(self._see_through(task, unit, answer))

    def _count_in(self, unit: str) -> None:
        """A task is given to a unit: at once, so that the next is not given to the same one."""
        self._given[unit] += 1
        self._count += 1
        self._last[unit] = self._count

    def arrived(self) -> dict[str, int]:
        """How many tasks have come for each unit, since this part of the level has begun."""
        return dict(self._come)

    def load(self) -> dict[str, int]:
        """How many tasks each unit has been given and not finished."""
        return dict(self._given)

    async def _see_through(self, task: Task, unit: str, answer: Deferred[Any]) -> None:
        try:
            answer.reply(await self._performed(task, unit))
        except Exception as error:
            answer.fail(error)

    async def _performed(self, task: Task, unit: str, *, anew: bool = False) -> Performed:
        """Give a task that is counted in, and again: a few times where it crashed its unit, for a while where that is
        away. Where the unit was taken out of the level meanwhile another does it. `anew`: what came of it before does
        not count.
        """
        crashes, since, poor = 0, None, set[str]()
        try:
            while True:
                try:
                    performed = await self._once(Assignment(task, crashes > 0 or anew, anew), unit)
                except BudgetExhausted:
                    self._ran_dry(unit)
                    poor.add(unit)
                    richer = [] if anew else self._with_money(task.to, poor)
                    if not richer:
                        raise
                    unit = self._moved(unit, self._least_busy(richer))
                except CallFailed as error:
                    since = now() if since is None else since
                    if isinstance(error.reason, Crash):
                        crashes += 1
                    elif now() >= since + AWAY:
                        raise
                    if crashes >= ATTEMPTS:
                        raise
                    await asyncio.sleep(AGAIN)
                    if self._is_out(unit):
                        unit = self._moved(unit, self._unit_for(task.to))
                else:
                    self._dry.pop(unit, None)
                    self._memory.keep(task, unit, performed)
                    if unit in self._audited:
                        done = Completed(task.id, task.kind, unit, performed.outcome.good)
                        self.tell(Channel.AUDIT, Role.AUDIT, done, disturbance=task.id)
                    return performed
        finally:
            self._given[unit] -= 1

    def _moved(self, unit: str, other: str) -> str:
        """A task goes over to another unit, before it is done."""
        self._given[unit] -= 1
        self._count_in(other)
        return other

    def _ran_dry(self, unit: str) -> None:
        """A unit refused a task because it had no money for it, which takes no time at all: without this it would have
        the least to do, and draw all that comes. It is spared for a round, for longer when that was too early.
        """
        until, pause = self._dry.get(unit, (0.0, 0.0))
        if now() >= until:
            pause = min(max(self.pulse, 2.0 * pause), LONGEST * self.pulse)
            self._dry[unit] = now() + pause, pause

    def _with_money(self, to: str | None, without: Collection[str]) -> list[str]:
        """The units but for some that may do a task as well, and have money as far as is known."""
        if not self._for_anybody(to):
            return []
        return [unit for unit in self._able() if unit not in without and not self._is_dry(unit)]

    async def _once(self, given: Assignment, unit: str) -> Performed:
        if unit in self._rates:
            at = max(now(), self._free[unit])
            self._free[unit] = at + 1.0 / self._rates[unit]
            if at > now():
                await asyncio.sleep(at - now())
        performed: Performed = await self.ask(
            Channel.OPERATIONS, Role.MANAGEMENT, given, unit, disturbance=given.task.id, patience=None
        )
        return performed

    def _unit_for(self, to: str | None) -> str:
        """The unit at or above `to`; without one, that with the least to do for its weight, or which waited longest, of
        those that have money.
        """
        if to is None or self._for_anybody(to):
            return self._least_busy(self._with_money(to, ()) or self._able())
        for unit in self._weights:
            if to == unit or to.startswith(f"{unit}/"):
                if self._is_out(unit):
                    raise Suspended(unit, "it is taken out of its level", self._out[unit])
                return unit
        raise NoSuchUnit(to, list(self._weights))

    def _for_anybody(self, to: str | None) -> bool:
        """A task for a level above this one may be done by anybody in it, so by anybody here."""
        return to is None or to == self.path or self.path.startswith(f"{to}/")

    def _able(self) -> list[str]:
        return [unit for unit in self._given if not self._is_out(unit)] or list(self._given)

    def _least_busy(self, units: Collection[str]) -> str:
        return min(units, key=lambda unit: ((self._given[unit] + 1) / self._weights[unit], self._last[unit]))

    # What system 3 says.

    @hears(Out)
    def _taken_out(self, out: Out, note: Note) -> None:
        self._out[out.unit] = out.until

    def _is_dry(self, unit: str) -> bool:
        return now() < self._dry.get(unit, (0.0, 0.0))[0]

    def _is_out(self, unit: str) -> bool:
        return now() < self._out.get(unit, 0.0)

    @hears(Redo)
    def _redo(self, redo: Redo, note: Note) -> Deferred[Redone]:
        """Tasks are done again under their own ids, so that who is written to knows them; answered when all are."""
        answer: Deferred[Redone] = self.defer()
        self.task(self._done_again(redo, answer))
        return answer

    async def _done_again(self, redo: Redo, answer: Deferred[Redone]) -> None:
        known = {id: self._memory.find(id) for id in redo.tasks if id not in self._again}
        self._again |= known.keys()
        good, changed, failed = [], [], {}
        try:
            for id, was in known.items():  # one after another: the work of the day goes on beside it
                if was is None:
                    continue
                try:
                    unit = self._unit_for(was.task.to) if self._is_out(was.unit) else was.unit
                    self._count_in(unit)
                    performed = await self._performed(replace(was.task, deadline=None), unit, anew=True)
                except Exception as error:
                    failed[id] = f"{type(error).__name__}: {error}"
                    continue
                if performed.outcome.good:
                    good.append(id)
                    changed += [id] if performed.outcome.value != was.performed.outcome.value else []
                else:
                    failed[id] = "it could not be done"
        finally:
            self._again -= known.keys()
        unknown = tuple(id for id, was in known.items() if was is None)
        answer.reply(Redone(redo.unit, tuple(good), tuple(changed), failed, unknown))
