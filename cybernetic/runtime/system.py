"""`System`: one process full of agents, and the parent of what is started outside of agents."""

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator
from math import inf
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, TypeVarTuple, overload

from cybernetic.core import (
    CallFailed,
    CallingSelf,
    CallTimeout,
    Chance,
    Kill,
    NoConnection,
    NoProc,
    Normal,
    NotRunning,
    OptionError,
    Reason,
    StopFailed,
    SystemStopped,
    flag,
    number,
    one_of,
    real_time,
    seconds,
    whole,
)
from cybernetic.runtime import birth, ending, life
from cybernetic.runtime.address import Address, Named
from cybernetic.runtime.agent import Agent
from cybernetic.runtime.cell import Ref
from cybernetic.runtime.engine import Engine
from cybernetic.runtime.flags import DEAD, DROP, EXITING, FOREIGN
from cybernetic.runtime.inspector import Inspector
from cybernetic.runtime.notices import Name
from cybernetic.runtime.portal import Portal
from cybernetic.runtime.reports import Reports
from cybernetic.runtime.watchdog import Watchdog

A = TypeVar("A", bound=Agent)
Ts = TypeVarTuple("Ts")
Type = Literal["permanent", "transient", "temporary"]

_log = logging.getLogger("cybernetic.system")

HELD_SECONDS = 0.1


class LocalSystem:
    """A system of one process: what `System` of room `nodes` is made of.

    Args:
        transfer: a function `(value, what)` that copies a value as a journey to another process would, or raises
            `CannotTravel`; None: messages are handed over as they are.
        watchdog, seed, tune_gc, inline: as for `System`.
    """

    def __init__(
        self,
        *,
        transfer: Callable[[Any, str], Any] | None = None,
        watchdog: float | Literal["auto"] | None = "auto",
        seed: int | None = None,
        tune_gc: bool = False,
        inline: bool = True,
    ) -> None:
        if watchdog is not None and watchdog != "auto":
            number("watchdog", watchdog, above=0)
        self._limit = watchdog
        self._transfer = transfer
        self._tune_gc, self._inline = flag("tune_gc", tune_gc), flag("inline", inline)
        self._seed = seed if seed is None else whole("seed", seed, most=inf)
        self._engine: Engine | None = None
        self._ended: Reason | None = None
        self._tops: dict[Any, Type] = {}
        self._body: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._stopping: asyncio.Future[None] | None = None
        self._watchdog: Watchdog | None = None
        self._gc_before: tuple[int, int, int] | None = None

    async def __aenter__(self) -> Self:
        if self._engine is not None:
            raise (
                SystemStopped(self._ended)
                if self._ended is not None
                else OptionError("System", "one block", "a second")
            )
        loop = asyncio.get_running_loop()
        self._engine = engine = Engine(loop, Reports(), self._inline)
        engine.system, engine.transfer = self, self._transfer
        self.chance = Chance(getattr(loop, "seed", None) if self._seed is None else self._seed)
        self._body = asyncio.current_task()
        limit = self._limit
        if limit == "auto":
            limit = HELD_SECONDS if real_time(loop) else None
        if limit is not None:
            self._watchdog = Watchdog(engine, limit)
        if self._tune_gc:
            self._gc_before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(100_000, 50, 100)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = self._ended
        body, self._body = self._body, None
        await self.stop()
        if self._cancelled and failed is not None:
            others = body.uncancel() if body is not None else 0
            if others and isinstance(error, asyncio.CancelledError):
                return  # somebody else cancelled it as well
            raise SystemStopped(failed) from error

    # Starting.

    async def start(
        self,
        cls: Callable[[*Ts], A],
        /,
        *args: *Ts,
        name: str | Name | None = None,
        type: Type | None = None,
        start_timeout: float | None = None,
    ) -> Ref[A]:
        """Start an agent or a tree, and wait until all of it is up.

        Args:
            cls: the class, or a `functools.partial` of it for keyword arguments.
            args: the arguments of its `__init__`.
            name: a name to register.
            type: what its end means for the system (AP-6): "permanent" stops the system, "transient" does unless it
                ended with `Normal()`, "temporary" is only reported. Default: "permanent" for a supervisor, else
                "temporary".
            start_timeout: seconds it may take, or None for no limit.

        Raises:
            StartFailed: with the reason; nothing is left of it.
            StartIgnored: it raised `Ignore`.
            AlreadyStarted: the name is held.
            ArgumentsError: the arguments do not fit.
        """
        if type is not None:
            one_of("type", type, ("permanent", "transient", "temporary"))
        limit = seconds("start_timeout", start_timeout, none="no limit")
        early: list[Reason] = []

        def ended(reason: Reason) -> None:
            if ref is None:
                early.append(reason)
            else:
                self._top_ended(ref, reason)

        ref: Ref[A] | None = None
        ref = await birth.start(self._running(), cls, args, name=name, timeout=limit, ended=ended)
        assert ref is not None
        self._tops[ref] = type or ("permanent" if ref.cls.agent_type == "supervisor" else "temporary")
        if early:
            self._top_ended(ref, early[0])
        return ref

    def spawn(self, cls: Callable[[*Ts], A], /, *args: *Ts, name: str | Name | None = None) -> Ref[A]:
        """Start an agent without waiting; its end is only reported. Raises `AlreadyStarted`, `ArgumentsError`."""
        ref: Ref[A] = birth.spawn(self._running(), cls, args, name=name)
        return ref

    # Finding.

    @overload
    def whereis(self, name: str) -> Ref[Any] | None: ...
    @overload
    def whereis(self, name: str, cls: type[A]) -> Ref[A] | None: ...
    def whereis(self, name: str, cls: type[Agent] = Agent) -> Ref[Any] | None:
        """The agent that holds `name` now, or None. Raises `OptionError` if it is not of class `cls`."""
        found = self._running().names.get(_name(name))
        if found is not None and not issubclass(found.cls, cls):
            raise OptionError(f"whereis {name!r}", f"an agent of class {cls.__name__}", found)
        return found

    def named(self, name: str, cls: type[A]) -> Named[A]:
        """An address by name: resolved at every use, so it survives restarts of who holds it."""
        return Named(self._running(), _name(name), birth.protocol_of(cls))

    def alive(self, ref: Address[Any]) -> bool:
        """Whether the agent has neither ended nor begun to exit (P-11)."""
        cell = _address(ref)._find()
        return cell is not None and not cell._flags & (DEAD | EXITING)

    async def wait(self, ref: Address[Any]) -> Reason:
        """Wait until the agent has ended; returns the reason, `NoProc()` if there is none."""
        cell = _address(ref)._find()
        if cell is not None and cell is cell._engine.current:
            raise CallingSelf(cell, "return from the handler")
        return NoProc() if cell is None else await ending.death_of(cell)

    def agents(self) -> Iterator[Ref[Any]]:
        """Every living agent, oldest first."""
        return iter(tuple(self._running().agents.values()))

    @property
    def names(self) -> dict[str, Ref[Any]]:
        """A copy of the table of names."""
        return dict(self._running().names)

    def statistics(self) -> dict[str, int]:
        """Counters since the start: agents living, started, ended; dead letters, bad calls, zombies, reports."""
        engine = self._running()
        return {
            "agents": len(engine.agents),
            "started": engine.started,
            "ended": engine.ended,
            "dead_letters": engine.dead_letters,
            "bad_calls": engine.bad_calls,
            "zombies": engine.zombies,
            "high_waters": engine.high_waters,
            "loop_held": engine.held_by.total(),
            "reports": engine.reports.written,
            "reports_suppressed": engine.reports.suppressed,
        }

    @property
    def idle(self) -> bool:
        """Whether no agent waits for its turn. Handlers that wait for something else do not count."""
        return self._running().idle

    # Ending.

    async def drain(self, timeout: float | None = None) -> bool:
        """Wait until no agent has a message to handle or a handler at work, at most `timeout` seconds.

        Returns whether that was reached. New messages are still taken.
        """
        engine = self._running()
        limit = seconds("timeout", timeout, none="no limit")
        end = None if limit is None else engine.clock() + limit
        pause = 0.001
        while not engine.idle or any(cell._box is not None for cell in engine.agents.values()):
            if end is not None and engine.clock() >= end:
                return False
            await asyncio.sleep(pause)
            pause = min(0.05, pause * 2)
        return True

    async def stop(self) -> None:
        """Stop everything: trees in reverse order of their start, then what else still runs, newest first."""
        engine = self._running_or_stopped()
        if engine is None:
            return
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
            return
        self._stopping = engine.loop.create_future()
        try:
            for cell in reversed(tuple(self._tops)):
                await ending.shut_down(cell, cell.details().shutdown, life.ROOT)
            engine.closing = True
            while engine.agents:
                cell = next(reversed(engine.agents.values()))
                limit = cell.details().shutdown
                await ending.shut_down(cell, 5.0 if limit is None else limit, life.ROOT)
            for task in tuple(engine.unwinding):
                await asyncio.wait([task], timeout=life.ZOMBIE_SECONDS)
            await self._left()
        finally:
            self._close(engine)
            self._stopping.set_result(None)

    async def _left(self) -> None:
        """Every agent has ended: what else the system is made of may end now."""

    def _close(self, engine: Engine) -> None:
        for cell in tuple(engine.agents.values()):
            life.signal(cell, Kill(), None)
        engine.close()
        if self._ended is None:
            self._ended = Normal()
        if self._watchdog is not None:
            self._watchdog.close()
        if self._gc_before is not None:
            gc.set_threshold(*self._gc_before)
            gc.unfreeze()

    def _top_ended(self, cell: Any, reason: Reason) -> None:
        """A tree has ended: by its type the system goes on, or stops (AP-6)."""
        kind = self._tops.pop(cell, "temporary")
        if self._stopping is not None or self._ended is not None:
            return
        if kind == "temporary" or (kind == "transient" and isinstance(reason, Normal)):
            _log.info("%r has ended: %r", cell, reason)
            return
        _log.log(
            logging.INFO if isinstance(reason, Normal) else logging.ERROR,
            "%r has ended, so the system stops: %s",
            cell,
            reason,
        )
        self._ended = reason
        if self._body is not None:
            self._cancelled = True
            self._body.cancel()

    # Other threads.

    def portal(self) -> Portal:
        """The door for other threads: `portal.call(ref, Counter.add, 1)` blocks there and works here."""
        return Portal(self._running().loop)

    # What addresses ask for.

    def send_exit(self, cell: Any, reason: Reason) -> None:
        """Send an exit signal; its sender is the agent whose turn it is, if any. `Address.exit` comes here."""
        if cell._engine.transfer is not None:
            reason = cell._engine.transfer(reason, "reason")
        sender = cell._engine.sends(cell, "exit", (reason,))
        if sender is not DROP:
            life.signal(cell, reason, sender)

    async def stop_agent(self, cell: Any, reason: Reason | None, timeout: float | None) -> None:
        """Ask an agent to stop and wait until it has (CALL-11). `Address.stop` comes here."""
        asked = Normal() if reason is None else reason
        if not isinstance(asked, Reason):
            raise OptionError("reason", "a Reason such as Shutdown() or Normal()", asked)
        caller = cell._engine.acting()
        if caller is cell:
            raise CallingSelf(cell, "use self.stop()")
        if cell._flags & DEAD:
            raise CallFailed(cell, "stop", cell.absence)
        death = ending.death_of(cell)
        ending.ask_to_stop(cell, asked, caller)
        try:
            async with asyncio.timeout(timeout):
                ended = await death
        except TimeoutError:
            raise CallTimeout(cell, "stop", timeout or 0.0) from None
        if ended != asked and isinstance(ended, NoProc | NoConnection):
            raise CallFailed(cell, "stop", ended)
        if ended != asked:
            raise StopFailed(cell, asked, ended)

    def inspector(self, cell: Any) -> Inspector:
        """The debug port of an agent of this node. `Address.inspect` comes here."""
        if cell._flags & FOREIGN:
            raise OptionError("inspect", "an agent of this node", cell)
        return Inspector(cell)

    def _running(self) -> Engine:
        engine = self._running_or_stopped()
        if engine is None:
            if self._engine is None:
                raise NotRunning("a System that was not entered (expected `async with System() as system:`)")
            raise SystemStopped(self._ended)
        return engine

    def _running_or_stopped(self) -> Engine | None:
        done = self._stopping is not None and self._stopping.done()
        return None if done else self._engine


def _address(ref: Any) -> Address[Any]:
    if not isinstance(ref, Address):
        raise OptionError("ref", "an address (Ref or Named)", ref)
    return ref


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise OptionError("name", "a string that is not empty", name)
    return name
