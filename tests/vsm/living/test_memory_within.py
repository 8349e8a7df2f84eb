"""What a level within knows lasts as long as the level around it knows what it does, whoever of it begins anew."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import BudgetExhausted, Cost, Suspended, ViableSystem, unit
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.recursion.handing import begins, enclose
from tests.vsm.living.company import TOOL, Company, Division, done, started

WORKER = "company/division/w0"


class Group(Company):
    """Three levels."""

    def units(self) -> list[Any]:
        """The company, as it is."""
        return [unit(Holding, id="company", floor=0.5)]


class Holding(ViableSystem):
    """The level between."""

    def units(self) -> list[Any]:
        """A division."""
        return [unit(Division, id="division", floor=0.5)]


async def killed(system: System, name: str) -> None:
    """Somebody dies, and is back."""
    victim = system.whereis(name, Agent)
    assert victim is not None
    victim.exit(Kill())
    await asyncio.sleep(10.0)


async def works(company: Any, to: str) -> bool:
    """Whether something is done there: what is suspended begins no task."""
    try:
        return bool((await asyncio.wait_for(done(company, to, usd=0.0), 5.0)).outcome.good)
    except (TimeoutError, Suspended):
        return False


@pytest.mark.parametrize("victim", ["", ":unit", ":books", ":channels", ":level"])
async def test_a_unit_of_a_level_within_that_is_suspended_stays_so(victim: str) -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, WORKER, "stop", 3600.0)
        await killed(system, f"company/division{victim}")
        assert not await works(company, WORKER)
        assert await works(company, "company/division/w1")
        status = await system.named("company/division", ViableSystem).call(ViableSystem.status)
        assert status.interventions[WORKER].reason == "stop"
        await company.call(ViableSystem.resume, WORKER)
        assert await works(company, WORKER)


@pytest.mark.parametrize(
    "victim", ["group/company:unit", "group/company:books", "group/company/division:unit"]
)
async def test_so_does_one_two_levels_down_whichever_level_dies(victim: str) -> None:
    async with started(Group) as (system, group):
        worker = "group/company/division/w0"
        await group.call(ViableSystem.suspend, worker, "stop", 3600.0)
        await killed(system, victim)
        assert not await works(group, worker)
        assert await works(group, "group/company/division/w1")


async def test_where_the_level_around_it_has_forgotten_all_so_has_it() -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.suspend, WORKER, "stop", 3600.0)
        await killed(system, "company:books")
        assert await works(company, WORKER)


@pytest.mark.parametrize("victim", [":unit", ":books"])
async def test_t_s3_conserve_whatever_it_remembers_no_more_is_spent_than_there_is(victim: str) -> None:
    async with started() as (system, company):
        for _ in range(4):
            jobs = [done(company, "company/division", usd=1.0) for _ in range(8)]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            assert all(isinstance(one, BudgetExhausted) for one in results if isinstance(one, Exception))
            await killed(system, f"company/division{victim}")
        assert 1 <= len(TOOL.asked) <= 10
        ledger = (await company.call(ViableSystem.ledger)).purse.ledger(0)
        assert ledger.committed <= Cost(usd=10.0)


async def test_only_the_first_level_at_a_path_begins_for_the_first_time() -> None:
    async with System() as system:
        assert not begins(system, "firm/a")  # the level around it is of another process
        enclose(system, "firm", ("firm/a", "firm/b"))
        assert begins(system, "firm/b")
        assert not begins(system, "firm/b")
        assert not begins(system, "firm/a")


async def test_books_in_memory_go_on_as_long_as_those_beside_them_do() -> None:
    async with System() as system:

        async def opened(name: str, beside: str | None) -> Any:
            return await system.start(Books, None, name, 10, beside, name=name, type="temporary")

        async def holds(*names: str) -> list[Any]:
            return [await system.named(name, Books).call(Books.load, "key") for name in names]

        line: list[tuple[str, str | None]] = [("top", None), ("level", "top"), ("unit", "level")]
        refs = {name: await opened(name, beside) for name, beside in line}
        for ref in refs.values():
            await ref.call(Books.save, "key", 1)
        for name in ("level", "unit"):
            await refs[name].stop()
        await opened("level", "top")
        await opened("unit", "level")
        assert await holds(*refs) == [1, 1, 1]
        for name in refs:
            await system.named(name, Books).stop()
        for name, beside in line:
            await opened(name, beside)
        assert await holds(*refs) == [None, None, None]
