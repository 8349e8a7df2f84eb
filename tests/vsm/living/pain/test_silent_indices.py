"""Indices that do not arrive any more are a pain of that name; one that is lastingly better is news for system 5."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from cybernetic.core import Chance, OptionError
from cybernetic.vsm import (
    Algedonode,
    Cause,
    Clocks,
    Index,
    Operation,
    Outcome,
    Port,
    Task,
    Unit,
    ViableSystem,
    unit,
)
from tests.vsm.living.company import done, started

LOTS = Chance(5).stream("quality")


async def look(what: Any) -> Any:
    """A tool."""
    await asyncio.sleep(0.1)
    return what


class Measured(Operation):
    """Measures what the task says."""

    indices = (Index("quality", plan=10.0), Index("pulse", every=30.0))

    async def handle(self, task: Task) -> Outcome:
        """Do it, and measure."""
        used = await self.use("tool", look, task.id)
        for name in task.body["measures"]:
            self.measure(name, task.body["mean"] + LOTS.gauss(0.0, 1.0))
        return Outcome(evidence=[used.receipt])


class Inner(ViableSystem):
    """One unit."""

    def units(self) -> Sequence[Unit]:
        """It."""
        return [unit(Measured, id="one")]


class Firm(ViableSystem):
    """A level within a level."""

    human = ()
    clocks = Clocks(ack=5.0, recovery=60.0)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}

    def units(self) -> Sequence[Unit]:
        """It."""
        return [unit(Inner, id="inner")]


async def work(firm: Any, count: int, *measures: str, mean: float = 10.0, pause: float = 0.5) -> None:
    """So many tasks, with a pause after each."""
    for _ in range(count):
        await done(firm, measures=measures, mean=mean)
        await asyncio.sleep(pause)


async def silent(system: Any) -> set[str]:
    """The indices whose silence hurts."""
    alarms = await system.named("firm/inner:algedonode", Algedonode).call(Algedonode.alarms)
    return {one.pain.index for one in alarms if one.pain.cause is Cause.HEARTBEAT}


async def test_an_index_that_stops_arriving_is_a_missed_heartbeat_by_its_name_and_over_when_it_is_back() -> (
    None
):
    async with started(Firm) as (system, firm):
        await work(firm, 20, "quality", "pulse")
        assert await silent(system) == set()
        await work(firm, 2, "pulse")
        assert await silent(system) == set()
        await work(firm, 6, "pulse")
        assert await silent(system) == {"quality"}
        await work(firm, 1, "quality", "pulse")
        assert await silent(system) == set()


async def test_an_index_that_is_declared_to_come_is_missed_though_nothing_is_done() -> None:
    async with started(Firm) as (system, firm):
        await work(firm, 3, "quality", "pulse")
        await asyncio.sleep(50.0)
        assert await silent(system) == set()
        await asyncio.sleep(15.0)
        assert await silent(system) == {"pulse"}  # quality comes with tasks, and there are none
        await work(firm, 1, "pulse")
        assert await silent(system) == set()


async def test_what_is_lastingly_better_than_planned_is_news_for_system_5_of_each_level_and_told_once() -> (
    None
):
    async with started(Firm) as (system, firm):
        await work(firm, 90, "quality", "pulse", pause=0.0)
        await work(firm, 40, "quality", "pulse", mean=16.0, pause=5.0)
        for level in (firm, system.named("firm/inner", ViableSystem)):
            log = await level.call(ViableSystem.decisions, 0, "pleasure")
            assert [entry.body for entry in log] == [{"path": "firm/inner/one", "index": "quality"}]


def test_the_time_within_which_an_index_is_expected_is_above_0() -> None:
    with pytest.raises(OptionError, match="every"):
        Index("pulse", every=0.0)
