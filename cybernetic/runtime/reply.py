"""The answer to one call: awaited by handlers and by ordinary asyncio code, settled once, late answers vanish."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

from cybernetic.core import CallError, CallFailed, Crash, OptionError, Refusal

R = TypeVar("R")

PENDING, ANSWERED, FAILED, DROPPED = range(4)


class Reply(Generic[R]):
    """A one-shot alias (statement M-8): whoever holds it can answer once; after that, or after a time-out, nothing.

    It speaks the protocol of asyncio futures, so any task can await it. A handler that awaits one is resumed from
    the run queue directly, without a round through the event loop.
    """

    deadline: float  # loop time at which it fails; set by those who wait no longer than that
    _value: Any  # the answer or the exception, once it is settled

    __slots__ = (
        "_asyncio_future_blocking",
        "_callbacks",
        "_pending",
        "_state",
        "_value",
        "_waiter",
        "deadline",
        "target",
        "what",
    )

    def __init__(self, target: Any, what: Any) -> None:
        self.target = target
        self.what = what  # the function asked for, or a word
        self._state = PENDING
        self._waiter: Any = None  # the handler parked on this reply
        self._callbacks: list[tuple[Callable[[Any], object], Context | None]] | None = None
        self._pending: dict[Any, None] | None = None  # the deadlines it stands among
        self._asyncio_future_blocking = False

    def __await__(self) -> Generator[Any, Any, R]:
        """Wait for the answer. Raises what `call` raises."""
        if self._state == PENDING:
            engine = self.target._engine
            if not engine.running:
                engine.help()
            if self._state == PENDING:
                self._asyncio_future_blocking = True
                yield self
        return self.result()

    def answer(self, value: R) -> bool:
        """Settle with `value`; False if it was settled or abandoned before."""
        if self._state != PENDING:
            return False
        self._state, self._value = ANSWERED, value
        self._told()
        return True

    def fail(self, error: BaseException) -> bool:
        """Settle with an exception to raise at the caller; False if it was settled or abandoned before."""
        return self._settle(FAILED, error)

    def asks(self, told: Callable[[str | None], object]) -> bool:
        """It has come to its deadline: have `told` called with what the target is doing, if another node has to say."""
        return False

    def _settle(self, state: int, value: Any) -> bool:
        if self._state != PENDING:
            return False
        self._state, self._value = state, value
        details = getattr(self.target, "_details", None)
        if details is not None and details.deferred is not None:
            details.deferred.pop(self, None)  # nobody waits for the deferred answer any more
        self._told()
        return True

    def _told(self) -> None:
        """It is settled: tell who waits."""
        if self._pending is not None:
            self._pending.pop(self, None)
            self._pending = None
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            waiter.resume()
        if self._callbacks is not None:
            self._call_back()

    def _call_back(self) -> None:
        callbacks, self._callbacks = self._callbacks or (), None
        for callback, context in callbacks:
            self.get_loop().call_soon(callback, self, context=context)

    def result(self) -> R:
        """The answer. Raises what `call` raises; `asyncio.InvalidStateError` while there is none."""
        state = self._state
        if state == ANSWERED:
            value: R = self._value
            return value
        if state == FAILED:
            raise self._value.with_traceback(None)  # else it would grow with every await
        if state == DROPPED:
            raise asyncio.CancelledError if self._value is None else asyncio.CancelledError(self._value)
        raise asyncio.InvalidStateError("there is no answer yet")

    # What asyncio asks of a future.

    def done(self) -> bool:
        """Whether it was answered, failed or abandoned."""
        return self._state != PENDING

    def cancelled(self) -> bool:
        """Whether the one who asked has given up."""
        return self._state == DROPPED

    def exception(self) -> BaseException | None:
        """The exception it failed with, or None."""
        if self._state == FAILED:
            error: BaseException = self._value
            return error
        self.result()
        return None

    def cancel(self, msg: object = None) -> bool:
        """Give up: the answer, should one come, is dropped; the request itself is not withdrawn (CALL-5)."""
        return self._settle(DROPPED, msg)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop it belongs to."""
        loop: asyncio.AbstractEventLoop = self.target._engine.loop
        return loop

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context | None = None) -> None:
        """Call `callback(self)` soon after it is settled."""
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append((callback, context))
        if self._state != PENDING:
            self._call_back()

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Forget `callback`; returns how many times it was registered."""
        before = self._callbacks or []
        self._callbacks = [pair for pair in before if pair[0] != callback]
        return len(before) - len(self._callbacks)


class Deferred(Generic[R]):
    """A call that is answered later, from anywhere, once. Return it from the handler that made it."""

    __slots__ = ("_cell", "_reply")

    def __init__(self, cell: Any, reply: Any) -> None:
        self._cell, self._reply = cell, reply

    def __del__(self) -> None:
        """Thrown away unanswered: whoever waits is told, not left waiting."""
        reply, cell = self._reply, self._cell
        if reply is None or reply.done() or cell.gone:
            return
        if (
            cell._entry is None or cell._entry[4] is not reply
        ):  # else its handler is still at work, and may crash
            self.fail(
                CallFailed(self._cell, "a deferred call", Crash("Dropped", "its Deferred was thrown away"))
            )

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for it: nobody does who has cast, or has given up."""
        return self._reply is not None and not self._reply.done()

    def reply(self, value: R) -> bool:
        """Answer with `value`. Returns False, and nothing happens, if nobody waits for it any more."""
        return self._finish(lambda reply: reply.answer(value))

    def fail(self, error: BaseException) -> bool:
        """Raise `error` at the caller: a `Refusal` or `CallError` as it is, anything else inside `CallFailed`."""
        if not isinstance(error, BaseException):
            raise OptionError("error", "an exception", error)
        if not isinstance(error, Refusal | CallError):
            error = CallFailed(self._cell, "a deferred call", Crash.of(error))
        return self._finish(lambda reply: reply.fail(error))

    def _finish(self, settle: Callable[[Any], bool]) -> bool:
        reply, self._reply = self._reply, None
        if reply is None:
            return False
        details = self._cell._details
        if details is not None and details.deferred is not None:
            details.deferred.pop(reply, None)
        return settle(reply)
