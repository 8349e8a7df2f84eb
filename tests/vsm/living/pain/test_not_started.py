"""A unit that does not start when it begins anew is tried again with growing pauses, is felt, and harms no other."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic import Agent, Kill, StartFailed, System
from cybernetic.supervision import Supervisor, child
from cybernetic.vsm import (
    Clocks,
    Intervention,
    Operation,
    Outcome,
    Rung,
    Task,
    TaskGivenUp,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.operations.unit import OperationUnit
from tests.vsm.living.company import PAGER, started

SETUPS: dict[str, list[float]] = {}
DOWN: set[str] = set()  # the databases that are away


class Clerk(Operation):
    """Needs a database."""

    def __init__(self, database: str = "db") -> None:
        self._database = database

    def setup(self) -> None:
        """Connect."""
        SETUPS.setdefault(self._database, []).append(asyncio.get_running_loop().time())
        if self._database in DOWN:
            raise ConnectionError("no database")

    async def handle(self, task: Task) -> Outcome:
        """Ask it."""
        if self._database in DOWN:
            raise ConnectionError("lost the database")
        await asyncio.sleep(1.0 if task.kind == "long" else 0.01)
        return Outcome(1, good=False)


class Desk(ViableSystem):
    """Four clerks with one database, and one with another."""

    def units(self) -> list[Any]:
        """All five."""
        return [*(unit(Clerk, id=f"c{n}") for n in range(4)), unit(Clerk, "other", id="other")]


class House(Desk):
    """The same, at the top."""

    clocks = Clocks(ack=1.0, recovery=5.0)
    human = (PAGER,)


class Street(ViableSystem):
    """A desk within."""

    clocks = Clocks(ack=1.0, recovery=5.0)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """It, and a clerk."""
        return [unit(Desk, id="desk"), unit(Clerk, "other", id="other")]


WHERE: list[Any] = [(House, "house"), (Street, "street/desk")]
OF_OPERATION, OF_UNIT = "", ":unit"


@pytest.fixture(autouse=True)
def all_is_well() -> None:
    """Every database is there."""
    DOWN.clear()
    SETUPS.clear()


def kill(system: System, name: str) -> None:
    """End somebody at once."""
    found: Any = system.whereis(name)
    found.exit(Kill())


async def done(top: Any, to: str, kind: str = "q") -> Any:
    """Have a task done."""
    return await top.within(None).call(ViableSystem.submit, Task(kind, to=to))


def gaps() -> list[float]:
    """Seconds between the tries."""
    return [round(b - a, 3) for a, b in pairwise(SETUPS["db"])]


@pytest.mark.parametrize(("cls", "level"), WHERE)
@pytest.mark.parametrize("away", [2.0, 12.0, 90.0])
async def test_an_outage_that_is_met_at_the_start_ends_nobody(cls: Any, level: str, away: float) -> None:
    async with started(cls) as (system, top):
        await asyncio.sleep(2.0)
        other: Any = system.whereis(f"{level}/other")
        long = [asyncio.ensure_future(done(top, f"{level}/other", "long"))]
        DOWN.add("db")
        jobs = [asyncio.ensure_future(done(top, f"{level}/c{n}")) for n in range(4)]
        await asyncio.sleep(away)
        DOWN.clear()
        assert system.alive(other)
        results = await asyncio.gather(*jobs, *long, return_exceptions=True)
        assert all(isinstance(one, TaskGivenUp) for one in results[:4]) == (away > 60.0)
        assert results[4].outcome.value == 1
        await asyncio.sleep(13.0)
        assert system.alive(other)
        assert (await done(top, f"{level}/c0")).outcome.value == 1


@pytest.mark.parametrize("what", [OF_OPERATION, OF_UNIT])
async def test_it_is_tried_again_with_growing_pauses_for_as_long_as_it_takes(what: str) -> None:
    async with started(House) as (system, _top):
        await asyncio.sleep(2.0)
        SETUPS.clear()
        DOWN.add("db")
        kill(system, f"house/c1{what}")
        await asyncio.sleep(600.0)
        pauses = gaps()
        assert pauses[:6] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4], rel=0.21)
        assert all(10.0 <= pause <= 12.0 for pause in pauses[6:])
        DOWN.clear()
        await asyncio.sleep(12.5)
        assert system.whereis("house/c1") is not None


def away(monkeypatch: pytest.MonkeyPatch, path: str) -> list[bool]:
    """What keeps the supervisor of a unit from being started, as where its process cannot be; empty: nothing does."""
    kept, children = [True], OperationUnit.children

    def made(one: OperationUnit) -> list[Any]:
        if kept and one._path == path:
            raise OSError("no process")
        return children(one)

    monkeypatch.setattr(OperationUnit, "children", made)
    return kept


async def test_so_it_is_where_not_even_its_supervisor_starts_when_all_units_begin_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with started(House) as (system, top):
        await asyncio.sleep(2.0)
        kept = away(monkeypatch, "house/c1")
        kill(system, "house:operations")
        await asyncio.sleep(60.0)
        assert system.whereis("house/c1:unit") is None
        assert (await done(top, "house/c2")).outcome.value == 1
        kept.clear()
        await asyncio.sleep(12.5)
        assert (await done(top, "house/c1")).outcome.value == 1


async def test_and_where_it_does_not_when_the_unit_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with started(House) as (system, top):
        await asyncio.sleep(2.0)
        out = Intervention(Rung.DISSOLVE, "seen to", now() + 10.0)
        await system.named("house:control", Control).call(Control.intervene, "house/c1", out)
        kept = away(monkeypatch, "house/c1")
        operations = system.whereis("house:operations")
        await asyncio.sleep(60.0)
        assert system.whereis("house/c1:unit") is None
        assert system.whereis("house:operations") == operations
        kept.clear()
        await asyncio.sleep(12.5)
        assert (await done(top, "house/c1")).outcome.value == 1


@pytest.mark.parametrize("what", [OF_OPERATION, OF_UNIT])
async def test_it_is_felt_and_a_human_is_called_until_it_is_back(what: str) -> None:
    async with started(House) as (system, top):
        await asyncio.sleep(2.0)
        DOWN.add("db")
        kill(system, f"house/c1{what}")
        await asyncio.sleep(60.0)
        assert {page.pain.path for _, page in PAGER.pages} == {"house/c1"}
        assert PAGER.over == []
        DOWN.clear()
        await asyncio.sleep(60.0)
        assert {key.path for key in PAGER.over} == {"house/c1"}
        assert await top.call(ViableSystem.alarms) == ()


@pytest.mark.parametrize(("cls", "level"), WHERE)
@pytest.mark.parametrize("what", [":operations", ":level"])
async def test_so_it_is_where_all_units_begin_anew_together(cls: Any, level: str, what: str) -> None:
    async with started(cls) as (system, top):
        await asyncio.sleep(2.0)
        DOWN.add("db")
        kill(system, f"{level}{what}")
        await asyncio.sleep(20.0)
        assert (await done(top, f"{level}/other")).outcome.value == 1
        DOWN.clear()
        await asyncio.sleep(12.5)
        assert (await done(top, f"{level}/c3")).outcome.value == 1


@pytest.mark.parametrize(("cls", "level"), WHERE)
async def test_what_does_not_start_at_first_is_told_to_who_starts_it(cls: Any, level: str) -> None:
    DOWN.add("db")
    async with System() as system:
        for _ in range(2):
            with pytest.raises(StartFailed, match="no database"):
                await system.start(cls)
        assert len(SETUPS["db"]) == 2
        DOWN.clear()
        top = await system.start(cls, type="temporary")
        await top.stop()
        DOWN.add("db")
        with pytest.raises(StartFailed, match="no database"):
            await system.start(cls)


class City(Supervisor):
    """A house under a supervisor of the user's own, and a neighbour."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def children(self) -> list[Any]:
        """Both."""
        return [child(House, name="house"), child(Agent, name="neighbour", id="neighbour")]


@pytest.mark.parametrize(("strategy", "dies"), [("one_for_one", "house"), ("one_for_all", "neighbour")])
async def test_whose_supervisor_starts_it_again_tells_that_nothing(strategy: str, dies: str) -> None:
    async with System() as system:
        city = await system.start(City, strategy)
        await asyncio.sleep(2.0)
        DOWN.add("db")
        kill(system, dies)
        await asyncio.sleep(20.0)
        assert system.alive(city)
        top: Any = system.whereis("house")
        assert (await done(top, "house/other")).outcome.value == 1
        DOWN.clear()
        await asyncio.sleep(12.5)
        assert (await done(top, "house/c0")).outcome.value == 1


class Hundred(ViableSystem):
    """A hundred clerks."""

    clocks = Clocks(ack=1.0, recovery=30.0)
    human = (PAGER,)
    pulse = 5.0
    count: ClassVar[int] = 100

    def units(self) -> list[Any]:
        """All alike."""
        return [unit(Clerk, id=f"c{n}") for n in range(self.count)]


async def test_a_hundred_that_do_not_start_are_one_page_and_all_come_back() -> None:
    async with started(Hundred) as (system, top):
        await asyncio.sleep(1.0)
        SETUPS.clear()
        DOWN.add("db")
        for n in range(Hundred.count):
            kill(system, f"hundred/c{n}")
        await asyncio.sleep(60.0)
        assert len(SETUPS["db"]) <= Hundred.count * 12
        assert len(PAGER.pages) == 1
        DOWN.clear()
        await asyncio.sleep(30.0)
        assert all(system.whereis(f"hundred/c{n}") is not None for n in range(Hundred.count))
        assert (await done(top, "hundred/c7")).outcome.value == 1


# How often what may die until what happens.


@pytest.mark.parametrize(("deaths", "lives"), [(10, True), (11, False)])
async def test_a_unit_gives_up_at_the_eleventh_death_of_its_operation_in_ten_seconds(
    deaths: int, lives: bool
) -> None:
    async with started(House) as (system, _top):
        await asyncio.sleep(2.0)
        whole = system.whereis("house/c1:unit", Supervisor)
        for _ in range(deaths):
            kill(system, "house/c1")
            await asyncio.sleep(0.5)
        assert system.alive(whole) == lives


async def test_units_that_die_as_a_whole_end_no_level_however_often() -> None:
    async with started(House) as (system, top):
        await asyncio.sleep(2.0)
        keeper, other = system.whereis("house:operations", Supervisor), system.whereis("house/other")
        for turn in range(120):
            unit = f"house/c{turn % 4}:unit"
            if system.whereis(unit) is not None:
                kill(system, unit)
            await asyncio.sleep(0.05)
        await asyncio.sleep(15.0)
        assert system.alive(keeper)
        assert system.alive(other)
        assert (await done(top, "house/c0")).outcome.value == 1


async def test_a_level_within_that_dies_is_tried_again_with_growing_pauses() -> None:
    async with started(Street) as (system, _top):
        await asyncio.sleep(2.0)
        for pause in (0.2, 0.4, 0.8):
            kill(system, "street/desk")
            await asyncio.sleep(pause - 0.01)
            assert system.whereis("street/desk") is None
            await asyncio.sleep(0.2 * pause + 0.1)
            assert system.whereis("street/desk") is not None
