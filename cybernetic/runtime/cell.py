"""The record of one agent, which is also its address: mailbox, flags, and the way in for messages."""

from collections.abc import Iterator
from copy import copy
from operator import length_hint
from typing import TYPE_CHECKING, Any, TypeVar

from cybernetic.core import CallDeadlock, CallFailed, CallingSelf, NoConnection, NoProc, Reason
from cybernetic.runtime.address import CALL_SECONDS, Address
from cybernetic.runtime.details import Details
from cybernetic.runtime.events import DEAD_LETTERS, HIGH_WATER, DeadLetter, MailboxHigh
from cybernetic.runtime.flags import DEAD, DROP, EMBRYO, LONG, OWNER, PARKED, SUSPENDED, TRACED
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.reply import Reply

A_co = TypeVar("A_co", covariant=True)

Entry = tuple[Any, tuple[Any, ...], Any, Any, Any]  # function, args, kwargs or None, sender, reply or None

HIGH = 10_000  # messages; an unbounded mailbox is reported at this length and at each doubling


class Ref(Address[A_co]):
    """The address of one agent on this node: dead once it has ended, never passed on to a successor.

    It doubles as the runtime's record of the agent, so that a message needs no look-up. Two rules keep the run
    queue right: `_box` is None exactly while the agent is idle, so whoever makes it a list puts the agent in the
    queue; and an agent that has ended, is suspended or has a parked handler keeps a list, so nobody does.
    """

    __slots__ = (
        "__weakref__",
        "_agent",
        "_box",
        "_details",
        "_engine",
        "_entry",
        "_flags",
        "_methods",
        "_protocol",
        "_rest",
        "_serial",
        "_way",  # to its node, if that is another
        "reductions",
    )

    def __init__(self, engine: Any, protocol: Protocol, serial: int) -> None:
        self._engine = engine
        self._protocol = protocol
        self._methods = protocol.methods
        self._serial = serial
        self._agent: Any = None
        self._box: (
            list[Entry] | None
        ) = []  # what arrived; a list from the start: an embryo is in the run queue
        self._rest: Iterator[Entry] | None = None  # what a turn took over and has not handled
        self._entry: Any = None  # the message being handled
        self._flags = EMBRYO
        self._details: Details | None = None
        self.reductions = 0  # messages handled so far

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        dead = " (dead)" if self._flags & DEAD else ""
        return f"<{self._protocol.cls.__name__} {self.node}.{self._serial}{name}{dead}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} cannot be pickled: addresses travel inside messages only")

    @property
    def name(self) -> str | None:
        """The name it was started under, or None."""
        return self._details.name if self._details is not None else None

    @property
    def node(self) -> str:
        """The name of the node it runs on."""
        way = getattr(self, "_way", None)
        return str(self._engine.node if way is None else way.name)

    @property
    def cls(self) -> type[Any]:
        """The class of the agent."""
        return self._protocol.cls

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return bool(self._flags & DEAD)

    def details(self) -> Details:
        """The rarely used part of the record, made now if there is none."""
        found = self._details
        if found is None:
            found = self._details = Details()
        return found

    def put(self, entry: Entry) -> None:
        """Append one entry to the message lane and see to it that the agent runs."""
        box = self._box
        if box is None:
            self._box = [entry]
            self._engine.ready(self)
        else:
            box.append(entry)

    def put_first(self, entry: Entry) -> None:
        """Put an entry before everything queued: for signals whose receiver chose priority."""
        if self._box is None:
            self.put(entry)
        else:
            self._gather().insert(0, entry)

    def put_control(self, entry: Entry) -> None:
        """Append an entry to the control lane while the agent is suspended, else to the message lane."""
        if not self._flags & SUSPENDED:
            self.put(entry)
            return
        control = self._details.control  # type: ignore[union-attr]
        control.append(entry)  # type: ignore[union-attr]
        if len(control) == 1 and self._entry is None:  # type: ignore[arg-type]
            self._engine.ready(self)

    def queued(self) -> list[Entry]:
        """A copy of the message lane, next first."""
        rest = list(copy(self._rest)) if self._rest is not None else []
        return rest + (self._box or [])

    def discard(self, unwanted: Any) -> int:
        """Take every queued entry for which `unwanted(entry)` is true out of the message lane; returns how many."""
        if self._box is None:
            return 0
        box = self._gather()
        before = len(box)
        box[:] = [entry for entry in box if not unwanted(entry)]
        return before - len(box)

    def _gather(self) -> list[Entry]:
        """Put what a turn took over back into the mailbox; the turn, if it is running, then ends early."""
        if self._rest is not None:
            if self._entry is not None and not self._flags & PARKED:
                self.reductions -= length_hint(self._rest)  # the turn has counted them
            self._box[:0] = self._rest  # type: ignore[index]
            self._rest = None
            self._flags &= ~LONG
        return self._box  # type: ignore[return-value]

    def length(self) -> int:
        """How many messages wait in the mailbox."""
        rest = length_hint(self._rest) if self._rest is not None else 0
        return rest + len(self._box or ())

    def _find(self) -> "Ref[A_co]":
        return self

    def _resolve(self, method: Any) -> Any:
        return self._protocol.resolve(method)

    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        self._submit(self._resolve(method), args, kwargs or None)

    def _send(self, message: object) -> None:
        self._submit(self._protocol.cls.receive, (message,), None)  # type: ignore[attr-defined]

    def _submit(self, fn: Any, args: tuple[Any, ...], kwargs: Any) -> None:
        """What `cast` and `send` come to."""
        sender = self._engine.current
        if sender is None and (sender := outsider(self._engine, self, fn, args)) is DROP:
            return
        self._admit((fn, args, kwargs, sender, None))

    def _request(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None
    ) -> Any:
        return self.ask(self._resolve(method), args, kwargs or None, seconds)

    def ask(self, fn: Any, args: tuple[Any, ...], kwargs: Any, seconds: float | None) -> Any:
        """Queue a request for `fn` and return the `Reply`. Raises `CallingSelf`, `CallDeadlock`."""
        engine = self._engine
        caller = engine.current
        if caller is None:
            caller = outsider(self._engine, self, fn, args)
        reply = self._reply(fn)
        if caller is DROP:
            reply.fail(CallFailed(self, function_name(fn), NoProc()))
            return reply
        if caller is self and (engine.current is self or self._entry is not None):
            raise CallingSelf(self, "call the method directly")
        if caller is not None and caller._flags & EMBRYO:
            _refuse_deadlock(caller, self)
        if seconds is not None and not (seconds is CALL_SECONDS and fn in self._protocol.unlimited):
            engine.deadlines.add(reply, seconds)
        self._admit((fn, args, kwargs, caller, reply))
        return reply

    def _reply(self, fn: Any) -> "Reply[Any]":
        return Reply(self, fn)

    def _admit(self, entry: Entry) -> None:
        """Take in what somebody sent; where the mailbox is bounded, it may have no room."""
        box = self._box
        if box is None:
            self._box = [entry]
            self._engine.ready(self)
        else:
            box.append(entry)

    if not TYPE_CHECKING:  # the types are Address's; these are the short ways

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            try:
                fn = self._methods[method]
            except (KeyError, TypeError):
                fn = self._resolve(method)
            sender = self._engine.current
            if sender is None and (sender := outsider(self._engine, self, fn, args)) is DROP:
                return
            box = self._box
            if box is None:
                self._box = [(fn, args, kwargs or None, sender, None)]
                self._engine.ready(self)
            else:
                box.append((fn, args, kwargs or None, sender, None))

        async def call(self, method, /, *args, **kwargs):
            """As `Address.call`."""
            try:
                fn = self._methods[method]
            except (KeyError, TypeError):
                fn = self._resolve(method)
            return await self.ask(fn, args, kwargs or None, CALL_SECONDS)


class DeadRef(Ref[A_co]):
    """What the record of an agent becomes when it ends: every way in leads nowhere."""

    __slots__ = ()

    absence: Reason = NoProc()  # what those are told who come too late

    @property
    def name(self) -> str | None:
        """The name it was started under, or None."""
        return self._entry if self._details is None else self._details.name

    def put(self, entry: Entry) -> None:
        """Drop the entry: counted, told as a dead letter; whoever waits for an answer learns of it."""
        bury(self, entry, "dead")

    put_first = put_control = _admit = put

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            self._cast(method, args, kwargs)


class LostRef(DeadRef[A_co]):
    """What the record of an agent on another node becomes when that node is out of reach, for good."""

    __slots__ = ()

    absence: Reason = NoConnection()

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            self._cast(method, args, kwargs)


class Backlog(list[Entry]):
    """The mailbox of an agent whose handler waits: it watches its own length, as no turn does."""

    __slots__ = ("cell", "mark")

    def __init__(self, cell: Any, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.cell = cell
        self.mark = HIGH
        while self.mark <= len(self):
            self.mark *= 2

    def append(self, entry: Entry) -> None:
        """Append, and report a high-water mark."""
        super().append(entry)
        if len(self) >= self.mark:
            high_water(self.cell, len(self))
            self.mark *= 2


def high_water(cell: Any, length: int) -> None:
    """Report that a mailbox has grown long."""
    cell._engine.high_waters += 1
    if HIGH_WATER.listeners:
        HIGH_WATER.emit(MailboxHigh(cell, length))


def outsider(engine: Any, target: Any, fn: Any, args: tuple[Any, ...]) -> Any:
    """Who sends, when no turn is running: the agent whose task this is, or None; `DROP` if that one has ended.

    The turn of a traced agent, and what a handler does after its agent has ended, pass through here too.
    """
    owner = OWNER.get()
    if owner is None:
        owner = engine.ghost
    if owner is None:
        return None
    if owner._flags & DEAD:
        dead_letter(engine, target, args, owner, "sender has ended")
        return DROP
    if owner._flags & TRACED:
        owner._details.trace.went_out(target, fn, args)
    return owner


def dead_letter(engine: Any, target: Any, message: object, sender: Any, why: str) -> None:
    """Count a message that is dropped, and tell whoever listens."""
    engine.dead_letters += 1
    if DEAD_LETTERS.listeners:
        DEAD_LETTERS.emit(DeadLetter(target, message, sender, why))


def bury(cell: Any, entry: Entry, why: str, reason: Any = None) -> None:
    """Drop an entry of an agent that has ended: a call fails with `reason`, the rest are dead letters."""
    _, args, _, sender, reply = entry
    if reply is None:
        dead_letter(cell._engine, cell, args, sender, why)
        return
    if reason is None:
        details = cell._details  # still there while a handler unwinds
        reason = (details.exit_reason if details is not None else None) or cell.absence
    reply.fail(CallFailed(cell, function_name(entry[0]), reason))


def registered_name(ref: Any) -> str | None:
    """The name an agent of this process is registered under (N-1); None: it has none, or has ended."""
    details = getattr(ref, "_details", None)
    return None if details is None else details.name


def function_name(fn: Any) -> str:
    """How a text names what a message asks for."""
    return str(getattr(fn, "__qualname__", fn))


def _refuse_deadlock(caller: Any, target: Any) -> None:
    """Raise `CallDeadlock` if `target` waits, directly or through others, for `caller` to start."""
    details = caller._details
    waiting = details.starter if details is not None and caller._flags & EMBRYO else None
    while waiting is not None:
        if waiting is target:
            raise CallDeadlock(caller, target)
        details = waiting._details
        waiting = details.starter if details is not None and waiting._flags & EMBRYO else None
