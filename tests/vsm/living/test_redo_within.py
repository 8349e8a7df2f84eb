"""What audits of a level above find false is done again by the units of the level within."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Audit, Operation, Outcome, Port, Quarantined, Task, ViableSystem, unit
from cybernetic.vsm.channels import Channel, Ear, Note, Role
from cybernetic.vsm.operations.messages import Redo, Redone
from tests.vsm.living.company import PAGER


class Lists:
    """A price list that lies, and one that does not: who was asked what."""

    asked: ClassVar[list[tuple[str, int]]] = []
    slow: ClassVar[float] = 0.0

    @classmethod
    async def first(cls, number: int) -> str:
        """Something else."""
        await asyncio.sleep(cls.slow)
        cls.asked.append(("first", number))
        return "wrong"

    @classmethod
    async def second(cls, number: int) -> str:
        """As it is."""
        cls.asked.append(("second", number))
        return "right"


class Clerk(Operation):
    """Looks up."""

    async def handle(self, task: Task) -> Outcome:
        """By the first list, while that is in use."""
        try:
            used = await self.use("first", Lists.first, task.body)
        except Quarantined:
            used = await self.use("second", Lists.second, task.body)
        return Outcome(used.value, evidence=[used.receipt])


def right(evidence: Any) -> bool:
    """Whether it was looked up well."""
    return bool(evidence.outcome.value == "right")


def blind(evidence: Any) -> bool:
    """Sees nothing."""
    return True


class Desk(ViableSystem):
    """Two clerks, and an audit of their own that sees nothing."""

    audit = Audit(probability=1.0, verify=blind)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Clerk, id="a"), unit(Clerk, id="b")]


class Office(ViableSystem):
    """A level whose audit sees."""

    ports: ClassVar[Any] = {"first": Port(), "second": Port()}
    audit = Audit(probability=1.0, verify=right)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """A level within."""
        return [unit(Desk, id="desk")]


async def looked_up(office: Any, *numbers: int) -> None:
    """So many tasks, one after another."""
    for number in numbers:
        task = Task("look up", number, id=f"order {number}")
        await office.within(None).call(ViableSystem.submit, task)
        await asyncio.sleep(1.0)


async def test_what_is_false_in_a_level_within_is_done_again_there_and_comes_out_otherwise() -> None:
    Lists.asked.clear()
    Lists.slow = 0.0
    async with System() as system:
        office = await system.start(Office)
        await looked_up(office, *range(8))
        await asyncio.sleep(60.0)
        log = [entry.body for entry in await office.call(ViableSystem.decisions, 0, "redone")]
        changed = {id for one in log for id in one["changed"]}
        assert changed
        assert {f"order {number}" for name, number in Lists.asked if name == "first"} <= changed
        times = Counter(number for name, number in Lists.asked if name == "second")
        assert set(times) == set(range(8))
        assert max(times.values()) == 1


class Deep(Office):
    """Nobody audits it."""

    audit: ClassVar[Any] = None


class Flat(Deep):
    """Without a level within."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Clerk, id="desk")]


@pytest.mark.parametrize("cls", [Flat, Deep])
async def test_what_is_being_done_again_is_not_begun_a_second_time(cls: type[Office]) -> None:
    Lists.asked.clear()
    name = cls.__name__.lower()
    async with System() as system:
        office = await system.start(cls)
        Lists.slow = 0.0
        await looked_up(office, 1)
        Lists.slow = 5.0
        redo = Redo(f"{name}/desk", ("order 1",))
        note = Note(Channel.COMMAND, Role.CONTROL, name, Role.ENVIRONMENT, name, redo, "n", "n")
        environment = system.named(f"{name}:environment", Ear).within(None)
        first = asyncio.ensure_future(environment.call(Ear.take, note))
        await asyncio.sleep(1.0)
        second: Redone = await environment.call(Ear.take, note)
        assert (
            second == await first
        )  # who asks for it because the first to ask has died is told what came of it
        assert second.good == ("order 1",)
        await asyncio.sleep(10.0)
        assert len(Lists.asked) == 2
