"""What a unit may take beside money: agents and tasks a second anywhere, memory and processors of its own process."""

import asyncio
import gc
from typing import Any, ClassVar

import pytest

from cybernetic.core import Kill, OptionError
from cybernetic.runtime import Agent
from cybernetic.runtime.events import STARTED
from cybernetic.supervision import Limits
from cybernetic.vsm import Operation, Outcome, Port, Quota, Task, ViableSystem, unit
from tests.vsm.living.company import TOOL, Company, Division, Worker, done, started

MIB = 2**20


class Helper(Agent):
    """Does nothing; may have one of its own."""

    def setup(self) -> None:
        """Alone."""


class Mother(Agent):
    """Has as many helpers as it is told, and then is gone."""

    def __init__(self, count: int) -> None:
        for _ in range(count):
            self.spawn(Helper)

    def bye(self) -> None:
        """At the end."""
        self.stop()


class Crowd(Operation):
    """Starts as many helpers as it is told, in the way the kind says."""

    async def handle(self, task: Task) -> Outcome:
        """So many, and a use."""
        if task.kind == "by another":
            (await self.start(Mother, task.body)).cast(Mother.bye)
        for _ in range(0 if task.kind == "by another" else task.body):
            if task.kind == "by the system":
                await self.system.start(Helper)
            else:
                self.spawn(Helper)
        used = await self.use("tool", TOOL, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Crowded(Company):
    """A unit that may have three agents, and one that is given two tasks a second."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [
            unit(Crowd, id="crowd", quota=Quota(agents=3)),
            unit(Worker, id="slow", quota=Quota(messages=2.0)),
            unit(Worker, id="free"),
        ]


async def helpers(system: Any) -> int:
    """How many live."""
    return sum("Helper" in repr(ref) for ref in system.agents())


async def test_the_youngest_agents_beyond_a_quota_are_ended_and_that_hurts_until_it_is_kept() -> None:
    async with started(Crowded) as (system, company):
        await company.call(ViableSystem.submit, Task("job", 3, to="crowded/crowd"))
        await asyncio.sleep(3.0)
        assert await helpers(system) == 3
        assert await company.call(ViableSystem.alarms) == ()
        await company.call(ViableSystem.submit, Task("job", 40, to="crowded/crowd"))
        felt: set[str] = set()
        for _ in range(30):
            await asyncio.sleep(0.1)
            felt |= {climb.pain.index for climb in await company.call(ViableSystem.alarms)}
        assert await helpers(system) == 3
        assert felt == {"agents"}
        assert await company.call(ViableSystem.alarms) == ()
        assert system.whereis("crowded/crowd", Agent) is not None


@pytest.mark.parametrize("kind", ["by another", "by the system"])
async def test_those_that_others_started_for_it_count_though_these_are_gone(kind: str) -> None:
    async with started(Crowded) as (system, company):
        mine = await system.start(Helper)
        await asyncio.sleep(1.0)
        for _ in range(2):
            await company.call(ViableSystem.submit, Task(kind, 2, to="crowded/crowd"))
            await asyncio.sleep(3.0)
            assert system.alive(mine)
        assert await helpers(system) == 4
        await company.call(ViableSystem.submit, Task(kind, 20, to="crowded/crowd"))
        await asyncio.sleep(3.0)
        assert await helpers(system) == 4


async def test_who_counts_may_be_killed_and_still_those_count_that_others_started() -> None:
    async with started(Crowded) as (system, company):
        await company.call(ViableSystem.submit, Task("by another", 3, to="crowded/crowd"))
        await asyncio.sleep(3.0)
        system.whereis("crowded/crowd:management", Agent).exit(Kill())
        await asyncio.sleep(3.0)
        await company.call(ViableSystem.submit, Task("by another", 3, to="crowded/crowd"))
        await asyncio.sleep(3.0)
        assert await helpers(system) == 3


async def _listening(crowds: int) -> int:
    """How many look at each agent that starts."""

    class Many(Crowded):
        def units(self) -> list[Any]:
            return [unit(Crowd, id=f"crowd-{n}", quota=Quota(agents=3)) for n in range(crowds)]

    async with started(Many):
        await asyncio.sleep(2.0)
        return len(STARTED.listeners)


async def _left() -> int:
    """How many still look when there is no system."""
    await asyncio.sleep(3600.0)  # timers that nobody waits for hold who set them
    gc.collect()
    return len(STARTED.listeners)


async def test_one_looks_at_each_agent_that_starts_for_all_units_and_only_while_there_is_the_system() -> None:
    before = await _left()
    for crowds in (1, 4):
        assert await _listening(crowds) == before + 1
        assert await _left() == before


async def test_tasks_beyond_a_quota_wait_for_their_second() -> None:
    async with started(Crowded) as (_, company):
        TOOL.takes = 0.01
        loop = asyncio.get_running_loop()
        for place, least, most in (("slow", 4.5, 5.0), ("free", 0.0, 0.5)):
            began = loop.time()
            await asyncio.gather(*(done(company, f"crowded/{place}") for _ in range(10)))
            assert least <= loop.time() - began <= most


def test_memory_and_processors_are_refused_where_the_process_is_shared() -> None:
    for quota in (Quota(memory=64 * MIB), Quota(cpus=0.5)):
        with pytest.raises(OptionError, match="isolate= or node="):
            unit(Worker, id="w", quota=quota)
    alone = unit(Worker, id="w", quota=Quota(memory=64 * MIB, cpus=0.5), isolate=True)
    assert alone.spec is not None
    assert alone.spec.isolate == Limits(memory=64 * MIB, cpus=0.5)
    there = unit(Worker, id="w", quota=Quota(cpus=2.0), isolate=Limits(memory=64 * MIB))
    assert there.spec is not None
    assert there.spec.isolate == Limits(memory=64 * MIB, cpus=2.0)
    placed = unit(Worker, id="w", quota=Quota(memory=64 * MIB), node="worker-1")
    assert placed.spec is not None
    assert placed.spec.isolate == Limits(memory=64 * MIB)


def test_a_quota_that_cannot_be_is_refused_with_what_was_expected() -> None:
    for wrong in ({"agents": -1}, {"messages": 0.0}, {"memory": 0}, {"cpus": -1.0}):
        with pytest.raises(OptionError):
            Quota(**wrong)
    with pytest.raises(OptionError, match="no limit of agents"):
        unit(Division, id="d", quota=Quota(agents=3))
