"""What only some agents need, kept apart so that the others stay small."""

from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

from cybernetic.core import Reason


class Details:
    """The rarely used part of an agent's record, made when first needed; what was never set costs nothing."""

    parent: Any = None  # the agent that started it; None: the system itself
    asker: Any = None  # the agent in whose turn the system was asked to start it, where it has no parent
    name: str | None = None
    starting: Any = None  # the Reply its starter waits on
    starter: Any = None  # the agent whose handler waits for this one's start
    shutdown: float | None = 5.0  # seconds it has to end in order
    parent_waits: bool = False  # its parent asked it to end, and watches the time
    history: tuple[Any, ...] = ()  # (wall time, reason) of its predecessors' ends, oldest first

    links: dict[Any, None] | None = None
    watchers: dict[Any, tuple[Any, Any]] | None = (
        None  # token -> (agent or callable to tell, what it watched)
    )
    watching: dict[Any, Any] | None = None  # token -> monitored agent
    priority: set[Any] | None = None  # linked peers and tokens whose news may overtake
    on_death: dict[Callable[[Any], object], None] | None = None  # registries and groups that must forget it

    context: Context | None = None  # the agent's own contextvars context
    task: Any = None  # the parked handler
    tasks: set[Any] | None = None  # asyncio tasks the agent owns
    failure: BaseException | None = None  # what an owned task failed with, while a handler unwinds
    exit_reason: Reason | None = None  # why it is exiting, while a handler unwinds
    limit: Any = None  # the timer that ends the wait for it

    stopping: Reason | None = None  # the reason `stop` gave
    cut_short: bool = False  # the start it waited for was, because it is to end
    farewell: tuple[Any, Any] | None = None  # (reply, value) to send once `terminate` has run
    deferred: dict[Any, None] | None = None  # calls taken over by `defer`
    continues: deque[Any] | None = None  # what `continue_with` asked for
    control: deque[Any] | None = None  # the control lane, served while suspended
    idle: Any = None  # the idle timer, and the loop time it is about
    idle_at: float = 0.0
    bound: Any = None  # the mailbox's limit and what happened at it
    trace: Any = None
