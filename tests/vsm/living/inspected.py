"""A company that is audited: a tool that may lie, one that does not, and what else an audit may meet."""

import asyncio
from typing import Any, ClassVar

from cybernetic.runtime import Ref
from cybernetic.vsm import (
    Audit,
    Cost,
    Operation,
    Outcome,
    Performed,
    Port,
    Quarantined,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.inspection.auditor import Auditor
from tests.vsm.living.company import Company


class Kb:
    """A tool whose every fifth answer is wrong while it `lies`, and a manual that is right."""

    lies = False
    manual = 0

    @classmethod
    def search(cls, number: int) -> int:
        """Twice the number, or so."""
        return 2 * number + (1 if cls.lies and number % 5 == 0 else 0)

    @classmethod
    def looked_up(cls, number: int) -> int:
        """Twice the number."""
        cls.manual += 1
        return 2 * number


class Answer(Operation):
    """Asks the first tool, and the second where the first is out of use."""

    purposes: ClassVar[Any] = {"ask": 1.0}

    async def handle(self, task: Task) -> Outcome:
        """Twice the number of the task; it does not own up to much."""
        try:
            used = await self.use("kb", Kb.search, task.body, upper=Cost(usd=0.01))
        except Quarantined:
            used = await self.use("manual", Kb.looked_up, task.body, upper=Cost(usd=0.01))
        return Outcome(used.value, evidence=[used.receipt], good=task.kind != "modest")


def right(evidence: Any) -> bool:
    """Reckons itself."""
    return bool(evidence.outcome.value == 2 * evidence.task.body)


class Desk(Company):
    """One level, two units, half of what is done is audited."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"kb": Port(), "manual": Port()}
    audit = Audit(probability=0.5, verify=right, independent_of="kb")

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Answer, id="a"), unit(Answer, id="b")]


def audited(**declared: Any) -> type[Desk]:
    """A desk whose audit is declared so."""
    values = {"probability": 0.5, "verify": right, **declared}
    return type("Desk", (Desk,), {"audit": Audit(**values), "__module__": __name__})


async def ask(desk: Ref[Any], *numbers: int, kind: str = "ask", to: str | None = None) -> list[Performed]:
    """Have so many questions answered, one after another, and their audits done."""
    found = []
    for number in numbers:
        found.append(await desk.within(None).call(ViableSystem.submit, Task(kind, number, to=to)))
        await asyncio.sleep(0.01)
    return found


async def auditor(system: Any, method: Any) -> Any:
    """Ask the auditor of the desk."""
    return await system.named("desk:audit", Auditor).call(method)


async def log(desk: Ref[Any], kind: str) -> list[Any]:
    """What stands in the log, of a kind."""
    return [entry.body for entry in await desk.call(ViableSystem.decisions, 0, kind)]


async def standing(desk: Ref[Any], unit: str = "desk/a") -> str:
    """What audits say of a unit, as the status has it."""
    return str((await desk.call(ViableSystem.status)).standings[unit].value)
