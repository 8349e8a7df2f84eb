"""The run queue: which agent runs next, for how long, and when the event loop gets its turn (decision 1)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from types import CoroutineType
from typing import Any

from cybernetic.core import Crash, InternalError
from cybernetic.runtime.flags import DEAD, OWN
from cybernetic.runtime.handling import raised, settle, start_async
from cybernetic.runtime.life import end as end_agent
from cybernetic.runtime.stepping import without_task
from cybernetic.runtime.turns import TURN, Turns

_log = logging.getLogger("cybernetic.engine")

SLICE = 0.005  # seconds after which the event loop gets a turn
NESTED = 16  # levels of a tree that start within one another; deeper ones take their turn in the queue
CHECK = 16  # turns at most between two looks at the clock


class Engine(Turns):
    """One process full of agents on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reports: Any, inline: bool = True) -> None:
        super().__init__(loop, reports, inline)
        self._queue: deque[Any] = deque()
        self.running = False
        self._slice_end: float | None = None  # when the event loop is to have its turn again
        self._helps = 0  # how often turns were given outside `_pump` since it had its last one
        self._between_looks = CHECK
        self._nested = 0  # how many first turns are under way inside one another
        self._inherited = tuple(self._base.items())  # what was set before the system began
        self.ready = self._wake

    @property
    def idle(self) -> bool:
        """Whether no agent waits for its turn."""
        return not self._queue

    def _wake(self, cell: Any) -> None:
        self._queue.append(cell)
        self.ready = self._queue.append
        self.loop.call_soon(self._pump, context=self._base)

    def _pump(self) -> None:
        """The event loop calls: run agents until none waits or the slice of time is over."""
        self._slice_end, self._helps = None, 0
        try:
            self._run(self.clock() + SLICE)
        finally:
            if self._queue:
                self.loop.call_soon(self._pump, context=self._base)
            else:
                self.ready = self._wake
        if self.interrupted is not None:
            error, self.interrupted = self.interrupted, None
            raise error

    def interrupt(self, error: BaseException) -> None:
        """A handler raised `KeyboardInterrupt` or `SystemExit`: the event loop is to end with it."""
        self.interrupted = error
        if not self.running:
            self.loop.call_soon(self._pump, context=self._base)

    def help(self) -> None:
        """Somebody outside begins to wait for an answer: run agents here and now, one of which may well give it.

        The event loop still gets its turn when a slice of time has passed since it had one, or after 64 answers.
        """
        if self.running or not self._queue or self._helps >= TURN:
            return
        self._helps += 1
        now = self.clock()
        if self._slice_end is None:
            self._slice_end = now + SLICE
        if now < self._slice_end:
            before, end = (self.current, self.ghost), self._slice_end
            without_task(self.loop, self._run, end)
            self.current, self.ghost = before

    def serve(self, take_in: Callable[[Any], None], messages: Any) -> None:
        """Call `take_in(messages)`, which brings messages from outside, and run the agents they are for at once.

        So answers leave without another pass of the event loop, as long as the slice of time lasts.
        """
        idle = self.ready == self._wake and not self.running
        if idle:
            self.ready = self._queue.append
        try:
            take_in(messages)
            if self._queue and not self.running:
                now = self.clock()
                if self._slice_end is None:
                    self._slice_end = now + SLICE
                if now < self._slice_end:
                    self._run(self._slice_end)
        finally:
            if idle and self._queue:
                self.loop.call_soon(self._pump, context=self._base)
            elif idle:
                self._slice_end, self.ready = None, self._wake

    def _run(self, end: float) -> None:
        """Give turns until nobody waits for one or loop time `end` is reached."""
        self.running = again = True
        try:
            while again and self._queue:
                try:
                    again = self._base.copy().run(self._drain, end)
                except Exception as error:
                    self.broken(error)
        finally:
            self.running = False
            self.current = self.ghost = None
            if self.outflow:
                self._let_out()

    def _let_out(self) -> None:
        """Agents have sent to other nodes: let it leave."""
        ways, self.outflow = self.outflow, {}
        for flush in ways:
            flush()

    def broken(self, error: Exception) -> None:
        """The library itself failed in a turn: its agent ends, the others go on."""
        cell = self.current or self.ghost
        _log.exception("a defect of the library, in a turn of %r", cell)
        if cell is not None:
            end_agent(
                cell, Crash.of(InternalError(f"a defect of the library: {type(error).__name__}: {error}"))
            )

    def _drain(self, end: float) -> bool:
        """Give turns. True: a turn has set a context variable, and the next one must begin with a clean context."""
        queue, base, clock = self._queue, self._base, self.clock
        clean = self._changed if self._inherited else None
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
            if copy_context() != base if clean is None else clean():
                self._keep_context(cell)
                return True
            looks -= 1
            if looks <= 0:
                now = clock()
                looks = self._look_again(now - before)
                before = now
                if now >= end or self.interrupted is not None:
                    return False
        return False

    def give_birth_now(self, cell: Any) -> None:
        """Give a new agent its first turn at once, in the middle of the turn of the one that starts it."""
        if self._nested >= NESTED:
            self.ready(cell)
            return
        before = self.current, self.ghost
        context = self._base.copy()
        self._nested += 1
        if not without_task(self.loop, context.run, self._special_turn, cell):
            self.ready(cell)
        elif context.run(self._changed) and not cell._flags & (DEAD | OWN):
            cell.details().context = context
            cell._flags |= OWN
        self._nested -= 1
        self.current, self.ghost = before

    def _changed(self) -> bool:
        """Whether a variable of the current context is another object than in the base, or is new or gone.

        Contexts compare their values with `==`, which is not what is asked, and may raise: so that is done only
        where the base is empty, and the number of variables decides.
        """
        context = copy_context()
        if len(context) != len(self._inherited):
            return True
        for variable, value in self._inherited:  # noqa: SIM110  after each turn of all: a generator costs more
            if context.get(variable, self) is not value:
                return True
        return False

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
