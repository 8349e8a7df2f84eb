"""A unit hands a task on: within its level and across levels; nobody waits for ever for it."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import (
    Index,
    NoSuchKind,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    WaitsForItself,
    unit,
)
from cybernetic.vsm.operations.environment import Environment
from tests.vsm.living.doers import CALLED, Doer, asked, started, tool


class Inner(ViableSystem):
    """One unit."""

    kinds = ("one",)

    def units(self) -> list[Any]:
        """It does ones."""
        return [unit(Doer, id="a", kinds=["one"])]


class Middle(ViableSystem):
    """A level between."""

    kinds = ("one",)

    def units(self) -> list[Any]:
        """One level."""
        return [unit(Inner, id="in")]


class Outer(ViableSystem):
    """A level within a level within it, and a unit beside."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Middle, id="m"), unit(Doer, id="b", kinds=["two"])]


DEEP = "outer/m/in/a"


async def test_no_circle_of_handing_on_waits_for_ever_however_many_levels_it_crosses() -> None:
    async with started(Outer) as (_, outer):
        with pytest.raises(WaitsForItself, match=DEEP):
            await asked(outer, "one", ("two", ("one", None)))
        with pytest.raises(WaitsForItself, match="outer/b"):
            await asked(outer, "two", ("one", ("two", None)))
        assert set((await outer.call(ViableSystem.status)).load.values()) == {0}
        assert await asked(outer, "one", ("two", None)) == [DEEP, "outer/b"]
        assert await asked(outer, "two", ("one", None)) == ["outer/b", DEEP]


async def test_of_two_that_hand_on_to_each_other_at_the_same_time_across_levels_one_is_refused() -> None:
    async with started(Outer) as (_, outer):
        jobs = asked(outer, "one", ("two", None)), asked(outer, "two", ("one", None))
        found = await asyncio.gather(*jobs, return_exceptions=True)
        assert [isinstance(one, WaitsForItself) for one in found].count(True) == 1
        assert [isinstance(one, list) for one in found].count(True) == 1
        assert await asked(outer, "one", ("two", None)) == [DEEP, "outer/b"]


async def test_a_ticket_handed_on_as_it_is_with_another_kind_is_done_by_who_takes_that_under_an_id_of_its_own() -> (
    None
):
    async with started(Outer) as (_, outer):
        assert await asked(outer, "one", ("again", "two"), id="seven") == [DEEP, "outer/b"]
        assert CALLED == ["seven", "seven/two"]


async def test_who_hands_on_a_task_that_waits_for_himself_is_refused_at_any_level() -> None:
    async with started(Outer) as (_, outer):
        body = ("as", "eight", "two", ("as", "seven", "one", None))
        with pytest.raises(WaitsForItself, match="'seven'"):
            await asked(outer, "one", body, id="seven")


async def test_a_second_who_waits_for_a_task_under_way_counts_as_one_who_waits() -> None:
    """The first has died; who does it would now wait for the second."""
    async with started(Three) as (_, three):
        jobs = [
            asyncio.ensure_future(asked(three, kind, ("as", "eight", "third", "back")))
            for kind in ("one", "two")
        ]
        found = await asyncio.gather(*jobs, return_exceptions=True)
        assert all(isinstance(one, WaitsForItself) for one in found)


class Back(Operation):
    """Hands on to the second."""

    async def handle(self, task: Task) -> Outcome:
        """After a while."""
        used = await self.use("tool", tool, task.id, 5.0)
        await self.hand_on(Task("two", None))
        return Outcome([], evidence=[used.receipt])


class Three(Outer):
    """Two that hand on to a third."""

    def units(self) -> list[Any]:
        """Three."""
        return [
            unit(Doer, id="a", kinds=["one"]),
            unit(Doer, id="b", kinds=["two"]),
            unit(Back, id="c", kinds=["third"]),
        ]


class North(ViableSystem):
    """One unit that takes tickets; the level says nothing of that."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Doer, id="t", kinds=["ticket"])]


class South(ViableSystem):
    """Another that takes refunds."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Doer, id="r", kinds=["refund"])]


class Both(Outer):
    """Two levels that do not declare kinds."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(North, id="north"), unit(South, id="south")]


async def test_what_a_level_within_has_nobody_for_goes_to_its_sibling_and_from_then_on_at_once() -> None:
    async with started(Both) as (system, both):
        kinds = ["ticket", "ticket", "refund", "refund", "ticket", "refund"]
        found = [await asked(both, kind) for kind in kinds]
        there = {"ticket": ["both/north/t"], "refund": ["both/south/r"]}
        assert found == [there[kind] for kind in kinds]
        assert await asked(both, "ticket", ("refund", None)) == ["both/north/t", "both/south/r"]
        environment = system.named("both:environment", Environment)
        before = (await environment.call(Environment.arrived))["both/south"]
        for _ in range(6):
            await asked(both, "ticket")
        assert (await environment.call(Environment.arrived))["both/south"] == before
        with pytest.raises(NoSuchKind, match="'other'"):
            await asked(both, "other")
        with pytest.raises(NoSuchKind, match="'refund'"):
            await asked(both, "refund", to="both/north")


async def test_a_task_whose_unit_found_nobody_for_what_it_handed_on_is_not_begun_by_another() -> None:
    async with started(Twins) as (_, twins):
        for _ in range(4):
            with pytest.raises(NoSuchKind, match="'nothing'"):
                await asked(twins, "ticket", ("nothing", None))
        assert len(CALLED) == 4


class Twins(Outer):
    """Two levels of the same."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(North, id="one", kinds=["ticket"]), unit(North, id="two", kinds=["ticket"])]


async def test_a_task_that_was_handed_on_outlives_the_environment_that_gave_it_and_is_done_once() -> None:
    async with started(Outer) as (system, outer):
        job = asyncio.ensure_future(asked(outer, "one", ("as", "eight", "two", None), id="seven"))
        await asyncio.sleep(0.3)
        for _ in range(3):
            system.named("outer:environment", Environment).exit(Kill())
            await asyncio.sleep(0.01)
        assert await job == [DEEP, "outer/b"]
        assert CALLED == ["seven", "eight"]


class Quick(Doer):
    """Hangs when it gives no sign for two seconds."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 1.0), cost=True)]


class Slow(Operation):
    """Takes a minute."""

    async def handle(self, task: Task) -> Outcome:
        """So."""
        used = await self.use("tool", tool, task.id, 25.0)
        used = await self.use("tool", tool, task.id, 25.5)
        return Outcome([self.ref.name], evidence=[used.receipt])


class Patient(Outer):
    """One who waits for one who is slow."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Quick, id="a", kinds=["one"]), unit(Slow, id="b", kinds=["two"])]


async def test_who_waits_for_what_another_does_does_not_hang() -> None:
    async with started(Patient) as (_, patient):
        assert await asked(patient, "one", ("two", None)) == ["patient/a", "patient/b"]
