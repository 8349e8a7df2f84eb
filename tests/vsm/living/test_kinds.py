"""Tasks are given to units that take their kind, and a unit hands on to another what is not its own."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.core import OptionError
from cybernetic.runtime import Ref
from cybernetic.vsm import (
    NoSuchKind,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    WaitsForItself,
    remote,
    unit,
)


async def tool(what: Any) -> Any:
    """Takes a moment."""
    await asyncio.sleep(0.2)
    return what


class Doer(Operation):
    """Says who has done it; hands on what the task says."""

    async def handle(self, task: Task) -> Outcome:
        """With one use of the tool."""
        used = await self.use("tool", tool, task.kind)
        who = [self.ref.name]
        if task.body is not None:
            then = task.body[0]
            performed = await self.hand_on(Task(then[0], task.body[1:] or None, to=then[1]))
            who += performed.outcome.value
        return Outcome(who, evidence=[used.receipt])


class Sort(Doer):
    """Sorts."""

    kinds = ("sort",)


class Refund(Doer):
    """Pays back."""

    kinds = ("refund", "payment")


class Desk(ViableSystem):
    """Two that say what they take, and two that do not."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """All four."""
        return [
            unit(Sort, id="sort"),
            unit(Refund, id="refund"),
            unit(Doer, id="one"),
            unit(Doer, id="two"),
        ]


async def who(desk: Ref[Any], kind: str, body: Any = None, to: str | None = None) -> Any:
    """By whom a task was done."""
    done = await desk.within(60.0).call(ViableSystem.submit, Task(kind, body, to=to))
    return done.outcome.value


async def test_tasks_go_to_the_units_that_take_their_kind_and_others_to_those_that_declare_none() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        kinds = ["sort", "refund", "payment", "sort", "refund", "payment", "other", "other"]
        found = await asyncio.gather(*(who(desk, kind) for kind in kinds))
    assert [one for (one,) in found[:6]] == ["desk/sort", "desk/refund", "desk/refund"] * 2
    assert sorted(one for (one,) in found[6:]) == ["desk/one", "desk/two"]


class Narrow(Desk):
    """Of those that say what they take alone; one by its unit."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Sort, id="sort"), unit(Doer, id="pay", kinds=["payment"])]


async def test_a_kind_that_no_unit_takes_is_refused_by_name_with_those_that_are_taken() -> None:
    async with System() as system:
        desk = await system.start(Narrow)
        with pytest.raises(NoSuchKind, match=r"of \['payment', 'sort'\], got: 'refund'") as refused:
            await who(desk, "refund")
        assert refused.value.kind == "refund"
        with pytest.raises(NoSuchKind, match=r"of \['sort'\], got: 'payment'"):
            await who(desk, "payment", to="narrow/sort")
        assert await who(desk, "payment") == ["narrow/pay"]


class Nobody(ViableSystem):
    """Without units."""


async def test_a_level_without_units_refuses_what_comes_and_lives() -> None:
    async with System() as system:
        desk = await system.start(Nobody)
        for _ in range(2):
            with pytest.raises(NoSuchKind):
                await who(desk, "sort")


@pytest.mark.parametrize("kinds", ["sort", [1], [""], 3])
def test_kinds_that_are_no_words_are_refused_where_the_unit_is_declared(kinds: Any) -> None:
    with pytest.raises(OptionError, match="kinds"):
        unit(Doer, id="one", kinds=kinds)
    with pytest.raises(OptionError, match="kinds"):
        remote("one", kinds=kinds)


class Division(ViableSystem):
    """Sorts, within the company."""

    kinds = ("sort",)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Sort, id="sort")]


class Company(ViableSystem):
    """A division, and who pays."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Division, id="division"), unit(Refund, id="refund")]


async def test_a_level_within_takes_what_it_declares_and_what_its_units_hand_on_goes_to_the_level_above() -> (
    None
):
    async with System() as system:
        company = await system.start(Company)
        assert await who(company, "sort") == ["company/division/sort"]
        found = await who(company, "sort", [("refund", None)])
        assert found == ["company/division/sort", "company/refund"]
        with pytest.raises(NoSuchKind, match="got: 'other'"):
            await who(company, "sort", [("other", None)])


async def test_a_unit_hands_on_to_another_and_never_waits_for_itself() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        assert await who(desk, "sort", [("refund", None)]) == ["desk/sort", "desk/refund"]
        assert await who(desk, "sort", [("other", "desk/two")]) == ["desk/sort", "desk/two"]
        with pytest.raises(WaitsForItself):
            await who(desk, "sort", [("refund", None), ("sort", None)])
        assert await who(desk, "sort") == ["desk/sort"]
