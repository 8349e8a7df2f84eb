"""What audits have found false is done again: under the same key, once, and by whoever is there."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Audit,
    Channel,
    Note,
    Operation,
    Outcome,
    Port,
    Quarantined,
    Role,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.audit import Account
from cybernetic.vsm.channels import Ear
from cybernetic.vsm.operations.messages import Redo, Redone
from tests.vsm.living.company import Company, started


class Bank:
    """Pays back under a key, once; what it is told under a known key again corrects what it did."""

    asked: ClassVar[list[str]] = []
    paid: ClassVar[dict[str, int]] = {}
    slow = 0.0

    @classmethod
    async def pay(cls, usd: int, key: str) -> int:
        """So much, under that key."""
        await asyncio.sleep(cls.slow)
        cls.asked.append(key)
        cls.paid[key] = usd
        return usd


class Prices:
    """Two price lists: the first lies from some time on, the second is right."""

    lies = False

    @classmethod
    def first(cls, number: int) -> int:
        """What an order cost, or not."""
        return number + (100 if cls.lies else 0)

    @staticmethod
    def second(number: int) -> int:
        """What an order cost."""
        return number


class Refund(Operation):
    """Looks up what an order cost and pays it back."""

    async def handle(self, task: Task) -> Outcome:
        """One refund, under the id of its task."""
        try:
            found = await self.use("first", Prices.first, task.body)
        except Quarantined:
            found = await self.use("second", Prices.second, task.body)
        paid = await self.use("bank", Bank.pay, found.value, key=task.id)
        return Outcome(paid.value, evidence=[found.receipt, paid.receipt])


def right(evidence: Any) -> Any:
    """Whether an order was paid back as it cost; the price list is to blame where it was not."""
    lists = tuple(one.port for one in evidence.receipts if one.port != "bank")
    return Account(evidence.outcome.value == evidence.task.body, ports=lists)


def never(evidence: Any) -> Any:
    """Believes no price list."""
    return Account(False, ports=tuple(one.port for one in evidence.receipts if one.port != "bank"))


class Till(Company):
    """Two units that pay back; all they do is audited."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"first": Port(), "second": Port(), "bank": Port()}
    audit = Audit(probability=1.0, verify=right, independent_of="second")

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Refund, id="a"), unit(Refund, id="b")]


def till(verify: Any = right) -> type[Till]:
    """It, with nothing done yet."""
    Bank.asked.clear()
    Bank.paid.clear()
    Prices.lies, Bank.slow = False, 0.0
    values = {"probability": 1.0, "verify": verify, "independent_of": "second"}
    return type("Till", (Till,), {"audit": Audit(**values), "__module__": __name__})


async def log(company: Any, kind: str) -> list[Any]:
    """What stands in the log, of a kind."""
    return [entry.body for entry in await company.call(ViableSystem.decisions, 0, kind)]


async def refund(company: Any, *numbers: int) -> None:
    """Have so many orders paid back, by the first unit, one after another."""
    for number in numbers:
        task = Task("refund", number, to="till/a", id=f"order {number}")
        with suppress(Quarantined):
            await company.within(None).call(ViableSystem.submit, task)
        await asyncio.sleep(0.01)


async def test_what_is_found_false_is_done_again_under_the_same_key_and_nothing_is_paid_twice() -> None:
    async with started(till()) as (_, company):
        await refund(company, *range(30))
        Prices.lies = True
        numbers = range(1000, 1030)
        await refund(company, *numbers)
        await asyncio.sleep(5.0)
        redone = await log(company, "redone")
        changed = {id for one in redone for id in one["changed"]}
        assert changed
        assert all(one["failed"] == {} for one in redone)
        assert Bank.paid == {f"order {number}": number for number in (*range(30), *numbers)}
        times = Counter(Bank.asked)
        assert all(times[id] == 2 for id in changed)
        assert max(times.values()) == 2


async def test_a_successor_of_system_3_has_done_again_what_its_predecessor_had_begun() -> None:
    async with started(till()) as (system, company):
        await refund(company, *range(30))
        Prices.lies, Bank.slow = True, 0.5
        number = 1000
        while not await log(company, "quarantine"):
            await refund(company, number)
            number += 1
        assert await log(company, "redone") == []
        victim = system.whereis("till:control", Agent)
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(60.0)
        assert await log(company, "redone")
        assert Bank.paid == {f"order {number}": number for number in (*range(30), *range(1000, number))}


async def test_what_is_false_still_is_not_done_again_and_again() -> None:
    async with started(till(never)) as (_, company):
        await refund(company, *range(40))
        await asyncio.sleep(60.0)
        assert await log(company, "redone")
        out = {entry["port"] for entry in await log(company, "quarantine")}
        assert max(Counter(Bank.asked).values()) <= 1 + len(out)


async def test_tasks_that_nobody_remembers_are_said_to_be_unknown() -> None:
    async with started(till()) as (system, company):
        await refund(company, 1)
        redo = Redo("till/a", ("order 1", "order 2"))
        note = Note(Channel.COMMAND, Role.CONTROL, "till", Role.ENVIRONMENT, "till", redo, "n", "n")
        redone: Redone = await system.named("till:environment", Ear).within(None).call(Ear.take, note)
        assert (redone.good, redone.changed, redone.unknown) == (("order 1",), (), ("order 2",))
        assert Bank.asked == ["order 1", "order 1"]


async def test_a_task_that_is_given_twice_is_done_once_unless_it_does_not_count() -> None:
    async with started(till()) as (_, company):
        await refund(company, 1)
        await refund(company, 1)
        assert Bank.asked == ["order 1"]
