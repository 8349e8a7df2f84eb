"""What was handed on and came back as not good may have had its effect: it is not done by another once more."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, BudgetExhausted, Cost, Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.operations.messages import Redo, Redone
from tests.vsm.living.doers import CALLED, asked, started, tool

BEGUN: list[tuple[str, str]] = []


class Clerk(Operation):
    """Hands on a payment, and asks a model, for which there may be no money left; or crashes once."""

    async def handle(self, task: Task) -> Outcome:
        """Both."""
        BEGUN.append((task.id, str(self.ref)))
        paid = await self.hand_on(Task("pay", id=f"{task.id}/pay"))
        assert not paid.outcome.good
        if task.body == "crash" and Counter(id for id, _ in BEGUN)[task.id] == 1:
            raise ValueError("as told")
        told = await self.use("llm", tool, "text", upper=Cost(usd=0.6), key=task.id)
        return Outcome("ordered", evidence=[told.receipt])


class Pay(Operation):
    """Pays, which nothing names, and cannot say that it did."""

    async def handle(self, task: Task) -> Outcome:
        """One payment."""
        paid = await self.use("bank", tool, task.id)
        return Outcome("not confirmed", good=False, evidence=[paid.receipt])


class Office(ViableSystem):
    """Two clerks with little money, and two who pay."""

    budget: ClassVar[Any] = Budget(usd=1.0, per=3600)
    ports: ClassVar[Any] = {"llm": Port(), "bank": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Four."""
        clerks = [unit(Clerk, id=id, kinds=["order"]) for id in "ab"]
        return [*clerks, *(unit(Pay, id=id, kinds=["pay"]) for id in ("p1", "p2"))]


class Rich(Office):
    """With money for all of it."""

    budget = None


def payments() -> Counter[str]:
    """How often each was made."""
    return Counter(what for what in CALLED if what != "text")


async def test_without_money_for_the_rest_it_is_not_paid_again_and_no_neighbour_begins_anew() -> None:
    async with started(Office) as (_, office):
        BEGUN.clear()
        for n in range(6):
            with pytest.raises(BudgetExhausted) as refused:
                await asked(office, "order", id=f"order-{n}")
            assert refused.value.begun
            await asyncio.sleep(3.0)
        assert set(payments().values()) == {1}
        assert len(payments()) == len(BEGUN) == 6


async def test_who_crashed_after_it_and_does_it_anew_has_the_answer_of_before() -> None:
    async with started(Rich) as (_, office):
        BEGUN.clear()
        jobs = [asked(office, "order", "crash", id=f"order-{n}") for n in range(6)]
        done = await asyncio.gather(*jobs)
        assert set(done) == {"ordered"}
        assert len(BEGUN) == 12
        assert set(payments().values()) == {1}


async def test_system_3_does_not_have_it_done_again_unasked() -> None:
    async with started(Rich) as (system, office):
        assert await asked(office, "pay", id="late") == "not confirmed"
        redo = Redo("rich/p1", ("late",))
        note = Note(Channel.COMMAND, Role.CONTROL, "rich", Role.ENVIRONMENT, "rich", redo, "n", "n")
        redone: Redone = await system.named("rich:environment", Ear).within(None).call(Ear.take, note)
        assert (redone.good, redone.changed, redone.unknown) == ((), (), ("late",))
        assert payments() == {"late": 1}
