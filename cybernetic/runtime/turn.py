"""Async handlers: the first step runs inline in the run queue, and a task exists in earnest only once it suspends.

This is the only file that leans on private names of asyncio: the attributes of its pure-Python `Task`, so that
`asyncio.timeout`, `TaskGroup`, `current_task` and anyio see an ordinary task. Where those names are missing, or
when asked to, every async handler runs under `loop.create_task` instead.
"""

import asyncio
import sys
from asyncio import tasks
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from cybernetic.runtime.reply import PENDING, Reply

Done = Callable[[Any, Any, BaseException | None], None]  # (cell, value, error)

_PyTask: Any = getattr(tasks, "_PyTask", None)
_NAMES = ("_enter_task", "_leave_task", "_register_task", "_PyTask")
INLINE = all(hasattr(tasks, name) for name in _NAMES) and hasattr(getattr(tasks, "_PyTask", None), "_Task__wakeup")
"""Whether this Python offers what stepping inline needs."""

if INLINE:
    _enter, _leave, _register = tasks._enter_task, tasks._leave_task, tasks._register_task
    _future_init = _PyTask.__mro__[1].__init__
    _set_result = _PyTask.__mro__[1].set_result
    _set_exception = _PyTask.__mro__[1].set_exception
    _cancel_future = _PyTask.__mro__[1].cancel

    class TurnTask(_PyTask):  # type: ignore[misc]
        """A task whose steps the runtime takes; `done(cell, value, error)` is called when its handler has ended."""

        _must_cancel = False
        _num_cancels_requested = 0
        _fut_waiter = None
        _coro = None
        _context = None
        _log_destroy_pending = False
        _name = "agent"

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            _future_init(self, loop=loop)
            self._cell: Any = None
            self._done: Any = None
            self._queued = False

        def __repr__(self) -> str:
            return f"<TurnTask of {self._cell!r}>"

        def park(self, cell: Any, coro: Any, context: Context, done: Done, waits_for: Any) -> None:
            """Take over a handler that suspended on `waits_for` in its first step."""
            self._cell, self._coro, self._context, self._done = cell, coro, context, done
            self._name = f"{cell!r}"
            _register(self)
            self._wait(waits_for)

        def cancel(self, msg: Any = None) -> bool:
            if self.done():
                return False
            self._num_cancels_requested += 1
            if self._fut_waiter is not None and self._fut_waiter.cancel(msg=msg):
                return True
            self._must_cancel, self._cancel_message = True, msg
            return True

        def resume(self) -> None:
            """The `Reply` it waits for was settled: go on from the run queue."""
            self._queued = True
            self._cell._engine.ready(self._cell)

        def advance(self) -> None:
            """Take the next step, as asyncio would: with the exception of the future it waited for, or to cancel."""
            error: BaseException | None = None
            if self._must_cancel:
                error = self._make_cancelled_error()
                self._must_cancel = False
            self._fut_waiter = None
            self._queued = False
            engine = self._cell._engine
            loop, before = self._loop, engine.current
            engine.current = self._cell
            _enter(loop, self)
            try:
                waits_for = self._coro.send(None) if error is None else self._coro.throw(error)
            except StopIteration as stop:
                if self._must_cancel:
                    self._must_cancel = False
                    failed = self._make_cancelled_error()
                else:
                    failed, value = None, stop.value
            except BaseException as raised:
                failed, value = raised, None
            else:
                self._wait(waits_for)
                return
            finally:
                _leave(loop, self)
                engine.current = before
            self._end(None if failed is not None else value, failed)

        def _end(self, value: Any, error: BaseException | None) -> None:
            cell, done = self._cell, self._done
            self._cell = self._done = self._coro = self._context = None
            if error is None:
                _set_result(self, value)
            elif isinstance(error, asyncio.CancelledError):
                _cancel_future(self)
            else:
                _set_exception(self, error)
                self._Future__log_traceback = False  # the runtime reports it
            try:
                done(cell, value, error)
            finally:
                del error
            _ = self

        def _wait(self, waits_for: Any) -> None:
            """Arrange for the next step when `waits_for`, which the handler awaits, is done."""
            if type(waits_for) is Reply:
                waits_for._asyncio_future_blocking = False
                self._fut_waiter = waits_for
                if waits_for._state == PENDING:
                    waits_for._waiter = self
                else:
                    self.resume()
                if self._must_cancel and waits_for.cancel():
                    self._must_cancel = False
            elif waits_for is None:
                self._loop.call_soon(self.advance, context=self._context)
            elif getattr(waits_for, "_asyncio_future_blocking", None):
                self._wait_future(waits_for)
            else:
                self._wrong(RuntimeError(f"{self!r}: awaited something that is no future: {waits_for!r}"))

        def _wait_future(self, future: Any) -> None:
            if future.get_loop() is not self._loop:
                self._wrong(RuntimeError(f"{self!r} awaits {future!r}, which belongs to another event loop"))
                return
            if future is self:
                self._wrong(RuntimeError(f"{self!r} cannot await itself"))
                return
            future._asyncio_future_blocking = False
            future.add_done_callback(self._woken, context=self._context)
            self._fut_waiter = future
            if self._must_cancel and future.cancel(msg=self._cancel_message):
                self._must_cancel = False

        def _woken(self, _: Any) -> None:
            self.advance()

        def _wrong(self, error: BaseException) -> None:
            self._loop.call_soon(self._throw, error, context=self._context)

        def _throw(self, error: BaseException) -> None:
            coro = self._coro
            self._coro = _Thrower(coro, error)
            self.advance()
            if self._coro is not None:
                self._coro = coro

    class _Thrower:
        """Stands in for a coroutine for one step, to raise an error inside it."""

        def __init__(self, coro: Any, error: BaseException) -> None:
            self.coro, self.error = coro, error

        def send(self, _: None) -> Any:
            return self.coro.throw(self.error)

        def throw(self, error: BaseException) -> Any:
            return self.coro.throw(error)


class InlineRunner:
    """Runs async handlers, the first step inline. One for each engine."""

    __slots__ = ("_loop", "_spare")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._spare: Any = TurnTask(loop)

    def start(self, cell: Any, coro: Coroutine[Any, Any, Any], context: Context, done: Done) -> Any:
        """Take the first step of `coro` in the current context.

        Returns None if the handler ended within it (then `done` was called), else the task that now waits.
        """
        task = self._spare
        self._spare = None
        if task is None:
            task = TurnTask(self._loop)
        _enter(self._loop, task)
        error: BaseException | None = None
        value = None
        try:
            waits_for = coro.send(None)
        except StopIteration as stop:
            value = stop.value
            if task._must_cancel:
                error = asyncio.CancelledError()
        except BaseException as raised:
            error = raised
        else:
            task.park(cell, coro, context, done, waits_for)
            return task
        finally:
            _leave(self._loop, task)
        # Reuse it only if nobody kept it and it carries no trace of this handler: then nobody can tell.
        if (
            sys.getrefcount(task) == 2
            and task.__weakref__ is None
            and not task._must_cancel
            and not task._num_cancels_requested
            and not task._callbacks
        ):
            self._spare = task
        elif error is None:
            _set_result(task, value)
        else:
            _cancel_future(task)
        done(cell, value, error)
        return None


class TaskRunner:
    """Runs async handlers under `loop.create_task`: slower, and free of private names."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def start(self, cell: Any, coro: Coroutine[Any, Any, Any], context: Context, done: Done) -> Any:
        """Make a task for `coro` in `context`; returns it."""
        task = self._loop.create_task(_as_agent(cell, coro), name=f"{cell!r}", context=context)

        def ended(task: asyncio.Task[Any]) -> None:
            if task.cancelled():
                done(cell, None, asyncio.CancelledError())
            elif (error := task.exception()) is not None:
                done(cell, None, error)
            else:
                done(cell, task.result(), None)

        task.add_done_callback(ended, context=context)
        return task


async def _as_agent(cell: Any, coro: Coroutine[Any, Any, Any]) -> Any:
    return await _Stepper(cell, coro)


class _Stepper:
    """Awaits a coroutine, naming its agent as the current one during each step."""

    def __init__(self, cell: Any, coro: Coroutine[Any, Any, Any]) -> None:
        self.cell, self.coro = cell, coro

    def __await__(self) -> Any:
        engine = self.cell._engine
        step, argument = self.coro.send, None
        while True:
            before, engine.current = engine.current, self.cell
            try:
                waits_for = step(argument)  # type: ignore[arg-type]
            except StopIteration as stop:
                return stop.value
            finally:
                engine.current = before
            try:
                argument = yield waits_for
                step = self.coro.send
            except BaseException as error:
                step, argument = self.coro.throw, error  # type: ignore[assignment]


def runner(loop: asyncio.AbstractEventLoop, inline: bool = True) -> InlineRunner | TaskRunner:
    """The best way to run async handlers on `loop`; `inline=False` asks for the one without private names."""
    return InlineRunner(loop) if INLINE and inline else TaskRunner(loop)
