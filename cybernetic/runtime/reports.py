"""Reports through the standard library's logging: crashes, refusals nobody heard, zombies (statements GS-21, LG-1)."""

import logging
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cybernetic.core import Reason, wall
from cybernetic.runtime.cell import function_name
from cybernetic.runtime.mailbox import inside

_log = logging.getLogger("cybernetic.agent")


class _Shortened(reprlib.Repr):
    """A representation of bounded size, however nested the value: at most so many parts, each cut."""

    PARTS = 100

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 200
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 20
        self._left = self.PARTS

    def repr(self, x: Any) -> str:
        self._left = self.PARTS
        return super().repr(x)

    def repr1(self, x: Any, level: int) -> str:
        self._left -= 1
        return super().repr1(x, level) if self._left >= 0 else "..."


_shortened = _Shortened()


def short(value: object) -> str:
    """`value` in a few hundred characters at most, whatever its `__repr__` does."""
    text: str = guarded(lambda: _shortened.repr(value), "its repr")
    return text


IDENTICAL = 100  # reports of one kind that are written in a second; more are only counted
TRACE = 8000  # characters of a traceback; its end is kept
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What is known of an agent that crashed. Log records carry it as `record.report`.

    Attributes:
        ref: the agent.
        reason: why it ended.
        at: seconds since the epoch.
        message: the message it was handling, shortened; its arguments are hidden if the class has a `redact`.
        state: its state as `redact` shows it, shortened.
        ancestors: who started it, nearest first.
        links: whom its end may take along.
        length: messages left in its mailbox.
        reductions: messages it had handled.
        history: (time, reason) of the ends before this one, oldest first, as its supervisor remembers them.
        starting: whether it failed to start.
    """

    ref: Any
    reason: Reason
    at: float
    message: str
    state: str
    ancestors: tuple[str, ...]
    links: tuple[str, ...]
    length: int
    reductions: int
    history: tuple[Any, ...]
    starting: bool

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.ref!r} {'could not start' if self.starting else 'crashed'}: {self.reason}"
        yield f"  last message: {self.message}"
        yield f"  state: {self.state}"
        yield f"  started by: {' < '.join(self.ancestors) or 'the system'}"
        if self.links:
            yield f"  linked to: {', '.join(self.links)}"
        yield f"  messages: {self.reductions} handled, {self.length} left"
        if self.history:
            yield f"  restarted before: {len(self.history)} times, last for {self.history[-1][1]}"
        trace = getattr(self.reason, "traceback", "")
        if trace:
            yield trace.rstrip() if len(trace) <= TRACE else f"...{trace.rstrip()[-TRACE:]}"


class Reports:
    """Writes the reports of one system; floods of identical ones are counted instead of formatted."""

    def __init__(self) -> None:
        self.written = self.suppressed = 0
        self._seen: dict[Any, int] = {}
        self._window: Any = None

    def crashed(self, cell: Any, reason: Reason, starting: bool = False) -> None:
        """An agent crashed, or could not start."""
        if _log.isEnabledFor(logging.ERROR) and self._admit(cell, (cell.cls, type(reason), str(reason))):
            report = crash_report(cell, reason, starting)
            _log.error("%s", report, extra={"report": report})

    def refused(self, cell: Any, what: str, error: Exception) -> None:
        """A cast ended in a refusal, which nobody hears."""
        _log.warning("%r refused a cast of %s: %s", cell, what, error)

    def bad_cast(self, cell: Any, why: str, sender: Any) -> None:
        """A cast had arguments that do not bind."""
        if self._admit(cell, (cell.cls, why)):
            _log.error("%r got a cast it cannot take from %r: %s", cell, sender, why)

    def unexpected(self, cell: Any, message: object) -> None:
        """A message came to an agent that does not override `receive` (GS-15)."""
        if self._admit(cell, (cell.cls, type(message))):
            what = type(message).__name__ if cell._protocol.redacts else short(message)
            _log.warning("%r has no `receive` for the message %s", cell, what)

    def zombie(self, cell: Any, task: Any) -> None:
        """A handler went on although its agent has ended."""
        _log.error("%r has ended, but its handler does not: %r; what it sends is dropped", cell, task)

    def _admit(self, cell: Any, kind: Any) -> bool:
        """Whether to write one more report of a kind in this second."""
        seen = self._seen.get(kind, 0)
        self._seen[kind] = seen + 1
        if self._window is None:
            self._window = cell._engine.loop.call_later(1.0, self._close)
        if seen < IDENTICAL:
            self.written += 1
            return True
        self.suppressed += 1
        return False

    def _close(self) -> None:
        """A second is over: say what was left out."""
        for kind, count in self._seen.items():
            if count > IDENTICAL:
                _log.error(
                    "%d further reports like the last of %s %s", count - IDENTICAL, kind[0].__name__, kind[1:]
                )
        self._seen.clear()
        self._window = None

    def close(self) -> None:
        """Say at once what was left out; the system ends."""
        if self._window is not None:
            self._window.cancel()
            self._close()


def crash_report(cell: Any, reason: Reason, starting: bool) -> CrashReport:
    """Collect what a report of `cell` says; nothing in it, not even a failing `redact`, can raise."""
    details = cell._details
    return CrashReport(
        ref=cell,
        reason=reason,
        at=wall(),
        message=_message(cell),
        state=short(shown_state(cell)) if cell._agent is not None else "not made yet",
        ancestors=tuple(ancestors(cell)),
        links=tuple(repr(peer) for peer in (details.links if details is not None else None) or ()),
        length=cell.length(),
        reductions=cell.reductions,
        history=details.history if details is not None else (),
        starting=starting,
    )


def ancestors(cell: Any) -> Iterator[str]:
    """Who started the agent, who started that one, and so on."""
    for _ in range(_DEEPEST):
        details = cell._details
        cell = details.parent if details is not None else None
        if cell is None:
            return
        yield repr(cell)


def shown_state(cell: Any) -> Any:
    """The agent's state as its `redact` shows it, or a placeholder if that fails (GS-22)."""
    return guarded(lambda: cell._agent.redact(dict(vars(cell._agent))), "its redact")


def guarded(show: Callable[[], Any], what: str) -> Any:
    """What `show()` returns, or words that say how it failed."""
    try:
        return show()
    except Exception as error:
        return f"<{what} raised {type(error).__name__}>"


def _message(cell: Any) -> str:
    if cell._entry is None:
        return "none"
    fn, args, kwargs = inside(cell._entry)
    return f"{function_name(fn)}{arguments(cell, args, kwargs)}"


def arguments(cell: Any, args: Any, kwargs: Any = None) -> str:
    """The arguments of a message to `cell`, shortened, in brackets; hidden if its class has a `redact`."""
    if getattr(getattr(cell, "_protocol", None), "redacts", False):
        return "(...)"
    given = [short(arg) for arg in args or ()]
    given += [f"{name}={short(value)}" for name, value in (kwargs or {}).items()]
    return f"({', '.join(given)})"
