"""A unit without money refuses at once, and would draw all that waits: work goes past it to those that have some."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, BudgetExhausted, Port, Task, ViableSystem, unit
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.operations.environment import Environment
from tests.vsm.living.company import PAGER, TOOL, Worker, done, started


class Two(ViableSystem):
    """Two units of one level, one of them with almost nothing to spend."""

    budget = Budget(usd=100, per=60)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """A poor one, and a rich one."""
        return [unit(Worker, id="poor", cap=0.01), unit(Worker, id="rich")]


class Nest(ViableSystem):
    """A level with the same inside."""

    def units(self) -> list[Any]:
        """As above."""
        return [unit(Worker, id="w")]


class Above(Two):
    """A level that is poor, and a rich unit."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Nest, id="poor", cap=0.01), unit(Worker, id="rich")]


@pytest.mark.parametrize("cls", [Two, Above])
async def test_a_unit_that_has_run_dry_does_not_draw_what_waits(cls: type[ViableSystem]) -> None:
    async with started(cls) as (_, company):
        await asyncio.sleep(3.0)
        results = await asyncio.gather(*(done(company, usd=0.5) for _ in range(60)), return_exceptions=True)
        refused = [one for one in results if isinstance(one, BaseException)]
        assert refused == []  # the poor one has money for two, and others do the rest
        assert len(TOOL.asked) == 60


async def test_what_is_for_one_unit_is_done_by_no_other() -> None:
    async with started(Two) as (_, company):
        await asyncio.sleep(3.0)
        path = "two/poor"
        results = await asyncio.gather(
            *(done(company, path, usd=0.5) for _ in range(6)), return_exceptions=True
        )
        assert sum(isinstance(one, BudgetExhausted) for one in results) == 4


async def test_where_nobody_has_money_it_is_refused_and_that_takes_no_time() -> None:
    async with started(Two) as (_, company):
        await asyncio.sleep(3.0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(BudgetExhausted):
            await done(company, usd=500)
        assert loop.time() - began < 1.0


async def test_a_unit_that_is_spared_is_tried_again_and_longer_every_time() -> None:
    async with started(Two) as (system, company):
        await asyncio.sleep(3.0)
        environment = system.named("two:environment", Environment)
        tries: list[float] = []
        loop, poor = asyncio.get_running_loop(), "two/poor"
        for _ in range(2):
            await done(company, poor, usd=0.5)
        while loop.time() < 45.0:
            before = (await environment.call(Environment.arrived))[poor]
            assert (await done(company, usd=0.2)).outcome.good
            if (await environment.call(Environment.arrived))[poor] > before:
                tries.append(loop.time())
        gaps = [after - was for was, after in pairwise(tries)]
        assert 3 <= len(tries) <= 9
        assert max(gaps) >= 7.0
        await asyncio.sleep(65.0 - loop.time())  # it has new money
        assert {(await done(company, usd=0.2)).receipts[0].path for _ in range(30)} == {
            poor,
            "two/rich",
        }


async def test_what_a_call_under_way_has_set_aside_is_told_apart_from_what_is_settled() -> None:
    async with started(Two) as (system, company):
        await asyncio.sleep(3.0)
        TOOL.takes = 3.0
        rich = "two/rich"
        job = asyncio.ensure_future(
            company.within(None).call(ViableSystem.submit, Task("job", {"usd": 5}, to=rich))
        )
        await asyncio.sleep(2.0)
        control = system.named("two:control", Control)
        account = (await control.call(Control.accounts))[rich]
        assert account.spent == account.aside
        assert account.spent
        await job
        await asyncio.sleep(1.5)
        account = (await control.call(Control.accounts))[rich]
        assert account.spent
        assert not account.aside
