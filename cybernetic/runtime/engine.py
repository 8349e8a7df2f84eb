"""The run queue: which agent runs next, for how long, and when the event loop gets its turn (decision 1)."""

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from itertools import islice
from operator import length_hint
from types import CoroutineType
from typing import Any

from cybernetic.core import CallTimeout, loop_clock, token
from cybernetic.runtime.birth import give_birth
from cybernetic.runtime.cell import HIGH, function_name, high_water, outsider
from cybernetic.runtime.deadlines import Deadlines
from cybernetic.runtime.flags import (
    CONTINUES,
    DEAD,
    EMBRYO,
    IDLES,
    LONG,
    OWN,
    OWNER,
    PARKED,
    SUSPENDED,
    TERMINATING,
    TRACED,
)
from cybernetic.runtime.handling import raised, settle, start_async, unparked
from cybernetic.runtime.idling import arm_idle
from cybernetic.runtime.mailbox import inside
from cybernetic.runtime.stepping import runner, waited_for, without_task

TURN = 64  # messages an agent handles before others get a turn
SLICE = 0.005  # seconds after which the event loop gets a turn
THREADS = 64  # at most this many `run_blocking` at a time
CHECK = 16  # turns at most between two looks at the clock


class Engine:
    """One process full of agents on one event loop: their records, the run queue, and what is counted."""

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
        self.system: Any = None  # what `self.system` gives
        self.held_by: Counter[int] = Counter()  # serial -> how often it held the loop too long
        self.deadlines = Deadlines(loop, self.clock, self._expire)
        self.runner = runner(loop, unparked, inline)
        self.interrupted: BaseException | None = None  # a KeyboardInterrupt or SystemExit for the loop
        self.started = self.ended = self.dead_letters = self.bad_calls = self.zombies = self.high_waters = 0
        self._queue: deque[Any] = deque()
        self._base = copy_context()  # where most turns run; none of them may change it
        self._running = False
        self._slice_end: float | None = (
            None  # when the event loop is to get a turn, if turns are given outside `_pump`
        )
        self._serial = 0
        self._threads: ThreadPoolExecutor | None = None
        self._between_looks = CHECK
        self.ready: Any = self._wake  # put an agent into the run queue

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

    @property
    def idle(self) -> bool:
        """Whether no agent waits for its turn."""
        return not self._queue

    # The run queue.

    def _wake(self, cell: Any) -> None:
        self._queue.append(cell)
        self.ready = self._queue.append
        self.loop.call_soon(self._pump, context=self._base)

    def _pump(self) -> None:
        """The event loop calls: run agents until none waits or the slice of time is over."""
        self._slice_end = None
        self._run(self.clock() + SLICE)
        if self._queue:
            self.loop.call_soon(self._pump, context=self._base)
        else:
            self.ready = self._wake
        if self.interrupted is not None:
            error, self.interrupted = self.interrupted, None
            raise error

    def help(self, reply: Any) -> None:
        """Somebody outside begins to wait for `reply`: run agents here and now, which may well answer it.

        The event loop still gets its turn when a slice of time has passed since it had one.
        """
        if self._running or not self._queue:
            return
        now = self.clock()
        if self._slice_end is None:
            self._slice_end = now + SLICE
        if now < self._slice_end:
            before, end = (self.current, self.ghost), self._slice_end
            without_task(self.loop, self._run, end, reply)
            self.current, self.ghost = before

    def _run(self, end: float, reply: Any = None) -> None:
        """Give turns until none waits, loop time `end` is reached, or `reply` is there."""
        self._running = again = True
        try:
            while again and self._queue:
                again = self._base.copy().run(self._drain, end, reply)
        finally:
            self._running = False
            self.current = self.ghost = None

    def _drain(self, end: float, reply_to: Any) -> bool:
        """Give turns. True: a turn has set a context variable, and the next one must begin with a clean context."""
        queue, base, clock = self._queue, self._base, self.clock
        before, looks = clock(), self._between_looks
        while queue:
            cell = queue.popleft()
            if cell._flags:
                self._special_turn(cell)
            else:
                box = cell._box
                cell._box = []
                self.current = cell
                if len(box) == 1:  # by far the most common turn, so `_turn` is written out here for it
                    cell._entry = box[0]
                    fn, args, kwargs, _, reply = box[0]
                    try:
                        if kwargs is not None:
                            value = fn(cell._agent, *args, **kwargs)
                        elif len(args) == 1:
                            value = fn(cell._agent, args[0])
                        else:
                            value = fn(cell._agent, *args)
                        if type(value) is CoroutineType:
                            value = start_async(cell, value)
                    except BaseException as error:
                        raised(cell, error)
                    else:
                        if cell._flags:
                            settle(cell, value)
                        elif reply is not None:
                            reply.answer(value)
                    cell.reductions += 1
                    if cell._flags:
                        self._after(cell, ())
                    else:
                        cell._entry = None
                        if cell._box:
                            queue.append(cell)
                        else:
                            cell._box = None
                elif len(box) <= TURN:
                    cell._rest = iter(box)
                    self._turn(cell, cell._rest, len(box))
                else:
                    self._take_long(cell, box)
                    self._special_turn(cell)
            if copy_context() != base:
                self._keep_context(cell)
                return True
            looks -= 1
            if looks <= 0:
                now = clock()
                looks = self._look_again(now - before)
                before = now
                if now >= end or self.interrupted is not None:
                    return False
            if reply_to is not None and reply_to.done():
                return False
        return False

    def give_birth_now(self, cell: Any) -> None:
        """Give a new agent its first turn at once, in the middle of the turn of the one that starts it."""
        before = self.current, self.ghost
        context = self._base.copy()
        if not without_task(self.loop, context.run, self._special_turn, cell):
            self.ready(cell)
        elif context != self._base and not cell._flags & (DEAD | OWN):
            cell.details().context = context
            cell._flags |= OWN
        self.current, self.ghost = before

    def _look_again(self, took: float) -> int:
        """How many turns until the next look at the clock, so that a look comes about every fifth of a slice."""
        if took > SLICE / 4:
            self._between_looks = max(1, self._between_looks // 4)
        elif took < SLICE / 20:
            self._between_looks = min(CHECK, self._between_looks * 2)
        return self._between_looks

    def _keep_context(self, cell: Any) -> None:
        """A handler has set a context variable: from now on its agent's turns run in a context of their own."""
        if not cell._flags & (DEAD | OWN):
            details = cell.details()
            details.context = copy_context()
            cell._flags |= OWN

    # A turn.

    def _turn(self, cell: Any, entries: Any, count: int) -> None:
        """Handle up to `count` messages, one at a time; leave the agent idle, in the queue, or wherever it went."""
        agent, flags = cell._agent, cell._flags
        for entry in entries:
            cell._entry = entry
            fn, args, kwargs, _, reply = entry
            try:
                if kwargs is not None:
                    value = fn(agent, *args, **kwargs)
                elif len(args) == 1:
                    value = fn(agent, args[0])
                else:
                    value = fn(agent, *args)
                if type(value) is CoroutineType:
                    value = start_async(cell, value)
            except BaseException as error:
                raised(cell, error)
                if cell._flags != flags:
                    break
            else:
                if cell._flags != flags:
                    settle(cell, value)
                    if cell._flags != flags:
                        break
                elif reply is not None:
                    reply.answer(value)
        cell.reductions += count
        if cell._flags:
            self._after(cell, entries)
        else:
            cell._entry = cell._rest = None
            if cell._box:
                self._queue.append(cell)
            else:
                cell._box = None

    def _after(self, cell: Any, entries: Any) -> None:
        """The end of a turn of an agent that is special in some way."""
        flags = cell._flags
        if flags & DEAD:
            self.ghost = None
            return
        if not flags & LONG:
            left = length_hint(entries)
            cell.reductions -= left
            if left and cell._rest is entries:
                cell._flags |= LONG
            else:
                cell._rest = None
        if not flags & PARKED:
            self.turn_over(cell)

    def turn_over(self, cell: Any) -> None:
        """An agent has nothing running any more: it is idle, or waits for its next turn."""
        last, cell._entry = cell._entry, None
        flags = cell._flags
        if flags & LONG and not length_hint(cell._rest):
            cell._rest = None
            cell._flags = flags = flags & ~LONG
        if flags & IDLES:
            arm_idle(cell, last)
        if flags & SUSPENDED:
            if cell._details.control or flags & CONTINUES:
                self.ready(cell)
        elif cell._box or flags & (LONG | CONTINUES):
            self.ready(cell)
        else:
            cell._box = None

    def _take_long(self, cell: Any, box: Any) -> None:
        """Take over a mailbox of more messages than a turn handles."""
        if len(box) >= HIGH:
            high_water(cell, len(box))
        cell._rest = iter(box)
        cell._flags |= LONG

    def _special_turn(self, cell: Any) -> None:
        """A turn of an agent that is new, parked, suspended, traced, or runs in a context of its own."""
        flags = cell._flags
        if flags & DEAD:
            return
        if flags & PARKED:
            task = cell._details.task
            if task is not None and getattr(task, "due", False):
                cell._details.context.run(task.advance)
            return
        self.enter(cell)
        if flags & EMBRYO:
            self._birth(cell)
        else:
            entries, count = self._next_entries(cell)
            rest, before = cell._rest, 0 if cell._rest is None else length_hint(cell._rest)
            if flags & OWN:
                cell._details.context.run(self._turn, cell, entries, count)
            else:
                self._turn(cell, entries, count)
            if not count and rest is not None:
                cell.reductions += before - length_hint(rest)
        self.current = self.ghost = None

    def _birth(self, cell: Any) -> None:
        give_birth(cell)
        if not cell._flags & (DEAD | PARKED):
            self.turn_over(cell)

    def _next_entries(self, cell: Any) -> tuple[Any, int]:
        """What the next turn handles: what `continue_with` asked for, the control lane, or the mailbox.

        The number beside it is how many; 0 for a part of a long mailbox, where the iterator itself will tell.
        """
        flags, details = cell._flags, cell._details
        if flags & CONTINUES:
            first = details.continues.popleft()
            if not details.continues:
                cell._flags &= ~CONTINUES
            return iter((first,)), 1
        if flags & SUSPENDED:
            due = [details.control.popleft()] if details.control else []
            return iter(due), len(due)
        if flags & TRACED and cell._box is not None:
            return self._next_traced(cell)
        if not flags & LONG:
            box, cell._box = cell._box, []
            if len(box) <= TURN:
                cell._rest = iter(box)
                return cell._rest, len(box)
            self._take_long(cell, box)
        return islice(cell._rest, TURN), 0

    def _next_traced(self, cell: Any) -> tuple[Any, int]:
        """One message, written down before it is handled."""
        box = cell._gather()
        if not box:
            return iter(()), 0
        entry = box.pop(0)
        fn, args, _ = inside(entry)
        cell._details.trace.came_in(fn, args, entry[3])
        return iter((entry,)), 1

    # Deadlines.

    def _expire(self, reply: Any, seconds: float) -> None:
        """A call was not answered in time (CALL-3); the error names what the target was doing."""
        reply.fail(CallTimeout(reply.target, function_name(reply.what), seconds, busy_with(reply.target)))


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
    return function_name(cell._entry[0]) if cell._entry is not None else "a handler"
