"""Who is worth nothing is given next to nothing, and says nothing any more: that is felt, once, and looked at."""

import asyncio
from typing import Any, ClassVar

from cybernetic import Kill
from cybernetic.runtime import Agent, Ref
from cybernetic.vsm import (
    Budget,
    Clocks,
    Cost,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.control.starving import Starving
from cybernetic.vsm.operations.messages import Accountability
from tests.vsm.living.callers import Caller
from tests.vsm.living.company import PAGER, Company, started


class Crew(Company):
    """Two with as much money each."""

    budget = Budget(usd=100, per=3600)
    ports: ClassVar[Any] = {"tool": Port()}
    clocks = Clocks(ack=1.0, recovery=20.0)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Caller, id=name) for name in "ab"]


async def call(crew: Ref[Any], name: str, useful: bool, times: int = 1) -> None:
    for _ in range(times):
        await crew.within(None).call(ViableSystem.submit, Task("call", useful, to=f"crew/{name}"))
        await asyncio.sleep(0.1)


async def starving(crew: Ref[Any]) -> list[Any]:
    """What stands in the log, and whether it hurts."""
    logged = [entry.body["unit"] for entry in await crew.call(ViableSystem.decisions, 0, "starving")]
    hurts = [one.pain.path for one in await crew.call(ViableSystem.alarms) if one.pain.index == "starving"]
    return [logged, hurts]


def pages() -> list[str]:
    return [page.pain.path for _, page in PAGER.pages if page.pain.index == "starving"]


async def test_a_unit_that_did_nothing_well_and_is_silent_is_felt_once_and_a_person_hears_of_it() -> None:
    async with started(Crew) as (_, crew):
        await call(crew, "a", False, 12)
        await asyncio.sleep(10.0)
        assert await starving(crew) == [[], []]  # the level has a while
        await asyncio.sleep(15.0)
        assert await starving(crew) == [["crew/a"], ["crew/a"]]
        await asyncio.sleep(60.0)
        assert await starving(crew) == [["crew/a"], ["crew/a"]]
        assert set(pages()) == {"crew/a"}


async def test_a_unit_whose_worth_has_fallen_is_felt_when_it_is_silent_and_well_when_it_does_something_well() -> (
    None
):
    async with started(Crew) as (system, crew):
        for _ in range(60):
            await asyncio.gather(*(call(crew, name, True) for name in "ab"))
        for _ in range(300):
            await asyncio.gather(call(crew, "a", False), call(crew, "b", True))
        assert await starving(crew) == [[], []]  # nothing was silent so far
        await asyncio.sleep(25.0)
        assert await starving(crew) == [["crew/a"], ["crew/a"]]  # the other is silent as well, and well
        system.whereis("crew:control", Agent).exit(Kill())
        await asyncio.sleep(3.0)
        await crew.call(ViableSystem.resume, "crew/a")
        await call(crew, "a", True, 3)
        await asyncio.sleep(3.0)
        assert await starving(crew) == [["crew/a"], []]


async def test_who_has_only_begun_to_fail_or_fails_at_times_does_not_starve() -> None:
    async with started(Crew) as (_, crew):
        await call(crew, "a", False, 9)
        for _ in range(5):
            await call(crew, "b", False, 5)
            await call(crew, "b", True)
        await call(crew, "b", False, 5)
        await asyncio.sleep(40.0)
        assert await starving(crew) == [[], []]


class Listening:
    """A system 3 that notes what it says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def keep(self, key: str, value: object, term: int | None = None, *entries: Entry) -> None:
        """Nothing lasts."""

    def entry(self, kind: str, body: object) -> Entry:
        """Nothing is read."""
        return Entry(kind, "level", body, 0.0)

    def tell(self, channel: object, role: object, body: object) -> None:
        """Noted."""
        self.said.append(type(body).__name__)


async def test_a_unit_that_is_worth_half_starves_as_well_where_it_does_something_well_at_times() -> None:
    control = Listening()
    one = Starving(control, ["a", "b"], 20.0, 0.0)
    for at in range(10):
        await one.take(Accountability("a", at == 0, 1, 0, Cost()), float(at))
    await one.turn({"a"}, 28.0)
    assert control.said == []
    await one.turn(set(), 40.0)
    assert control.said == []
    await one.turn({"a"}, 40.0)
    await one.turn({"a"}, 50.0)
    assert control.said == ["Felt"]
    await one.take(Accountability("a", 0, 1, 0, Cost()), 51.0)
    assert control.said == ["Felt"]  # it is heard of, and no better
    await one.take(Accountability("a", 1, 0, 0, Cost()), 52.0)
    assert control.said == ["Felt", "Relief"]
