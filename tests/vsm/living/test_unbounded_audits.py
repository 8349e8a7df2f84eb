"""Calls of a verifier that nobody gave an upper bound: none of them is free either."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill
from cybernetic.vsm import (
    Audit,
    Budget,
    Cost,
    NoOpenBill,
    Operation,
    Outcome,
    OutcomeUnknown,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.buyers import CALLS, CAME, Flat, buy, model
from tests.vsm.living.company import started


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()
    CAME.clear()


GIVEN: list[Any] = []


async def patient(evidence: Any, use: Any) -> bool:
    """Verifies by a call without a bound, that takes a minute and more."""
    try:
        await use("model", model, 100.0)
    except OutcomeUnknown as error:
        GIVEN.append(error.receipt)
        raise
    return True


async def careful(evidence: Any, use: Any) -> bool:
    """The same, for half a dollar at most."""
    try:
        await use("model", model, 100.0, upper=Cost(usd=0.5))
    except OutcomeUnknown as error:
        GIVEN.append(error.receipt)
        raise
    return True


async def free(what: Any) -> Any:
    """Takes nothing."""
    return what


class Given(Operation):
    """Does what costs nothing."""

    async def handle(self, task: Task) -> Outcome:
        """Once."""
        used = await self.use("free", free, task.id)
        return Outcome(used.value, evidence=[used.receipt])


def audited(verify: Any, patience: float) -> type[Flat]:
    """A level of which all that is done is audited, for ten dollars at most."""
    audit = Audit(probability=1.0, verify=verify, patience=patience, budget_share=0.5, independent_of="free")
    inside = {
        "audit": audit,
        "budget": Budget(usd=20.0, per=36000),
        "ports": {**Flat.ports, "free": Port()},
        "units": lambda self: [unit(Given, id="buyer")],
        "__module__": __name__,
    }
    return type("Flat", (Flat,), inside)


async def audits(company: Any) -> Vector:
    """What they have spent, or set aside."""
    ledger = (await company.call(ViableSystem.ledger)).purse.ledger(0)
    return ledger.open["flat:audit"].upper


@pytest.mark.parametrize("ends", ["patience", "timeout", "killed"])
async def test_no_call_of_a_verifier_without_a_bound_is_free_because_nobody_waits_for_it(ends: str) -> None:
    GIVEN.clear()
    async with started(audited(patient, 5.0 if ends == "patience" else 500.0)) as (system, company):
        await asyncio.sleep(3.0)
        for _ in range(4):
            await buy(company)
            await asyncio.sleep(1.0)
            if ends == "killed":
                victim = system.whereis("flat:audit")
                assert victim is not None
                victim.exit(Kill())
            await asyncio.sleep(65.0)
        assert CAME == ["good"] * 4
        assert len(CALLS) == 1


async def test_what_a_verifier_s_unknown_call_took_is_open_until_the_bill_comes() -> None:
    GIVEN.clear()
    async with started(audited(careful, 500.0)) as (_, company):
        await asyncio.sleep(3.0)
        await buy(company)
        await asyncio.sleep(70.0)
        assert GIVEN[0].cost == Vector(usd=0.5)
        await company.call(ViableSystem.billed, GIVEN[0].id, Cost(usd=0.1))
        with pytest.raises(NoOpenBill):
            await company.call(ViableSystem.billed, GIVEN[0].id, Cost(usd=0.2))


async def test_of_a_verifier_s_unknown_call_the_most_that_any_took_so_far_is_assumed() -> None:
    times = iter((0.0, 100.0, 0.0))

    async def varied(evidence: Any, use: Any) -> bool:
        await use("model", model, next(times))
        return True

    async with started(audited(varied, 500.0)) as (_, company):
        await asyncio.sleep(3.0)
        for _ in range(3):
            await buy(company)
            await asyncio.sleep(65.0)
        assert len(CALLS) == 3
        entries = await company.call(ViableSystem.decisions, 0, "unverified")
        assert ["it may have happened" in one.body["why"] for one in entries] == [True]
