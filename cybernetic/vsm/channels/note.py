"""What passes on a channel: a body, and where it comes from, goes to and belongs."""

from dataclasses import dataclass
from typing import Any, Self

from cybernetic.vsm.changed import changed
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.ids import fresh_id
from cybernetic.wire import travels


@travels(name="vsm.Why")
@dataclass(frozen=True, slots=True)
class Why:
    """Why something is said or done: a note without what it says, or an incident that nobody spoke of.

    Attributes:
        id: its own: the cause of what is said or done because of it.
        root: the id of what it all began with.
        disturbance: the id of the task or incident it belongs to, if it belongs to one.
    """

    id: str
    root: str
    disturbance: str | None = None


def incident() -> Why:
    """Something begins here that is no task."""
    id = f"incident-{fresh_id(6, 'incident')}"  # counted by itself: notes keep the ids they had
    return Why(id, id, id)


@travels(name="vsm.Note")
@dataclass(frozen=True, slots=True)
class Note:
    """One message on one channel of one level.

    Attributes:
        channel: on which it goes.
        sender: the role that speaks, of the unit (or level) at `path_from`.
        role: the role spoken to, of the unit (or level) at `path_to`.
        body: what is said, a value.
        id: its own, fresh.
        root: the id of what it all began with, a note, a task or an incident; its own where it began with this.
        cause: the id of what it is said because of; None where it began with this.
        disturbance: the id of the task or incident it belongs to; None for the daily round.
        sent_at: when, seconds (see `timing.now`).
        deadline: when it is of no use any more, seconds; None: never.
    """

    channel: Channel
    sender: Role
    path_from: str
    role: Role
    path_to: str
    body: Any
    id: str
    root: str
    cause: str | None = None
    disturbance: str | None = None
    sent_at: float = 0.0
    deadline: float | None = None

    def late(self, now: float) -> bool:
        """Whether its deadline has come."""
        return self.deadline is not None and now >= self.deadline

    @property
    def why(self) -> Why:
        """What is said or done because of it needs no more of it."""
        return Why(self.id, self.root, self.disturbance)

    def because(self, cause: "Note | Why | None") -> Self:
        """The same, said because of another note: with its root, and its disturbance unless it has one."""
        if cause is None:
            return self
        return changed(
            self, root=cause.root, cause=cause.id, disturbance=self.disturbance or cause.disturbance
        )


def note_id() -> str:
    """A fresh id."""
    return fresh_id(6)
