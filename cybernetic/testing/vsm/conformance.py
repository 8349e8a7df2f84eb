"""The invariants that every viable system should have, asked of one of your own, at each of its levels."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from cybernetic.runtime import run_virtual
from cybernetic.testing.vsm.arguments import hook, names, viable
from cybernetic.testing.vsm.bench import Subject, set_up
from cybernetic.testing.vsm.expecting import Idle, Untried
from cybernetic.testing.vsm.invariants import INVARIANTS
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.invariants.operations import UNITS
from cybernetic.testing.vsm.simulation import Before
from cybernetic.vsm import Task, ViableSystem

HERE = str(Path(__file__).parent)
ALL = tuple(one.name for one in INVARIANTS)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one invariant at one level.

    `why` says what was found where it does not hold, `untried` why it could not be tried; both are empty where it does.
    `idle`: it could not as none of the tasks was done.
    """

    invariant: Invariant
    path: str
    why: str = ""
    untried: str = ""
    idle: bool = False

    @property
    def holds(self) -> bool:
        """Whether it was tried, and does."""
        return not self.why and not self.untried

    def __str__(self) -> str:
        word = "FAILS" if self.why else "not tried" if self.untried else "holds"
        behind = f" ({self.untried})" if self.untried else ""
        return f"{word:<9} {self.invariant.name:<18} {self.path:<24} {self.invariant.says}{behind}"


@dataclass(frozen=True, slots=True)
class Conformance:
    """What came of all of them."""

    found: tuple[Found, ...]

    @property
    def passed(self) -> bool:
        """Whether all that could be tried hold, at all levels, and something could; and whether, wherever tasks were
        given to a level, some of them were done.
        """
        return not self.failures and not self.idle and any(one.holds for one in self.found)

    @property
    def failures(self) -> tuple[Found, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.found if one.why)

    @property
    def untried(self) -> tuple[Found, ...]:
        """Those that could not be tried on this system: it has nothing that they are about."""
        return tuple(one for one in self.found if one.untried)

    @property
    def idle(self) -> tuple[Found, ...]:
        """Those that could not be tried as none of the tasks was done: `task` has to make such that can be, and what
        they need has to be there (`before`).
        """
        return tuple(one for one in self.found if one.idle)

    def check(self) -> None:
        """Raises `AssertionError` naming each that does not hold, where, and why; also where none could be tried, and
        where one could not as no task was done.
        """
        wrong = [
            f"{one.invariant.name} at {one.path}: expected that {one.invariant.says}; {one.why}"
            for one in self.failures
        ]
        if self.idle:
            wrong += ["expected tasks (task=) that are done, with all that they need (before=), got:"]
            wrong += map(str, self.idle)
        elif not wrong:
            wrong += ["expected something to try the invariants on, got:", *map(str, self.untried)]
        assert self.passed, "\n" + "\n".join(wrong)

    def __str__(self) -> str:
        return "\n".join(map(str, self.found))


def _plain(n: int) -> Task:
    return Task("job", {}, id=f"task-{n}")


def conformance(
    cls: type[ViableSystem],
    *args: Any,
    task: Callable[[int], Task] = _plain,
    before: Before | None = None,
    only: Iterable[str] | None = None,
) -> Conformance:
    """Ask a viable system for its invariants, each in a fresh simulation, at each of its levels (T-REC).

    A level that has no units, here or elsewhere, fails whatever is asked for (`only`): without a system 1 it is none.
    What its levels keep (`data`) is in a directory of each simulation's own, and its units are all in this process.
    What a level elsewhere (`remote`) has a part in is tried where it is heard of: `before` may start it.

    Args:
        cls: the viable system.
        *args: its arguments.
        task: makes the n-th task that its units can do, with ids that differ. Default: `Task("job", {})`. A task
            whose `to` is within a level stays with whom it is for; it is not tried at levels that this one is not in.
        before: `async def before(system)` starts what the units call, such as agents of your own, before each
            simulation: `await system.start(Writer, name="writer")`. Default None: there is nothing.
        only: the names of the invariants asked for, such as "T-S1-autonomy". Default None: all.

    Raises `OptionError`, `ArgumentsError` for a function of other arguments, and what the start of the system and
    `before` raise.
    """
    viable(cls)
    hook("task", task, "n")
    if before is not None:
        hook("before", before, "system")
    asked = names("only", ALL if only is None else only, ALL)
    subject = Subject(cls, args, task, before)
    levels = run_virtual(_levels(subject))
    wanted = [one for one in INVARIANTS if one.name in asked]
    bare = [Found(UNITS, path, why) for path, why in levels.items() if why]
    return Conformance((*bare, *(_asked(subject, one, path) for one in wanted for path in levels)))


async def _levels(subject: Subject) -> dict[str, str]:
    """The paths of the levels, each with why it is no viable system at all; empty: it may be one."""
    found = {}
    async with set_up(subject) as bench:
        for path in await bench.company.ref.call(ViableSystem.levels):
            try:
                await UNITS.ask(replace(bench, path=path))
                found[path] = ""
            except AssertionError as error:
                found[path] = str(error)
    return found


def _asked(subject: Subject, invariant: Invariant, path: str) -> Found:
    async def ask() -> None:
        async with set_up(subject, path) as bench:
            await invariant.ask(bench)

    try:
        run_virtual(ask())
    except Untried as error:
        return Found(invariant, path, untried=str(error), idle=isinstance(error, Idle))
    except AssertionError as error:
        return Found(invariant, path, str(error) or "it does not")
    except Exception as error:
        return Found(invariant, path, _words(error))
    return Found(invariant, path)


def _words(error: Exception) -> str:
    """What was raised; and where, if it does not say what is wrong."""
    name, text = type(error).__name__, str(error)
    if text:
        return f"{name}: {text}"
    ours = [one for one in extract_tb(error.__traceback__) if one.filename.startswith(HERE)]
    at = f", in `{ours[-1].line}`" if ours else ""
    return f"{name} without a word{at}"
