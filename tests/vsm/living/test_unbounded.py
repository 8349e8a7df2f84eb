"""Calls that nobody gave an upper bound, and of which nobody knows what they took: none of them is free."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Budget, Cost, Operation, Outcome, OutcomeUnknown, Task, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.buyers import CALLS, CAME, HANGS, Buyer, Deep, Flat, buy, model, spent
from tests.vsm.living.company import started


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()
    CAME.clear()


async def _killed(system: Any, company: Any, path: str, part: str) -> None:
    """A task at work, and in the midst of it the death of who does it, or of its porter."""
    asked = asyncio.ensure_future(buy(company, seconds=HANGS))
    await asyncio.sleep(1.0)
    victim = system.whereis(f"{path}{part}")
    assert victim is not None
    victim.exit(Kill())
    await asked


DEATHS = ("late", "crash", "leave", "killed", "porter killed")


@pytest.mark.parametrize("cls", [Flat, Deep])
@pytest.mark.parametrize("death", DEATHS)
async def test_no_call_without_a_bound_is_free_because_its_operation_dies_during_it(
    cls: Any, death: str
) -> None:
    path = "flat/buyer" if cls is Flat else "deep/inner/buyer"
    async with started(cls) as (system, company):
        await asyncio.sleep(3.0)
        for _ in range(4):
            if "killed" in death:
                await _killed(system, company, path, ":porter" if "porter" in death else "")
            else:
                kind = "plain" if death == "late" else death
                await buy(company, kind, HANGS, deadline=5.0 if death == "late" else None)
        assert len(CALLS) == 1  # nobody knows what a call takes: it may have been all that there was
        assert "BudgetExhausted" in CAME
        assert (await spent(company)).amount("usd") > 9.0
        await asyncio.sleep(HANGS)


@pytest.mark.parametrize("death", DEATHS)
async def test_of_a_call_that_was_lost_the_most_that_any_took_so_far_is_assumed(death: str) -> None:
    async with started(Flat) as (system, company):
        assert await buy(company) == "good"
        if "killed" in death:
            await _killed(system, company, "flat/buyer", ":porter" if "porter" in death else "")
        else:
            kind = "plain" if death == "late" else death
            await buy(company, kind, HANGS, deadline=5.0 if death == "late" else None)
        await asyncio.sleep(2.0 * HANGS)
        assert await spent(company) == Vector(usd=len(CALLS))
        assert await buy(company) == "good"


@pytest.mark.parametrize("cls", [Flat, Deep])
async def test_nor_is_one_free_because_the_whole_system_ends_during_it(cls: Any, tmp_path: Path) -> None:
    inside = {"data": str(tmp_path), "budget": Budget(usd=10.0, per=1e9), "__module__": __name__}
    kept = type(cls.__name__, (cls,), inside)
    for _ in range(3):
        async with started(kept) as (_, company):
            await asyncio.sleep(3.0)
            asked = asyncio.ensure_future(buy(company, seconds=HANGS))
            await asyncio.sleep(1.0)
        await asked
    assert len(CALLS) == 1


@pytest.mark.parametrize("ends", ["killed", "late", "hasty"])
async def test_a_call_that_was_given_up_before_its_turn_came_was_not_made_and_takes_nothing(
    ends: str,
) -> None:
    async with started(Flat) as (system, company):
        assert await buy(company, "paced") == "good"
        assert len(CALLS) == 5
        if ends == "killed":
            asked = asyncio.ensure_future(buy(company, "paced"))
            await asyncio.sleep(15.0)
            victim = system.whereis("flat/buyer")
            assert victim is not None
            victim.exit(Kill())
            await asked
        else:
            await buy(
                company, "hasty" if ends == "hasty" else "paced", deadline=15.0 if ends == "late" else None
            )
        await asyncio.sleep(150.0)
        assert 5 < len(CALLS) <= (12 if ends == "killed" else 8)
        assert await spent(company) == Vector(usd=len(CALLS))


# Bills.


class Asker(Operation):
    """Asks once, for half a dollar at most where its kind is "bounded"."""

    receipts: ClassVar[list[Any]] = []

    async def handle(self, task: Task) -> Outcome:
        """What is unknown is noted."""
        upper = Cost(usd=0.5) if task.kind == "bounded" else Cost()
        try:
            used = await self.use("model", model, task.body, upper=upper)
        except OutcomeUnknown as error:
            Asker.receipts.append(error.receipt)
            raise
        return Outcome(used.value, evidence=[used.receipt])


class Billed(Flat):
    """Of one of them."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Asker, id="buyer")]


async def unknown(company: Any, kind: str) -> str:
    """The id of the receipt of a call of which nobody knows what became of it."""
    Asker.receipts.clear()
    assert await buy(company, kind, 100.0) == "OutcomeUnknown"
    return str(Asker.receipts[0].id)


async def test_a_bill_above_its_bound_is_an_overrun_however_much_is_left() -> None:
    async with started(Billed) as (_, company):
        id = await unknown(company, "bounded")
        await company.call(ViableSystem.billed, id, Cost(usd=0.7))
        assert await buy(company, "bounded") == "BudgetExhausted"  # until system 3 answers for it
        await asyncio.sleep(1.5)
        alarms = await company.call(ViableSystem.alarms)
        assert "overrun" in {climb.pain.index for climb in alarms}
        assert await spent(company) == Vector(usd=0.7)


@pytest.mark.parametrize("price", [0.2, 3.0])
async def test_a_bill_of_a_call_without_a_bound_is_taken_from_what_is_left(price: float) -> None:
    async with started(Billed) as (_, company):
        assert await buy(company) == "good"
        id = await unknown(company, "plain")
        assert await spent(company) == Vector(usd=2)
        await company.call(ViableSystem.billed, id, Cost(usd=price))
        assert await buy(company) == "good"
        assert await spent(company) == Vector(usd=2.0 + price)


async def test_the_first_call_takes_all_that_is_left_as_long_as_nobody_knows_and_then_what_the_bill_says() -> (
    None
):
    async with started(Billed) as (_, company):
        await asyncio.sleep(3.0)
        id = await unknown(company, "plain")
        assert await buy(company) == "BudgetExhausted"
        await company.call(ViableSystem.billed, id, Cost(usd=1.0))
        assert await buy(company) == "good"


# Sums.


class Many(Flat):
    """Five buyers of their own and five in a level within, and two dollars."""

    budget = Budget(usd=2.0, per=36000)

    def units(self) -> list[Any]:
        """Ten in all."""
        return [*(unit(Buyer, id=f"b{n}") for n in range(5)), unit(Crowd, id="crowd")]


class Crowd(ViableSystem):
    """Five."""

    def units(self) -> list[Any]:
        """Of them."""
        return [unit(Buyer, id=f"b{n}") for n in range(5)]


async def test_all_units_together_spend_at_most_the_budget_and_one_call_each() -> None:
    async with started(Many) as (_, company):
        await asyncio.sleep(3.0)
        for _ in range(4):
            whom = [f"many/{where}b{n}" for n in range(5) for where in ("", "crowd/")]
            asked = (
                company.within(None).call(ViableSystem.submit, Task("plain", 0.0, to=one)) for one in whom
            )
            await asyncio.gather(*asked, return_exceptions=True)
            await asyncio.sleep(40.0)
        assert 2 < len(CALLS) <= 2 + 10
