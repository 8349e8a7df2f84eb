"""What a use of a port goes through: policy, reserve, pace, call, settle, evidence."""

import asyncio
from contextlib import suppress
from math import inf
from typing import Any, ClassVar

import pytest

from cybernetic import Refusal
from cybernetic.vsm import (
    Allow,
    BudgetExhausted,
    Cost,
    Deny,
    Escalate,
    NoEvidence,
    Operation,
    Outcome,
    OutcomeUnknown,
    Policy,
    PolicyDenied,
    Port,
    RateLimited,
    Stuck,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER, TOOL, Company, done, started

SOLO = "company/solo"


def limits(action: Any, context: Any) -> Any:
    """Up to 50 at once, up to 100 by somebody's word."""
    if action.facts.get("usd", 0) <= 0.5:
        return Allow()
    return Escalate("owner", deadline=30.0) if action.usd <= 1 else Deny("too much")


class Governed(Company):
    """With a policy."""

    policies = (Policy("limits", 1, limits),)


async def test_a_use_is_paid_for_and_proved() -> None:
    async with started() as (_, company):
        performed = await done(company, SOLO, uses=2)
        assert performed.outcome.good
        assert [receipt.port for receipt in performed.receipts] == ["tool", "tool"]
        assert [receipt.path for receipt in performed.receipts] == [SOLO, SOLO]
        assert sum((receipt.cost for receipt in performed.receipts), Vector()) == Vector(usd=0.2)
        assert [key for _, key, _ in TOOL.asked] == [f"{performed.task}/0", f"{performed.task}/1"]


async def test_what_a_policy_denies_is_not_called() -> None:
    async with started(Governed) as (_, company):
        with pytest.raises(PolicyDenied, match="limits v1: too much"):
            await done(company, "governed/solo", usd=2.0)
        assert TOOL.asked == []


async def test_silence_is_never_leave() -> None:
    async with started(Governed) as (_, company):
        with pytest.raises(PolicyDenied, match="nobody answered in time"):
            await done(company, "governed/solo", usd=0.8)
        assert asyncio.get_running_loop().time() == pytest.approx(30.0, abs=1.5)
        assert TOOL.asked == []


async def test_a_denial_holds_in_the_levels_below() -> None:
    async with started(Governed) as (_, company):
        with pytest.raises(PolicyDenied, match="too much"):
            await done(company, "governed/division", usd=2.0)


async def test_nobody_spends_more_than_there_is() -> None:
    async with started() as (_, company):
        results = await asyncio.gather(
            *(done(company, SOLO, usd=1.0) for _ in range(8)), return_exceptions=True
        )
        assert sum(isinstance(one, BudgetExhausted) for one in results) == 3
        assert len(TOOL.asked) == 5  # its half of ten dollars
        allocator = await company.call(ViableSystem.ledger)
        assert allocator.purse.ledger(0).committed <= Vector(usd=10)


async def test_the_same_call_again_and_again_is_stopped() -> None:
    async with started() as (_, company):
        with pytest.raises(Stuck, match="5 times"):
            await done(company, SOLO, uses=50, same="again", usd=0.01)
        assert len(TOOL.asked) == 5


class Twice(Operation):
    """Refuses a task as often as it is told to, after it has used a port."""

    refusals: ClassVar[int] = 0

    async def handle(self, task: Task) -> Outcome:
        used = await self.use("tool", TOOL, "the same")
        if Twice.refusals:
            Twice.refusals -= 1
            raise NotNow
        return Outcome(evidence=[used.receipt])


class NotNow(Refusal):
    """Another time."""


class Reluctant(Company):
    """Of one that is."""

    def units(self) -> list[Any]:
        return [unit(Twice, id="solo")]


async def test_a_task_that_was_refused_and_is_given_again_does_not_go_round_in_circles() -> None:
    Twice.refusals = 7
    async with started(Reluctant) as (_, company):
        for _ in range(7):
            with pytest.raises(NotNow):
                await company.within(None).call(ViableSystem.submit, Task("job", id="one"))
        performed = await company.within(None).call(ViableSystem.submit, Task("job", id="one"))
        assert len(performed.receipts) == 1


async def test_a_success_without_evidence_is_refused() -> None:
    async with started() as (_, company):
        with pytest.raises(NoEvidence, match="got none"):
            await done(company, SOLO, shown=0)


async def test_what_takes_too_long_is_unknown_and_counts_in_full() -> None:
    async with started() as (_, company):
        TOOL.hangs = True
        with pytest.raises(OutcomeUnknown, match="may have happened"):
            await done(company, SOLO, usd=2.0)
        TOOL.hangs = False
        results = await asyncio.gather(
            *(done(company, SOLO, usd=1.0) for _ in range(8)), return_exceptions=True
        )
        assert sum(not isinstance(one, Exception) for one in results) <= 3


class Down(Exception):
    """The tool is out of order."""


async def broken(what: Any) -> None:
    """It is."""
    raise Down(what)


class Tries(Operation):
    """Tries it, and says that it could not."""

    async def handle(self, task: Task) -> Outcome:
        with suppress(Down):
            await self.use(task.kind, broken, task.id, upper=Cost(usd=1.0))
        return Outcome(good=False)


class Billed(Company):
    """One port bills nothing for what fails; the other says nothing of it."""

    ports: ClassVar[Any] = {"free": Port(failed=lambda error: Cost()), "dear": Port()}

    def units(self) -> list[Any]:
        return [unit(Tries, id="solo")]


async def test_a_call_that_fails_takes_what_the_port_says_and_else_its_upper_bound() -> None:
    async with started(Billed) as (_, company):
        for kind, spent in (("free", 0.0), ("dear", 1.0)):
            performed = await company.within(None).call(ViableSystem.submit, Task(kind))
            assert [receipt.cost.amount("usd") for receipt in performed.receipts] == [spent]


async def test_a_port_that_says_too_many_is_asked_again_later() -> None:
    async with started() as (_, company):
        TOOL.refuse, TOOL.retry_after = 2, 3.0
        performed = await done(company, SOLO)
        assert performed.outcome.good
        assert asyncio.get_running_loop().time() >= 6.0
        assert len(performed.receipts) == 1


async def test_a_hostile_retry_after_is_capped() -> None:
    async with started() as (_, company):
        TOOL.refuse, TOOL.retry_after = 1, inf
        assert (await done(company, SOLO)).outcome.good
        assert asyncio.get_running_loop().time() <= 310.0


async def test_tries_are_counted() -> None:
    async with started() as (_, company):
        TOOL.refuse = 100
        with pytest.raises(RateLimited, match="too many"):
            await done(company, SOLO)
        assert PAGER.pages == []


async def test_a_paced_port_is_never_used_faster_than_its_rate() -> None:
    async with started() as (_, company):
        jobs = [done(company, to, port="paced", usd=0.01) for to in [SOLO, "company/division"] * 30]
        loop = asyncio.get_running_loop()
        await asyncio.gather(*jobs)
        assert len(TOOL.asked) == 60
        assert loop.time() >= 60 / 0.95 - 2.0
        assert loop.time() <= 60 / 0.95 + 15.0
