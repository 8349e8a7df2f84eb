"""What was handed on is not paid twice, because the money is gone in the midst of it."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, BudgetExhausted, Cost, Operation, Outcome, Port, Task, ViableSystem, unit
from tests.vsm.living.doers import CALLED, asked, started, tool

TOP: list[Any] = []


class Clerk(Operation):
    """Hands on a payment, under an id of its own or not, and asks a model, for which there may be no money left."""

    async def handle(self, task: Task) -> Outcome:
        """Both."""
        id = f"{len(CALLED)} {task.id}" if task.body == "free" else f"{task.id}/pay"
        pay = Task("pay", task.body, id=id)
        if task.body == "by the top":
            await TOP[0].within(None).call(ViableSystem.submit, pay)
        elif task.body == "all the same":
            with suppress(BudgetExhausted):
                await self.hand_on(pay)
        else:
            await self.hand_on(pay)
        told = await self.use("llm", tool, "text", upper=Cost(usd=0.3), key=task.id)
        return Outcome("paid", evidence=[told.receipt])


class Pay(Operation):
    """Pays, and that has no name; then it may have no money itself."""

    async def handle(self, task: Task) -> Outcome:
        """One payment."""
        paid = await self.use("bank", tool, task.id.rpartition(" ")[2])
        if task.body not in ("named", "free"):
            await self.use("llm", tool, "text", upper=Cost(usd=0.3))
        return Outcome("paid", evidence=[paid.receipt])


class Office(ViableSystem):
    """Two clerks with money for a few tasks, and one who pays."""

    budget = Budget(usd=1.0, per=3600)
    ports: ClassVar[Any] = {"llm": Port(), "bank": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Three."""
        return [
            unit(Clerk, id="a", kinds=["order"], weight=1.0),
            unit(Clerk, id="b", kinds=["order"], weight=1.6),
            unit(Pay, id="pay", kinds=["pay"]),
        ]


@pytest.mark.parametrize("body", ["named", "free", "poor", "by the top", "all the same"])
async def test_who_has_handed_on_a_payment_is_no_reason_to_pay_it_twice_when_the_money_is_gone(
    body: str,
) -> None:
    async with started(Office) as (_, office):
        TOP[:] = [office]
        jobs = [asked(office, "order", body, id=f"order-{n}") for n in range(6)]
        found = [(await asyncio.gather(job, return_exceptions=True))[0] for job in jobs]
        assert any(isinstance(one, BudgetExhausted) for one in found)
        paid = Counter(what.partition("/")[0] for what in CALLED if what != "text")
        assert set(paid.values()) == {1}
        assert len(paid) == 6
