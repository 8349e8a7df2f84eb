"""The environment of a level: what brings the work, gives it to units, and gives it again when one dies."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cybernetic.core import CallFailed, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why
from cybernetic.vsm.inspection.messages import Completed
from cybernetic.vsm.operations.kinds import Kinds
from cybernetic.vsm.operations.messages import Arrived, Out, Redo, Redone
from cybernetic.vsm.operations.refusals import (
    NoSuchKind,
    NotBegun,
    NotTaken,
    TaskGivenUp,
    TaskLate,
    TaskUnknown,
    WaitsForItself,
)
from cybernetic.vsm.operations.roster import Roster
from cybernetic.vsm.operations.task import Assignment, Performed, Task
from cybernetic.vsm.operations.tries import is_enough, is_suspect, note_end
from cybernetic.vsm.operations.underway import Work, under_way
from cybernetic.vsm.timing import now

AGAIN = 0.2  # seconds before a task is given again


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
    period: float | None = 1.0

    def __init__(
        self,
        path: str,
        units: dict[str, float],
        audited: frozenset[str] = frozenset(),
        rates: Mapping[str, float] | None = None,
        kinds: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(path)
        self._rates, self._free = dict(rates or {}), dict.fromkeys(units, 0.0)
        self._audited = audited
        self._come = dict.fromkeys(units, 0)
        self._latest: dict[str, str] = {}  # the id of the task that came last, by unit
        self._under_way = under_way(self.system, path)
        self._memory = self._under_way.memory
        self._roster = Roster(path, units, Kinds(kinds or {}), self.pulse, self._under_way.out, now)
        self._again: dict[str, asyncio.Task[tuple[str, str]]] = {}  # that are being done again, by id
        self._suspects: set[str] = set()  # the ids of those that are being tried for the last time

    def setup(self) -> None:
        """Go on with what a predecessor had in hand. Where the units begin anew too, nobody knows what came of it."""
        alive = self.system.whereis(f"{self.path}:operations") is not None
        for work in self._under_way:
            if alive and work.unit in self._roster:
                work.again = work.begun = True
                self._roster.gives(work.unit, work.task.id)
                self.task(self._see_through(work))
                continue
            self._under_way.end(work)
            for answer in work.answers:
                answer.fail(TaskUnknown(work.task.id, f"{self.path!r} began anew while it was under way"))
        super().setup()

    def submit(self, task: Task, anew: str = "", by: Collection[str] = ()) -> Deferred[Performed]:
        """Give a task to a unit; answered with what came of it.

        Args:
            task: what it is.
            anew: names why what came of it before does not count; empty: it does.
            by: the paths of the units that wait for it, and of those that wait for these.

        Raises `NoSuchUnit`, `NoSuchKind`, `WaitsForItself`, what the operation refuses with, `TaskHung`, `TaskStopped`,
        `TaskUnknown`, `TaskGivenUp` when its unit ended over it again and again, or was away.
        """
        answer = self.defer()
        self._hand(task, answer, anew, by)
        return answer

    def assigned(self, given: Assignment, why: Why) -> Deferred[Performed]:
        """As `submit`, of what the level above has given to this one; `why`: by which word."""
        answer = self.defer()
        self._hand(given.task, answer, given.anew, given.by, why)
        return answer

    def take_on(self, task: Task, answer: Deferred[Any], by: Collection[str] = ()) -> None:
        """As `submit`, with an answer that somebody else in this process has to give."""
        try:
            self._hand(task, answer, "", by)
        except Refusal as error:
            answer.fail(error)

    def _hand(
        self, task: Task, answer: Deferred[Any], anew: str, by: Collection[str], why: Why | None = None
    ) -> None:
        """A task that is under way already, because whoever asked for it before has died, is not begun twice; one that
        was done is for the unit that did it: that remembers.
        """
        known, waiting = self._under_way.find(task.id), self._under_way.waiting(frozenset(by))
        if known is not None:
            waits = self._under_way.held_by(task.id, waiting)
            if waits is not None:
                raise WaitsForItself(task.id, waits)
            self._under_way.join(known, answer, waiting)
            return
        was = self._memory.find(task.id)
        unit = self._roster.pick(task, waiting) if was is None or self._roster.is_out(was.unit) else was.unit
        if unit in waiting:
            raise WaitsForItself(task.id, unit)
        work = Work(task, unit, [answer], anew, waiting, again=was is not None, why=why)
        self._under_way.add(work)
        self._roster.gives(unit, task.id)
        self._come[unit] += 1
        self._latest[unit] = task.id
        word = Arrived(task.kind, unit)
        self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, word, cause=why, disturbance=task.id)
        self.task(self._see_through(work))

    def arrived(self) -> dict[str, int]:
        """How many tasks have come for each unit, since this part of the level has begun."""
        return dict(self._come)

    def measured(self) -> dict[str, dict[str, tuple[int, str]]]:
        """Of each unit, how many tasks have come for it (`arrived`), and how many it has been given and not finished
        (`load`): each with the id of the task that it was measured at.
        """
        arrived = {unit: (count, self._latest.get(unit, "")) for unit, count in self._come.items()}
        moved = self._roster.moved
        return {
            "arrived": arrived,
            "load": {unit: (count, moved.get(unit, "")) for unit, count in self._roster.load.items()},
        }

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
        """Give a task that is counted in, and again: a few times where its unit ended over it, for a while where
        that is away. Another unit does it where this one has no money, has nobody for it or was taken out of the level,
        if it was not begun.
        """
        tried = set[str]()
        try:
            while True:
                asked = now()
                try:
                    performed = await self._once(work)
                except TaskGivenUp:
                    raise  # a level within has tried it as often as is right
                except BudgetExhausted as error:
                    self._roster.ran_dry(work.unit)
                    if not self._moved(work, tried, error.begun, dry=False):
                        raise
                except NotTaken as error:
                    if isinstance(error, NoSuchKind) and not error.begun:
                        self._roster.declined(work.unit, work.task.kind)
                    if not self._moved(work, tried, error.begun, dry=True):
                        raise
                except NotBegun:
                    work.since = None
                    await self._pause(work)
                except CallFailed as error:
                    note_end(work, error, asked, now())
                    if is_enough(work, now()):
                        reason = work.ended or error.reason
                        raise TaskGivenUp(work.task.id, work.unit, reason) from error
                    await self._pause(work)
                else:
                    self._done(work, performed)
                    return performed
        finally:
            self._roster.takes_back(work.unit, work.task.id)

    def _moved(self, work: Work, tried: set[str], begun: bool, dry: bool) -> bool:
        """Whether a task that a unit could not do goes to another. `dry`: also to one that has no money."""
        tried.add(work.unit)
        if work.anew or work.begun or begun:
            return False
        others = self._roster.others(work.task, tried, self._under_way.waiting(work.by), dry)
        if others:
            self._move(work, self._roster.least_busy(others))
        return bool(others)

    def _done(self, work: Work, performed: Performed) -> None:
        task, unit = work.task, work.unit
        self._roster.did(unit)
        self._memory.keep(task, unit, performed)
        if unit in self._audited:
            done = Completed(task.id, task.kind, unit, performed.outcome.good)
            self.tell(Channel.AUDIT, Role.AUDIT, done, cause=work.why, disturbance=task.id)

    async def _pause(self, work: Work) -> None:
        """Before a task is given again: where its unit was taken out, to another, unless this one may have begun it."""
        await asyncio.sleep(AGAIN)
        while is_suspect(work) and self._suspects:
            await asyncio.sleep(AGAIN)
        task, unit = work.task, work.unit
        if task.deadline is not None and now() >= task.deadline:
            raise TaskUnknown(task.id, f"{unit!r} ended while it did it") if work.begun else TaskLate(task.id)
        if not self._roster.is_out(unit):
            return
        if work.begun:
            raise TaskUnknown(task.id, f"{unit!r} had begun it when it was taken out of its level")
        other = self._roster.pick(task, self._under_way.waiting(work.by))
        if other in work.by:
            raise WaitsForItself(task.id, other)
        self._move(work, other)

    def _move(self, work: Work, other: str) -> None:
        """A task goes over to another unit."""
        self._roster.takes_back(work.unit, work.task.id)
        self._roster.gives(other, work.task.id)
        work.unit = other

    async def _once(self, work: Work) -> Performed:
        if not is_suspect(work):
            return await self._given(work)
        self._suspects.add(work.task.id)
        try:
            return await self._given(work)
        finally:
            self._suspects.discard(work.task.id)

    async def _given(self, work: Work) -> Performed:
        unit, by = work.unit, tuple(sorted(self._under_way.waiting(work.by)))
        given = Assignment(work.task, work.again or bool(work.anew), work.anew, by)
        if unit in self._rates:
            at = max(now(), self._free[unit])
            self._free[unit] = at + 1.0 / self._rates[unit]
            if at > now():
                await asyncio.sleep(at - now())
        to, id = (Channel.OPERATIONS, Role.MANAGEMENT), given.task.id
        performed: Performed = await self.ask(*to, given, unit, cause=work.why, disturbance=id, patience=None)
        return performed

    # What system 3 says.

    @hears(Out)
    def _taken_out(self, out: Out, note: Note) -> None:
        """It is said in every round, all of it: what was missed once is known soon."""
        self._roster.out.clear()
        self._roster.out.update(out.until)

    @hears(Redo)
    def _redo(self, redo: Redo, note: Note) -> Deferred[Redone]:
        """Tasks are done again under their own ids, so that who is written to knows them; answered when all are."""
        answer: Deferred[Redone] = self.defer()
        self.task(self._done_again(redo, note.why, answer))
        return answer

    async def _done_again(self, redo: Redo, note: Why, answer: Deferred[Redone]) -> None:
        """One after another: the work of the day goes on beside it. What is being done again already, because who asked
        for it has died, is waited for, and what was done again by then is not done once more.
        """
        ends: dict[str, tuple[str, str]] = {}
        for id in redo.tasks:
            why, end = self._under_way.redone.get(id, ("", ("", "")))
            if why != redo.why or not why:
                if id not in self._again:
                    self._again[id] = self.task(self._once_more(id, redo.why, note))
                end = await asyncio.shield(self._again[id])
            ends[id] = end
        good, changed, unknown = (
            tuple(id for id, (what, _) in ends.items() if what in some)
            for some in (("good", "changed"), ("changed",), ("unknown",))
        )
        failed = {id: why for id, (what, why) in ends.items() if what == "failed"}
        answer.reply(Redone(redo.unit, good, changed, failed, unknown))

    async def _once_more(self, id: str, why: str, note: Why) -> tuple[str, str]:
        """What comes of one: "good", "changed", "unknown" or "failed", and why. It is remembered."""
        try:
            end = await self._repeated(id, why, note)
        finally:
            del self._again[id]
        self._under_way.redid(id, why, end)
        return end

    async def _repeated(self, id: str, why: str, note: Why) -> tuple[str, str]:
        was = self._memory.find(id)
        try:
            if was is None or not was.performed.outcome.good:  # that needs nobody to do it again unasked
                return "unknown", ""
            unit = self._roster.pick(was.task) if self._roster.is_out(was.unit) else was.unit
            self._roster.gives(unit, id)
            again = Work(replace(was.task, deadline=None), unit, anew=why, why=note)
            performed = await self._performed(again)
        except Exception as error:
            return "failed", f"{type(error).__name__}: {error}"
        if not performed.outcome.good:
            return "failed", "it could not be done"
        return ("good" if performed.outcome.value == was.performed.outcome.value else "changed"), ""
