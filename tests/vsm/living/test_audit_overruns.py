"""What an audit takes beyond what was set aside for it is answered for as what a unit takes is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Audit, Budget, Cost, Port, Standing, ViableSystem, unit
from cybernetic.vsm.inspection.auditor import Auditor
from tests.vsm.living.company import PAGER, Company, done, started
from tests.vsm.living.test_bargain import felt, log
from tests.vsm.living.test_waiting_audits import Given

BILLS: list[float] = []
MADE: list[float] = []
COST = 0.1


@pytest.fixture(autouse=True)
def _fresh() -> None:
    BILLS.clear()
    MADE.clear()


async def check(what: Any) -> float:
    """What it takes."""
    MADE.append(BILLS.pop(0) if BILLS else COST)
    return MADE[-1]


async def verify(evidence: Any, use: Any) -> bool:
    """By one call, for twenty cents at most."""
    await use("check", check, evidence.task.id, upper=Cost(usd=0.2))
    return True


class Firm(Company):
    """All that it does is audited, for five dollars a minute."""

    budget = Budget(usd=10.0, per=60)
    audit = Audit(probability=1.0, verify=verify, budget_share=0.5, independent_of="free")
    ports = {"free": Port(), "check": Port(timeout=5.0, cost=lambda value: Cost(usd=value))}  # noqa: RUF012

    def units(self) -> list[Any]:
        """One."""
        return [unit(Given, id="a", floor=0.1)]


async def standing(firm: Any) -> Standing:
    """What the unit is called."""
    status = await firm.call(ViableSystem.status)
    return status.standings["firm/a"]  # type: ignore[no-any-return]


async def asked(system: Any, firm: Any) -> None:
    """One more task is audited: the lot spares those that nobody can pay for."""
    task = (await done(firm, "firm/a")).task
    await system.named("firm:audit", Auditor).within(None).call(Auditor.audit, "firm/a", task)


@pytest.mark.parametrize("bill", [0.9, 5.5])
async def test_one_that_the_level_can_lend_stops_audits_until_it_has_answered(bill: float) -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(3.0)
        await done(firm, "firm/a")
        await asyncio.sleep(1.0)
        assert await standing(firm) is Standing.CLEAN
        BILLS.append(bill)
        await done(firm, "firm/a")
        await asyncio.sleep(0.5)
        assert await standing(firm) is Standing.UNAUDITED
        await asyncio.sleep(6.0)
        assert await standing(firm) is Standing.CLEAN
        assert "audit overrun" not in await felt(firm)
        assert [one["unit"] for one in await log(firm, "overrun")] == ["firm:audit"]
        await asked(system, firm)
        assert MADE[:2] == [COST, bill]
        assert (len(MADE) > 2) is (bill < 5.0)  # else all that is lent is spent
        ledger = (await firm.call(ViableSystem.ledger)).purse.ledger(0)
        assert ledger.committed <= ledger.grant


@pytest.mark.parametrize("killed", [None, "audit", "control"])
async def test_one_that_nobody_can_lend_hurts_to_the_end_of_the_epoch_and_no_unit_is_clean(
    killed: str | None,
) -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(3.0)
        BILLS.append(12.0)
        await done(firm, "firm/a")
        await asyncio.sleep(5.0)
        if killed is not None:
            system.named(f"firm:{killed}", Agent).exit(Kill())
        for _ in range(9):
            await done(firm, "firm/a")
            await asyncio.sleep(5.0)
            assert "audit overrun" in await felt(firm)
            assert await standing(firm) is Standing.UNAUDITED
        assert len(MADE) == 1
        assert len(PAGER.pages) <= 1
        await asyncio.sleep(20.0)
        await asked(system, firm)
        assert "audit overrun" not in await felt(firm)
        assert await standing(firm) is Standing.CLEAN
        assert len(MADE) > 1


@pytest.mark.parametrize("then", [{"audit": None}, {"budget": None}])
async def test_it_is_over_where_the_next_program_declares_no_audits_or_counts_nothing(
    then: dict[str, Any], tmp_path: Path
) -> None:
    PAGER.__init__()  # type: ignore[misc]
    for changed in ({}, then):
        cls = type("Firm", (Firm,), {"data": str(tmp_path), "__module__": __name__, **changed})
        async with System() as system:
            firm = await system.start(cls)
            await asyncio.sleep(3.0)
            BILLS.append(12.0)
            await done(firm, "firm/a")
            await asyncio.sleep(5.0)
            assert ("audit overrun" in await felt(firm)) is (not changed)
    assert not PAGER.pages
