"""Who hangs is ended and started anew; where that does not help a human hears of it, once, at every level."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Cause, Clocks, ViableSystem, unit
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.ladder import time_to_human
from tests.vsm.living.company import PAGER, Company, Worker, done, hang, started

CLOCKS = Clocks(ack=1.0, recovery=6.0)
PULSE = 1.0


class Cell(ViableSystem):
    """The lowest level."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="one")]


class Team(ViableSystem):
    """The level between."""

    def units(self) -> list[Any]:
        """A level, and a worker."""
        return [unit(Cell, id="cell"), unit(Worker, id="one")]


class Firm(Company):
    """Three levels, quick clocks."""

    clocks = CLOCKS
    budget: ClassVar[Any] = None

    def units(self) -> list[Any]:
        """A level, and a worker."""
        return [unit(Team, id="team"), unit(Worker, id="one")]


LEVELS = ("firm", "firm/team", "firm/team/cell")
MANAGED = ("firm/one", "firm/team/one", "firm/team/cell/one")
HANGS = [
    *(f"{path}:management" for path in (*MANAGED, "firm/team", "firm/team/cell")),
    *(f"{path}:porter" for path in ("firm/team", "firm/team/cell")),
    *(
        f"{level}:{role}"
        for level in LEVELS
        for role in ("coordination", "control", "intelligence", "policy")
    ),
]

OF_UNITS = ("management", "porter")

HEARD = {"firm:control", *(f"{level}:intelligence" for level in LEVELS)}
"""Of whom a human hears even so: there is nobody below him who could take that over, or they go round slowly."""


def bound(name: str) -> float:
    """Seconds from when it hangs until a human hears of it, at the most."""
    levels = name.count("/") + (name.partition(":")[2] not in OF_UNITS)
    period = 10.0 if "intelligence" in name else PULSE
    return time_to_human((CLOCKS,) * (levels + 1), detection=3 * period + CLOCKS.look) + 0.1


async def hung(system: Any, level: str) -> list[Any]:
    """What the books of a level say of who was ended."""
    return list(await system.named(f"{level}:books", Books).call(Books.entries, 0, "hang", 100))


@pytest.mark.parametrize("name", HANGS)
async def test_who_hangs_once_is_ended_and_started_anew_and_then_nothing_hurts(name: str) -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        before: Any = system.whereis(name, Agent)
        await before.inspect().suspend()
        await asyncio.sleep(110.0 if "intelligence" in name else 20.0)
        after = system.whereis(name, Agent)
        assert not system.alive(before)
        assert after is not None
        assert len(PAGER.pages) == len(PAGER.over) == (name in HEARD)
        for level in LEVELS:
            assert await system.named(f"{level}:algedonode", Algedonode).call(Algedonode.alarms) == ()
        assert (await done(firm, "firm/team/cell/one")).outcome.good
        path, _, role = name.partition(":")
        where = path if path in LEVELS and role not in OF_UNITS else path.rpartition("/")[0]
        assert [entry.body["role"] for entry in await hung(system, where)] == [role]


@pytest.mark.parametrize("name", HANGS)
async def test_who_hangs_again_and_again_is_one_page_within_the_bound(name: str) -> None:
    async with started(Firm) as (system, _):
        await asyncio.sleep(2.0)
        begun = asyncio.get_running_loop().time()
        hanging = asyncio.ensure_future(hang(system, name))
        await asyncio.sleep(bound(name))
        pages = [(at, page) for at, page in PAGER.pages if page.attempt == 1]
        assert len(pages) == 1, [str(page) for _, page in pages]
        assert pages[0][0] - begun <= bound(name)
        assert pages[0][1].pain.cause is Cause.HEARTBEAT
        await asyncio.sleep(120.0)
        assert len({page.pain.key for _, page in PAGER.pages}) == 1, [str(page) for _, page in PAGER.pages]
        hanging.cancel()


class Patient(Firm):
    """Its human hears of it after a long time."""

    clocks = Clocks(ack=1.0, recovery=60.0)


async def test_who_hangs_some_seconds_after_each_start_is_pain_that_lasts_and_a_page_in_the_end() -> None:
    async with started(Patient) as (system, _):
        await asyncio.sleep(2.0)
        for _ in range(8):
            while (one := system.whereis("patient:control", Control)) is None:
                await asyncio.sleep(0.1)
            await asyncio.sleep(15.0)
            await one.inspect().suspend()
            while system.alive(one):
                await asyncio.sleep(0.5)
        pages = [page for _, page in PAGER.pages]
        assert pages
        assert {page.pain.index for page in pages} == {"control silent"}


async def test_an_account_that_is_missing_since_who_gives_it_is_away_is_written_down_and_no_pain_of_its_own() -> (
    None
):
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        hanging = asyncio.ensure_future(hang(system, "firm/team:control", 40.0))
        await asyncio.sleep(4.5)
        assert await firm.call(ViableSystem.alarms) == ()
        assert len(await firm.call(ViableSystem.decisions, 0, "unaccounted")) == 1
        await hanging


async def test_all_signs_that_a_unit_is_gone_are_one_disturbance() -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        await system.named("firm:operations", Agent).inspect().suspend()  # it restarts nobody
        for name in ("firm/one:unit", "firm/one:management", "firm/one"):
            found: Any = system.whereis(name)
            if found is not None:
                found.exit(Kill())
        await asyncio.sleep(60.0)
        assert len({page.pain.key for _, page in PAGER.pages}) == 1
        assert {one.pain.path for one in await firm.call(ViableSystem.alarms)} == {"firm/one"}
