"""A task that was begun is moved to no other unit, and outlives the environment that gave it."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import (
    Budget,
    BudgetExhausted,
    Cost,
    Intervention,
    Operation,
    Outcome,
    Port,
    Rung,
    Task,
    TaskUnknown,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.control.control import Control
from tests.vsm.living.company import PAGER, TOOL, Company, Worker, done, started


class Payer(Operation):
    """Pays, and then asks a model, for which there may be no money left."""

    async def handle(self, task: Task) -> Outcome:
        """Two uses; the first is named if the task says so."""
        paid = await self.use("bank", TOOL, task.id, key=task.id if task.body else None)
        told = await self.use("llm", TOOL, "text", upper=Cost(usd=0.3))
        return Outcome(told.value, evidence=[paid.receipt, told.receipt])


class Payers(ViableSystem):
    """Two units with money for some calls each."""

    budget = Budget(usd=1.0, per=3600)
    ports: ClassVar[Any] = {"llm": Port(), "bank": Port()}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Payer, id="a", weight=1.0), unit(Payer, id="b", weight=1.6)]


@pytest.mark.parametrize("named", [False, True])
async def test_a_task_that_has_made_a_call_without_a_key_stays_with_its_unit_when_the_money_is_gone(
    named: bool,
) -> None:
    async with started(Payers) as (_, payers):
        await asyncio.sleep(2.0)
        results = [
            await asyncio.wait([asyncio.ensure_future(payers.call(ViableSystem.submit, Task("pay", named)))])
            for _ in range(4)
        ]
        assert any(isinstance(one.exception(), BudgetExhausted) for found, _ in results for one in found)
        paid = Counter(what for what, _, _ in TOOL.asked if what != "text")
        assert len(paid) == 4
        assert (max(paid.values()) > 1) is named  # twice is once where the effect has a name


@pytest.mark.parametrize("to", ["company/solo", "company/division"])
@pytest.mark.parametrize("level", ["company", "company/division"])
async def test_tasks_under_way_outlive_the_environment_that_gave_them_and_are_done_once(
    to: str, level: str
) -> None:
    async with started(Company) as (system, company):
        await asyncio.sleep(3.0)
        TOOL.takes = 3.0
        jobs = []
        for _ in range(4):
            jobs.append(asyncio.ensure_future(done(company, to)))
            await asyncio.sleep(0.9)
        environment = system.whereis(f"{level}:environment")
        assert environment is not None
        environment.exit(Kill())
        results = await asyncio.wait_for(asyncio.gather(*jobs), 30.0)
        assert all(one.outcome.good for one in results)
        await asyncio.sleep(10.0)
        assert len(TOOL.asked) == len({key for _, key, _ in TOOL.asked}) == 4
        assert set((await company.call(ViableSystem.status)).load.values()) == {0}


async def test_where_the_whole_level_begins_anew_its_callers_hear_that_the_outcome_is_unknown() -> None:
    async with started(Company) as (system, company):
        await asyncio.sleep(3.0)
        TOOL.takes = 30.0
        job = asyncio.ensure_future(
            company.within(None).call(ViableSystem.submit, Task("job", to="company/solo", id="seven"))
        )
        await asyncio.sleep(1.0)
        channels = system.whereis("company:channels")
        assert channels is not None
        channels.exit(Kill())
        with pytest.raises(TaskUnknown, match=r"'seven'.*began anew.*the outcome is unknown"):
            await asyncio.wait_for(job, 10.0)


class Pair(Company):
    """Two workers."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"tool": Port(timeout=60.0)}

    def units(self) -> list[Any]:
        """Alike."""
        return [unit(Worker, id="a"), unit(Worker, id="b")]


async def test_what_a_dissolved_unit_has_not_begun_goes_to_others_and_of_what_it_has_the_outcome_is_unknown() -> (
    None
):
    async with started(Pair) as (system, pair):
        await asyncio.sleep(2.0)
        TOOL.takes = 20.0
        jobs = [asyncio.ensure_future(done(pair)) for _ in range(4)]
        await asyncio.sleep(1.0)
        control = system.named("pair:control", Control)
        one = Intervention(Rung.DISSOLVE, "to see", now() + 300.0)
        await control.call(Control.intervene, "pair/a", one)
        results = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 120.0)
        lost = [one for one in results if isinstance(one, TaskUnknown)]
        assert len(lost) == 1
        assert "'pair/a' had begun it" in str(lost[0])
        by = [one.receipts[0].path for one in results if not isinstance(one, BaseException)]
        assert by == ["pair/b"] * 3
