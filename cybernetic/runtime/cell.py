"""The record of one agent, which is also its address: mailbox, flags, and the way in for messages."""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from cybernetic.core import CallDeadlock, CallFailed, CallingSelf, MailboxFull, NoProc
from cybernetic.runtime.address import Address
from cybernetic.runtime.details import Details
from cybernetic.runtime.events import DEAD_LETTERS, DeadLetter
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.reply import Reply

A_co = TypeVar("A_co", covariant=True)

Entry = tuple[Any, tuple[Any, ...], Any, Any, Any]  # function, args, kwargs or None, sender, reply or None

DEAD = 1
EMBRYO = 2  # not started yet
PARKED = 4  # an async handler waits
SUSPENDED = 8
EXITING = 16  # no more messages; something still unwinds
ATTENTION = 32  # the handler asked for more than to return: stop, continue
OWN = 64  # runs in a contextvars context of its own
IDLES = 128  # has an idle timeout

OWNER: ContextVar[Any] = ContextVar("cybernetic_owner", default=None)  # the agent a task works for


class Ref(Address[A_co]):
    """The address of one agent on this node: dead once it has ended, never passed on to a successor.

    It doubles as the runtime's record of the agent, so that a message needs no look-up. Invariant: an agent that
    can run is in the run queue exactly if `_box` is a list; whoever makes it a list puts it there.
    """

    __slots__ = (
        "_agent",
        "_box",
        "_details",
        "_engine",
        "_flags",
        "_methods",
        "_protocol",
        "_rest",
        "_sender",
        "_serial",
        "reductions",
    )

    def __init__(self, engine: Any, protocol: Protocol, serial: int) -> None:
        self._engine, self._protocol, self._serial = engine, protocol, serial
        self._methods = protocol.methods
        self._agent: Any = None
        self._box: list[Entry] | None = []  # what arrived; a list from the start: an embryo is in the run queue
        self._rest: list[Entry] | None = None  # taken over by a turn, in reverse order
        self._flags = EMBRYO
        self._details: Details | None = None
        self._sender: Any = None
        self.reductions = 0

    def __repr__(self) -> str:
        name = self._details.name if self._details is not None else None
        dead = " (dead)" if self._flags & DEAD else ""
        return f"<{self._protocol.cls.__name__} {self._engine.node}.{self._serial}{f' {name!r}' if name else ''}{dead}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Ref cannot be pickled: it travels inside messages only")

    @property
    def name(self) -> str | None:
        """The name it was started under, or None."""
        return self._details.name if self._details is not None else None

    def details(self) -> Details:
        """The rarely used part of the record."""
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
        """Put an entry before everything queued (priority signals only)."""
        if self._rest is None:
            self._rest = list(reversed(self._box or ()))
            if self._box is not None:
                self._box = []
        self._rest.append(entry)
        if self._box is None:
            self._box = []
            self._engine.ready(self)

    def _find(self) -> "Ref[A_co]":
        return self

    def _resolve(self, method: Any) -> Any:
        return self._protocol.resolve(method)

    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        self.put((self._resolve(method), args, kwargs or None, self._engine.current or OWNER.get(), None))

    def _send(self, message: object) -> None:
        self.put((self._protocol.cls.receive, (message,), None, self._engine.current or OWNER.get(), None))  # type: ignore[attr-defined]

    def _request(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None) -> Any:
        fn = self._methods.get(method) or self._protocol.resolve(method)
        return self.ask(fn, args, kwargs or None, method, seconds)

    def ask(self, fn: Any, args: tuple[Any, ...], kwargs: Any, what: Any, seconds: float | None) -> Any:
        """Queue a request for `fn` and return the `Reply`. Raises `CallingSelf`, `CallDeadlock`."""
        engine = self._engine
        caller = engine.current or OWNER.get()
        if caller is not None:
            if caller is self:
                raise CallingSelf(self)
            if caller._flags & EMBRYO:
                _refuse_deadlock(caller, self)
        reply: Reply[Any] = Reply(engine.loop, self, what)
        if seconds is not None:
            engine.deadlines.add(reply, seconds)
        self._ask(fn, args, kwargs, caller, reply)
        return reply

    def _ask(self, fn: Any, args: tuple[Any, ...], kwargs: Any, caller: Any, reply: Any) -> None:
        box = self._box
        if box is None:
            self._box = [(fn, args, kwargs, caller, reply)]
            self._engine.ready(self)
        else:
            box.append((fn, args, kwargs, caller, reply))

    def forget_deferred(self, reply: Any) -> None:
        """A deferred call was answered."""
        details = self._details
        if details is not None and details.deferred is not None:
            details.deferred.pop(reply, None)

    if not TYPE_CHECKING:  # the types are Address's; these are the short ways

        def cast(self, method, /, *args, **kwargs):
            fn = self._methods.get(method)
            if fn is None:
                fn = self._resolve(method)
            box = self._box
            if box is None:
                self._box = [(fn, args, kwargs or None, self._engine.current or OWNER.get(), None)]
                self._engine.ready(self)
            else:
                box.append((fn, args, kwargs or None, self._engine.current or OWNER.get(), None))

        async def call(self, method, /, *args, **kwargs):
            fn = self._methods.get(method) or self._resolve(method)
            return await self.ask(fn, args, kwargs or None, method, 5.0)


class DeadRef(Ref[A_co]):
    """What the record of an agent becomes when it ends: every way in leads nowhere."""

    __slots__ = ()

    def put(self, entry: Entry) -> None:
        """Drop the entry: counted, told as a dead letter, and whoever waits for an answer learns of it."""
        _, args, _, sender, reply = entry
        if reply is not None:
            reply.fail(CallFailed(self, entry_name(entry), self._details.exit_reason or NoProc() if self._flags & EXITING and self._details else NoProc()))
            return
        self._engine.dropped += 1
        if DEAD_LETTERS.listeners:
            DEAD_LETTERS.emit(DeadLetter(self, args, sender, "dead"))

    put_first = put

    def _ask(self, fn: Any, args: tuple[Any, ...], kwargs: Any, caller: Any, reply: Any) -> None:
        self.put((fn, args, kwargs, caller, reply))

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            self._cast(method, args, kwargs)


def entry_name(entry: Entry) -> str:
    """What a queued entry asks for, for texts."""
    return str(getattr(entry[0], "__qualname__", entry[0]))


def _refuse_deadlock(caller: Any, target: Any) -> None:
    """Raise `CallDeadlock` if `target` waits, directly or through others, for `caller` to start."""
    waiting = caller._details.starter if caller._details is not None else None
    while waiting is not None:
        if waiting is target:
            raise CallDeadlock(caller, target)
        waiting = waiting._details.starter if waiting._details is not None and waiting._flags & EMBRYO else None


def full(target: Any, limit: int, entry: Entry) -> None:
    """Tell of an entry dropped because a mailbox was full."""
    reply = entry[4]
    target._engine.dropped += 1
    if reply is not None:
        reply.fail(MailboxFull(target, limit))
    if DEAD_LETTERS.listeners:
        DEAD_LETTERS.emit(DeadLetter(target, entry[1], entry[3], "full"))
