"""What only some agents need, kept apart so that the others stay small."""

from collections.abc import Callable
from typing import Any


class Details:
    """The rarely used part of an agent's record, made when first needed.

    Everything is None (or 0) until used: `links` and `watchers` of peers, `watching` others, the `parent`, the
    parked `task` and the `reply` it owes, the control lane, and what `start` waits for.
    """

    __slots__ = (
        "ancestors",
        "caller",
        "context",
        "continues",
        "control",
        "deferred",
        "exit_reason",
        "farewell",
        "guard",
        "idle_timer",
        "kwargs",
        "limit_timer",
        "links",
        "name",
        "on_death",
        "parent",
        "priority",
        "reply",
        "shutdown",
        "starter",
        "starting",
        "stopping",
        "task",
        "tasks",
        "trace",
        "waits",
        "watchers",
        "watching",
    )

    def __init__(self) -> None:
        self.ancestors: tuple[str, ...] = ()  # who started it, nearest first
        self.caller: Any = None  # (fn, args, sender) of the message the parked handler works on
        self.context: Any = None  # the agent's own contextvars context
        self.continues: list[Any] | None = None  # what `continue_with` asked for
        self.control: list[Any] | None = None  # the control lane, served while suspended
        self.deferred: dict[Any, None] | None = None  # calls taken over by `defer`
        self.exit_reason: Any = None  # why it is exiting, while a handler still unwinds
        self.farewell: Any = None  # (reply, value) to send once `terminate` has run
        self.guard: Any = None  # bounds of the mailbox
        self.idle_timer: Any = None
        self.kwargs: dict[str, Any] | None = None  # keyword arguments of `__init__`, from functools.partial
        self.limit_timer: Any = None  # ends the wait for a handler that does not unwind
        self.links: dict[Any, None] | None = None
        self.name: str | None = None
        self.on_death: list[Callable[[Any], object]] | None = None  # registries and groups that must forget it
        self.parent: Any = None
        self.priority: dict[Any, None] | None = None  # links and monitors that may overtake
        self.reply: Any = None  # the call the parked handler is to answer
        self.shutdown: float | None = 5.0  # seconds a handler has to unwind
        self.starter: Any = None  # the agent that waits for this one's start
        self.starting: Any = None  # the Reply it waits on
        self.stopping: Any = None  # the reason `stop` gave
        self.task: Any = None  # the parked handler
        self.tasks: set[Any] | None = None  # asyncio tasks the agent owns
        self.trace: Any = None
        self.waits: Any = None  # what a parked handler waits for, as text, where known
        self.watchers: dict[Any, Any] | None = None  # token -> agent or Reply to tell of the death
        self.watching: dict[Any, Any] | None = None  # token -> monitored agent
