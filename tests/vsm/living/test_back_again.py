"""A level that is taken out and declared again in an epoch in which others were lent all that there is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.vsm import Budget, ViableSystem, unit
from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.contract import Contract, Seal
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import Vector
from tests.vsm.living.company import TOOL, Company, Worker
from tests.vsm.living.test_budget_anew import SPENT, life


def firm(data: Path, *, within: bool, kept: bool) -> type[ViableSystem]:
    """One of a worker and, it may be, a division, which may keep books of its own."""

    class Division(ViableSystem):
        def units(self) -> list[Any]:
            return [unit(Worker, id="y", floor=0.4)]

    class Firm(Company):
        def units(self) -> list[Any]:
            units = [unit(Worker, id="a", floor=0.2)]
            return [*units, unit(Division, id="division", floor=0.4)] if within else units

    Firm.budget, Firm.data = Budget(usd=10, per=60), str(data)
    if kept:
        Division.data = str(data / "within")
    return Firm


@pytest.mark.parametrize("kept", [False, True])
async def test_its_floor_of_before_is_spent_by_nobody(tmp_path: Path, kept: bool) -> None:
    TOOL.__init__()  # type: ignore[misc]
    TOOL.takes = 0.2
    SPENT.clear()
    whole = firm(tmp_path, within=True, kept=kept)
    await life(whole, "company/division", "y", 55.0)
    await asyncio.sleep(10.0)
    await life(firm(tmp_path, within=False, kept=kept), "company", "a", 85.0)  # in the second epoch
    await life(whole, "company/division", "y", 119.5)
    await life(whole, "company/division", "y", 170.0)
    assert SPENT[1] == 10.0
    assert SPENT[2] == 0.0
    assert SPENT[3] > 2.0


def test_the_floors_of_its_units_are_set_aside_of_its_first_contract() -> None:
    known = Allocator(Purse("a", 60.0, Vector({"usd": 4.0}), kept=1), {"a/u": Vector({"usd": 1.0})})
    nothing, less = (Contract("a", 1, Vector({"usd": usd}), Seal(1, 1)) for usd in (0.0, 0.5))
    assert known.accept(nothing)[1].holds == Vector({"usd": 1.0})  # what is its unit's floor
    for contract in (nothing, less):
        after, answer = known.accept(contract, first=True)
        assert answer.holds == contract.grant
        assert after.purse.ledger(1).committed == contract.grant
