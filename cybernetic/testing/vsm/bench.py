"""What an invariant is asked of: a fresh viable system in simulated time, and one of its levels."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from cybernetic.nodes import System
from cybernetic.testing.vsm.simulation import Company, Notebook
from cybernetic.vsm import Task, ViableSystem


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested: a class, its arguments, and how to make a task for it."""

    cls: type[ViableSystem]
    args: tuple[Any, ...]
    task: Callable[[int], Task]


@dataclass(slots=True)
class Bench:
    """A viable system that has just started, and the level of it that an invariant is about.

    Attributes:
        path: of the level.
        human: who is paged.
    """

    subject: Subject
    system: System
    company: Company
    path: str
    human: Notebook
    made: int = 0

    @property
    def level(self) -> Any:
        """The address of the level."""
        return self.company.ref if "/" not in self.path else self.system.named(self.path, ViableSystem)

    def part(self, role: str, cls: Any) -> Any:
        """A part of the level, by its role."""
        return self.system.named(f"{self.path}:{role}", cls)

    def parts(self, role: str) -> list[str]:
        """The paths of the level's units that have a part of this role, as far as names tell."""
        found = (name.removesuffix(f":{role}") for name in self.system.names if name.endswith(f":{role}"))
        return sorted(path for path in found if path.rpartition("/")[0] == self.path)

    async def work(self, count: int) -> int:
        """Have so many tasks done by the level, all at once; how many were done well."""
        tasks = [replace(self.subject.task(self.made + n), to=self.path) for n in range(count)]
        self.made += count
        found = await asyncio.gather(*(self.company.submit(task) for task in tasks))
        return sum(one is not None and one.outcome.good for one in found)

    async def ablate(self, *systems: str) -> None:
        """Take systems out of the whole."""
        await self.company.ref.within(None).call(ViableSystem.ablate, *systems)

    def units(self) -> list[str]:
        """The paths of the operations at and below the level, as far as names tell."""
        names = frozenset(self.system.names)
        found = (name.removesuffix(":porter") for name in names if name.endswith(":porter"))
        return sorted(
            path for path in found if path.startswith(f"{self.path}/") and f"{path}:channels" not in names
        )


@asynccontextmanager
async def set_up(subject: Subject, path: str | None = None) -> AsyncIterator[Bench]:
    """A bench for the level at `path`; None: the top."""
    human = Notebook()
    cls = subject.cls
    under = type(cls.__name__, (cls,), {"human": (human,), "__module__": cls.__module__})
    async with System(seed=0) as system:
        ref = await system.start(under, *subject.args, type="temporary")
        top = (await ref.call(ViableSystem.levels))[0]
        yield Bench(subject, system, Company(ref), path or top, human)
