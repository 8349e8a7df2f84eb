"""What ends is felt: operations, units, levels, the ladder itself, and at the very end the whole."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.supervision import Supervisor
from cybernetic.vsm import (
    Algedonode,
    Allow,
    Cause,
    Clocks,
    Paging,
    Pain,
    Reception,
    Severity,
    ViableSystem,
    unit,
)
from cybernetic.vsm.books.books import Books
from tests.vsm.living.company import PAGER, Company, Worker, done, hang, started


class Firm(Company):
    """Two levels, quick clocks, no budget."""

    clocks = Clocks(ack=1.0, recovery=5.0)
    budget = None  # type: ignore[assignment]


class Patient(Firm):
    """Time to mend."""

    clocks = Clocks(ack=1.0, recovery=60.0)


async def log(system: System, path: str) -> list[str]:
    """What pain stands in the books of a level."""
    from_books = await system.named(f"{path}:books", Books).call(Books.entries, 0, "pain", 1000)
    return [str(entry.body) for entry in from_books]


async def open_causes(system: System, path: str) -> set[Cause]:
    """Why it hurts at a level."""
    alarms = await system.named(f"{path}:algedonode", Algedonode).call(Algedonode.alarms)
    return {one.pain.cause for one in alarms}


def kill(system: System, name: str) -> None:
    """End somebody at once."""
    found = system.whereis(name)
    if found is not None:
        found.exit(Kill())


async def test_t_alg_local_an_operation_that_dies_and_is_back_is_felt_and_seen_by_no_level() -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        kill(system, "firm/division/w0")
        await asyncio.sleep(0.01)
        assert await open_causes(system, "firm/division") == {Cause.EXIT}
        await asyncio.sleep(1.0)
        assert await open_causes(system, "firm/division") == set()
        said = await log(system, "firm/division")
        assert sum("Raised" in line and "level=0" in line for line in said) == 1
        assert not any("Raised" in line and "level=1" in line for line in said)
        assert PAGER.pages == []
        assert PAGER.over == []  # who was not called is not told that it is over, either
        assert (await done(firm)).outcome.good


async def test_five_deaths_in_ten_seconds_are_an_event_that_lasts_until_there_are_no_more() -> None:
    async with started(Patient) as (system, _firm):
        await asyncio.sleep(2.0)
        for _ in range(5):
            kill(system, "patient/solo")
            await asyncio.sleep(1.0)
        assert Cause.ERRORS in await open_causes(system, "patient")
        await asyncio.sleep(11.0)
        assert await open_causes(system, "patient") == set()
        assert PAGER.pages == []


async def test_a_unit_that_has_used_up_its_restarts_is_felt_by_its_level() -> None:
    async with started(Firm) as (system, _firm):
        await asyncio.sleep(2.0)
        for _ in range(11):
            kill(system, "firm/solo")
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        assert Cause.EXHAUSTED in await open_causes(system, "firm") or any(
            "exhausted" in line for line in await log(system, "firm")
        )
        await asyncio.sleep(20.0)
        assert await open_causes(system, "firm") == set()


async def test_a_level_that_has_used_up_its_restarts_is_felt_by_the_level_above() -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        for _ in range(4):
            kill(system, "firm/division:level")
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        said = [line for line in await log(system, "firm") if "'firm/division'" in line]
        assert any("exhausted" in line and "Raised" in line for line in said)
        await asyncio.sleep(20.0)
        assert (await done(firm, "firm/division")).outcome.good


async def test_a_level_that_is_stopped_in_order_hurts_nobody() -> None:
    async with System() as system:
        await system.start(Company, name="company", type="temporary")
        await asyncio.sleep(2.0)
        PAGER.__init__()  # type: ignore[misc]
        await (
            system.named("company:operations", Supervisor)
            .within(None)
            .call(Supervisor.terminate_child, "division")
        )
        await asyncio.sleep(0.1)
    assert PAGER.pages == []


async def test_the_end_of_the_whole_is_told_to_a_human_before_it_ends() -> None:
    async with System() as system:
        PAGER.__init__()  # type: ignore[misc]
        top = await system.start(Firm, name="firm", type="temporary")
        await asyncio.sleep(2.0)
        for _ in range(4):
            kill(system, "firm:level")
            await asyncio.sleep(0.1)
        await asyncio.sleep(5.0)
        assert not system.alive(top)
        pages = [page.pain for _, page in PAGER.pages]
        assert [(one.path, one.cause, one.index) for one in pages] == [
            ("firm", Cause.EXHAUSTED, "restarts of level")
        ]


@pytest.mark.parametrize("loop", ["algedonode", "vigil"])
async def test_t_p4_the_ladder_at_the_top_and_its_own_deadman_are_watched_too(loop: str) -> None:
    async with started(Firm) as (system, _firm):
        await asyncio.sleep(2.0)
        hanging = asyncio.ensure_future(hang(system, f"firm:{loop}", 60.0))
        await asyncio.sleep(60.0)
        assert PAGER.pages[0][1].pain.index == f"{loop} silent"
        await hanging
        await asyncio.sleep(60.0)  # it has to prove itself
        paged = len(PAGER.pages)
        await asyncio.sleep(300.0)
        assert [key.index for key in PAGER.over][-1] == f"{loop} silent"
        assert len(PAGER.pages) == paged


async def test_a_human_is_called_for_a_silent_ladder_as_often_as_was_declared_and_no_more() -> None:
    class Called(Firm):
        paging = Paging(ack=10.0, backoff=1.0, attempts=3)

    async with started(Called) as (system, _called):
        await asyncio.sleep(2.0)
        hanging = asyncio.ensure_future(hang(system, "called:algedonode", 600.0))
        await asyncio.sleep(300.0)
        pages = [page for _, page in PAGER.pages if page.pain.index == "algedonode silent"]
        assert [page.attempt for page in pages] == [1, 2, 3]
        hanging.cancel()


@pytest.mark.parametrize("loop", ["algedonode", "vigil"])
async def test_t_p4_who_watches_and_hangs_is_ended_and_started_anew(loop: str) -> None:
    async with started(Firm) as (system, firm):
        await asyncio.sleep(2.0)
        victim: Any = system.whereis(f"firm:{loop}")
        await victim.inspect().suspend()
        await asyncio.sleep(20.0)
        assert not system.alive(victim)
        assert system.whereis(f"firm:{loop}") is not None
        assert await firm.call(ViableSystem.alarms) == ()
        assert len(PAGER.pages) == len(PAGER.over)


async def test_t_p4_the_algedonode_of_a_level_within_is_watched_by_the_one_above() -> None:
    async with started(Firm) as (system, _firm):
        await asyncio.sleep(2.0)
        victim: Any = system.whereis("firm/division:algedonode")
        await victim.inspect().suspend()
        await asyncio.sleep(2.0)
        alarms = await system.named("firm:algedonode", Algedonode).call(Algedonode.alarms)
        assert "algedonode silent" in {one.pain.index for one in alarms}


class Hundreds(Firm):
    """Two hundred workers."""

    count: ClassVar[int] = 200

    def units(self) -> list[Any]:
        """All alike."""
        return [unit(Worker, id=f"w{n}") for n in range(self.count)]


async def test_two_hundred_units_that_die_at_once_are_one_page_at_most_and_come_back() -> None:
    async with started(Hundreds) as (system, firm):
        await asyncio.sleep(1.0)
        for n in range(200):
            kill(system, f"hundreds/w{n}")
        await asyncio.sleep(0.01)
        assert Cause.STORM in await open_causes(system, "hundreds")
        await asyncio.sleep(20.0)
        assert len(PAGER.pages) <= 1
        assert all(system.whereis(f"hundreds/w{n}") is not None for n in range(200))
        assert (await done(firm)).outcome.good


class Unheard(Firm):
    """A human who is called twice, ten seconds apart."""

    paging = Paging(ack=10.0, backoff=1.0, attempts=2, on_timeout=Allow())


async def test_how_a_human_is_called_is_declared() -> None:
    async with started(Unheard) as (system, firm):
        pain = Pain("unheard/solo", "fire", Cause.INVARIANT, Severity.CRITICAL)
        system.named("unheard:algedonode", Algedonode).cast(Algedonode.feel, pain)
        await asyncio.sleep(60.0)
        assert [page.attempt for _, page in PAGER.pages] == [1, 2]
        assert any("Unanswered" in line and "Allow" in line for line in await log(system, "unheard"))
        assert await firm.call(ViableSystem.ack, pain.key, "too late") is Reception.LATE
