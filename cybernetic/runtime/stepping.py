"""Async handlers: the first step runs inline in the run queue, and a task exists in earnest only once it suspends.

This is the only file that leans on private names of asyncio: the attributes of its pure-Python `Task`, so that
`asyncio.timeout`, `TaskGroup`, `current_task` and anyio see an ordinary task. Where those names are missing, or
when asked to, every async handler runs under `loop.create_task` instead.
"""

import asyncio
import sys
from asyncio import tasks
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import getweakrefcount

from cybernetic.runtime.flags import DEAD, HELD, TRACED
from cybernetic.runtime.reply import PENDING, Reply

Done = Callable[[Any, Any, BaseException | None], None]  # (cell, value, error)
NOT_PLAIN = DEAD | TRACED
SPARES = 16  # tasks kept at most for handlers to come
PARK: Any = object()  # the value of a handler that suspended

_PyTask: Any = getattr(tasks, "_PyTask", None)
_TASKS = ("_enter_task", "_leave_task", "_register_task")
_TASK = ("_make_cancelled_error", "_Task__step", "_Task__wakeup")
INLINE = all(hasattr(tasks, name) for name in _TASKS) and all(hasattr(_PyTask, name) for name in _TASK)
"""Whether this Python offers what stepping inline needs."""

_PyFuture: Any = _PyTask.__mro__[1] if INLINE else object
_PENDING, _FINISHED = "PENDING", "FINISHED"  # asyncio's names of a future's states
_enter: Any = getattr(tasks, "_enter_task", None)
_leave: Any = getattr(tasks, "_leave_task", None)
_register: Any = getattr(tasks, "_register_task", None)


class TurnTask(_PyTask if INLINE else object):  # type: ignore[misc]
    """A task whose steps the runtime takes; `done(cell, value, error)` is called when its handler has ended."""

    _must_cancel = False
    _num_cancels_requested = 0
    _log_destroy_pending = False
    _name: str | None = None  # unless somebody gives it one

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        _PyFuture.__init__(self, loop=loop)
        self._cell: Any = None
        self._coro: Any = None
        self._done: Any = None
        self._state = _PENDING
        self._context: Any = None
        self._fut_waiter: Any = None
        self._result: Any = None
        self.due = False  # stands in the run queue for its next step
        self.registered = False  # known to `asyncio.all_tasks`, for as long as it exists

    def __repr__(self) -> str:
        return f"<TurnTask of {self._cell!r}>"

    def get_name(self) -> str:
        """The name it was given, else that of its agent once the handler has suspended."""
        return self._name or ("agent" if self._cell is None else repr(self._cell))

    def park(self, cell: Any, coro: Any, context: Any, done: Done, waits_for: Any) -> None:
        """Take over a handler that suspended on `waits_for` in its first step."""
        self._cell, self._coro, self._context, self._done = cell, coro, context, done
        if not self.registered:
            _register(self)
            self.registered = True
        self._wait(waits_for)

    def cancel(self, msg: Any = None) -> bool:
        """Ask the handler to end, as `asyncio.Task.cancel` does."""
        if self.done():
            return False
        self._num_cancels_requested += 1
        if self._fut_waiter is not None and self._fut_waiter.cancel(msg=msg):
            return True
        self._must_cancel, self._cancel_message = True, msg
        return True

    def resume(self) -> None:
        """The `Reply` it waits for was settled: go on from the run queue, which the dead are not in."""
        if self._cell.gone:
            self._loop.call_soon(self.advance, context=self._context)
        else:
            self.due = True
            self._cell._engine.ready(self._cell)

    def give_up(self) -> None:
        """Its agent has ended: cancel the handler, and do not rely on the run queue for its next step."""
        self.cancel()
        if self.due:
            self.due = False
            self._loop.call_soon(self.advance, context=self._context)

    def advance(self, error: BaseException | None = None) -> None:
        """Take the next step, as asyncio would: with an exception to raise in the handler, or with none."""
        cell, loop = self._cell, self._loop
        if self._must_cancel:
            if not isinstance(error, asyncio.CancelledError):
                error = self._make_cancelled_error()
            self._must_cancel = False
        elif cell._flags & HELD and error is None and not cell.gone:
            self._fut_waiter, self.due = None, True  # `release` takes this step
            return
        self._fut_waiter, self.due = None, False
        engine = cell._engine
        current, ghost = engine.current, engine.ghost  # `Ground.enter`, written out
        engine.current = engine.actor(cell) if cell._flags & NOT_PLAIN else cell
        engine.ghost = None if engine.current is cell else cell
        _enter(loop, self)
        try:
            waits_for = self._coro.send(None) if error is None else self._coro.throw(error)
        except StopIteration as stop:
            value, failed = stop.value, None
            if self._must_cancel:
                self._must_cancel, failed = False, self._make_cancelled_error()
        except BaseException as raised:
            value, failed = None, raised
        else:
            self._wait(waits_for)
            return
        finally:
            error = None
            _leave(loop, self)
            engine.current, engine.ghost = current, ghost
        try:
            self._end(value, failed)
        finally:
            failed = None  # its traceback holds this frame

    def _end(self, value: Any, error: BaseException | None) -> None:
        cell, done = self._cell, self._done
        self._done = self._coro = None
        if error is None and not self._callbacks:  # `set_result`, written out
            self._state, self._result = _FINISHED, value
        elif error is None:
            _PyFuture.set_result(self, value)
        elif isinstance(error, asyncio.CancelledError):
            _PyFuture.cancel(self)
        else:
            _PyFuture.set_exception(self, error)
            self._exception_tb = None  # it holds the frames, and so the agent
            self._Future__log_traceback = False  # the runtime reports it
        try:
            done(cell, value, error)
        finally:
            del error

    def _wait(self, waits_for: Any) -> None:
        """Arrange for the next step when `waits_for`, which the handler awaits, is done."""
        if isinstance(waits_for, Reply) and waits_for._waiter is None:
            waits_for._asyncio_future_blocking = False
            self._fut_waiter = waits_for
            waits_for._waiter = self
            if waits_for._state != PENDING:
                self.resume()
            elif self._must_cancel and waits_for.cancel():
                self._must_cancel = False
        elif waits_for is None:
            self._loop.call_soon(self.advance, context=self._context)
        elif getattr(waits_for, "_asyncio_future_blocking", None):
            self._wait_future(waits_for)
        else:
            self._raise_soon(RuntimeError(f"a handler awaited what is no future: {waits_for!r}"))

    def _wait_future(self, future: Any) -> None:
        if future.get_loop() is not self._loop:
            self._raise_soon(
                RuntimeError(f"a handler awaited {future!r}, which belongs to another event loop")
            )
        elif future is self:
            self._raise_soon(RuntimeError(f"a handler cannot await its own task: {self!r}"))
        else:
            future._asyncio_future_blocking = False
            future.add_done_callback(self._woken, context=self._context)
            self._fut_waiter = future
            if self._must_cancel and future.cancel(msg=self._cancel_message):
                self._must_cancel = False

    def _woken(self, future: Any) -> None:
        error: BaseException | None = None
        if self._must_cancel:  # the future's own cancellation, if it is one, keeps its message
            try:
                future.result()
            except BaseException as raised:
                error = raised
        self.advance(error)

    def _raise_soon(self, error: BaseException) -> None:
        self._loop.call_soon(self.advance, error, context=self._context)


class InlineRunner:
    """Runs async handlers, the first step inline. One for each engine."""

    __slots__ = ("_clean", "_done", "_loop", "_spares")

    def __init__(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        self._loop, self._done = loop, done
        self._spares: list[Any] = []  # tasks to be used again; to asyncio they look ended
        self._clean = len(vars(TurnTask(loop)))  # attributes of a task that nobody has named or marked

    def start(self, cell: Any, coro: Coroutine[Any, Any, Any]) -> Any:
        """Take the first step of `coro`, inside the agent's own context.

        Returns or raises what the handler did if it ended within it, else `PARK`: a task now waits, and `done`
        will be called.
        """
        details = cell._details
        if self._spares:
            task = self._spares.pop()
            task._state = _PENDING
        else:
            task = TurnTask(self._loop)
        task._coro = coro
        _enter(self._loop, task)
        try:
            waits_for = coro.send(None)
        except StopIteration as stop:
            value = stop.value
            cancelled = task._must_cancel
        except BaseException:
            self._leave(task, failed=True)
            raise
        else:
            _leave(self._loop, task)
            details.task = task
            task.park(cell, coro, details.context, self._done, waits_for)
            return PARK
        self._leave(task, failed=cancelled)
        if cancelled:
            raise asyncio.CancelledError
        return value

    def _leave(self, task: Any, failed: bool) -> None:
        """The handler has ended within its first step."""
        _leave(self._loop, task)
        task._coro = None
        if sys.getrefcount(task) == 3 and self._unmarked(task):  # the caller's, ours, and getrefcount's
            task._state = _FINISHED
            self._spares.append(task)
        elif failed:
            _PyFuture.cancel(task)
        else:
            _PyFuture.set_result(task, None)

    def resume(self, task: Any, context: Any) -> None:
        """Take the next step of a parked handler whose turn has come."""
        context.run(task.advance)
        if task._state == _FINISHED and sys.getrefcount(task) == 2 and self._unmarked(task):  # see `_leave`
            task._cell = task._context = task._result = None
            self._spares.append(task)

    def _unmarked(self, task: Any) -> bool:
        """Whether a task that nobody else holds may serve the next handler: it bears no trace of the last."""
        return (
            getweakrefcount(task) == task.registered  # asyncio has one once it knows the task
            and len(vars(task)) == self._clean  # it was not named, marked, cancelled; it did not fail
            and not task._must_cancel
            and not task._callbacks
            and len(self._spares) < SPARES
        )


class TaskRunner:
    """Runs async handlers under `loop.create_task`: slower, and free of private names."""

    __slots__ = ("_done", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        self._loop, self._done = loop, done

    def start(self, cell: Any, coro: Coroutine[Any, Any, Any]) -> Any:
        """Make a task for `coro` in the agent's own context; returns `PARK`, as it has not begun."""
        done, context = self._done, cell._details.context
        task = self._loop.create_task(_as_agent(cell, coro), name=repr(cell), context=context)
        cell._details.task = task

        def ended(task: asyncio.Task[Any]) -> None:
            coro.close()  # it never began if the task was cancelled at once
            if task.cancelled():
                done(cell, None, asyncio.CancelledError())
            elif (error := task.exception()) is not None:
                done(cell, None, error)
            else:
                done(cell, task.result(), None)

        task.add_done_callback(ended, context=context)
        return PARK


async def _as_agent(cell: Any, coro: Coroutine[Any, Any, Any]) -> Any:
    return await _Stepper(cell, coro)


class _Stepper:
    """Awaits a coroutine, naming its agent as the current one during each step."""

    def __init__(self, cell: Any, coro: Coroutine[Any, Any, Any]) -> None:
        self.cell, self.coro = cell, coro

    def __await__(self) -> Any:
        engine = self.cell._engine
        step: Any = self.coro.send
        argument: Any = None
        while True:
            before = engine.enter(self.cell)
            try:
                waits_for = step(argument)
            except StopIteration as stop:
                return stop.value
            finally:
                engine.leave(before)
            try:
                argument = yield waits_for
                step = self.coro.send
            except BaseException as error:
                step, argument = self.coro.throw, error


def without_task(loop: asyncio.AbstractEventLoop, fn: Callable[..., Any], *args: Any) -> bool:
    """Call `fn(*args)` as if no task were running: code in it starts tasks of its own, or asks for the current one.

    Returns False, and `fn` was not called, where this Python does not offer that.
    """
    task = asyncio.current_task(loop)
    if task is None:
        fn(*args)
        return True
    if not INLINE:
        return False
    _leave(loop, task)
    try:
        fn(*args)
    finally:
        _enter(loop, task)
    return True


def give_up(task: Any) -> None:
    """Cancel the handler of an agent that has ended."""
    if isinstance(task, TurnTask):
        task.give_up()
    else:
        task.cancel()


def waited_for(task: Any) -> Any:
    """What a parked handler awaits, where that is known."""
    return getattr(task, "_fut_waiter", None)


def runner(loop: asyncio.AbstractEventLoop, done: Done, inline: bool = True) -> InlineRunner | TaskRunner:
    """The best way to run async handlers on `loop`; `inline=False` asks for the one without private names."""
    return InlineRunner(loop, done) if INLINE and inline else TaskRunner(loop, done)
