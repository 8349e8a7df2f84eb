"""Run a tree as a program: until it ends, or SIGINT or SIGTERM asks for an orderly stop (statements AP-5, AP-6)."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from cybernetic.apps.control.lines import ASK
from cybernetic.apps.control.server import ControlServer
from cybernetic.apps.signals import Interrupted, Signals
from cybernetic.core import CyberneticError, Normal, Shutdown, SystemStopped
from cybernetic.nodes import HostFailed, System, make_run
from cybernetic.runtime import Agent

A = TypeVar("A", bound=Agent)
Ts = TypeVarTuple("Ts")

Begin = Callable[[System], Awaitable[object]]

_log = logging.getLogger("cybernetic.apps")


def import_from_here() -> None:
    """Let this process, and those it makes, import modules from the current directory, as `python -m` does."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)


def run_tree(
    cls: Callable[[*Ts], A],
    /,
    *args: *Ts,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
    control: str | None = None,
) -> int:
    """Start `cls(*args)` as the permanent tree of a system of its own, and return when all has ended.

    SIGINT (Ctrl-C) and SIGTERM stop it in order: children in reverse order of their start, each within its own
    `shutdown`. A second signal ends it at once. Call it from the main thread, outside of any event loop.

    Args:
        cls: a supervisor or agent class, or a `functools.partial` of one.
        args: the arguments of its `__init__`.
        name: a name to register for it.
        options: the keyword arguments of `System`. Default: `tune_gc=True` alone.
        control: what `cybernetic tree`, `top`, `call` and `stop` know it by. Default: they do not.

    Returns:
        The exit status for `sys.exit`: 0 if it was asked to stop or ended in order, 1 if it could not start or
        ended by itself for an abnormal reason or by giving up; what happened stands on stderr.
    """

    def begin(system: System) -> Awaitable[object]:
        return system.start(cls, *args, name=name, type="permanent")

    return run_system({"tune_gc": True} if options is None else options, begin, control)


def run_system(options: Mapping[str, Any], begin: Begin, control: str | None) -> int:
    """Run a system until it ends or is asked to stop.

    Args:
        options: the keyword arguments of `System`.
        begin: what to do once it is open.
        control: what other commands know it by; None: they do not.

    Returns:
        The exit status, as `run_tree` says.
    """
    with asyncio.Runner() as runner:
        return runner.run(_serve(options, begin, control))


async def _serve(options: Mapping[str, Any], begin: Begin, control: str | None) -> int:
    signals = Signals()
    try:
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(signals)
            with signals.interrupting():
                system = await stack.enter_async_context(System(**options))
                if control is not None:
                    await stack.enter_async_context(_controlled(system, control, signals))
            if await signals.unless(_done(begin(system))) is None:
                raise Interrupted
            await signals.come.wait()
            return await _stop(system, signals)
    except Interrupted:
        say("stopped before all was started")
        return 0
    except SystemStopped as error:
        if signals.come.is_set():  # it was asked to stop in the same moment
            say("stopped")
            return 0
        return _ended(error.reason)
    except (CyberneticError, OSError) as error:
        say(str(error))
        return 1


async def _done(work: Awaitable[object]) -> None:
    await work


@contextlib.asynccontextmanager
async def _controlled(system: System, name: str, signals: Signals) -> AsyncIterator[None]:
    """Let other commands look into the system; where there is no safe place for that, it runs without."""
    try:
        run = make_run(name)
    except (HostFailed, OSError) as error:
        _log.warning("`cybernetic tree` and others will not find this system: %s", error)
        yield
        return
    try:
        async with contextlib.AsyncExitStack() as stack:
            try:
                server = ControlServer(system, run.path / ASK, name=run.name, stop=signals.ask)
                await stack.enter_async_context(server)
                _log.info("this system is called %s: see `cybernetic tree --system %s`", run.name, run.name)
            except (CyberneticError, OSError) as error:
                _log.warning("`cybernetic tree` and others will not find this system: %s", error)
            yield
    finally:
        run.remove()
        run.release()


async def _stop(system: System, signals: Signals) -> int:
    """A signal has come: stop in order, or at once when another comes."""
    say("stopping; once more to stop at once")
    signals.come.clear()
    if await signals.unless(system.stop()) is None:
        say("stopped at once")
        return 1
    say("stopped")
    return 0


def _ended(reason: object) -> int:
    """The tree has ended by itself."""
    if isinstance(reason, Normal):
        return 0
    why = " (it was shut down, or closed itself)" if reason == Shutdown() else ""
    trace = getattr(reason, "traceback", "")
    say(f"it has ended: {reason}{why}" + (f"\n{trace.rstrip()}" if trace else ""))
    return 1


def say(text: str) -> None:
    """Tell the person at the terminal, on stderr."""
    print(f"cybernetic: {text}", file=sys.stderr, flush=True)
