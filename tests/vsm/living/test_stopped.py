"""A task that goes on through the rungs of system 3 ends with the operation that is replaced for it; others do not."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import (
    Budget,
    Clocks,
    Cost,
    Index,
    Intervention,
    Operation,
    Outcome,
    Port,
    Rung,
    Suspended,
    Task,
    TaskStopped,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.operations.progress import outlasts
from tests.vsm.living.company import PAGER, TOOL, Company, Worker, started

TERM = 30.0
ONE = Intervention(Rung.REPLACE, "cost: too dear", 50.0 + TERM, "cost")
BEGUN: list[str] = []  # the ids of tasks, each as often as it was begun


class Agent(Operation):
    """Thinks on and on, each time of something else, if it is told to."""

    indices: ClassVar[Any] = [
        Index("cycle_time", limits=(0.0, 1000.0), cost=True),
        Index("mistakes", limits=(0.0, 1.0)),
    ]

    async def handle(self, task: Task) -> Outcome:
        """One thought is enough for a job, and a second or more for a long one."""
        BEGUN.append(task.id)
        thought = 0
        while task.kind == "endless":
            thought += 1
            try:
                await self.use("tool", TOOL, thought, upper=Cost(usd=1))
            except Suspended:
                await asyncio.sleep(1.0)
        if task.kind == "long":
            await asyncio.sleep(task.body)
        self.measure("mistakes", 5.0 if task.kind == "bad" else 0.0)
        return Outcome(1, evidence=[(await self.use("tool", TOOL, task.id)).receipt])


class Inner(Company):
    """Two who may be at it for long."""

    budget = Budget(usd=1000, per=600)
    ports: ClassVar[Any] = {"tool": Port(timeout=60.0)}
    clocks = Clocks(ack=1.0, recovery=TERM)

    def units(self) -> list[Any]:
        """One of which is watched here."""
        return [unit(Agent, id="a"), unit(Worker, id="other")]


class Within(ViableSystem):
    """The same, as a level."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Agent, id="a"), unit(Worker, id="other")]


class Outer(Inner):
    """It is within."""

    def units(self) -> list[Any]:
        """A level."""
        return [unit(Within, id="in"), unit(Worker, id="other")]


WHERE: list[Any] = [(Inner, "inner/a"), (Outer, "outer/in/a")]


@pytest.fixture(autouse=True)
def nothing_has_begun() -> None:
    """No task has."""
    BEGUN.clear()


def asked(top: Any, kind: str, to: str, body: Any = None) -> "asyncio.Future[Any]":
    """A task of that kind, which is its id, is submitted."""
    task = Task(kind, body, to=to, id=kind)
    return asyncio.ensure_future(top.within(None).call(ViableSystem.submit, task))


async def replace(system: Any, path: str, index: str = "cost", stands: float = TERM) -> None:
    """System 3 has the operation at a path replaced."""
    control = system.named(f"{path.rpartition('/')[0]}:control", Control)
    one = Intervention(Rung.REPLACE, f"{index}: too dear", now() + stands, index)
    await control.call(Control.intervene, path, one)


@pytest.mark.parametrize(("cls", "path"), WHERE)
async def test_a_task_that_goes_on_through_all_rungs_ends_with_the_operation_and_its_unit_is_well(
    cls: Any, path: str
) -> None:
    async with started(cls) as (system, top):
        await asyncio.sleep(1.0)
        assert (await asked(top, "bad", path)).outcome.good
        endless, behind = asked(top, "endless", path), asked(top, "job", path)
        with pytest.raises(
            TaskStopped, match=r"suspended, got: .*mistakes.* what came of the task is unknown"
        ) as stopped:
            await endless
        assert (stopped.value.task, stopped.value.path) == ("endless", path)
        assert 4 * TERM <= stopped.value.seconds <= 5 * TERM
        assert (await behind).outcome.good
        assert BEGUN == ["bad", "endless", "job"]
        await asyncio.sleep(3 * TERM)
        level = top if cls is Inner else system.named("outer/in", ViableSystem)
        log = await level.call(ViableSystem.decisions, 0, "intervention")
        assert [entry.body["rung"] for entry in log][-1] == "REPLACE"
        assert await top.call(ViableSystem.alarms) == ()


@pytest.mark.parametrize(("cls", "path"), WHERE)
async def test_one_that_was_begun_after_the_suspension_goes_to_the_successor(cls: Any, path: str) -> None:
    async with started(cls) as (system, top):
        await asyncio.sleep(1.0)
        long = asked(top, "long", path, 40.0)
        await asyncio.sleep(TERM / 2 - 1.0)
        await replace(system, path)
        assert (await long).outcome.good
        assert BEGUN == ["long", "long"]


async def test_but_not_where_that_goes_on_as_well_until_it_is_replaced_in_its_turn() -> None:
    async with started(Inner) as (system, top):
        endless = asked(top, "endless", "inner/a")
        await asyncio.sleep(2.0)
        await replace(system, "inner/a")
        await asyncio.sleep(TERM)
        assert not endless.done()
        await replace(system, "inner/a")
        with pytest.raises(TaskStopped):
            await endless
        assert BEGUN == ["endless", "endless"]


async def test_a_person_who_has_it_replaced_says_nothing_of_its_task() -> None:
    async with started(Inner) as (system, top):
        long = asked(top, "long", "inner/a", 50.0)
        await asyncio.sleep(45.0)
        await replace(system, "inner/a", index="")
        assert (await long).outcome.good
        assert BEGUN == ["long", "long"]


async def test_what_it_takes_is_counted_as_what_was_begun_and_is_not_known() -> None:
    async with started(Inner) as (system, top):
        TOOL.takes = 1000.0
        endless = asked(top, "endless", "inner/a")
        await asyncio.sleep(TERM)
        await replace(system, "inner/a")
        with pytest.raises(TaskStopped):
            await endless
        await asyncio.sleep(2.0)
        account = (await system.named("inner:control", Control).call(Control.accounts))["inner/a"]
        assert account.failed + account.waiting == 0
        assert account.spent == account.aside == Cost(usd=1)
        assert PAGER.pages == []


def test_who_was_at_a_task_for_half_of_what_a_rung_stands_was_at_it_before() -> None:
    assert outlasts(ONE, 34.0, 50.0)
    assert not outlasts(ONE, 36.0, 50.0)
    assert not outlasts(Intervention(Rung.REPLACE, "worn out", 80.0), 0.0, 50.0)
    assert not outlasts(ONE, 0.0, 80.0)  # by a clock that is off
