"""What it means that a child did not start: why, whether to wait, what to answer who asked for it."""

from typing import cast

from cybernetic.core import AlreadyStarted, ChildNotStarted, NoNode, Reason, Refusal, Refused, StartFailed
from cybernetic.runtime import FOREIGN
from cybernetic.supervision.children import Record


def why(failed: StartFailed) -> Reason:
    """The reason a start failed for."""
    return cast("Reason", failed.reason)


def has_to_wait(reason: Reason) -> bool:
    """Whether a start failed for what other nodes have to settle: no node fits, or one still holds the name."""
    if isinstance(reason, Refused) and isinstance(reason.error, AlreadyStarted):
        return bool(getattr(reason.error.ref, "_flags", 0) & FOREIGN)
    return isinstance(reason, NoNode)


def refusal(record: Record, failed: StartFailed) -> Refusal:
    """What `start_child` raises when the child did not start: who holds its name already, or why (API-1)."""
    reason = failed.reason
    if isinstance(reason, Refused) and isinstance(reason.error, AlreadyStarted):
        return reason.error
    return ChildNotStarted(record.spec.id, reason)
