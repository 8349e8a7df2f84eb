"""System 3*: a tool that lies is found past the management, taken out of use, and replaced."""

import asyncio
from typing import Any, ClassVar

from cybernetic.vsm import (
    Audit,
    Cost,
    Operation,
    Outcome,
    Port,
    Quarantined,
    Task,
    ViableSystem,
    unit,
)
from tests.vsm.living.company import PAGER, Company, done, started


class Kb:
    """A tool that may lie: every fifth answer is wrong once `lies` is set; and one that is right."""

    lies = False
    asked: ClassVar[list[tuple[str, int]]] = []

    @classmethod
    def search(cls, number: int) -> int:
        """Twice the number, or so."""
        cls.asked.append(("kb", number))
        return 2 * number + (1 if cls.lies and number % 5 == 0 else 0)

    @classmethod
    def manual(cls, number: int) -> int:
        """Twice the number."""
        cls.asked.append(("manual", number))
        return 2 * number


class Answer(Operation):
    """Asks the first tool, and the second where the first is out of use."""

    async def handle(self, task: Task) -> Outcome:
        """Twice the number of the task."""
        try:
            used = await self.use("kb", Kb.search, task.body, upper=Cost(usd=0.01))
        except Quarantined:
            used = await self.use("manual", Kb.manual, task.body, upper=Cost(usd=0.01))
        return Outcome(used.value, evidence=[used.receipt])


def right(evidence: Any) -> bool:
    """Reckons itself."""
    return bool(evidence.outcome.value == 2 * evidence.task.body)


class Desk(Company):
    """One level, two units, half of what is done is audited."""

    budget = None
    ports: ClassVar[Any] = {"kb": Port(), "manual": Port()}
    audit = Audit(probability=0.5, verify=right, independent_of="kb")

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Answer, id="a"), unit(Answer, id="b")]


async def ask(company: Any, numbers: range, to: str | None = None) -> list[Any]:
    """So many tasks, one after another."""
    return [await done(company, to, same=None) if False else await one(company, n, to) for n in numbers]


async def one(company: Any, number: int, to: str | None = None) -> Any:
    """One task."""
    return await company.within(None).call(ViableSystem.submit, Task("ask", number, to=to))


async def test_a_tool_that_lies_is_found_taken_out_of_use_and_replaced() -> None:
    Kb.lies, Kb.asked = False, []
    async with started(Desk) as (_, desk):
        for n in range(100):
            assert (await one(desk, n)).outcome.value == 2 * n
        assert await desk.call(ViableSystem.alarms) == ()
        Kb.lies = True
        for n in range(100, 1000):
            await one(desk, n)
            await asyncio.sleep(0.01)
            if Kb.asked[-1][0] == "manual":
                break
        assert n < 700, "it was not found"
        log = await desk.call(ViableSystem.decisions)
        assert [entry.body["port"] for entry in log if entry.kind == "quarantine"] == ["kb"]
        performed = [await one(desk, n) for n in range(1000, 1050)]
        assert all(each.outcome.value == 2 * n for n, each in zip(range(1000, 1050), performed, strict=True))
    assert PAGER is not None
