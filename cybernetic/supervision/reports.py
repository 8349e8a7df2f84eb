"""Supervisor reports through the standard library's logging (statement LG-2)."""

import logging
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from cybernetic.core import Reason
from cybernetic.runtime import Agent
from cybernetic.supervision.children import Record
from cybernetic.supervision.spec import Child, Limit

_log = logging.getLogger("cybernetic.supervisor")
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80

Context = Literal["start_error", "child_terminated", "shutdown_error", "shutdown"]


@dataclass(frozen=True, slots=True)
class SupervisorReport:
    """What a supervisor says of a child. Log records carry it as `record.report`.

    Attributes:
        supervisor: its address.
        context: "start_error", "child_terminated", "shutdown_error", or "shutdown" when it gives up.
        reason: why.
        id: the child's id.
        ref: the child's address, or None.
        start: what starts it, as a short text: class and arguments; these are hidden if the class has a `redact`.
        type: "worker" or "supervisor".
        restart: "permanent", "transient" or "temporary".
        shutdown: seconds it may take to end, None for no limit, or "brutal_kill".
        significant: whether its end may end the supervisor.
        restarts: how often the child has been started again before.
        count: how many children this is about. More than 1, when a `DynamicSupervisor` ends: they ended for the
            same reason, and the rest is true of one of them (LG-4).
    """

    supervisor: Any
    context: Context
    reason: Reason
    id: object
    ref: Any
    start: str
    type: str
    restart: str
    shutdown: Limit
    significant: bool
    restarts: int
    count: int = 1

    def __str__(self) -> str:
        whom = f"child {self.id!r} {self.ref!r}" if self.count == 1 else f"{self.count} children"
        return (
            f"{self.supervisor!r} {self.context}: {whom} ({self.restart} {self.type} {self.start}, "
            f"restarted {self.restarts} times): {self.reason!r}"
        )


def report(
    supervisor: Any, context: Context, record: Record, reason: Reason, count: int = 1, again: bool = False
) -> None:
    """Log one report: an error, or at level info where it tells `again` what an earlier one told of another child."""
    level = logging.INFO if again else logging.ERROR
    if _log.isEnabledFor(level):
        spec = record.spec
        found = SupervisorReport(
            supervisor,
            context,
            reason,
            spec.id,
            record.ref,
            _start_call(spec),
            spec.type,
            spec.restart,
            spec.shutdown,
            spec.significant,
            record.restarts,
            count,
        )
        _log.log(level, "%s", found, extra={"report": found})


def report_alike(supervisor: Any, context: Context, ends: Iterable[tuple[Record, Reason]]) -> None:
    """Log one report for each reason among many `ends`, with their number (LG-4)."""
    alike: dict[tuple[object, str], list[tuple[Record, Reason]]] = {}
    for record, reason in ends:
        alike.setdefault((type(reason), str(reason)), []).append((record, reason))
    for (record, reason), *others in alike.values():
        report(supervisor, context, record, reason, 1 + len(others))


def _start_call(spec: Child[Any]) -> str:
    hidden = spec.agent.redact is not Agent.redact
    given = "..." if hidden else ", ".join(map(_short.repr, spec.args))
    return f"{spec.agent.__name__}({given})"


def progress(supervisor: Any, record: Record) -> None:
    """Log, at level info, that a child has been started."""
    if _log.isEnabledFor(logging.INFO):
        _log.info("%r started child %r %r", supervisor, record.spec.id, record.ref)


def ignored(supervisor: Any, message: object) -> None:
    """Log that a supervisor got a message it has no use for (API-10)."""
    _log.warning("%r ignores the message %.200r", supervisor, message)
