"""The telemetry events of the runtime."""

from typing import Any

from cybernetic.core import Event, Reason, event, feed


@event("agent.started", "runtime")
class AgentStarted(Event):
    """An agent finished its start."""

    ref: Any


@event("agent.ended", "runtime")
class AgentEnded(Event):
    """An agent ended, for `reason`."""

    ref: Any
    reason: Reason


@event("message.dead_letter", "runtime")
class DeadLetter(Event):
    """A message was dropped. `why` is "dead", "unread", "no such name", "full" or "sender has ended"."""

    target: Any
    message: object
    sender: Any
    why: str


@event("mailbox.high_water", "runtime", length="messages")
class MailboxHigh(Event):
    """An unbounded mailbox has grown past a power of two times the high-water mark."""

    ref: Any
    length: int


@event("loop.held", "runtime", seconds="s")
class LoopHeld(Event):
    """A handler held the event loop longer than allowed. `stack` is where it was seen."""

    ref: Any
    seconds: float
    stack: str


@event("agent.zombie", "runtime")
class Zombie(Event):
    """A handler did not end when its agent was ended; what it still sends is dropped."""

    ref: Any


STARTED = feed(AgentStarted)
ENDED = feed(AgentEnded)
DEAD_LETTERS = feed(DeadLetter)
HIGH_WATER = feed(MailboxHigh)
HELD = feed(LoopHeld)
ZOMBIES = feed(Zombie)
