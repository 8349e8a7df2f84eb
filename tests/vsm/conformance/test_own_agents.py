"""The suite and simulated hours for those who have agents, and tasks, of their own."""

import asyncio
from logging import CRITICAL
from typing import Any, ClassVar

import pytest

from cybernetic import Agent
from cybernetic.core import CallError
from cybernetic.testing.vsm import conformance, run
from cybernetic.vsm import Budget, Cost, Operation, Outcome, Port, Task, ViableSystem, unit
from tests.support import SOAK


class Sorter(Agent):
    """Sorts a ticket."""

    def sort(self, text: str) -> str:
        """Its kind."""
        return "refund" if "money back" in text else "question"


class Writer(Agent):
    """Answers one."""

    async def answer(self, text: str) -> str:
        """What a model takes."""
        await asyncio.sleep(1.0)
        return f"Dear customer, about {text!r}: it is on its way."


class Cashier(Agent):
    """Pays."""

    def pay_back(self, order: str, usd: float, key: str) -> str:
        """Money back."""
        return f"{usd} usd for {order}"


class Sort(Operation):
    """Manages the sorter."""

    kinds = ("ticket",)

    async def handle(self, task: Task) -> Outcome:
        """And hands on."""
        sorter = self.system.named("sorter", Sorter)
        found = await self.use("sorter", sorter, Sorter.sort, task.body["text"])
        done = await self.hand_on(Task(found.value, task.body, id=f"{task.id}/{found.value}"))
        return Outcome(done.outcome.value, evidence=[found.receipt])


class Answer(Operation):
    """Manages the writer."""

    kinds = ("question",)

    async def handle(self, task: Task) -> Outcome:
        """An answer."""
        writer = self.system.named("writer", Writer)
        reply = await self.use("writer", writer, Writer.answer, task.body["text"], upper=Cost(usd=0.04))
        return Outcome(reply.value, evidence=[reply.receipt])


class Refund(Operation):
    """Manages the cashier."""

    kinds = ("refund",)

    async def handle(self, task: Task) -> Outcome:
        """A payment."""
        order, usd = task.body["order"], task.body["usd"]
        cashier = self.system.named("cashier", Cashier)
        paid = await self.use(
            "cashier", cashier, Cashier.pay_back, order, usd, upper=Cost(usd=usd), key=task.id
        )
        return Outcome(paid.value, evidence=[paid.receipt])


class Support(ViableSystem):
    """Of all three."""

    purpose = "answer every ticket truthfully within a minute"
    budget = Budget(usd=100, per=3600)
    ports: ClassVar[Any] = {"sorter": Port(), "writer": Port(), "cashier": Port()}

    def units(self) -> list[Any]:
        """Three."""
        return [unit(Sort, id="sort"), unit(Answer, id="answer"), unit(Refund, id="refund")]


class Group(ViableSystem):
    """The same, one level down."""

    budget = Budget(usd=100, per=3600)
    ports = Support.ports

    def units(self) -> list[Any]:
        """One level."""
        return [unit(Support, id="support")]


async def agents(system: Any) -> None:
    """The three there were before."""
    await system.start(Sorter, name="sorter")
    await system.start(Writer, name="writer")
    await system.start(Cashier, name="cashier")


def ticket(n: int) -> Task:
    """A ticket: every third customer wants his money back."""
    text = "my money back" if n % 3 == 2 else "my parcel"
    return Task("ticket", {"text": text, "order": f"order {n}", "usd": 1}, id=f"ticket {n}")


WITH_TASKS = {
    "T-P2",
    "T-P3",
    "T-COH",
    "T-S2-crash",
    "T-S1-autonomy",
    "T-S1-evidence",
    "T-S3-conserve",
    "T-S3-sparing",
}


def test_a_level_of_agents_that_were_there_before_has_every_invariant() -> None:
    found = conformance(Support, task=ticket, before=agents)
    found.check()
    assert {one.invariant.name: one.untried for one in found.untried} == {
        "T-S3-nested": "there is no level above it",
        "T-S2-rate": "system 2 paces no port here",
        "T-S3star-bypass": "nothing is audited there",
        "T-S5-total": "no policies are declared there",
    }


def test_so_has_one_within_another() -> None:
    some = ["T-COH", "T-S1-autonomy", "T-S3-nested", "T-SHAPE-whole"]
    found = conformance(Group, task=ticket, before=agents, only=None if SOAK else some)
    found.check()
    assert {one.path for one in found.found if one.holds} == {"group", "group/support"}


def test_where_no_task_can_be_done_nothing_that_is_said_of_work_holds_and_the_check_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(CRITICAL)  # each task is tried five times
    few = WITH_TASKS if SOAK else {"T-COH", "T-S1-evidence", "T-S3-conserve"}
    found = conformance(Support, task=ticket, only=few | {"T-ALG-once"})
    assert found.failures == ()
    assert {one.invariant.name for one in found.idle} == few
    assert not any(one.holds for one in found.idle)
    said = {str(one).split()[0] for one in found.idle}
    assert said == {"not"}
    assert "none of 10 tasks was done: " in str(found)
    assert "nobody holds the name" in str(found)
    with pytest.raises(AssertionError, match=r"expected tasks \(task=\) that are done, with all .*before="):
        found.check()
    assert not found.passed


def test_tasks_of_a_kind_that_nobody_takes_are_not_tried_either() -> None:
    found = conformance(Support, before=agents, only=sorted(WITH_TASKS))
    assert not any(one.holds for one in found.found)
    assert all("'job'" in one.untried for one in found.found)
    with pytest.raises(AssertionError, match="something to try"):
        found.check()


def test_an_hour_of_agents_that_were_there_before() -> None:
    async def customers(company: Any, chance: Any) -> None:
        for n in range(20):
            await company.submit(ticket(n))

    hour = run(Support, hours=0.02, seed=7, work=customers, before=agents)
    assert hour.good == len(hour.tasks) == 20
    assert hour.pages == ()
    assert hour.hash == run(Support, hours=0.02, seed=7, work=customers, before=agents).hash


def test_what_cannot_be_made_ready_is_raised() -> None:
    async def broken(system: Any) -> None:
        await system.named("nobody", Sorter).call(Sorter.sort, "")

    with pytest.raises(CallError):
        conformance(Support, before=broken, only=["T-S1-autonomy"])
    with pytest.raises(CallError):
        run(Support, hours=0.1, before=broken)
