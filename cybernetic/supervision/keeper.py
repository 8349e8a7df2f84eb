"""What every supervisor does with its children, whatever its strategy: start, restart, stop, give up."""

import asyncio
from math import inf
from typing import Any, ClassVar, Literal, NamedTuple

from cybernetic.core import (
    AlreadyStarted,
    Crash,
    Exit,
    NoConnection,
    NoNode,
    NoProc,
    Reason,
    Refused,
    Shutdown,
    SpecError,
    StartFailed,
    StartIgnored,
    Stop,
    TooManyRestarts,
)
from cybernetic.runtime import Agent, begin_child, begin_shut_down, started
from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.breath import Breath
from cybernetic.supervision.children import Children, Counts, Record
from cybernetic.supervision.events import ENDED, GAVE_UP, STARTED, ChildEnded, ChildStarted, GaveUp
from cybernetic.supervision.failed import has_to_wait, why
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.losses import Loss, Losses, together
from cybernetic.supervision.plan import quiet, reaction, reported
from cybernetic.supervision.reports import ignored, progress, report
from cybernetic.supervision.spec import AutoShutdown, BadChild, Child, Restart, check_children

NO_NODE = Backoff(0.02, 5.0)  # between two looks for a node that fits


class ChildInfo(NamedTuple):
    """One line of `which_children`: `ref` is None without an agent, "restarting" while it is tried again."""

    id: object
    ref: Any
    kind: Literal["worker", "supervisor"]
    restart: Restart


class Keeper(Agent):
    """The common part of `Supervisor` and `DynamicSupervisor`."""

    trap_exit = True
    agent_type: ClassVar[Literal["worker", "supervisor"]] = "supervisor"
    max_restarts: int = 3
    max_seconds: float = 5.0

    _final = frozenset({"receive", "idle", "trap_exit", "agent_type", "which_children", "count_children"})
    _unlimited = frozenset(  # these calls take as long as children may to start and end (API-9)
        {
            "count_children",
            "delete_child",
            "get_childspec",
            "resize",
            "restart_child",
            "start_child",
            "terminate_child",
            "which_children",
        }
    )
    _children: Children
    _intensity: Intensity
    _losses: Losses | None = None  # of nodes, from the first on

    def receive(self, message: Any) -> Any:
        """The end of a child; anything else is logged and ignored (R-7, API-10)."""
        if isinstance(message, Exit):
            record = self._children.by_ref(message.ref)
            if record is not None and record.state == "running" and not self._alive(record.ref):
                return self._ended(record, message.reason)
            return None
        ignored(self.ref, message)
        return None

    def which_children(self) -> list[ChildInfo]:
        """The children, latest first (API-5); a `DynamicSupervisor` promises no order."""
        return [
            ChildInfo(
                record.spec.id,
                "restarting" if record.state == "restarting" else record.ref,
                record.spec.type,
                record.spec.restart,
            )
            for record in reversed(self._children)
        ]

    def count_children(self) -> Counts:
        """How many children there are: `.specs`, `.active` (alive now), `.supervisors`, `.workers` (API-6)."""
        alive = self._alive
        active = sum(record.state == "running" and alive(record.ref) for record in self._children)
        return self._children.counts()._replace(active=active)

    def _alive(self, ref: Any) -> bool:
        alive: bool = self._ref._engine.system.alive(ref)
        return alive

    # A child has ended.

    def _ended(self, record: Record, reason: Reason) -> Any:
        """React to the end of a child (section 7); may return a coroutine that does the rest."""
        spec = record.spec
        react = reaction(spec.restart, reason)
        if reported(spec.restart, reason):
            report(self.ref, "child_terminated", record, reason, again=self._is_known_loss(reason))
        if ENDED.listeners:
            ENDED.emit(ChildEnded(self.ref, spec.id, record.ref, reason, react))
        if react == "restart":
            return self._restart_ended(record, reason)
        if react == "forget":
            self._children.remove(record)
        else:
            self._children.stopped(record)
        self._finished(record, react)
        return None

    def _finished(self, record: Record, react: Any) -> None:
        """A child has ended and does not come back."""

    def _restart_ended(self, record: Record, reason: Reason) -> Any:
        engine, backoff = self._ref._engine, record.spec.backoff
        now = engine.clock()
        lived = now - record.since
        record.note(now, reason)
        self._loss(record, reason)  # noted when it comes, though it may be counted later
        if backoff is None:
            return self._attempt(record, reason)
        self._children.restarting(record)
        self._wait(record, reason, backoff, lived)
        return None

    def _wait(self, record: Record, reason: Reason, backoff: Backoff, lived: float) -> None:
        """Try again after a delay (EX-1); the supervisor goes on meanwhile."""
        attempt = backoff.attempt(record.attempt, lived)
        record.attempt = attempt + 1
        serial = 0 if record.ref is None else record.ref._serial  # siblings of one id draw differently
        chance = self.system.chance.uniform(
            "backoff", self._ref._serial, str(record.spec.id), serial, attempt
        )
        record.retry = Note(self._ref, record, reason)
        record.retry.post_in(backoff.delay(attempt, chance))

    def _try_again(self, note: "Note") -> Any:
        """A note has come; it is void if the child was started or stopped since, or has another (RF-4)."""
        record = note.record
        if record.retry is not note:
            return None
        record.retry = None
        if note.reason is None or has_to_wait(note.reason):  # nothing has crashed meanwhile
            return self._restart(record)
        return self._attempt(record, note.reason)

    def _attempt(self, record: Record, reason: Reason) -> Any:
        """One automatic restart: it counts; too many, and the supervisor gives up (RI-1 to RI-7).

        The loss of a node counts once, however many children were on it; so does that of nodes lost together.
        """
        if self._is_counted(record, reason) or self._intensity.add(self._ref._engine.clock()):
            return self._restart(record)
        report(self.ref, "shutdown", record, reason)
        if GAVE_UP.listeners:
            GAVE_UP.emit(GaveUp(self.ref, record.spec.id, reason))
        self._children.remove(record)
        raise Stop(Shutdown(TooManyRestarts(record.spec.id, reason)))

    def _is_counted(self, record: Record, reason: Reason) -> bool:
        """Whether a child was lost with a node whose loss has been counted already; from now on it has."""
        loss = self._loss(record, reason)
        return loss is not None and not loss.count()

    def _loss(self, record: Record, reason: Reason) -> Loss | None:
        """What the loss of a child with its node belongs to."""
        if not isinstance(reason, NoConnection) or not reason.node:
            return None
        if self._losses is None:
            self._losses = Losses(together(self._intensity.max_restarts, self._intensity.max_seconds))
        made = -inf if record.spec.isolate is False else record.since  # a node of its own came with it
        return self._losses.of(reason.node, self._ref._engine.clock(), made)

    def _is_known_loss(self, reason: Reason) -> bool:
        losses = self._losses
        return isinstance(reason, NoConnection) and losses is not None and losses.known(reason.node)

    def _restart(self, record: Record) -> Any:
        """Start one child again; if that fails, leave a note to try once more.

        Returns None if all is done, else a coroutine that waits for it: most children are up at once.
        """
        try:
            reply = self._begin(record)
            if not reply.done():
                return self._restart_slowly(record, reply)
            self._up(record, reply, again=True)
        except StartFailed as failed:
            self._start_failed(record, failed)
        return None

    async def _restart_slowly(self, record: Record, reply: Any) -> None:
        try:
            await self._wait_until_up(record, reply, again=True)
        except StartFailed as failed:
            self._start_failed(record, failed)

    def _start_failed(self, record: Record, failed: StartFailed) -> None:
        reason = why(failed)
        waits = has_to_wait(reason) and record.state == "restarting"
        self._report_failed(record, failed, again=waits or self._is_known_loss(reason))
        if record.state != "restarting":
            self._children.restarting(record)
        backoff = record.spec.backoff or (NO_NODE if has_to_wait(reason) else None)
        if backoff is not None:
            self._wait(record, reason, backoff, 0.0)
            if isinstance(reason, NoNode) and self._ref._engine.elsewhere is not None:
                self._ref._engine.elsewhere.waits(record.retry)
        else:
            record.retry = Note(self._ref, record, reason)
            record.retry.post()

    def _report_failed(self, record: Record, failed: StartFailed, again: bool = False) -> None:
        """Report that a child did not start; not where that is so because this supervisor is to end."""
        details = self._ref._details
        if details is None or not details.cut_short:
            report(self.ref, "start_error", record, why(failed), again=again)

    # Starting and stopping one child.

    async def _start(self, record: Record, again: bool = False) -> None:
        """Start the child of a record and note it. Raises `StartFailed`; an ignored start is accepted (SU-3, R-6)."""
        reply = self._begin(record)
        if reply.done():
            self._up(record, reply, again)
        else:
            await self._wait_until_up(record, reply, again)

    def _begin(self, record: Record) -> Any:
        """Begin the start of a child; it may be up, or have failed, on return. Raises `StartFailed`."""
        self._forget_retry(record)
        spec = record.spec
        limit = 0.0 if spec.shutdown == "brutal_kill" else spec.shutdown
        if spec.placed:
            return self._begin_elsewhere(record, limit)
        try:
            return begin_child(
                self._ref,
                spec.cls,
                self._arguments(spec),
                name=spec.name,
                shutdown=limit,
                history=record.history,
            )
        except AlreadyStarted as held:
            raise StartFailed(spec.agent.__name__, Refused(held)) from None

    def _begin_elsewhere(self, record: Record, limit: float | None) -> Any:
        """Begin the start of a child that names a node, or what a node must offer. Raises `StartFailed`."""
        spec, nodes = record.spec, self._ref._engine.elsewhere
        if nodes is None:
            wanted = "node, requires, isolate: expected a `System`, got one that has no nodes"
            raise StartFailed(spec.agent.__name__, Crash("OptionError", wanted))
        return nodes.begin(self._ref, spec, self._arguments(spec), limit, record.history)

    async def _wait_until_up(self, record: Record, reply: Any, again: bool) -> None:
        try:
            await started(reply, record.spec.start_timeout)
        except StartFailed:
            pass  # the reply tells it once more
        self._up(record, reply, again)

    def _up(self, record: Record, reply: Any, again: bool) -> None:
        """Note how a start went. Raises `StartFailed`."""
        try:
            ref = reply.result()
        except StartIgnored:
            self._ignored(record)
            return
        self._started(record, ref)
        progress(self._ref, record)
        if STARTED.listeners:
            STARTED.emit(ChildStarted(self._ref, record.spec.id, ref, again))

    def _started(self, record: Record, ref: Any) -> None:
        """Note that a child is up; the arguments of a temporary one are not needed any more (CS-9)."""
        self._children.running(record, ref, self._ref._engine.clock())
        if record.spec.restart == "temporary":
            record.spec = record.spec.without_arguments()

    def _arguments(self, spec: Child[Any]) -> tuple[Any, ...]:
        return spec.args

    def _ignored(self, record: Record) -> None:
        """A child is not needed now."""
        if record.spec.restart == "temporary":
            self._children.remove(record)
        else:
            self._children.stopped(record)

    async def _stop(self, record: Record) -> None:
        """End the agent of a child by its own `shutdown` (T-1 to T-4); the record stays as it is."""
        self._forget_retry(record)
        if record.state == "running":
            reason = await self._begin_stop(record)
            if self._misbehaved(record, reason):
                report(self.ref, "shutdown_error", record, reason)

    def _begin_stop(self, record: Record) -> Any:
        """Ask the agent of a child to end; await the reason it ends for. No `Exit` will come of it."""
        self.unlink(record.ref)
        return begin_shut_down(record.ref, record.spec.shutdown, self._ref)

    def _misbehaved(self, record: Record, reason: Reason) -> bool:
        """Whether a child that was asked to end has ended in another way (T-4)."""
        spec = record.spec
        return not isinstance(reason, NoProc) and not quiet(spec.restart, spec.shutdown, reason)

    def _forget_retry(self, record: Record) -> None:
        if record.retry is not None:
            record.retry.cancel()
            record.retry = None

    def _breathe(self) -> Breath:
        return Breath(self._ref._engine.clock)

    def _check_child(self, spec: Any, auto_shutdown: AutoShutdown = "never") -> None:
        """Check what was given to `start_child`. Raises `BadChild`."""
        try:
            check_children([spec], auto_shutdown)
            check_agent(spec)
        except SpecError as wrong:
            raise BadChild(wrong.kind, wrong.name, wrong.expected, wrong.got) from None


def check_agent(spec: Child[Any]) -> None:
    """Check that a child is an agent, which `child` does not. Raises `SpecError`."""
    if not issubclass(spec.agent, Agent):
        raise SpecError("invalid_mfa", "cls", "a subclass of Agent", spec.agent)


class Note:
    """A supervisor's note to itself, through its own mailbox, to try a child again (RF-1), because of a `reason`; None:
    it was not tried yet.
    """

    __slots__ = ("__weakref__", "_keeper", "_timer", "reason", "record")

    def __init__(self, keeper: Any, record: Record, reason: Reason | None) -> None:
        self._keeper, self.record, self.reason = keeper, record, reason
        self._timer: asyncio.TimerHandle | None = None

    def post(self) -> None:
        """Queue the note."""
        self._timer = None
        if self._keeper._agent is not None:  # it is while the supervisor lives
            self._keeper.put((_try_again, (self,), None, self._keeper, None))

    def post_in(self, seconds: float) -> None:
        """Queue the note later; if the supervisor has ended by then, nothing happens."""
        self._timer = self._keeper._engine.loop.call_later(seconds, self.post)

    def hurry(self) -> None:
        """Queue it now rather than later: what it waits for may be there."""
        if self._timer is not None:
            self._timer.cancel()
            self.post()

    def cancel(self) -> None:
        """Never queue it, if that has not been done yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _try_again(agent: Keeper, note: Note) -> Any:
    """Run in the supervisor: a note it left itself."""
    return agent._try_again(note)
