"""Addresses: what may be done with an agent from afar, typed. `Ref`, `Named` and `within` share it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from cybernetic.core import CallFailed, NoProc, OptionError, Reason, number
from cybernetic.core import seconds as _seconds
from cybernetic.runtime.events import DEAD_LETTERS, DeadLetter
from cybernetic.runtime.reply import Deferred, Reply
from cybernetic.runtime.timers import SEND, Timer, start_timer

P = ParamSpec("P")
R = TypeVar("R")
A_co = TypeVar("A_co", covariant=True)

CALL_SECONDS = float("5")  # the time-out of a call that names none (CALL-1): this very object


class Address(ABC, Generic[A_co]):
    """Where messages for an agent of class `A_co` go.

    Methods are named by the function in the class: `ref.call(Counter.add, 5)`. `cast` and `send` never raise for
    the state of the target; all raise `BadCall` at the line if the method may not be called by message.
    """

    __slots__ = ()

    @overload
    def call(
        self,
        method: Callable[Concatenate[A_co, P], Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def call(
        self, method: Callable[Concatenate[A_co, P], Deferred[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def call(
        self, method: Callable[Concatenate[A_co, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    async def call(self, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Ask the agent to run `method` and wait for what it returns: 5 seconds, or what `within` says.

        Raises `CallTimeout`; `CallFailed` with the reason if the agent ended first or does not exist; the
        `Refusal` its handler raised; `BadCall`, `CallingSelf`, `CallDeadlock` for mistakes of the caller;
        `MailboxFull` if a bounded mailbox had no room.
        """
        return await self._request(method, args, kwargs, self._seconds())

    @overload
    def request(
        self,
        method: Callable[Concatenate[A_co, P], Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Awaitable[R]: ...
    @overload
    def request(
        self, method: Callable[Concatenate[A_co, P], Deferred[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[R]: ...
    @overload
    def request(
        self, method: Callable[Concatenate[A_co, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[R]: ...
    def request(self, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Like `call`, but sent at once; await what is returned, now or later, for the answer."""
        return self._request(method, args, kwargs, self._seconds())

    def cast(
        self, method: Callable[Concatenate[A_co, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Ask the agent to run `method`, and forget about it."""
        self._cast(method, args, kwargs)

    def send(self, message: object) -> None:
        """Hand `message` to the agent's `receive`."""
        self._send(message)

    def within(self, seconds: float | None) -> "Address[A_co]":
        """The same address, whose calls wait `seconds` for an answer; None: without limit."""
        return Within(self, _seconds("within", seconds, none="no limit"))

    def after(self, seconds: float) -> "Later[A_co]":
        """Send later: `ref.after(2.0).cast(Counter.add, 5)` returns a `Timer` that can be cancelled."""
        return Later(self, number("after", seconds, least=0), None)

    def every(self, seconds: float) -> "Later[A_co]":
        """Send again and again, first after `seconds`; ends with the agent, or when the `Timer` is cancelled."""
        every = number("every", seconds, above=0)
        return Later(self, every, every)

    def exit(self, reason: Reason) -> None:
        """Send an exit signal (statement P-4): `Kill()` ends it at once, others as `trap_exit` decides."""
        if not isinstance(reason, Reason):
            raise OptionError("reason", "a Reason such as Shutdown() or Kill()", reason)
        target = self._find()
        if target is not None:
            target._engine.system.send_exit(target, reason)

    async def stop(self, reason: Reason | None = None, timeout: float | None = None) -> None:
        """Ask the agent to end with `reason` (default `Normal()`), wait until it has; `terminate` runs (CALL-11).

        Raises `StopFailed` if it ended for another reason, `CallFailed` with `NoProc` if there is none,
        `CallTimeout` after `timeout` seconds (it still ends), `CallingSelf` from inside.
        """
        target = self._need("stop")
        await target._engine.system.stop_agent(target, reason, _seconds("timeout", timeout, none="no limit"))

    def inspect(self) -> Any:
        """The debug port: state, suspension, trace and statistics of the agent (`Inspector`)."""
        target = self._need("inspect")
        return target._engine.system.inspector(target)

    def _need(self, what: str) -> Any:
        found = self._find()
        if found is None:
            raise CallFailed(self, what, NoProc())
        return found

    def _seconds(self) -> float | None:
        return CALL_SECONDS

    def _system_of(self) -> Any:
        return self._engine  # type: ignore[attr-defined]

    def _lasting(self) -> bool:
        """Whether it may lead to an agent again when the present one has ended."""
        return False

    @abstractmethod
    def _find(self) -> Any:
        """The agent's record now, or None."""

    @abstractmethod
    def _resolve(self, method: Any) -> Any:
        """The function that serves `method`. Raises `BadCall`."""

    @abstractmethod
    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None: ...

    @abstractmethod
    def _send(self, message: object) -> None: ...

    @abstractmethod
    def _request(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None
    ) -> Any: ...


class Within(Address[A_co]):
    """An address with a deadline of its own for calls."""

    __slots__ = ("_address", "_limit")

    def __init__(self, address: Address[A_co], seconds: float | None) -> None:
        self._address, self._limit = address, seconds

    def __repr__(self) -> str:
        return f"{self._address!r} within {self._limit} s"

    def _seconds(self) -> float | None:
        return self._limit

    def _system_of(self) -> Any:
        return self._address._system_of()

    def _lasting(self) -> bool:
        return self._address._lasting()

    def _find(self) -> Any:
        return self._address._find()

    def _resolve(self, method: Any) -> Any:
        return self._address._resolve(method)

    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        self._address._cast(method, args, kwargs)

    def _send(self, message: object) -> None:
        self._address._send(message)

    def _request(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None
    ) -> Any:
        return self._address._request(method, args, kwargs, seconds)


class Named(Address[A_co]):
    """An address by name: resolved anew at every use, so it outlives restarts (statement CALL-6)."""

    __slots__ = ("_engine", "_protocol", "name")

    def __init__(self, engine: Any, name: str, protocol: Any) -> None:
        self._engine, self.name, self._protocol = engine, name, protocol

    def __repr__(self) -> str:
        return f"<{self._protocol.cls.__name__} named {self.name!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and (self._engine, self.name) == (other._engine, other.name)

    def __hash__(self) -> int:
        return hash((id(self._engine), self.name))

    def _lasting(self) -> bool:
        return True

    def _find(self) -> Any:
        return self._engine.names.get(self.name)

    def _resolve(self, method: Any) -> Any:
        return self._protocol.resolve(method)

    def _cast(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> None:
        self._protocol.resolve(method)
        found = self._find()
        if found is None:
            self._nobody(args)
        else:
            found._cast(method, args, kwargs)

    def _send(self, message: object) -> None:
        found = self._find()
        if found is None:
            self._nobody(message)
        else:
            found._send(message)

    def _request(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, seconds: float | None
    ) -> Any:
        self._protocol.resolve(method)
        found = self._find()
        if found is None:
            reply: Reply[Any] = Reply(self, method)
            reply.fail(CallFailed(self, getattr(method, "__qualname__", repr(method)), NoProc()))
            return reply
        return found._request(method, args, kwargs, seconds)

    def _nobody(self, message: object) -> None:
        self._engine.dead_letters += 1
        if DEAD_LETTERS.listeners:
            DEAD_LETTERS.emit(DeadLetter(self, message, self._engine.current, "no such name"))


class Later(Generic[A_co]):
    """A message to be sent later; `cast` or `send` starts the timer."""

    __slots__ = ("_address", "_every", "_seconds")

    def __init__(self, address: Address[A_co], seconds: float, every: float | None) -> None:
        self._address, self._seconds, self._every = address, seconds, every

    def cast(
        self, method: Callable[Concatenate[A_co, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> Timer:
        """Have `method` run when the time has come. Raises `BadCall` as a cast does."""
        engine = self._address._system_of()
        return start_timer(engine, self._address, self._seconds, self._every, (method, args, kwargs))

    def send(self, message: object) -> Timer:
        """Hand `message` to `receive` when the time has come."""
        engine = self._address._system_of()
        return start_timer(engine, self._address, self._seconds, self._every, (SEND, (message,), None))
