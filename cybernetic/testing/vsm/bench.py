"""What an invariant is asked of: a fresh viable system in simulated time, and one of its levels."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from cybernetic.core import OptionError
from cybernetic.nodes import System
from cybernetic.testing.vsm.apart import apart
from cybernetic.testing.vsm.expecting import Idle, Untried, expect, need
from cybernetic.testing.vsm.simulation import Before, Company, Done, Notebook, logged, prepared
from cybernetic.vsm import (
    BudgetExhausted,
    Cause,
    Channel,
    Felt,
    Line,
    NoSuchKind,
    Note,
    Pain,
    PainKey,
    Performed,
    Relief,
    Role,
    Task,
    ViableSystem,
    line_name,
    now,
)

NOT_TAKEN = f"{NoSuchKind.__name__}: "
NO_UNITS = "the level has no units here"
AFAR = 10  # rounds, of a second at least, in which a level elsewhere is heard
FOLDED, STORM, AT = "Folded", ", storm=", ", at="  # how the log says into what pains were folded, and when
LOOKED = 10  # times as many tasks as are wanted are looked at for those that are for the level


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested: a class, its arguments, how to make a task for it, and what is there before it starts."""

    cls: type[ViableSystem]
    args: tuple[Any, ...]
    task: Callable[[int], Task]
    before: Before | None = None


@dataclass(slots=True)
class Bench:
    """A viable system that has just started, and the level of it that an invariant is about.

    Attributes:
        path: of the level.
        human: who is paged.
        others: names of agents that were there before.
    """

    subject: Subject
    system: System
    company: Company
    path: str
    human: Notebook
    others: frozenset[str] = frozenset()
    made: int = 0

    @property
    def level(self) -> Any:
        """The address of the level."""
        return self.at(self.path)

    def at(self, path: str) -> Any:
        """The address of a level."""
        return self.company.ref if "/" not in path else self.system.named(path, ViableSystem)

    @property
    def round(self) -> float:
        """Seconds of a round of all levels, in which units account, and at least one."""
        return max(1.0, self.subject.cls.pulse or 0.0)

    def part(self, role: str, cls: Any) -> Any:
        """A part of the level, by its role."""
        return self.system.named(f"{self.path}:{role}", cls)

    def parts(self, role: str) -> list[str]:
        """The paths of the level's units that have a part of this role, as far as names tell."""
        found = (name.removesuffix(f":{role}") for name in self.system.names if name.endswith(f":{role}"))
        return sorted(path for path in found if path.rpartition("/")[0] == self.path)

    async def work(self, count: int) -> int:
        """Have so many tasks done by the level, all at once; how many were done well.

        Raises `Untried` where the level has no units, or none of the tasks are for it, or of a kind that they take.
        """
        return sum(one.outcome.good for one in await self.performed(count))

    async def performed(self, count: int) -> list[Performed]:
        """As `work`; what came of those that were not refused."""
        if not self.units():
            await self.heard(below=True)
        tasks, before = self._tasks(count), len(self.company.tasks)
        found = await asyncio.gather(*(self.company.submit(task) for task in tasks))
        why = [one.why for one in self.company.tasks[before:]]
        need(not all(one.startswith(NOT_TAKEN) for one in why), f"none of the tasks is taken: {why[0]}")
        return [one for one in found if one is not None]

    async def worked(self, count: int) -> int:
        """As `work`, where an invariant says something of a level at work. Raises `Idle` where none was done."""
        before = len(self.company.tasks)
        await self.work(count)
        return self.done(before)

    async def works_on(self, count: int, without: str) -> None:
        """Have so many tasks done again, as after `worked`. Raises `AssertionError` unless at least 95 % of the part
        that was done then is done, of those tasks for which there is money: a lease is not renewed.
        """
        before = len(self.company.tasks)
        was, now_done = _part(self.company.tasks[-count:]), await self.work(count)
        ended = self.company.tasks[before:]
        need(now_done or not all(map(_dry, ended)), "there is no money left for the tasks")
        found = f"{was:.0%} of {count} tasks done before, {_part(ended):.0%} without {without}"
        expect(_part(ended) >= 0.95 * was, found)

    def done(self, since: int = 0) -> int:
        """How many tasks were done well since there were so many. Raises `Idle` where none was."""
        ended = self.company.tasks[since:]
        done = sum(one.good for one in ended)
        if not done:
            why = next((one.why for one in ended if one.why), "their outcomes are not good")
            raise Idle(f"none of {len(ended)} tasks was done: {why}" if ended else "no task was done in time")
        return done

    def _tasks(self, count: int) -> list[Task]:
        """The next so many tasks of those that are made which are for the level, or for somebody within it."""
        need(self.units() or self.elsewhere(), NO_UNITS)
        found: list[Task] = []
        for n in range(self.made, self.made + LOOKED * count):
            task = self.subject.task(n)
            if not isinstance(task, Task):
                raise OptionError("task", "a function that makes a Task", task)
            to = narrowed(task.to, self.path)
            if to is not None:
                found.append(replace(task, to=to))
            if len(found) == count:
                break
        need(found, f"none of the tasks are for it; one is to={self.subject.task(self.made).to!r}")
        self.made = n + 1
        return found

    def note(self, channel: Channel, sender: Role, role: Role, body: object = "?") -> Note:
        """A note within the level."""
        return Note(channel, sender, self.path, role, self.path, body, "id", "id", sent_at=now())

    def line(self, channel: Channel) -> Any:
        """What carries a channel of the level."""
        return self.system.named(line_name(self.path, channel), Line)

    def feel(self, index: str, path: str | None = None) -> PainKey:
        """Somebody in the level feels a pain, and says so on the algedonic channel, as all do; its key. It hurts at
        `path`; None: at the level.
        """
        pain = Pain(path or self.path, index, Cause.EXIT)
        self._say(Felt(pain))
        return pain.key

    def relieve(self, key: PainKey) -> None:
        """What hurt is over, and somebody says so in the same way."""
        self._say(Relief(key))

    def _say(self, word: object) -> None:
        note = self.note(Channel.ALGEDONIC, Role.ENVIRONMENT, Role.ALGEDONODE, word)
        self.line(Channel.ALGEDONIC).cast(Line.carry, note)

    async def told_as(self, key: PainKey) -> frozenset[str]:
        """Under which keys a pain is told, as text: its own, and those of the storms that it was folded into."""
        log = [one.body for one in await logged(self.level, "pain")]
        into = [body["effect"].partition(STORM) for body in log if body["what"] == FOLDED]
        storms = (storm.rpartition(AT)[0] for keys, _, storm in into if repr(key) in keys)
        return frozenset({repr(key), *storms})

    async def ablate(self, *systems: str) -> None:
        """Take systems out of the whole."""
        await self.company.ref.within(None).call(ViableSystem.ablate, *systems)

    def units(self) -> list[str]:
        """The paths of the operations at and below the level, as far as names tell."""
        names = frozenset(self.system.names)
        levels = {name.rpartition(":")[0] for name in names if name.endswith((":channels", ":junction"))}
        return [path for path in self._within(":porter") if path not in levels]

    def elsewhere(self) -> list[str]:
        """The paths of the levels at and below the level that are another system's (`remote`)."""
        return self._within(":junction")

    async def heard(self, below: bool = False) -> None:
        """Wait until something is heard of the level's units elsewhere, and of those `below`. Raises `Untried` where
        nobody is there.
        """
        awaited = [path for path in self.elsewhere() if below or path.rpartition("/")[0] == self.path]
        for _ in range(AFAR):
            awaited = [path for path in awaited if not await self._is_heard(path)]
            if not awaited:
                return
            await asyncio.sleep(self.round)
        raise Untried(f"nobody is at the other end of {', '.join(awaited)}")

    async def _is_heard(self, path: str) -> bool:
        above = path.rpartition("/")[0]
        level = self.company.ref if "/" not in above else self.system.named(above, ViableSystem)
        status = await level.call(ViableSystem.status)
        return path in status.accounts or bool(status.known.get(path))

    def _within(self, role: str) -> list[str]:
        found = (name.removesuffix(role) for name in self.system.names if name.endswith(role))
        return sorted(path for path in found if path.startswith(f"{self.path}/"))


def _dry(task: Done) -> bool:
    """Whether it was refused for want of money."""
    return task.why.startswith(f"{BudgetExhausted.__name__}: ")


def _part(tasks: Sequence[Done]) -> float:
    """Which part was done well of those tasks that were not refused for want of money."""
    paid = [one.good for one in tasks if not _dry(one)]
    return sum(paid) / len(paid) if paid else 0.0


def narrowed(to: str | None, path: str) -> str | None:
    """Whom at or below the level at `path` a task for `to` is for; None: nobody there."""
    if to is None or to == path or path.startswith(f"{to}/"):
        return path
    return to if to.startswith(f"{path}/") else None


@asynccontextmanager
async def set_up(subject: Subject, path: str | None = None) -> AsyncIterator[Bench]:
    """A bench for the level at `path`; None: the top."""
    human = Notebook()
    with apart(subject.cls, human) as cls:
        async with System(seed=0) as system:
            await prepared(subject.before, system)
            others = frozenset(system.names)
            ref = await system.start(cls, *subject.args, type="temporary")
            top = (await ref.call(ViableSystem.levels))[0]
            yield Bench(subject, system, Company(ref), path or top, human, others)
