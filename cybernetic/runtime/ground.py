"""What the agents of one process share: their records and names, who acts, counters, deadlines, threads."""

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any

from cybernetic.core import CallTimeout, loop_clock, token
from cybernetic.runtime.cell import function_name, outsider
from cybernetic.runtime.deadlines import Deadlines
from cybernetic.runtime.flags import DEAD, OWNER, PARKED, SUSPENDED, TERMINATING, TRACED
from cybernetic.runtime.handling import unparked
from cybernetic.runtime.mailbox import inside
from cybernetic.runtime.stepping import runner, waited_for

THREADS = 64  # at most this many `run_blocking` at a time


class Ground:
    """The part of an engine that every other file of the room relies on. `ready(cell)` queues an agent for a turn."""

    ready: Any

    def __init__(self, loop: asyncio.AbstractEventLoop, reports: Any, inline: bool = True) -> None:
        self.loop = loop
        self.clock = loop_clock(loop)
        self.reports = reports
        self.node = token(3)
        self.agents: dict[int, Any] = {}  # serial -> every living agent, oldest first
        self.names: dict[str, Any] = {}
        self.current: Any = None  # the agent whose turn it is
        self.ghost: Any = None  # in its place: one that is traced, or has ended while its handler runs
        self.dying: deque[Any] = deque()
        self.unwinding: dict[Any, None] = {}  # cancelled handlers of agents that have ended
        self.timers: set[Any] = set()
        self.elsewhere: Any = None  # starts children on other nodes, where there are any
        self.spread: Any = None  # tells other nodes what groups and topics share, where there are any
        self.buried: Any = None  # serial -> address of an agent that has ended, while others may name it
        self.outflow: dict[Any, None] = {}  # to be called after turns that have sent to other nodes
        self.transfer: Any = None  # (value, what) -> its copy, where messages are held to what could travel
        self.closing = False  # no agent may be started any more
        self.system: Any = None  # what `self.system` gives
        self.held_by: Counter[int] = Counter()  # serial -> how often it held the loop too long
        self.deadlines = Deadlines(loop, self.clock, _expire)
        self.runner = runner(loop, unparked, inline)
        self.interrupted: BaseException | None = None  # a KeyboardInterrupt or SystemExit for the loop
        self.started = self.ended = self.dead_letters = self.bad_calls = self.zombies = self.high_waters = 0
        self._base = copy_context()  # where most turns run; none of them may change it
        self._serial = 0
        self._threads: ThreadPoolExecutor | None = None

    def next_serial(self) -> int:
        """A number no other agent of this node has had."""
        self._serial += 1
        return self._serial

    def fresh_context(self) -> Context:
        """A context in which nothing was set by any agent, or, inside a turn, as this turn has left it."""
        return copy_context() if self.current is not None else self._base.copy()

    def actor(self, cell: Any) -> Any:
        """What `current` is to be while the agent runs: itself, or None if its sends need a closer look."""
        return None if cell._flags & (DEAD | TRACED) else cell

    def enter(self, cell: Any) -> tuple[Any, Any]:
        """Code of `cell` runs now, until `leave`, which is given what this returns."""
        before = self.current, self.ghost
        self.current = self.actor(cell)
        self.ghost = cell if self.current is None else None
        return before

    def leave(self, before: tuple[Any, Any]) -> None:
        """The code that `enter` announced has returned."""
        self.current, self.ghost = before

    def acting(self) -> Any:
        """The agent whose turn, or whose task, this is; None outside of agents, and for one that has ended."""
        acting = self.current or OWNER.get() or self.ghost
        return None if acting is None or acting._flags & DEAD else acting

    def sends(self, target: Any, fn: Any, args: tuple[Any, ...]) -> Any:
        """Who sends now: an agent, None, or `DROP` if it has ended and must not."""
        return outsider(self, target, fn, args) if self.current is None else self.current

    def threads(self) -> ThreadPoolExecutor:
        """The threads of `run_blocking`, made when first needed."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cybernetic")
        return self._threads

    def close(self) -> None:
        """Cancel what waits for a time, let go of the threads."""
        self.deadlines.close()
        for timer in tuple(self.timers):
            timer.cancel()
        self.reports.close()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _expire(reply: Any, seconds: float) -> None:
    """A call was not answered in time (CALL-3); the error names what the target was doing."""

    def fail(doing: str | None) -> None:
        reply.fail(CallTimeout(reply.target, function_name(reply.what), seconds, doing))

    if not reply.asks(fail):
        fail(busy_with(reply.target))


def busy_with(cell: Any) -> str | None:
    """What an agent is doing or waiting for, in words; None if that is not known."""
    details = cell._details
    if cell._flags & SUSPENDED:
        return "suspended"
    if cell._flags & PARKED and details is not None:
        doing = "terminate" if cell._flags & TERMINATING else _handler(cell)
        waits = waited_for(details.task)
        target = getattr(waits, "target", None)
        if target is not None:
            return f"in {doing}, waiting for {target} to answer {function_name(waits.what)}"
        return f"in {doing}, waiting for {waits!r}" if waits is not None else f"in {doing}"
    return f"working through {cell.length()} messages" if cell.length() else None


def _handler(cell: Any) -> str:
    return function_name(inside(cell._entry)[0]) if cell._entry is not None else "a handler"
