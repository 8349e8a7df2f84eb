"""A viable system in simulated time: an hour of it takes seconds, and the same seed gives the same hour."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from cybernetic.core import Chance, number, whole
from cybernetic.nodes import System
from cybernetic.runtime import run_virtual
from cybernetic.testing.vsm.apart import apart
from cybernetic.testing.vsm.arguments import hook, names, viable
from cybernetic.testing.vsm.trace import traced
from cybernetic.vsm import Page, Status, Task, ViableSystem

BEGUN = 1.0  # seconds after which the first contracts are out
ABLATIONS = ("algedonic", "s2", "s3", "s3star", "s4", "s5")

Work = Callable[["Company", Chance], Any]
Before = Callable[[System], Any]


@dataclass(frozen=True, slots=True)
class Done:
    """One task of a run: when it was submitted and how long it took (seconds), and why it failed, if it did."""

    id: str
    kind: str
    at: float
    seconds: float
    good: bool
    why: str = ""


@dataclass(slots=True)
class Company:
    """The viable system as the work of a run sees it.

    Attributes:
        ref: its address, for messages of one's own.
        tasks: what has been done so far.
    """

    ref: Any
    tasks: list[Done] = field(default_factory=list)

    async def submit(self, task: Task) -> Any:
        """Have a task done, and note what came of it; None where it failed."""
        loop = asyncio.get_running_loop()
        at = loop.time()
        try:
            performed = await self.ref.within(None).call(ViableSystem.submit, task)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            self.tasks.append(Done(task.id, task.kind, at, loop.time() - at, False, why))
            return None
        good = performed.outcome.good
        self.tasks.append(Done(task.id, task.kind, at, loop.time() - at, good))
        return performed


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    Attributes:
        seconds: of simulated time it took.
        tasks: what was submitted, in the order in which it ended.
        levels: how each level was at the end, by path.
        pages: calls for a human, with their times.
        log: what stands in the books of each level, by path.
        hash: of the tasks, the pages and the log: equal for equal seeds.
    """

    seconds: float
    tasks: tuple[Done, ...]
    levels: dict[str, Status]
    pages: tuple[tuple[float, Page], ...]
    log: dict[str, tuple[Any, ...]]
    hash: str

    @property
    def good(self) -> int:
        """How many tasks were done well."""
        return sum(one.good for one in self.tasks)


class Notebook:
    """The human of a simulation: pages are noted."""

    def __init__(self) -> None:
        self.pages: list[tuple[float, Page]] = []

    def page(self, page: Page) -> None:
        """Note it."""
        self.pages.append((asyncio.get_running_loop().time(), page))

    def resolve(self, key: Any) -> None:
        """Nothing more is to be done."""


def run(
    cls: type[ViableSystem],
    *args: Any,
    hours: float = 1.0,
    seed: int = 7,
    without: Iterable[str] = (),
    work: Work | None = None,
    before: Before | None = None,
) -> Run:
    """Let a viable system live for a while in simulated time. What its levels keep (`data`) is in a directory of that
    hour's, and its units are all in this process.

    Args:
        cls: the viable system.
        *args: its arguments.
        hours: how long, > 0.
        seed: of everything that chance decides.
        without: systems that are taken out after the first second, when all have begun:
            "s2", "s3", "s3star", "s4", "s5", "algedonic".
        work: `async def work(company, chance)` submits its tasks (`await company.submit(Task(...))`) and ends when it
            will; what it leaves running is ended with the run. Default None: nothing to do.
        before: `async def before(system)` starts what the units call, such as agents of your own, before the viable
            system starts: `await system.start(Writer, name="writer")`. Default None: there is nothing.

    Raises `OptionError`, `ArgumentsError` for a function of other arguments, what the start raises, and what `work` and
    `before` raise.
    """
    viable(cls)
    seconds = number("hours", hours, above=0) * 3600.0
    whole("seed", seed, most=inf)
    gone = names("without", without, ABLATIONS)
    if work is not None:
        hook("work", work, "company", "chance")
    if before is not None:
        hook("before", before, "system")
    return run_virtual(_lived(cls, args, seconds, seed, gone, work, before), seed=seed)


async def _lived(
    cls: type[ViableSystem],
    args: tuple[Any, ...],
    seconds: float,
    seed: int,
    without: Sequence[str],
    work: Work | None,
    before: Before | None,
) -> Run:
    human = Notebook()
    with apart(cls, human) as under:
        async with System(seed=seed) as system:
            await prepared(before, system)
            company = Company(await system.start(under, *args))
            if without:
                await asyncio.sleep(BEGUN)
                await company.ref.within(None).call(ViableSystem.ablate, *without)
            await _worked(company, Chance(seed), seconds, work)
            levels, log = await _ended(system, company)
            tasks, pages = tuple(company.tasks), tuple(human.pages)
            took = asyncio.get_running_loop().time()
    return Run(took, tasks, levels, pages, log, traced((tasks, pages, log)))


async def _ended(system: System, company: Company) -> tuple[dict[str, Status], dict[str, tuple[Any, ...]]]:
    """How each level is in the end, and what stands in its books, by path."""
    levels, log = {}, {}
    for path in await company.ref.call(ViableSystem.levels):
        level = company.ref if "/" not in path else system.named(path, ViableSystem)
        levels[path] = await level.call(ViableSystem.status)
        log[path] = await logged(level)
    return levels, log


async def logged(level: Any, kind: str | None = None) -> tuple[Any, ...]:
    """All that stands in the books of a level, or all of a kind."""
    entries: list[Any] = []
    while more := await level.call(ViableSystem.decisions, entries[-1].number if entries else 0, kind):
        entries += more
    return tuple(entries)


async def _worked(company: Company, chance: Chance, seconds: float, work: Work | None) -> None:
    """Let the work go on for so long, beside the rest of life. Raises what it raises, as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            doing = [group.create_task(_begun(work, company, chance))] if work is not None else []
            await asyncio.sleep(seconds)
            for one in doing:
                one.cancel()
    except BaseExceptionGroup as group_of_one:
        raise group_of_one.exceptions[0] from None


async def _begun(work: Work, company: Company, chance: Chance) -> None:
    await _awaited(work(company, chance))


async def prepared(before: Before | None, system: System) -> None:
    """Let what the units call be there. Raises what `before` raises."""
    if before is not None:
        await _awaited(before(system))


async def _awaited(result: Any) -> None:
    if inspect.isawaitable(result):
        await result
