"""The telemetry events of supervision."""

from typing import Any

from cybernetic.core import Event, Reason, event, feed


@event("child.started", "supervision")
class ChildStarted(Event):
    """A supervisor has started a child; `again` says whether it is a restart."""

    supervisor: Any
    id: object
    ref: Any
    again: bool


@event("child.ended", "supervision")
class ChildEnded(Event):
    """A child ended by itself; `reaction` is "restart", "keep" or "forget"."""

    supervisor: Any
    id: object
    ref: Any
    reason: Reason
    reaction: str


@event("supervisor.gave_up", "supervision")
class GaveUp(Event):
    """A supervisor has used up its restarts, and ends."""

    supervisor: Any
    id: object
    reason: Reason


STARTED = feed(ChildStarted)
ENDED = feed(ChildEnded)
GAVE_UP = feed(GaveUp)
