"""What follows from a handler: an answer, an orderly end, a crash, or the next thing it asked for."""

import asyncio
import inspect
from types import CoroutineType
from typing import Any

from cybernetic.core import (
    BadCall,
    Cancelled,
    Crash,
    Ignore,
    Normal,
    Reason,
    Refusal,
    Refused,
    StartFailed,
    StartIgnored,
    Stop,
)
from cybernetic.runtime.bonds import unlink
from cybernetic.runtime.cell import Backlog, function_name
from cybernetic.runtime.events import STARTED, AgentStarted
from cybernetic.runtime.flags import (
    ATTENTION,
    CONTINUES,
    DEAD,
    EMBRYO,
    EXITING,
    IDLES,
    OWN,
    OWNER,
    PARKED,
    TERMINATING,
)
from cybernetic.runtime.life import arm_limit, end, obey, own_limit, stop_handler, trapping
from cybernetic.runtime.mailbox import inside
from cybernetic.runtime.stepping import PARK

# exceptions that mean more than a crash
_MEANING = (KeyboardInterrupt, SystemExit, Stop, Refusal, asyncio.CancelledError, TypeError)


def start_async(cell: Any, coro: Any) -> Any:
    """Begin an async handler; the agent has a context of its own from then on. Returns its value, or `PARK`."""
    details, start = cell.details(), cell._engine.runner.start
    value = start(cell, coro) if cell._flags & OWN else own_context(cell).run(start, cell, coro)
    if value is PARK:
        if cell._flags & DEAD:  # its first step ended its own agent
            stop_handler(cell, details.task)
            return value
        cell._flags |= PARKED
        if type(cell._box) is not Backlog:
            cell._box = Backlog(cell, cell._box)
    return value


def own_context(cell: Any) -> Any:
    """Give the agent a contextvars context of its own: the turn's, as it is now."""
    context = cell.details().context = cell._engine.fresh_context()
    context.run(OWNER.set, cell)
    cell._flags |= OWN
    return context


def settle(cell: Any, value: Any) -> None:
    """After a handler that returned `value`, in an agent that is no longer as it was before."""
    if cell._flags & (DEAD | PARKED | EXITING):
        return
    if cell._flags & TERMINATING:
        farewell(cell)
        return
    if cell._flags & EMBRYO:
        if cell._flags & ATTENTION and cell._details.stopping is not None:
            _miscarry(cell, Stop(cell._details.stopping))
            return
        born(cell)
    reply = cell._entry[4] if cell._entry is not None else None
    if not cell._flags & ATTENTION:
        if reply is not None:
            reply.answer(value)
        return
    cell._flags &= ~ATTENTION
    details = cell._details
    if details.deferred is not None and reply in details.deferred:
        reply = None
    if details.stopping is not None:
        finish(cell, details.stopping, None if reply is None else (reply, value))
    elif reply is not None:
        reply.answer(value)


def raised(cell: Any, error: BaseException) -> None:
    """After a handler that raised."""
    if cell._flags & (DEAD | EXITING):
        return
    if not cell._flags & (TERMINATING | EMBRYO) and not isinstance(error, _MEANING):  # by far the most
        finish(cell, Crash.of(error))
        return
    if isinstance(error, KeyboardInterrupt | SystemExit):
        cell._engine.interrupt(error)
    if cell._flags & TERMINATING:
        _terminate_failed(cell, error)
    elif cell._flags & EMBRYO:
        _miscarry(cell, error)
    elif isinstance(error, Stop):
        _stop(cell, error)
    elif isinstance(error, Refusal):
        _refuse(cell, error)
    elif isinstance(error, asyncio.CancelledError):
        finish(cell, Cancelled())
    elif isinstance(error, TypeError) and (why := _unbound(cell)) is not None:
        _bad_call(cell, why)
    else:
        finish(cell, Crash.of(error))


def _stop(cell: Any, error: Stop) -> None:
    reason = Normal() if error.reason is None else error.reason
    if not isinstance(reason, Reason):
        reason = Crash("TypeError", f"Stop: expected a Reason, got: {reason!r}")
    reply = cell._entry[4] if cell._entry is not None else None
    finish(cell, reason, (reply, error.reply) if reply is not None and error.reply is not ... else None)


def _refuse(cell: Any, error: Refusal) -> None:
    """A refusal is an answer; to a cast nobody listens, so it is logged."""
    if cell._flags & ATTENTION and cell._details.stopping is None:  # what was deferred is answered with this
        cell._flags &= ~ATTENTION
    reply = cell._entry[4]
    if reply is None:
        cell._engine.reports.refused(cell, function_name(inside(cell._entry)[0]), error)
    else:
        error.__traceback__ = None
        reply.fail(error)


def _unbound(cell: Any) -> str | None:
    """Why the arguments of the current message do not fit its handler; None if they do."""
    fn, args, kwargs = inside(cell._entry)
    try:
        inspect.signature(fn).bind(cell._agent, *args, **(kwargs or {}))
    except TypeError as mismatch:
        return f"{function_name(fn)}: arguments do not bind: {mismatch}"
    except ValueError:
        return None
    return None


def _bad_call(cell: Any, why: str) -> None:
    """Arguments that do not bind are the caller's fault: the agent lives."""
    engine, reply = cell._engine, cell._entry[4]
    engine.bad_calls += 1
    if reply is None:
        engine.reports.bad_cast(cell, why, cell._entry[3])
    else:
        reply.fail(BadCall(why))


# The start.


def born(cell: Any) -> None:
    """The start is done: whoever waits for it may go on."""
    details = cell._details
    cell._flags &= ~EMBRYO
    if cell._agent.idle_timeout is not None:
        cell._flags |= IDLES
    if details is not None:
        starting, details.starting, details.starter = details.starting, None, None
        if starting is not None:
            starting.answer(cell)
    cell._engine.started += 1
    if STARTED.listeners:
        STARTED.emit(AgentStarted(cell))


def _miscarry(cell: Any, error: BaseException) -> None:
    """`__init__` or `setup` raised: the starter learns why when everything is undone (GS-3 to GS-6)."""
    details = cell.details()
    starting, details.starting = details.starting, None
    name = cell._protocol.cls.__name__
    if isinstance(error, Ignore):
        reason: Reason = Normal()
        told: Exception = StartIgnored(name)
    elif isinstance(error, Refusal):
        reason, told = Normal(), StartFailed(name, Refused(error))
    else:
        reason = _reason_of(error)
        told = StartFailed(name, reason)
        if not reason.orderly:
            cell._engine.reports.crashed(cell, reason, starting=True)
    parent = details.parent
    if starting is not None and parent is not None and trapping(parent):
        unlink(parent, cell)
    end(cell, reason)
    if starting is not None:
        starting.fail(told)


def _reason_of(error: BaseException) -> Reason:
    if isinstance(error, Stop):
        return error.reason if isinstance(error.reason, Reason) else Normal()
    return Cancelled() if isinstance(error, asyncio.CancelledError) else Crash.of(error)


# The end.


def finish(cell: Any, reason: Reason, answer: tuple[Any, Any] | None = None) -> None:
    """End an agent that ran its own code: `terminate`, then the answer, then the end (GS-10, GS-19)."""
    cell._flags = (cell._flags | TERMINATING) & ~(ATTENTION | CONTINUES)
    terminate = cell._protocol.terminate
    if terminate is None:
        _part(cell, reason, answer)
        return
    details = cell.details()
    details.stopping = reason
    details.farewell = answer
    try:
        value = terminate(cell._agent, reason)
        if type(value) is CoroutineType:
            value = start_async(cell, value)
    except BaseException as error:
        raised(cell, error)
        return
    if value is PARK:
        if details.shutdown is not None and details.limit is None and not cell._flags & DEAD:
            arm_limit(cell, own_limit(details), lambda: farewell(cell))
    elif not cell._flags & DEAD:
        farewell(cell)


def _terminate_failed(cell: Any, error: BaseException) -> None:
    """`terminate` failed: that is the reason now (GS-20)."""
    reason = _reason_of(error)
    cell._details.stopping = reason
    farewell(cell, own=True)


def farewell(cell: Any, own: bool = False) -> None:
    """Report, answer, and end. `own` says that the reason is the agent's own failure even if it was asked to end."""
    details = cell._details
    _part(cell, details.stopping, details.farewell, own)


def _part(cell: Any, reason: Reason, answer: tuple[Any, Any] | None, own: bool = False) -> None:
    if not reason.orderly and (own or not _asked(cell)):
        cell._engine.reports.crashed(cell, reason)
    if answer is not None:
        reply, value = answer
        reply.answer(value)
    end(cell, reason)


def _asked(cell: Any) -> bool:
    """Whether it ends because somebody else said so: then the reason is not its own failure."""
    return cell._entry is not None and inside(cell._entry)[0] is obey


def unparked(cell: Any, value: Any, error: BaseException | None) -> None:
    """A handler that had suspended has ended."""
    if cell._flags & DEAD:
        return
    engine, details = cell._engine, cell._details
    details.task = None
    cell._flags &= ~PARKED
    if cell._flags & EXITING:
        end(cell, details.exit_reason)
        return
    if details.failure is not None:
        error, details.failure = details.failure, None
    before = engine.enter(cell)
    try:
        if error is None:
            settle(cell, value)
        else:
            raised(cell, error)
        if not cell._flags & (DEAD | PARKED):
            engine.turn_over(cell)
    except Exception as defect:
        engine.broken(defect)
    finally:
        engine.leave(before)
