"""How agents come to be: the record and its name at once, `__init__` and `setup` as the new agent's first turn."""

import asyncio
from collections.abc import Callable
from functools import partial
from types import CoroutineType
from typing import Any

from cybernetic.core import (
    AlreadyStarted,
    Kill,
    OptionError,
    Reason,
    StartFailed,
    StartTimeout,
    SystemStopped,
    Token,
    arity,
    bind,
    one_of,
    whole,
)
from cybernetic.runtime.bonds import link, monitor, unlink
from cybernetic.runtime.cell import Ref
from cybernetic.runtime.checked import CheckedBoundedRef, CheckedRef
from cybernetic.runtime.flags import DEAD
from cybernetic.runtime.handling import raised, settle, start_async
from cybernetic.runtime.life import START, signal, watch
from cybernetic.runtime.mailbox import Bound, BoundedRef
from cybernetic.runtime.notices import Name
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.reply import Reply


def protocol_of(cls: Any) -> Protocol:
    """The protocol of an agent class. Raises `OptionError` if it is none."""
    found = getattr(cls, "_protocol", None)
    if not isinstance(found, Protocol) or not isinstance(cls, type):
        raise OptionError("agent class", "a subclass of Agent", cls)
    return found


def prepare(
    engine: Any, cls: Any, args: tuple[Any, ...], name: str | Name | None = None, *, checked: bool = False
) -> Any:
    """Make the record of an agent and take its name; it does not run before `engine.ready(cell)`.

    `cls` may be a `functools.partial` of an agent class, for keyword arguments. `checked` says that the arguments
    are known to fit. Raises `AlreadyStarted` if the name is held, `ArgumentsError` if the arguments do not fit
    `__init__`.
    """
    if engine.closing:
        raise SystemStopped("it is stopping, and starts no more agents")
    kwargs: dict[str, Any] | None = None
    if type(cls) is not type and isinstance(cls, partial):
        args, kwargs, cls = (*cls.args, *args), cls.keywords or None, cls.func
    protocol = cls.__dict__.get("_protocol") if type(cls) is type else None
    if protocol is None:
        protocol = protocol_of(cls)
    if not checked:
        _check_arguments(cls, protocol, args, kwargs)
    serial = engine.next_serial()
    checked_ref = engine.transfer is not None
    if cls.mailbox_limit is None:
        cell: Any = (CheckedRef if checked_ref else Ref)(engine, protocol, serial)
    else:
        cell = (CheckedBoundedRef if checked_ref else BoundedRef)(engine, protocol, serial)
        cell.details().bound = _bound(cls)
    if cls.agent_type == "supervisor":
        cell.details().shutdown = None
    if name is not None:
        take_name(engine, cell, name)
    engine.agents[serial] = cell
    cell._entry = (cls, args, kwargs, None, None)
    return cell


def _check_arguments(
    cls: Any, protocol: Protocol, args: tuple[Any, ...], kwargs: dict[str, Any] | None
) -> None:
    """Raises `ArgumentsError` if they do not fit `__init__`."""
    span = protocol.arity
    if span is None:
        span = protocol.arity = arity(cls) or (1, 0)
    if kwargs or not span[0] <= len(args) <= span[1]:
        bind(partial(cls, **kwargs) if kwargs else cls, args, cls.__name__)


def _bound(cls: Any) -> Bound:
    one_of("overflow", cls.overflow, ("reject", "drop_oldest", "drop_newest"))
    return Bound(whole("mailbox_limit", cls.mailbox_limit, least=1), cls.overflow)


def take_name(engine: Any, cell: Any, name: Any) -> None:
    """Register a name for an agent (N-1), here or wherever it is kept (N-3). Raises `AlreadyStarted`."""
    claim = getattr(name, "claim", None)
    if claim is not None:
        claim(cell)
        return
    if not isinstance(name, str) or not name:
        raise OptionError("name", "a string that is not empty", name)
    holder = engine.names.get(name)
    if holder is not None:
        raise AlreadyStarted(name, holder)
    engine.names[name] = cell
    cell.details().name = name


def spawn(
    engine: Any,
    cls: Any,
    args: tuple[Any, ...],
    *,
    name: str | Name | None = None,
    parent: Any = None,
    linked: bool = False,
    monitored: bool = False,
    now: bool = False,
) -> Any:
    """Start an agent without waiting; the name, the link and the monitor exist on return (P-14, GS-2).

    With `now` its first turn is taken before this returns, where Python allows it.
    Returns the address, or with `monitored` the pair of it and the monitor's token.
    """
    cell = prepare(engine, cls, args, name)
    if parent is not None:
        cell.details().parent = parent
        if linked:
            link(parent, cell)
    elif (asker := engine.acting()) is not None:
        cell.details().asker = asker
    token = monitor(parent, cell, cell) if monitored else None
    if now:
        engine.give_birth_now(cell)
    else:
        engine.ready(cell)
    return cell if token is None else (cell, token)


async def start(
    engine: Any,
    cls: Any,
    args: tuple[Any, ...],
    *,
    name: str | Name | None = None,
    parent: Any = None,
    linked: bool = False,
    timeout: float | None = None,
    ended: Callable[[Reason], object] | None = None,
) -> Any:
    """Start an agent and wait until `setup` is done (GS-1).

    `ended`, if given, is called with the reason when the agent ends, be it before this returns.
    Raises `StartFailed`, `StartIgnored`, `AlreadyStarted`, `ArgumentsError`.
    """
    cell = prepare(engine, cls, args, name)
    details = cell.details()
    details.parent = parent
    if parent is None:
        details.asker = engine.acting()
    if linked:
        link(parent, cell)
    if ended is not None:
        watch(cell, Token(cell), ended)
    reply = expect(cell, parent)
    engine.ready(cell)
    return await started(reply, timeout)


def begin_child(
    parent: Any,
    cls: Any,
    args: tuple[Any, ...],
    *,
    name: str | Name | None,
    shutdown: float | None,
    history: tuple[Any, ...],
    told: Any = None,
) -> Any:
    """Begin the start of a supervised child, linked to `parent`; await `started` for the rest.

    `shutdown` is how many seconds it has to end in order, `history` what its crash reports say of earlier ends.
    `told`, if given, is returned in place of a `Reply`, and told of the outcome by `answer(ref)` or `fail(error)`.
    Raises `AlreadyStarted` if the name is held.
    """
    engine = parent._engine
    cell = prepare(engine, cls, args, name, checked=told is None)
    details = cell.details()
    details.parent, details.shutdown = parent, shutdown
    if history:
        details.history = history
    link(parent, cell)
    if told is None:
        told = expect(cell, parent)
    else:
        details.starting, details.parent_waits = told, True
        told.begun(cell)
    engine.give_birth_now(cell)
    return told


def expect(cell: Any, starter: Any) -> "Reply[Any]":
    """The `Reply` that will be answered when the agent has started, or fails."""
    details, engine = cell._details or cell.details(), cell._engine
    reply: Reply[Any] = Reply(cell, START)
    details.starting = reply
    if starter is not None and (starter is engine.current or starter is engine.ghost):
        details.starter = starter
    return reply


async def started(reply: "Reply[Any]", timeout: float | None) -> Any:
    """Wait for a start; returns the agent.

    On time-out, or when the wait is cancelled, what was half started is gone (GS-7).
    """
    late, cell = None, reply.target
    if timeout is not None:
        late = cell._engine.loop.call_later(timeout, _too_late, cell, reply, timeout)
    try:
        return await reply
    except asyncio.CancelledError:
        abandon(cell)
        raise
    finally:
        if late is not None:
            late.cancel()


def _too_late(cell: Any, reply: "Reply[Any]", seconds: float) -> None:
    if not reply.done():
        abandon(cell)
        reply.fail(StartFailed(cell._protocol.cls.__name__, StartTimeout(seconds)))


def abandon(cell: Any) -> None:
    """Unlink and kill an agent that has not finished its start; on another node, have that done there."""
    if not isinstance(cell, Ref):
        cell.give_up()
        return
    details = cell._details
    if details is not None and details.starting is not None:
        details.starting = None
        if details.parent is not None:
            unlink(details.parent, cell)
        signal(cell, Kill(), details.parent)


def give_birth(cell: Any) -> None:
    """The agent's first turn: make the object, run `__init__` and `setup`."""
    cls, args, kwargs = cell._entry[:3]
    protocol = cell._protocol
    try:
        agent = cls.__new__(cls)
        agent._ref = cell
        cell._agent = agent
        if kwargs is None:
            agent.__init__(*args)
        else:
            agent.__init__(*args, **kwargs)
        if protocol.setup is not None and not cell._flags & DEAD:
            value = protocol.setup(agent)
            if type(value) is CoroutineType:
                start_async(cell, value)
    except BaseException as error:
        raised(cell, error)
    else:
        settle(cell, None)
