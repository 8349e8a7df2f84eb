"""Supervisor reports through the standard library's logging (statement LG-2)."""

import logging
from dataclasses import dataclass
from typing import Any, Literal

from cybernetic.core import Reason
from cybernetic.supervision.children import Record

_log = logging.getLogger("cybernetic.supervisor")

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
        type: "worker" or "supervisor".
        restart: "permanent", "transient" or "temporary".
        restarts: how often the child has been started again before.
    """

    supervisor: Any
    context: Context
    reason: Reason
    id: object
    ref: Any
    type: str
    restart: str
    restarts: int

    def __str__(self) -> str:
        return (
            f"{self.supervisor!r} {self.context}: child {self.id!r} {self.ref!r} "
            f"({self.restart} {self.type}, restarted {self.restarts} times): {self.reason!r}"
        )


def report(supervisor: Any, context: Context, record: Record, reason: Reason) -> None:
    """Log one report."""
    if _log.isEnabledFor(logging.ERROR):
        spec = record.spec
        found = SupervisorReport(
            supervisor, context, reason, spec.id, record.ref, spec.type, spec.restart, record.restarts
        )
        _log.error("%s", found, extra={"report": found})


def progress(supervisor: Any, record: Record) -> None:
    """Log, at level info, that a child has been started."""
    if _log.isEnabledFor(logging.INFO):
        _log.info("%r started child %r %r", supervisor, record.spec.id, record.ref)


def ignored(supervisor: Any, message: object) -> None:
    """Log that a supervisor got a message it has no use for (API-10)."""
    _log.warning("%r ignores the message %.200r", supervisor, message)
