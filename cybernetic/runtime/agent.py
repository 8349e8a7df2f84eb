"""`Agent`, the class users subclass: what it may override, and what it can do from inside."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from typing import (
    Any,
    ClassVar,
    Concatenate,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    TypeVarTuple,
    final,
    overload,
)

from cybernetic.core import (
    Normal,
    NotInside,
    NotRunning,
    OptionError,
    Reason,
    Token,
    seconds,
)
from cybernetic.runtime import birth, bonds, life
from cybernetic.runtime.address import Address
from cybernetic.runtime.cell import Ref
from cybernetic.runtime.definition import check_class
from cybernetic.runtime.face import SystemFace
from cybernetic.runtime.flags import ATTENTION, CONTINUES, DEAD, OWNER, PARKED, SUSPENDED
from cybernetic.runtime.mailbox import Overflow
from cybernetic.runtime.notices import Name
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.reply import Deferred

A = TypeVar("A", bound="Agent")
P = ParamSpec("P")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

HOOKS = frozenset({"setup", "receive", "terminate", "idle", "redact"})
SETTINGS = frozenset({"trap_exit", "idle_timeout", "mailbox_limit", "overflow", "agent_type"})


class Agent:
    """An agent: state of its own, a mailbox, one message at a time. Subclass it.

    Public methods are its protocol: others name them in `ref.call(Counter.add, 1)` or `ref.cast(...)`. A method
    may be `def` or `async def`; while an async one waits, no other message is handled. `__init__` and `setup` run
    in the agent, as its first turn. An exception crashes the agent; a `Refusal` is an answer.

    Attributes:
        trap_exit: whether exit signals of others become `Exit` messages. Default False.
        idle_timeout: seconds without a message after which `idle` runs, or None (default) for never. Handlers may
            change it, but only the class or `__init__` can switch it on.
        mailbox_limit: how many casts, calls and sends may wait, or None (default) for any number.
        overflow: what gives way to one too many: "reject" (default) refuses it, "drop_oldest", "drop_newest".
    """

    __slots__ = ("__dict__", "__weakref__", "_ref")

    trap_exit: bool = False
    idle_timeout: float | None = None
    mailbox_limit: ClassVar[int | None] = None
    overflow: ClassVar[Overflow] = "reject"
    agent_type: ClassVar[Literal["worker", "supervisor"]] = "worker"

    _ref: Any
    _protocol: ClassVar[Protocol]
    _local_name: ClassVar[bool] = False  # whether its name is for its own node only
    _final: ClassVar[frozenset[str]] = frozenset()  # what subclasses must not override
    _unlimited: ClassVar[frozenset[str]] = frozenset()  # methods whose calls wait as long as it takes
    _hooks: ClassVar[frozenset[str]] = frozenset()  # what they may, and nobody calls by message

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_class(cls)
        cls._protocol = Protocol(
            cls, Agent, _MEMBERS.union(*(vars(base).get("_hooks", ()) for base in cls.__mro__))
        )

    # Hooks.

    def setup(self) -> Any:
        """Override to prepare, sync or async, after `__init__` and before the first message; `start` waits for it.

        Runs once, in the agent. If it raises, the start fails with that reason; a `Refusal` or `Ignore` does so
        quietly.
        """

    def receive(self, message: Any) -> Any:
        """Override to handle what came by `send`, and `Down` and trapped `Exit`. Runs in the agent.

        The default logs the message and goes on (GS-15). If it raises, the agent crashes.
        """
        self._cell("receive")._engine.reports.unexpected(self._ref, message)

    def terminate(self, reason: Any) -> Any:
        """Override to clean up, sync or async. Runs in the agent, last, with the reason it ends for (GS-19).

        It does not run after a kill, an exit signal that was not trapped, or a failed start. If it raises, that is
        the reason instead. It may take as long as the agent's `shutdown` allows. A class that overrides it treats
        its parent's exit signal as a trapping one would, unless it says `trap_exit = False`.
        """

    def idle(self) -> Any:
        """Override to act when no message came for `idle_timeout` seconds. Runs in the agent; may raise `Stop`."""

    def redact(self, state: dict[str, Any]) -> Any:
        """Override to say what reports and introspection may show of `state`, a copy of the agent's attributes.

        Runs whenever they ask. If it raises, they show a placeholder. The default shows everything.
        """
        return state

    # From inside.

    @property
    @final
    def ref(self) -> Ref[Self]:
        """The agent's own address. Raises `NotRunning` for an object made by hand."""
        ref: Ref[Self] = self._cell("ref")
        return ref

    @property
    @final
    def system(self) -> SystemFace:
        """The `System` it runs in."""
        system: SystemFace = self._cell("system")._engine.system
        return system

    @property
    @final
    def sender(self) -> Ref[Any] | None:
        """Who sent the message being handled; None if it came from outside any agent."""
        entry = self._cell("sender")._entry
        return entry[3] if entry is not None else None

    @overload
    def spawn(
        self,
        cls: Callable[[*Ts], A],
        /,
        *args: *Ts,
        name: str | Name | None = ...,
        link: bool = ...,
        monitor: Literal[False] = ...,
    ) -> Ref[A]: ...
    @overload
    def spawn(
        self,
        cls: Callable[[*Ts], A],
        /,
        *args: *Ts,
        name: str | Name | None = ...,
        link: bool = ...,
        monitor: Literal[True],
    ) -> tuple[Ref[A], Token]: ...
    @final
    def spawn(
        self,
        cls: Callable[[*Ts], Any],
        /,
        *args: *Ts,
        name: str | Name | None = None,
        link: bool = False,
        monitor: bool = False,
    ) -> Any:
        """Start an agent without waiting for it; returns its `Ref`, with `monitor` also the token.

        The name is taken and the link or monitor exists on return; `__init__` is the new agent's first turn.
        Raises `AlreadyStarted` if the name is held, `ArgumentsError` if the arguments do not fit `__init__`.
        """
        cell = self._living("spawn")
        return birth.spawn(cell._engine, cls, args, name=name, parent=cell, linked=link, monitored=monitor)

    @final
    async def start(
        self,
        cls: Callable[[*Ts], A],
        /,
        *args: *Ts,
        name: str | Name | None = None,
        link: bool = False,
        start_timeout: float | None = None,
    ) -> Ref[A]:
        """Start an agent and wait until its `setup` is done, at most `start_timeout` seconds (None: no limit).

        Raises `StartFailed` with the reason, `StartIgnored`, `AlreadyStarted`, `ArgumentsError`. On a time-out
        the half-started agent is killed (GS-7).
        """
        cell = self._living("start")
        limit = seconds("start_timeout", start_timeout, none="no limit")
        ref: Ref[A] = await birth.start(
            cell._engine, cls, args, name=name, parent=cell, linked=link, timeout=limit
        )
        return ref

    @final
    def link(self, ref: Address[Any], priority: bool = False) -> None:
        """Link with another agent: the end of one is an exit signal to the other (L-1 to L-7).

        With `priority` a trapped `Exit` from it goes before all that is queued. Raises `CallFailed` with `NoProc`
        if it has ended and this agent does not trap exits.
        """
        bonds.link(self._living("link"), _agent_ref("link", ref), priority)

    @final
    def unlink(self, ref: Address[Any], flush: bool = False) -> None:
        """Undo `link`. An `Exit` from it that is queued stays, unless `flush` takes it back (L-5)."""
        cell = self._cell("unlink")
        peer = _agent_ref("unlink", ref)
        bonds.unlink(cell, peer)
        if flush:
            bonds.flush_exit(cell, peer)

    @final
    def monitor(self, ref: Address[Any], priority: bool = False) -> Token:
        """Have a `Down` sent to `receive` when the agent ends; at once with `NoProc` if there is none (M-1 to M-5).

        Returns the token that the `Down` will carry. A monitor of a name watches who holds it now.
        With `priority` the `Down` goes before all that is queued.
        """
        cell = self._living("monitor")
        if not isinstance(ref, Address):
            raise OptionError("monitor", "an address (Ref or Named)", ref)
        return bonds.monitor(cell, ref._find(), ref, priority)

    @final
    def demonitor(self, token: Token, flush: bool = False) -> bool:
        """Undo `monitor`; returns whether it was still active. `flush` takes back a `Down` that is queued (M-6)."""
        if not isinstance(token, Token):
            raise OptionError("token", "what `monitor` returned", token)
        return bonds.demonitor(self._cell("demonitor"), token, flush)

    @final
    def exit(self, ref: Address[Any], reason: Reason) -> None:
        """Send an exit signal from this agent to another, or itself (statement P-4)."""
        cell = self._living("exit")
        life.signal(_agent_ref("exit", ref), _reason(reason), cell)

    @final
    def stop(self, reason: Reason | None = None) -> None:
        """End this agent with `reason` (default `Normal()`) when the present handler returns; `terminate` runs.

        What the handler returns still answers the call it handles, after `terminate` (GS-10).
        """
        cell = self._living("stop")
        details = cell.details()
        reason = Normal() if reason is None else _reason(reason)
        if cell._entry is None:  # no handler is at work: one of the agent's tasks says so
            cell.put_control((life.obey, (reason,), None, cell, None))
            return
        if details.stopping is None:
            details.stopping = reason
        cell._flags |= ATTENTION

    @final
    def continue_with(
        self, method: Callable[Concatenate[Self, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `method(self, *args)` right after the present handler, before anything queued (GS-17)."""
        cell = self._living("continue_with")
        if not callable(method):
            raise OptionError("continue_with", f"a method such as {type(self).__name__}.name", method)
        entry = (method, args, kwargs or None, self.sender, None)
        if cell._entry is None:  # no handler is at work: one of the agent's tasks says so
            cell.put_first(entry)
            return
        details = cell.details()
        if details.continues is None:
            details.continues = deque()
        details.continues.append(entry)
        cell._flags |= CONTINUES

    @final
    def defer(self) -> Deferred[Any]:
        """Answer the present call later: return what this gives, keep it, and call its `reply` once (GS-12).

        Raises `NotInside` if no call is being handled. In a cast the answer goes nowhere.
        """
        cell = self._living("defer")
        if cell._entry is None:
            raise NotInside("defer")
        reply = cell._entry[4]
        if reply is not None:
            details = cell.details()
            if details.deferred is None:
                details.deferred = {}
            details.deferred[reply] = None
            cell._flags |= ATTENTION
        return Deferred(cell, reply)

    @final
    def task(self, coro: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        """Run a coroutine beside the mailbox: cancelled when the agent ends; if it fails, so does the agent."""
        cell = self._living("task")
        context = copy_context()
        context.run(OWNER.set, cell)
        task = cell._engine.loop.create_task(coro, context=context, name=f"task of {cell!r}")
        details = cell.details()
        if details.tasks is None:
            details.tasks = set()
        details.tasks.add(task)
        task.add_done_callback(partial(_task_ended, cell))
        return task  # type: ignore[no-any-return]

    @final
    async def run_blocking(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(*args)` in a thread, so that the event loop goes on; returns what it returns."""
        engine = self._cell("run_blocking")._engine
        job = partial(copy_context().run, fn, *args)
        return await engine.loop.run_in_executor(engine.threads(), job)  # type: ignore[no-any-return]

    def _living(self, what: str) -> Any:
        cell = self._cell(what)
        if cell._flags & DEAD:
            raise NotRunning(f"{cell!r}.{what}")
        return cell

    def _cell(self, what: str) -> Any:
        try:
            return self._ref
        except AttributeError:
            raise NotRunning(f"{type(self).__name__}(...).{what}") from None


_MEMBERS = frozenset(name for name in vars(Agent) if not name.startswith("_") and name not in SETTINGS)
Agent._protocol = Protocol(Agent, Agent, _MEMBERS)
Agent._final = _MEMBERS - HOOKS


def _agent_ref(what: str, address: Any) -> Any:
    """The agent at an address now. Raises `OptionError`, or `CallFailed` with `NoProc` if a name has no holder."""
    if not isinstance(address, Address):
        raise OptionError(what, "an address (Ref or Named)", address)
    return address._need(what)


def _reason(reason: Any) -> Reason:
    if not isinstance(reason, Reason):
        raise OptionError("reason", "a Reason such as Shutdown() or Normal()", reason)
    return reason


def _task_ended(cell: Any, task: "asyncio.Task[Any]") -> None:
    """A task of an agent is over; its failure is the agent's."""
    details = cell._details
    if details is not None and details.tasks is not None:
        details.tasks.discard(task)
    if task.cancelled() or (error := task.exception()) is None or cell._flags & DEAD:
        return
    if cell._flags & PARKED:
        details.failure = error
        details.task.cancel()
        return

    def fail(_: Any) -> None:
        raise error

    fail.__qualname__ = f"the task {getattr(task.get_coro(), '__qualname__', task.get_name())}"
    (cell.put_control if cell._flags & SUSPENDED else cell.put_first)((fail, (), None, cell, None))
