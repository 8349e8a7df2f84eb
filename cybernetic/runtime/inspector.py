"""The debug port of an agent: look at it, suspend it, trace it, change its state (statements SY-1 to SY-8)."""

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from cybernetic.core import Refusal, number, whole
from cybernetic.runtime.cell import Backlog, function_name
from cybernetic.runtime.flags import DEAD, PARKED, SUSPENDED, TRACED
from cybernetic.runtime.ground import busy_with
from cybernetic.runtime.life import obey, trapping
from cybernetic.runtime.mailbox import inside
from cybernetic.runtime.reply import Reply
from cybernetic.runtime.reports import ancestors, arguments, shown_state

_log = logging.getLogger("cybernetic.trace")

SECONDS = 5.0


class StateRefused(Refusal):
    """The function given to `replace_state` raised, or gave no state; the old state stands (SY-2)."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the state was not replaced: {why}")


@dataclass(frozen=True, slots=True)
class Info:
    """What the runtime knows of an agent at one moment (SY-8).

    Attributes:
        ref: the agent.
        name: its registered name, or None.
        status: "idle", "queued", "waiting" (an async handler is suspended) or "suspended".
        doing: what it is doing or waiting for, where known.
        length: messages in its mailbox.
        reductions: messages handled so far.
        dropped: messages a bounded mailbox dropped.
        held: how often a handler held the event loop longer than the watchdog allows.
        trap_exit: whether it traps exits now.
        links: agents it is linked to.
        monitors: agents it monitors.
        monitored_by: agents that monitor it.
        parent: the agent that started it, or None.
        ancestors: who started it, nearest first.
        history: (time, reason) of the ends of its predecessors under the same supervisor.
        asker: the agent in whose turn the system was asked to start it, or None.
    """

    ref: Any
    name: str | None
    status: Literal["idle", "queued", "waiting", "suspended"]
    doing: str | None
    length: int
    reductions: int
    dropped: int
    held: int
    trap_exit: bool
    links: tuple[Any, ...]
    monitors: tuple[Any, ...]
    monitored_by: tuple[Any, ...]
    parent: Any
    ancestors: tuple[str, ...]
    history: tuple[Any, ...]
    asker: Any = None


class Inspector:
    """What `ref.inspect()` gives. Requests are served by the agent between messages, also while it is suspended.

    Each waits at most `seconds` (default 5) and raises `CallTimeout` or `CallFailed` as a call does.
    """

    __slots__ = ("_cell", "_seconds")

    def __init__(self, cell: Any, seconds: float | None = SECONDS) -> None:
        self._cell, self._seconds = cell, seconds

    def within(self, seconds: float) -> "Inspector":
        """The same port, with another deadline for its requests."""
        return Inspector(self._cell, number("within", seconds, least=0))

    def starter(self) -> Any:
        """Who started the agent, or in whose turn the system was asked to; None: nobody, as far as is known."""
        details = self._cell._details
        return None if details is None else details.parent or details.asker

    def history(self) -> tuple[Any, ...]:
        """(time, reason) of the ends of its predecessors under the same supervisor, oldest first."""
        details = self._cell._details
        return () if details is None else details.history

    def info(self) -> Info | None:
        """What the runtime knows of the agent now; None if it has ended."""
        cell = self._cell
        if cell._flags & DEAD:
            return None
        details = cell.details()
        return Info(
            ref=cell,
            name=cell.name,
            status=_status(cell),
            doing=busy_with(cell),
            length=cell.length(),
            reductions=cell.reductions,
            dropped=details.bound.dropped if details.bound is not None else 0,
            held=cell._engine.held_by[cell._serial],
            trap_exit=trapping(cell),
            links=tuple(details.links or ()),
            monitors=tuple((details.watching or {}).values()),
            monitored_by=tuple(
                owner for owner, _ in (details.watchers or {}).values() if not callable(owner)
            ),
            parent=details.parent,
            ancestors=tuple(ancestors(cell)),
            history=details.history,
            asker=details.asker,
        )

    def stack(self) -> list[Any]:
        """The frames of a handler that is suspended, outermost first; empty if there is none."""
        details = self._cell._details
        return details.task.get_stack() if details is not None and details.task is not None else []

    async def get_state(self) -> Any:
        """The agent's attributes as its `redact` shows them."""
        return await self._ask(_get_state)

    async def replace_state(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
        """Replace the agent's attributes by `change(attributes)`, which runs in the agent; returns the new ones.

        Raises `StateRefused` if `change` raises or gives no dict; then nothing has changed.
        """
        return await self._ask(_replace_state, change)

    async def suspend(self) -> None:
        """Handle nothing but these requests and the parent's exit signal until `resume`; messages queue (SY-3)."""
        await self._ask(_suspend)

    async def resume(self) -> None:
        """Go on where `suspend` stopped."""
        await self._ask(_resume)

    async def trace(
        self, on: bool = True, *, keep: int = 10, to: Callable[[str], object] | None = None
    ) -> None:
        """Record messages in and out: the last `keep` are kept for `log`, each line goes to `to` if given (SY-6)."""
        await self._ask(_trace, on, whole("keep", keep, least=1), to)

    async def log(self) -> list[str]:
        """The last lines of the trace, oldest first; empty when it is off."""
        return list(await self._ask(_log_lines))

    async def statistics(self) -> dict[str, int]:
        """Messages in and out, by name, since the trace was switched on."""
        return dict(await self._ask(_counts))

    async def terminate(self, reason: Any) -> None:
        """End the agent with `reason` after `terminate` has run, and wait for it (SY-7)."""
        await self._cell.stop(reason, timeout=self._seconds)

    async def _ask(self, fn: Any, *args: Any) -> Any:
        cell = self._cell
        reply: Reply[Any] = Reply(cell, fn.__name__.strip("_"))
        if self._seconds is not None:
            cell._engine.deadlines.add(reply, self._seconds)
        cell.put_control((fn, args, None, cell._engine.acting(), reply))
        return await reply


class Trace:
    """What a traced agent received and sent."""

    __slots__ = ("_to", "cell", "counts", "lines")

    def __init__(self, cell: Any, keep: int, to: Callable[[str], object] | None) -> None:
        self.cell, self._to = cell, to
        self.lines: deque[str] = deque(maxlen=keep)
        self.counts: Counter[str] = Counter()

    def came_in(self, fn: Any, args: Any, sender: Any) -> None:
        """A message is about to be handled."""
        self._add(
            "in", f"{self.cell!r} got {function_name(fn)}{arguments(self.cell, args)} from {sender!r}", fn
        )

    def went_out(self, target: Any, fn: Any, args: Any) -> None:
        """A message was sent."""
        self._add("out", f"{self.cell!r} sent {function_name(fn)}{arguments(target, args)} to {target!r}", fn)

    def _add(self, way: str, line: str, fn: Any) -> None:
        self.counts[f"{way} {function_name(fn)}"] += 1
        self.lines.append(line)
        if self._to is not None:
            try:
                self._to(line)
            except Exception:
                _log.exception("a tracer of %r raised and is not called again: %r", self.cell, self._to)
                self._to = None


def _status(cell: Any) -> Literal["idle", "queued", "waiting", "suspended"]:
    if cell._flags & SUSPENDED:
        return "suspended"
    if cell._flags & PARKED:
        return "waiting"
    return "idle" if cell._box is None else "queued"


# System requests, which run in the agent.


def _get_state(agent: Any) -> Any:
    return shown_state(agent._ref)


def _replace_state(agent: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    try:
        new = change(dict(vars(agent)))
    except Exception as error:
        raise StateRefused(f"{function_name(change)} raised {type(error).__name__}: {error}") from None
    if not isinstance(new, dict):
        raise StateRefused(f"expected a dict of attributes, got: {new!r}")
    vars(agent).clear()
    vars(agent).update(new)
    return shown_state(agent._ref)


def _suspend(agent: Any) -> None:
    cell = agent._ref
    details = cell.details()
    if details.control is None:
        details.control = deque()
    if not cell._flags & SUSPENDED:
        cell._flags |= SUSPENDED
        details.control.extend((*inside(entry), *entry[3:]) for entry in cell.queued() if _is_control(entry))
        if details.control:
            cell.discard(_is_control)
        if type(cell._box) is not Backlog:
            cell._box = Backlog(cell, cell._box)


def _resume(agent: Any) -> None:
    cell = agent._ref
    if cell._flags & SUSPENDED:
        cell._flags &= ~SUSPENDED
        control = cell._details.control
        while control:
            cell.put_first(control.pop())


def _trace(agent: Any, on: bool, keep: int, to: Callable[[str], object] | None) -> None:
    cell = agent._ref
    if on:
        cell.details().trace = Trace(cell, keep, to)
        cell._flags |= TRACED
    else:
        cell._flags &= ~TRACED


def _log_lines(agent: Any) -> Any:
    trace = agent._ref.details().trace
    return trace.lines if trace is not None else ()


def _counts(agent: Any) -> Any:
    trace = agent._ref.details().trace
    return trace.counts if trace is not None else {}


_CONTROL = frozenset({_get_state, _replace_state, _suspend, _resume, _trace, _log_lines, _counts, obey})


def _is_control(entry: Any) -> bool:
    """Whether a queued entry is served while its agent is suspended."""
    return inside(entry)[0] in _CONTROL
