"""Whoever begins anew in the middle of an epoch does not spend again what was spent in it, whatever became of books."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Budget, Cost, Port, ViableSystem, unit
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.control.opening import without_books
from cybernetic.vsm.ports.tally import tallied, tally
from cybernetic.vsm.recursion.handing import begins, enclose
from tests.vsm.living.company import TOOL, Company, Worker, done, started
from tests.vsm.living.test_waiting_audits import audited

LONG = Budget(usd=10, per=150)


class Alone(ViableSystem):
    """A level within that counts for itself."""

    budget = LONG

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="w0")]


class Uncounted(Company):
    """A company that counts nothing."""

    budget: ClassVar[Any] = None

    def units(self) -> list[Any]:
        """Only that level."""
        return [unit(Alone, id="division")]


class Floored(ViableSystem):
    """A level whose worker may spend most of it without being asked."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="w0", floor=0.9)]


class Counted(Company):
    """A company that has time."""

    budget = LONG


async def spend(company: Any, *to: str) -> float:
    """All that there is is asked for; what was paid since the tool began."""
    jobs = [done(company, one, usd=1.0) for one in to for _ in range(12)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert any(isinstance(one, Exception) for one in results)
    return float(len(TOOL.asked))


@pytest.mark.parametrize(
    ("company", "victim", "to"),
    [
        (Counted, "company:books", ("company/solo", "company/division")),
        (Uncounted, "company:books", ("company/division",)),
        (Uncounted, "company/division:books", ("company/division",)),
    ],
)
async def test_who_counts_for_itself_and_loses_its_books_has_no_second_budget_in_the_same_epoch(
    company: type[Company], victim: str, to: tuple[str, ...]
) -> None:
    cls = type("Company", (company,), {"__module__": __name__})
    async with started(cls) as (system, top):
        assert 8.0 <= await spend(top, *to) <= 10.0
        for _ in range(2):
            before = len(TOOL.asked)
            who = system.whereis(victim, Agent)
            assert who is not None
            who.exit(Kill())
            await asyncio.sleep(12.0)
            assert await spend(top, *to) == before
        loop = asyncio.get_running_loop()
        await asyncio.sleep(150.0 - loop.time() % 150.0 + 5.0)
        before = len(TOOL.asked)
        assert 8.0 <= await spend(top, *to) - before <= 10.0


async def test_a_level_without_a_disk_in_one_with_one_has_its_floor_once_however_often_the_program_ends(
    tmp_path: Path,
) -> None:
    class Kept(Counted):
        data: ClassVar[str | None] = str(tmp_path)

        def units(self) -> list[Any]:
            return [unit(Floored, id="division", floor=0.9), unit(Worker, id="solo")]

    TOOL.__init__()  # type: ignore[misc]
    paid = 0.0
    for life in range(3):
        async with System() as system:
            top = await system.start(Kept, name="company")
            await asyncio.sleep(12.0)
            before, paid = paid, await spend(top, "company/division", "company/solo")
            assert 8.0 <= paid <= 10.0
            assert not life or paid == before


async def test_no_level_surely_begins_for_the_first_time_where_one_around_it_keeps_its_books() -> None:
    async with System() as system:
        enclose(system, "firm", ("firm/a",), ("firm",))
        enclose(system, "firm/a", ("firm/a/b",))
        assert not begins(system, "firm/a")
        assert not begins(system, "firm/a/b")
        assert not begins(system, "elsewhere/a")
        enclose(system, "one", ("one/a",), ("one/b",))
        enclose(system, "one/a", ("one/a/b",))
        assert begins(system, "one/a/b")
        assert begins(system, "alone", alone=True)
        assert not begins(system, "alone", alone=True)


async def test_what_surely_was_not_spent_in_the_epoch_is_there_when_the_books_of_the_top_are_lost() -> None:
    cls = type("Company", (Counted,), {"__module__": __name__})
    async with started(cls) as (system, top):
        for life in range(3):
            assert (await done(top, "company/solo", usd=1.0)).outcome.good
            assert len(TOOL.asked) == 1 + life
            who = system.whereis("company:books", Agent)
            assert who is not None
            who.exit(Kill())
            await asyncio.sleep(12.0)
        assert 8.0 <= await spend(top, "company/solo", "company/division") <= 10.0


async def test_so_it_is_where_audits_spent_some_of_it_however_often_the_auditor_ends() -> None:
    async with System() as system:
        firm = await system.start(audited(Cost(usd=0.5), check_by=Port(timeout=5.0)))
        await asyncio.sleep(3.0)
        for victims in ("audit audit books", "audit", "audit books"):
            await done(firm, "firm/a")
            await asyncio.sleep(3.0)
            for victim in victims.split():
                system.named(f"firm:{victim}", Agent).exit(Kill())
                await asyncio.sleep(12.0 if victim == "books" else 3.0)
        assert (await firm.call(ViableSystem.ledger)).purse.ledger(0).grant == Cost(usd=20.0 - 3 * 0.5)


async def test_where_something_of_it_is_elsewhere_nobody_knows_what_was_spent() -> None:
    async with System() as system:
        root = Purse("firm", 60.0, Cost(usd=10))
        enclose(system, "firm", ("firm/a", "firm/b"), ("firm",))
        assert without_books(system, root, 10.0, lent=False) is root
        for one in ("firm/a", "firm/b", "firm:audit", "firms/c"):
            purse, _ = Purse(one, 60.0, Cost(usd=5)).reserve("call", Cost(usd=2), 10.0, 20.0)
            tally(system, "life", purse)
        tally(system, "later", purse.told(130.0))
        assert without_books(system, root, 20.0, lent=False).ledger(0).grant == Cost(usd=4)
        assert without_books(system, root, 70.0, lent=False).ledger(1).grant == Cost(usd=10)
        assert not without_books(system, replace(root, per=30.0), 20.0, lent=False).ledger(0).grant
        enclose(system, "firm", ("firm/a", "firm/b"), ("firm/b",))
        assert not without_books(system, root, 20.0, lent=False).ledger(0).grant


async def test_of_purses_that_were_lost_long_ago_no_tally_is_kept() -> None:
    async with System() as system:
        for life in range(5):
            purse, _ = Purse("firm/a", 60.0, Cost(usd=5)).reserve("call", Cost(usd=2), 60.0 * life, 1e9)
            tally(system, f"life {life}", purse)
        assert tallied(system, "firm", 60.0, 4) == Cost(usd=2)
        assert tallied(system, "firm", 60.0, 3) == Cost(usd=2)
        assert tallied(system, "firm", 60.0, 2) == Cost()
