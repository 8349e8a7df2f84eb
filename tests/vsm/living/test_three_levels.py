"""Three levels: trouble of a level stays in it, its end takes along what it holds, its work needs no metasystem."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.testing import settle
from cybernetic.vsm import Budget, BudgetExhausted, Port, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER, TOOL, Worker, done

LEVELS = ("holding", "holding/north", "holding/north/shop")
SHOP, YARD, SOUTH = "holding/north/shop", "holding/north/yard", "holding/south"


class Small(ViableSystem):
    """The third level: two workers."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}", floor=0.25) for n in range(2)]


class Middle(ViableSystem):
    """The second level: a level within, and a worker."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Small, id="shop", floor=0.4, share=0.5), unit(Worker, id="yard", floor=0.4, share=0.5)]


class Holding(ViableSystem):
    """The top: two levels deep on one side, a worker on the other."""

    budget = Budget(usd=40, per=60)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two."""
        return [
            unit(Middle, id="north", floor=0.4, share=0.5),
            unit(Worker, id="south", floor=0.4, share=0.5),
        ]


@asynccontextmanager
async def holding() -> AsyncIterator[tuple[System, Any]]:
    """It runs, and its contracts are made down to the third level."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with System() as system:
        company = await system.start(Holding, name="holding", type="temporary")
        await asyncio.sleep(3.0)
        yield system, company


async def purses(system: System) -> list[Any]:
    """The ledgers of this epoch, from the top down."""
    found = []
    for path in LEVELS:
        allocator = await system.named(path, ViableSystem).call(ViableSystem.ledger)
        found.append(allocator.purse.ledger(0))
    return found


async def test_t_rec_a_task_finds_its_way_down_and_its_receipts_say_where_it_was_done() -> None:
    async with holding() as (_, company):
        assert await company.call(ViableSystem.levels) == LEVELS
        performed = await done(company, SHOP)
        assert performed.outcome.good
        assert performed.receipts[0].path in {f"{SHOP}/w0", f"{SHOP}/w1"}


async def test_t_rec_a_task_for_a_level_is_done_by_anybody_in_it_however_deep() -> None:
    async with holding() as (_, company):
        done_by = {(await done(company, "holding/north")).receipts[0].path for _ in range(8)}
        assert done_by >= {f"{SHOP}/w0", f"{SHOP}/w1", YARD}
        assert SOUTH not in done_by


@pytest.mark.parametrize("path", LEVELS)
async def test_t_rec_each_level_is_used_in_the_same_way(path: str) -> None:
    async with holding() as (system, _):
        level: Any = system.named(path, ViableSystem)
        assert (await done(level)).outcome.good
        state = await level.call(ViableSystem.status)
        assert not any("silent" in str(part) for part in state.channels)
        assert await level.call(ViableSystem.alarms) == ()
        victim = system.whereis(f"{path}:control")
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(2.0)
        assert system.whereis(f"{path}:control") not in (None, victim)
        assert (await done(level)).outcome.good


async def test_a_quota_that_is_used_up_is_felt_in_its_level_alone() -> None:
    async with holding() as (system, company):
        results = await asyncio.gather(
            *(done(company, SHOP, usd=1.0) for _ in range(20)), return_exceptions=True
        )
        refused = sum(isinstance(one, BudgetExhausted) for one in results)
        assert 20 - len(TOOL.asked) == refused > 0
        assert len(TOOL.asked) <= 10  # a half of a half of forty
        assert (await done(company, YARD, usd=1.0)).outcome.good
        assert (await done(company, SOUTH, usd=1.0)).outcome.good
        top, middle, third = await purses(system)
        assert top.committed <= top.grant == Vector(usd=40)
        assert middle.committed <= middle.grant <= top.open["holding/north"].upper
        assert third.committed <= third.grant <= middle.open[SHOP].upper


async def test_the_end_of_a_level_takes_those_within_it_along_and_nobody_else() -> None:
    async with holding() as (system, company):
        south, before = system.whereis(SOUTH), system.whereis(SHOP)
        north = system.whereis("holding/north")
        assert north is not None
        north.exit(Kill())
        await asyncio.sleep(5.0)
        assert system.alive(company)
        assert system.whereis(SOUTH) == south
        assert before is not None
        assert not system.alive(before)
        assert system.whereis(SHOP) is not None  # another, for its supervisor started it anew
        assert (await done(company, SHOP)).outcome.good
        company.exit(Kill())
        await settle(system)
        assert not [name for name in system.names if name.startswith("holding")]


async def test_t_rec_work_goes_on_without_systems_3_4_and_5_until_leases_lapse() -> None:
    async with holding() as (_, company):
        await company.within(None).call(ViableSystem.ablate, "s3", "s4", "s5")
        places = [SHOP, YARD, SOUTH] * 40
        results = await asyncio.gather(
            *(done(company, place, usd=0.01) for place in places), return_exceptions=True
        )
        good = sum(not isinstance(one, BaseException) and one.outcome.good for one in results)
        assert good >= 0.95 * len(places)
        await asyncio.sleep(60.0)  # the epoch ends, and no contract comes for the next
        TOOL.asked.clear()
        jobs = [done(company, place, usd=1.0) for place in (SHOP, YARD, SOUTH) for _ in range(25)]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert (
            len(TOOL.asked) == 16 + 6 + 2
        )  # their floors: .4 of 40, .4 of that, and twice a quarter of .4 of that
