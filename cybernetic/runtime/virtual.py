"""An event loop whose time is a number: waiting costs nothing, and the clock jumps to the next deadline."""

import asyncio
import contextlib
import functools
import heapq
import math
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from cybernetic.core import VirtualTimeDeadlock
from cybernetic.runtime.jobs import Jobs

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Ready = list[tuple[selectors.SelectorKey, int]]

_TOLERANCE = 1e-9  # how much before its deadline asyncio lets a timer fire, in seconds
_FEW_TIMERS = 1024  # below this many, cancelled timers are not worth sweeping
_TASKS_SHOWN = 10


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop on virtual time, for tests and simulations.

    Time moves only when nothing is ready: straight to the next timer's deadline. Sockets are polled as ever.
    While a thread works for the loop (`run_in_executor`, `outside`), time stands still and the loop waits for
    real; so it does when no timer is pending but a socket or a signal handler may still wake it. When nothing
    can wake it, `run_forever` raises `VirtualTimeDeadlock`. What jobs (`run_in_executor`) come to is known when nothing
    else is ready, in the order in which they were given, whichever thread is first.

    Args:
        seed: where the chance of this run begins; the loop only keeps it as `seed`, for those who draw.
            Default 0.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self._virtual_now = 0.0
        self._deadlines: list[tuple[float, int, asyncio.TimerHandle]] = []  # a heap; the number breaks ties
        self._deadlines_made = 0
        self._sweep_above = _FEW_TIMERS
        self._threads_at_work = 0
        self._jobs = Jobs()
        self._signals_handled: set[int] = set()
        self._files = _Selector(self._wait)
        super().__init__(self._files)
        self._own_files = len(self._files.get_map())

    def time(self) -> float:
        """Virtual seconds since the loop was made: at first 0.0; a timer's very deadline when it fires."""
        return self._virtual_now

    @property
    def quiet(self) -> bool:
        """Whether nothing but the caller is ready to run before time moves."""
        return not (self._ready or self._jobs or self._threads_at_work)  # type: ignore[attr-defined]

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call `callback(*args)` when `time()` is `when`, in seconds. Returns a handle that can cancel it."""
        handle = super().call_at(when, callback, *args, context=context)
        self._deadlines_made += 1
        heapq.heappush(self._deadlines, (when, self._deadlines_made, handle))
        if len(self._deadlines) > self._sweep_above:
            self._sweep()
        return handle

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """While this block runs a thread of your own is at work and will wake the loop: time stands still."""
        self._threads_at_work += 1
        try:
            yield
        finally:
            self._threads_at_work -= 1

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func(*args)` in a thread, as asyncio does; time stands still until its future is done."""
        return self._jobs.add(super().run_in_executor(executor, func, *args), self.create_future())

    async def shutdown_default_executor(self, *timeout: float | None) -> None:
        """Wait, for real, until the default executor's threads have ended (asyncio does it in a thread)."""
        with self.outside():
            await super().shutdown_default_executor(*timeout)

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[Ts]], Any], *args: *Ts) -> None:
        """Call `callback(*args)` when signal `sig` comes; a loop without timers then waits for it."""
        super().add_signal_handler(sig, callback, *args)
        self._signals_handled.add(sig)

    def remove_signal_handler(self, sig: int) -> bool:
        """Undo `add_signal_handler`; False when there was none."""
        self._signals_handled.discard(sig)
        return super().remove_signal_handler(sig)

    def _wait(self, poll: Callable[[float | None], Ready], timeout: float | None) -> Ready:
        """Instead of waiting `timeout` seconds: jump, wait for the outside, or give up."""
        ready = poll(0)
        if ready or (timeout is not None and timeout <= 0):
            self._nudge()
            self._jobs.busy()
            return ready
        if self._jobs:
            return self._jobs.rest(poll) or ready
        if self._threads_at_work:
            return poll(None)
        deadline = self._next_deadline()
        if deadline < math.inf:
            self._virtual_now = float(deadline)
            return ready
        if self._signals_handled or len(self._files.get_map()) > self._own_files:
            return poll(None)
        raise _deadlock(asyncio.all_tasks(self))

    def _nudge(self) -> None:
        """After half a year the tolerance drowns in the float; then a timer fires once time is past it."""
        if self._virtual_now + _TOLERANCE == self._virtual_now:
            self._virtual_now = math.nextafter(self._virtual_now, math.inf)

    def _next_deadline(self) -> float:
        """The earliest deadline ahead of now (asyncio has fired the others), infinity when there is none."""
        deadlines = self._deadlines
        while deadlines and (deadlines[0][0] <= self._virtual_now or deadlines[0][2].cancelled()):
            heapq.heappop(deadlines)
        return deadlines[0][0] if deadlines else math.inf

    def _sweep(self) -> None:
        """Forget cancelled timers. The limit doubles with what is left: as many pushes pay for a sweep."""
        self._deadlines = [entry for entry in self._deadlines if not entry[2].cancelled()]
        heapq.heapify(self._deadlines)
        self._sweep_above = max(_FEW_TIMERS, 2 * len(self._deadlines))


class _Selector(selectors.DefaultSelector):
    """The platform's selector, whose waiting is done by `wait(poll, timeout)`."""

    def __init__(self, wait: Callable[[Callable[[float | None], Ready], float | None], Ready]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> Ready:
        return self._wait(super().select, timeout)


def run_virtual(main: Coroutine[Any, Any, T], *, seed: int = 0, debug: bool = False) -> T:
    """Run `main` to its end on a fresh `VirtualTimeLoop` and return its result, as `asyncio.run` does.

    Args:
        main: the coroutine to run.
        seed: kept as the loop's `seed`, and named in the notes of what `main` raises. Default 0.
        debug: switches asyncio's debug mode on. Default False.

    Raises:
        VirtualTimeDeadlock: `main` waits for what can never happen.
    """
    with asyncio.Runner(debug=debug, loop_factory=functools.partial(VirtualTimeLoop, seed=seed)) as runner:
        try:
            return runner.run(main)
        except Exception as error:
            error.add_note(f"on virtual time, with seed {seed}")
            raise


def _deadlock(tasks: set[asyncio.Task[Any]]) -> VirtualTimeDeadlock:
    """The error that says so, with the first few of those who wait."""
    waiting = sorted(map(_describe, tasks))
    lines = waiting[:_TASKS_SHOWN]
    if len(waiting) > len(lines):
        lines.append(f"and {len(waiting) - len(lines)} more")
    return VirtualTimeDeadlock(
        "expected that something can still happen, but no callback is ready, no timer is pending, "
        "and no thread, socket or signal handler can wake the loop; waiting tasks: "
        + ("".join(f"\n  {line}" for line in lines) or "none")
    )


def _describe(task: asyncio.Task[Any]) -> str:
    """A task's name, what it runs, and the line where it waits."""
    what = getattr(task.get_coro(), "__qualname__", repr(task.get_coro()))
    where = "".join(f" at {frame.f_code.co_filename}:{frame.f_lineno}" for frame in task.get_stack(limit=1))
    return f"{task.get_name()}: {what}{where}"
