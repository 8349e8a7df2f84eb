"""Calls that nobody gave an upper bound, and of which nobody knows what they took: none of them is free."""

import asyncio
from typing import Any, ClassVar

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
    Rate,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER, started

CALLS: list[float] = []
CAME: list[str] = []
HANGS = 20.0


async def model(seconds: float) -> float:
    """Takes so long, and a dollar."""
    CALLS.append(asyncio.get_running_loop().time())
    await asyncio.sleep(seconds)
    return seconds


async def failing(after: float) -> None:
    """What crashes a task beside its call."""
    await asyncio.sleep(after)
    raise ValueError("as told")


class Buyer(Operation):
    """Buys without a bound; the task's body says how long that takes, its kind what happens meanwhile."""

    async def handle(self, task: Task) -> Outcome:
        """One call, or as many as its kind says."""
        if task.kind == "crash":
            used, _ = await asyncio.gather(self.use("model", model, task.body), failing(0.5))
        elif task.kind == "leave":
            try:
                used = await asyncio.wait_for(self.use("model", model, task.body), 1.0)
            except TimeoutError:
                return Outcome(None, good=False)
        elif task.kind == "paced":
            used, *_ = await asyncio.gather(*(self.use("paced", model, 0.0 + n) for n in range(5)))
        elif task.kind == "hasty":
            calls = [asyncio.ensure_future(self.use("paced", model, float(n))) for n in range(5)]
            _, waiting = await asyncio.wait(calls, timeout=15.0)
            for one in waiting:
                one.cancel()
            return Outcome(None, good=False)
        else:
            used = await self.use("model", model, task.body)
        return Outcome(used.value, evidence=[used.receipt])


def a_dollar(value: Any) -> Cost:
    """Each."""
    return Cost(usd=1.0)


class Flat(ViableSystem):
    """One buyer, and ten dollars an hour."""

    budget = Budget(usd=10.0, per=36000)
    ports: ClassVar[Any] = {
        "model": Port(cost=a_dollar, timeout=60.0),
        "paced": Port(rate=Rate(6, per=60), cost=a_dollar, timeout=60.0),
    }
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Buyer, id="buyer")]


class Inner(ViableSystem):
    """A level of one buyer."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Buyer, id="buyer")]


class Deep(Flat):
    """A level of one level."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Inner, id="inner")]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()
    CAME.clear()


async def buy(company: Any, kind: str = "plain", seconds: float = 0.0, deadline: float | None = None) -> str:
    """One task; what came of it."""
    until = None if deadline is None else asyncio.get_running_loop().time() + deadline
    try:
        performed = await company.within(None).call(ViableSystem.submit, Task(kind, seconds, deadline=until))
    except Exception as error:
        CAME.append(type(error).__name__)
    else:
        CAME.append("good" if performed.outcome.good else "bad")
    return CAME[-1]


async def spent(company: Any) -> Vector:
    """What the top's ledger has for spent or set aside, when all accounts are in."""
    await asyncio.sleep(5.0)
    return (await company.call(ViableSystem.status)).accounts[min(await _units(company))].spent


async def _units(company: Any) -> Any:
    return (await company.call(ViableSystem.status)).accounts


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
        alarms = await company.call(ViableSystem.alarms)
        await asyncio.sleep(2.0)
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


# Audits.

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
