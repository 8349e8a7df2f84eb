"""The environment of a level: what brings the work, gives it to units, and gives it again when one dies."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cybernetic.core import CallFailed, Crash, NoProc, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.inspection.messages import Completed
from cybernetic.vsm.operations.kinds import Kinds
from cybernetic.vsm.operations.messages import Arrived, Out, Redo, Redone
from cybernetic.vsm.operations.refusals import NotBegun, TaskLate, TaskUnknown, WaitsForItself
from cybernetic.vsm.operations.task import Assignment, Performed, Task
from cybernetic.vsm.operations.underway import Work, under_way
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
        kinds: the kinds of tasks that units take, by path; of those that do not take any.
    """

    role = Role.ENVIRONMENT

    def __init__(
        self,
        path: str,
        units: dict[str, float],
        audited: frozenset[str] = frozenset(),
        rates: Mapping[str, float] | None = None,
        kinds: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(path)
        self._kinds = Kinds(kinds or {})
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
        self._under_way = under_way(self.system, path)
        self._memory = self._under_way.memory
        self._again: dict[str, asyncio.Task[tuple[str, str]]] = {}  # that are being done again, by id

    def setup(self) -> None:
        """Go on with what a predecessor had in hand. Where the units begin anew too, nobody knows what came of it."""
        alive = self.system.whereis(f"{self.path}:operations") is not None
        for work in self._under_way:
            if alive and work.unit in self._given:
                work.again = work.begun = True
                self._count_in(work.unit)
                self.task(self._see_through(work))
                continue
            self._under_way.end(work)
            for answer in work.answers:
                answer.fail(TaskUnknown(work.task.id, f"{self.path!r} began anew while it was under way"))
        super().setup()

    def submit(self, task: Task, anew: bool = False, by: str | None = None) -> Deferred[Performed]:
        """Give a task to a unit; answered with what came of it. `anew`: what came of it before does not count. `by`:
        the path of the unit that waits for it.

        Raises `NoSuchUnit`, `NoSuchKind`, `WaitsForItself`, what the operation refuses with, `TaskHung`, `TaskUnknown`,
        `CallFailed` when it crashed over it again and again.
        """
        answer = self.defer()
        self._hand(task, answer, anew, by)
        return answer

    def take_on(self, task: Task, answer: Deferred[Any], by: str | None = None) -> None:
        """As `submit`, with an answer that somebody else in this process has to give."""
        try:
            self._hand(task, answer, False, by)
        except Refusal as error:
            answer.fail(error)

    def _hand(self, task: Task, answer: Deferred[Any], anew: bool, by: str | None) -> None:
        """A task that is under way already, because whoever asked for it before has died, is not begun twice; one that
        was done is for the unit that did it: that remembers.
        """
        known = self._under_way.find(task.id)
        if known is not None:
            known.answers.append(answer)
            return
        was = self._memory.find(task.id)
        unit = self._unit_for(task, by) if was is None or self._is_out(was.unit) else was.unit
        if by is not None and self._under_way.waits(unit, by):
            raise WaitsForItself(task.id, unit)
        work = Work(task, unit, [answer], anew, by, again=was is not None)
        self._under_way.add(work)
        self._count_in(unit)
        self._come[unit] += 1
        self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Arrived(task.kind, unit), disturbance=task.id)
        self.task(self._see_through(work))

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

    async def _see_through(self, work: Work) -> None:
        try:
            performed = await self._performed(work)
        except Exception as error:
            self._under_way.end(work)
            for answer in work.answers:
                answer.fail(error)
        else:
            self._under_way.end(work)
            for answer in work.answers:
                answer.reply(performed)

    async def _performed(self, work: Work) -> Performed:
        """Give a task that is counted in, and again: a few times where it crashed its unit, for a while where that is
        away. Another unit does it where this one has no money or was taken out of the level, if it was not begun.
        """
        crashes, since, poor = 0, None, set[str]()
        try:
            while True:
                asked = now()
                try:
                    performed = await self._once(work)
                except BudgetExhausted as error:
                    self._ran_dry(work.unit)
                    poor.add(work.unit)
                    richer = [] if work.anew or error.begun else self._with_money(work.task, poor, work.by)
                    if not richer:
                        raise
                    self._move(work, self._least_busy(richer))
                except NotBegun:
                    since = None
                    await self._pause(work)
                except CallFailed as error:
                    work.begun = work.begun or not isinstance(error.reason, NoProc)
                    if since is None or now() >= asked + AWAY:  # it was there, and others were at work
                        since = now()
                    crashes += isinstance(error.reason, Crash)
                    away = not isinstance(error.reason, Crash) and now() >= since + AWAY
                    if away or crashes >= ATTEMPTS:
                        raise
                    work.again = True
                    await self._pause(work)
                else:
                    self._done(work, performed)
                    return performed
        finally:
            self._given[work.unit] -= 1

    def _done(self, work: Work, performed: Performed) -> None:
        task, unit = work.task, work.unit
        self._dry.pop(unit, None)
        self._memory.keep(task, unit, performed)
        if unit in self._audited:
            done = Completed(task.id, task.kind, unit, performed.outcome.good)
            self.tell(Channel.AUDIT, Role.AUDIT, done, disturbance=task.id)

    async def _pause(self, work: Work) -> None:
        """Before a task is given again: where its unit was taken out, to another, unless this one may have begun it."""
        await asyncio.sleep(AGAIN)
        task, unit = work.task, work.unit
        if task.deadline is not None and now() >= task.deadline:
            raise TaskUnknown(task.id, f"{unit!r} ended while it did it") if work.begun else TaskLate(task.id)
        if not self._is_out(unit):
            return
        other = self._unit_for(task, work.by)
        if work.begun:
            raise TaskUnknown(task.id, f"{unit!r} had begun it when it was taken out of its level")
        self._move(work, other)

    def _move(self, work: Work, other: str) -> None:
        """A task goes over to another unit."""
        self._given[work.unit] -= 1
        self._count_in(other)
        work.unit = other

    def _ran_dry(self, unit: str) -> None:
        """A unit refused a task because it had no money for it, which takes no time at all: without this it would have
        the least to do, and draw all that comes. It is spared for a round, for longer when that was too early.
        """
        until, pause = self._dry.get(unit, (0.0, 0.0))
        if now() >= until:
            pause = min(max(self.pulse, 2.0 * pause), LONGEST * self.pulse)
            self._dry[unit] = now() + pause, pause

    def _with_money(self, task: Task, without: Collection[str], by: str | None = None) -> list[str]:
        """The units but for some that may do a task as well, and have money as far as is known."""
        if not self._for_anybody(task.to):
            return []
        return [
            unit for unit in self._free_of(by, task.kind) if unit not in without and not self._is_dry(unit)
        ]

    async def _once(self, work: Work) -> Performed:
        unit, given = work.unit, Assignment(work.task, work.again or work.anew, work.anew, work.by)
        if unit in self._rates:
            at = max(now(), self._free[unit])
            self._free[unit] = at + 1.0 / self._rates[unit]
            if at > now():
                await asyncio.sleep(at - now())
        performed: Performed = await self.ask(
            Channel.OPERATIONS, Role.MANAGEMENT, given, unit, disturbance=given.task.id, patience=None
        )
        return performed

    def _unit_for(self, task: Task, by: str | None = None) -> str:
        """The unit at or above whom a task is for; if it is for nobody, that with the least to do for its weight, or
        which waited longest, of those that take its kind, have money, and do not wait for `by` themselves.
        """
        to, kind = task.to, task.kind
        if to is None or self._for_anybody(to):
            free = self._with_money(task, (), by) or self._free_of(by, kind) or self._able(kind)
            return self._least_busy(free)
        for unit in self._weights:
            if to == unit or to.startswith(f"{unit}/"):
                if self._is_out(unit):
                    raise Suspended(unit, "it is taken out of its level", self._out[unit])
                self._kinds.check(unit, kind)
                return unit
        raise NoSuchUnit(to, list(self._weights))

    def _for_anybody(self, to: str | None) -> bool:
        """A task for a level above this one may be done by anybody in it, so by anybody here."""
        return to is None or to == self.path or self.path.startswith(f"{to}/")

    def _free_of(self, by: str | None, kind: str) -> list[str]:
        """Those that take a kind of tasks and do not wait for what a unit does."""
        units = self._able(kind)
        return units if by is None else [unit for unit in units if not self._under_way.waits(unit, by)]

    def _able(self, kind: str) -> list[str]:
        takers = self._kinds.takers(self._given, kind)
        return [unit for unit in takers if not self._is_out(unit)] or takers

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
        """One after another: the work of the day goes on beside it. What is being done again already, because who asked
        for it has died, is waited for.
        """
        ends: dict[str, tuple[str, str]] = {}
        for id in redo.tasks:
            if id not in self._again:
                self._again[id] = self.task(self._once_more(id))
            ends[id] = await asyncio.shield(self._again[id])
        good, changed, unknown = (
            tuple(id for id, (what, _) in ends.items() if what in some)
            for some in (("good", "changed"), ("changed",), ("unknown",))
        )
        failed = {id: why for id, (what, why) in ends.items() if what == "failed"}
        answer.reply(Redone(redo.unit, good, changed, failed, unknown))

    async def _once_more(self, id: str) -> tuple[str, str]:
        """What comes of one: "good", "changed", "unknown" or "failed", and why."""
        was = self._memory.find(id)
        try:
            if was is None:
                return "unknown", ""
            unit = self._unit_for(was.task) if self._is_out(was.unit) else was.unit
            self._count_in(unit)
            performed = await self._performed(Work(replace(was.task, deadline=None), unit, anew=True))
        except Exception as error:
            return "failed", f"{type(error).__name__}: {error}"
        finally:
            del self._again[id]
        if not performed.outcome.good:
            return "failed", "it could not be done"
        return ("good" if performed.outcome.value == was.performed.outcome.value else "changed"), ""
