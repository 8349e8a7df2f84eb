"""The management of a unit: it gives the operation its tasks, measures, accounts, and tries to mend first."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cybernetic.core import CallError, CallFailed, Kill, Reason, Refusal, Shutdown
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Ack, Felt, Relief, Told
from cybernetic.vsm.bargain.contract import Accepted, Contract
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.operations.crew import crews
from cybernetic.vsm.operations.figures import Figures
from cybernetic.vsm.operations.messages import (
    Accountability,
    Command,
    Intervention,
    Obeyed,
    Offer,
    Resumption,
    Rung,
    Taken,
    Unblocked,
)
from cybernetic.vsm.operations.operation import Operation
from cybernetic.vsm.operations.progress import Circling, limit_of, outlasts, progress_at
from cybernetic.vsm.operations.refusals import NotBegun, TaskDropped, TaskHung, TaskLate, TaskStopped
from cybernetic.vsm.operations.task import Assignment, Performed, Task
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.timing import now

OFFERED = 0.5  # seconds that an operation has to say what it wants, at most
SILENT, STUCK = "operation silent", "stuck"  # what is felt of an operation that was ended
SAID = 0.1  # seconds from when it is said why an operation ends until it does
GRACE = 2  # rounds for which a task may go on after its deadline


class Management(Member):
    """Manages one unit whose inside is an `Operation`.

    Args:
        path: of the unit.
        indices: what is measured of the operation.
        plans: whether the operation has a plan of its own, and is asked what it says to an offer.
        agents: how many the operation may have started and alive; None: any number.
    """

    role = Role.MANAGEMENT
    period = 1.0

    def __init__(
        self, path: str, indices: Sequence[Index], plans: bool = True, agents: int | None = None
    ) -> None:
        super().__init__(path)
        self._plans, self._agents = plans, agents
        if agents is not None:
            crews.of(self.system).watch(self.system, path)
        self._operation: Named[Operation] = self.system.named(path, Operation)
        self._porter: Named[Porter] = self.system.named(f"{path}:porter", Porter)
        self._figures = Figures(path, indices, now())
        self._queue: deque[tuple[Assignment, Deferred[Any], Why]] = deque()
        self._at_work = False
        self._given: tuple[Task, Deferred[Any], float, Why] | None = (
            None  # what is at work, since when, and why
        )
        self._limit = limit_of(indices)
        self._rounds = 0  # without anything to do, as long as it is not known that the operation is well
        self._well = False
        self._working: asyncio.Task[None] | None = None
        self._replaced = False  # whether its operation ends because it was commanded to
        self._done = self._failed = 0
        self._sources: dict[str, str] = {}  # the ids of what its account was measured at
        self._held_until = 0.0

    async def setup(self) -> None:
        """A unit that is suspended, and begins anew, still is."""
        self._held_until = await self._porter.call(Porter.suspended)
        super().setup()

    # Tasks.

    @hears(Assignment)
    def _assigned(self, given: Assignment, note: Note) -> Deferred[Performed]:
        answer = self.defer()
        self._queue.append((given, answer, note.why))
        self._sources["waiting"] = given.task.id
        self._next()
        return answer

    def _next(self) -> None:
        if not self._queue or self._at_work or now() < self._held_until:
            return
        if self.system.alive(self._operation):  # else this ends as well, and what waits is given again
            self._at_work = True
            self._working = self.task(self._work(*self._queue.popleft()))

    async def _work(self, given: Assignment, answer: Deferred[Any], why: Why) -> None:
        task = given.task
        self._given = task, answer, now(), why
        try:
            if _late(task):
                raise TaskLate(task.id)
            performed = await self._performed(task, given.anew)
        except Exception as error:
            self._count(task, False)
            answer.fail(error)
            self._feel(self._figures.failed(task.id, now(), error), why)
        else:
            self._count(task, performed.outcome.good)
            answer.reply(performed)
            self._feel(self._figures.performed(performed, now()), why)
            self._is_well(why)
        finally:
            self._at_work, self._given = False, None
        self._next()

    async def _performed(self, task: Task, anew: str) -> Performed:
        """Have the operation do it. Raises what that refuses with, `NotBegun` where there is none, `TaskDropped` when
        it ended over it.
        """
        operation = self.system.whereis(self.path, Operation)
        if operation is None:
            raise NotBegun(task.id, self.path)
        try:
            return await operation.within(None).call(Operation.perform, task, anew)
        except CallFailed as error:
            if isinstance(error, Refusal):  # of what it has handed on
                raise
            if self._replaced:
                raise CallFailed(self.path, f"task {task.id!r}", Shutdown("it was replaced")) from error
            raise TaskDropped(task.id, self.path, error.reason) from error

    def _count(self, task: Task, good: bool) -> None:
        """A task is over that was waited for."""
        self._done += good
        self._failed += not good
        self._sources["waiting"] = self._sources["done" if good else "failed"] = task.id

    # What hangs.

    def _look_at_work(self) -> None:
        """What has waited for longer than it may is refused; an operation that gives no sign of life is ended."""
        late = [one for one in self._queue if _late(one[0].task)]
        if late:
            self._queue = deque(one for one in self._queue if one not in late)
        for given, answer, _ in late:
            self._count(given.task, False)
            answer.fail(TaskLate(given.task.id))
        if self._given is None:
            self._rounds += not self._queue
            if self._rounds > GRACE:
                self._is_well()
            return
        task, _, since, _ = self._given
        silent = progress_at(self.system, self.path).hangs(since, self._limit, now())
        overdue = task.deadline is not None and now() >= task.deadline + GRACE * self.pulse
        if silent or overdue:
            hung = TaskHung(task.id, self.path, silent or now() - since, late=not silent)
            self._end(SILENT, Cause.HEARTBEAT, hung)

    def receive(self, message: Any) -> None:
        """Its operation was told that it is in a loop, and goes on."""
        if not isinstance(message, Circling):
            super().receive(message)
        elif self._given is not None and self._given[0].id == message.task:
            self._end(STUCK, Cause.ERRORS, message.error)

    def _end(self, index: str, cause: Cause, error: Refusal) -> None:
        """End the operation: its task fails, all others come again, to its successor; until that is well it hurts."""
        assert self._given is not None
        self._feel([Felt(self._pain(index, cause))], self._given[3])
        self._given[1].fail(error)
        self.ref.after(SAID).cast(Management.ended, self._given[0].id)

    def ended(self, task: str) -> None:
        """Now that it is known why: the operation ends, if it is at that task (its id) still."""
        if self._given is not None and self._given[0].id == task:
            self.exit(self._operation, Kill())

    def _pain(self, index: str, cause: Cause) -> Pain:
        return Pain(self.path, index, cause, Severity.ALERT, 1.0, now())

    def _is_well(self, why: Why | None = None) -> None:
        """It has done a task, or has none: what was felt of its predecessor is over."""
        if not self._well:
            self._well = True
            pains = self._pain(SILENT, Cause.HEARTBEAT), self._pain(STUCK, Cause.ERRORS)
            self._feel([Relief(pain.key) for pain in pains], why)

    async def terminate(self, reason: Reason) -> None:
        """Say what the operation ended of, if that is why this ends too; what waits is given again by who gave it."""
        for given, answer, _ in self._queue:
            answer.fail(NotBegun(given.task.id, self.path))
        self._queue.clear()
        if self._given is not None and not self.system.alive(self._porter):
            task, at_work, _, _ = self._given
            at_work.fail(TaskDropped(task.id, self.path, Shutdown("its porter had ended")))
        if self._working is not None and not self.system.alive(self._operation):
            await asyncio.wait([self._working], timeout=0.1)

    def _feel(self, felt: Sequence[Felt | Relief], why: Why | None = None) -> None:
        for one in felt:
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, one, cause=why)

    # The bargain.

    @hears(Offer)
    async def _offered(self, offer: Offer, note: Note) -> Vector:
        """What the unit asks for: what `plan` says, if the operation has a moment."""
        if not self._plans:
            return offer.grant
        left = OFFERED if note.deadline is None else min(OFFERED, 0.8 * max(0.0, note.deadline - now()))
        try:
            return await self._operation.within(left).call(Operation.wish, offer.grant)
        except (CallError, Refusal):
            return offer.grant

    @hears(Contract)
    async def _contracted(self, contract: Contract, note: Note) -> Accepted:
        return await self._porter.call(Porter.accept, contract)

    @hears(Taken)
    def _taken(self, taken: Taken, note: Note) -> None:
        self._porter.cast(Porter.forget, taken.epoch)

    # Commands.

    @hears(PolicyUpdate)
    async def _policies(self, update: PolicyUpdate, note: Note) -> PolicyKnown:
        return await self._porter.call(Porter.adopt, update)

    @hears(Command)
    async def _commanded(self, command: Command, note: Note) -> Obeyed:
        """What stands holds at the ports; what is done once is done when it comes for the first time."""
        before = await self._porter.call(Porter.obey, command)
        if before is not None:
            await self._look_up()
            for one in command.new(before):
                if one.rung is Rung.REPLACE:
                    self._replace(one)
                elif one.rung is Rung.ADVISE:
                    self.task(self._advised(one))
        return Obeyed(self.path, *await self._porter.call(Porter.commanded))

    def _replace(self, one: Intervention) -> None:
        """The operation ends, and what it has goes to its successor; but not what it was at through the rung before."""
        self._replaced = True
        if self._given is not None:
            task, answer, since, _ = self._given
            if outlasts(one, since, now()):
                answer.fail(TaskStopped(task.id, self.path, now() - since, one.reason))
        self.exit(self._operation, Kill())

    @hears(Intervention)
    async def _intervened(self, one: Intervention, note: Note) -> None:
        """The algedonode: something hurts, and no human answers for it."""
        await self._porter.call(Porter.suspend, one.until, one.reason)
        await self._look_up()

    async def _look_up(self) -> None:
        """Whether it may begin tasks, as the ports know."""
        self._held_until = await self._porter.call(Porter.suspended)
        self._next()

    async def _advised(self, one: Intervention) -> None:
        """System 3 has no more than advice so far: the unit tries once more to mend what is out of bounds."""
        for index in self._figures.aches or (one.index or one.reason,):
            pain = Pain(self.path, index, Cause.LIMITS, Severity.ALERT, 1.0, now())
            with suppress(CallError, Refusal):
                await self._operation.within(None).call(Operation.mend, pain)

    @hears(Unblocked)
    async def _unblocked(self, unblocked: Unblocked, note: Note) -> None:
        await self._porter.call(Porter.clear)

    @hears(Resumption)
    async def _resumed(self, one: Resumption, note: Note) -> None:
        """The algedonode: it hurts no more."""
        await self._porter.call(Porter.resume)
        await self._look_up()

    # Pain.

    @hears(Told)
    async def _told(self, told: Told, note: Note) -> None:
        """The unit's own pain: mend it, if the operation knows how; who has no hope leaves it to the level."""
        self.task(self._mend(told.pain, note))

    async def _mend(self, pain: Pain, note: Note) -> None:
        if pain.cause in (Cause.EXIT, Cause.HEARTBEAT):
            return
        try:
            hope = await self._operation.within(None).call(Operation.mend, pain)
        except (CallError, Refusal):
            return
        if hope:
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Ack(pain.key, 0, self.path), cause=note)

    # Its round.

    async def cycle(self) -> None:
        """Account to system 3, and go on after a suspension."""
        self._look_at_work()
        self._next()
        self._feel(self._figures.passed(now()))
        self._thin_out()
        books = await self._porter.call(Porter.books)
        (spent, aside), reports, acting, overrun, purse, commanded, saved, call = books
        if call:
            self._sources["spent"] = call
        account = Accountability(
            self.path,
            self._done,
            self._failed,
            len(self._queue) + self._at_work,
            spent,
            aside,
            self._figures.last,
            reports,
            acting,
            self._figures.aches,
            commanded,
            overrun,
            purse,
            saved,
            dict(self._sources),
        )
        self._done = self._failed = 0
        self.tell(Channel.BARGAIN, Role.CONTROL, account)

    def _thin_out(self) -> None:
        """End the youngest of the agents that the operation has started beyond what it may."""
        if self._agents is None:
            return
        beyond = crews.of(self.system).alive(self.path)[self._agents :]
        for ref in beyond:
            self.exit(ref, Kill())
        self._feel(self._figures.crowded(bool(beyond), now()))


def _late(task: Task) -> bool:
    """Whether it is of no use any more."""
    return task.deadline is not None and now() >= task.deadline
