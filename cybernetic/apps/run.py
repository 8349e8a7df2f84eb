"""Run a tree as a program: until it ends, or SIGINT or SIGTERM asks for an orderly stop (statements AP-5, AP-6)."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

from cybernetic.core import ArgumentsError, Normal, OptionError, Shutdown, StartFailed, SystemStopped
from cybernetic.nodes import System
from cybernetic.runtime import Agent

A = TypeVar("A", bound=Agent)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_tree(cls: Callable[[*Ts], A], /, *args: *Ts, name: str | None = None) -> int:
    """Start `cls(*args)` as the permanent tree of a system of its own, and return when all has ended.

    SIGINT (Ctrl-C) and SIGTERM stop it in order: children in reverse order of their start, each within its own
    `shutdown`. A second signal ends it at once. Call it from the main thread, outside of any event loop.

    Args:
        cls: a supervisor or agent class, or a `functools.partial` of one.
        args: the arguments of its `__init__`.
        name: a name to register for it.

    Returns:
        The exit status for `sys.exit`: 0 if it was asked to stop or ended in order, 1 if it could not start or
        ended by itself for an abnormal reason or by giving up; what happened stands on stderr.
    """
    with asyncio.Runner() as runner:
        return runner.run(_serve(cls, args, name))


async def _serve(cls: Callable[..., Agent], args: tuple[Any, ...], name: str | None) -> int:
    """Run the tree; returns the exit status."""
    try:
        async with System(tune_gc=True) as system:
            with _Signals() as signals:
                start = system.start(cls, *args, name=name, type="permanent")
                if await signals.unless(start) is None:
                    _say("stopped before all was started")
                    return 0
                await signals.come.wait()
                return await _stop(system, signals)
    except SystemStopped as error:
        return _ended(error.reason)
    except (StartFailed, ArgumentsError, OptionError) as error:
        _say(str(error))
        return 1


async def _stop(system: System, signals: "_Signals") -> int:
    """A signal has come: stop in order, or at once when another comes."""
    _say("stopping; once more to stop at once")
    signals.come.clear()
    if await signals.unless(system.stop()) is None:
        _say("stopped at once")
        return 1
    _say("stopped")
    return 0


def _ended(reason: object) -> int:
    """The tree has ended by itself."""
    if isinstance(reason, Normal):
        return 0
    gave_up = " (it gave up, or was shut down; the log says for which child)" if reason == Shutdown() else ""
    trace = getattr(reason, "traceback", "")
    _say(f"it has ended: {reason}{gave_up}" + (f"\n{trace.rstrip()}" if trace else ""))
    return 1


def _say(text: str) -> None:
    print(f"cybernetic: {text}", file=sys.stderr, flush=True)


class _Signals:
    """Listens for SIGINT and SIGTERM; `come` is set when one has come."""

    def __init__(self) -> None:
        self.come = asyncio.Event()

    def __enter__(self) -> "_Signals":
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError):  # Windows: there Ctrl-C raises KeyboardInterrupt
                asyncio.get_running_loop().add_signal_handler(number, self.come.set)
        return self

    def __exit__(self, *_: object) -> None:
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)

    async def unless(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T] | None":
        """Do `work`; returns its finished task, or None, and the work is cancelled, if a signal comes first."""
        job = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self.come.wait())
        try:
            await asyncio.wait([job, alarm], return_when=asyncio.FIRST_COMPLETED)
            finished = job.done()
        finally:
            for task in (job, alarm):
                task.cancel()
            await asyncio.gather(job, alarm, return_exceptions=True)
        if finished:
            job.result()
        return job if finished else None
