"""A port that is out: met by one unit, known to all that share a world, and left alone until it may be back."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import Kill, System
from cybernetic.core import BadCall, OptionError
from cybernetic.runtime import Agent
from cybernetic.state import Graph, Var
from cybernetic.vsm import (
    NotACall,
    Operation,
    Outage,
    Outcome,
    OutcomeUnknown,
    Port,
    PortOut,
    Rate,
    Task,
    ViableSystem,
    World,
    unit,
)
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.world.outage import Met

CALLS: list[tuple[float, str]] = []
OUT: set[str] = set()
RULE = Outage(after=2, seconds=30.0)


async def late(seconds: float) -> str:
    """Answers after some time."""
    await asyncio.sleep(seconds)
    return "late"


async def fails() -> None:
    """Does not answer."""
    raise ConnectionError("nobody there")


async def words(text: str) -> Any:
    """Gives them one by one."""
    yield text


async def streams(text: str) -> Any:
    """Answers with what is read only then: a slip of who calls it."""
    return words(text)


class Clerk(Agent):
    """Is asked with an argument too many."""

    def say(self) -> str:
        """A word."""
        return "yes"


async def model(name: str, who: str) -> str:
    """Answers, unless it is out: then it hangs."""
    CALLS.append((asyncio.get_running_loop().time(), who))
    if name in OUT:
        await asyncio.Event().wait()
    return name


class Writer(Operation):
    """Asks a model, of those that are there or the one that the task names."""

    async def handle(self, task: Task) -> Outcome:
        """Once."""
        if task.body == "both":
            return await self.both(task)
        if task.body == "misses":
            clerk: Any = self.system.named("clerk", Clerk)
            for n in range(3):
                with suppress(BadCall):
                    await self.use("first", clerk, Clerk.say, n)
            return Outcome("missed", good=False)
        if task.body == "slip":
            await self.use("first", streams, task.id)
        port = task.body or await self.choose("model", {"first": 1.0, "second": 2.0})
        used = await self.use(port, model, port, task.to)
        return Outcome(used.value, evidence=[used.receipt])

    async def both(self, task: Task) -> Outcome:
        """Two calls of one port at once: one that takes long and is done, one that fails meanwhile."""
        long = asyncio.ensure_future(self.use("first", late, 4.0))
        await asyncio.sleep(1.0)
        with suppress(ConnectionError):
            await self.use("first", fails)
        await asyncio.sleep(1.0)
        knows = (await self.ask((Var("port"), "is", "out"))).rows
        used = await long
        return Outcome(knows, evidence=[used.receipt])


class Apart(ViableSystem):
    """Two writers that share nothing."""

    ports: ClassVar[Any] = {
        name: Port(timeout=5.0, group="model", outage=RULE) for name in ("first", "second")
    }

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Writer, id="a"), unit(Writer, id="b")]


class Desk(Apart):
    """Two writers that share a world."""

    world = World()


class Shop(Desk):
    """Four writers whose port has a rate."""

    ports: ClassVar[Any] = {"first": Port(rate=Rate(0.25), timeout=5.0, outage=Outage(1, 30.0))}

    def units(self) -> list[Any]:
        """Four."""
        return [unit(Writer, id=name) for name in "abcd"]


class Hasty(Desk):
    """Two writers; one failure is an outage."""

    ports: ClassVar[Any] = {"first": Port(timeout=5.0, outage=Outage(1, 30.0))}


class House(Desk):
    """A level within, too."""

    def units(self) -> list[Any]:
        """A writer and a level."""
        return [unit(Writer, id="a"), unit(Inner, id="inner"), unit(Own, id="own")]


class Inner(Apart):
    """Uses the ports of the level above."""

    ports: ClassVar[Any] = {}


class Own(Apart):
    """Has ports of its own by the same names."""


async def asks(level: Any, who: str, port: str | None = None) -> Any:
    """What a writer says, or what it is refused with."""
    try:
        done = await level.within(None).call(ViableSystem.submit, Task("text", port, to=who))
    except (NotACall, OutcomeUnknown, PortOut) as refused:
        return type(refused)
    return done.outcome.value


async def begun(system: System, cls: type[ViableSystem]) -> Any:
    """A level whose first model is out."""
    CALLS.clear()
    OUT.clear()
    OUT.add("first")
    return await system.start(cls)


async def test_what_one_unit_meets_another_knows_before_it_calls() -> None:
    async with System() as system:
        desk = await begun(system, Desk)
        assert [await asks(desk, "desk/a", "first") for _ in range(2)] == [OutcomeUnknown] * 2
        await asyncio.sleep(1.0)
        assert await asks(desk, "desk/b", "first") is PortOut
        assert [who for _, who in CALLS] == ["desk/a", "desk/a"]
        world = system.named("desk:world", Graph)
        (said,) = await world.call(Graph.assertions, "desk:first", "is", "out")
        assert (said.who, said.until is not None, bool(said.cause)) == ("desk/a", True, True)


async def test_a_slip_of_who_calls_is_no_outage_and_says_nothing_of_the_port() -> None:
    async with System() as system:
        desk = await begun(system, Desk)
        OUT.clear()
        await system.start(Clerk, name="clerk")
        assert [await asks(desk, "desk/a", "slip") for _ in range(3)] == [NotACall] * 3
        assert await asks(desk, "desk/a", "misses") == "missed"
        await asyncio.sleep(1.0)
        assert [await asks(desk, who, "first") for who in ("desk/a", "desk/b")] == ["first"] * 2
        await asyncio.sleep(2.0)
        served = await system.named("desk:intelligence", Intelligence).call(Intelligence.passed)
        assert (served["first"].done, served["first"].bad) == (2, 0)


async def test_who_waits_for_its_turn_when_a_port_goes_out_does_not_call_it_after_all() -> None:
    async with System() as system:
        shop = await begun(system, Shop)
        jobs = [asyncio.ensure_future(asks(shop, f"shop/{who}", "first")) for who in "abcd" for _ in range(3)]
        found = await asyncio.gather(*jobs)
        assert len(CALLS) == found.count(OutcomeUnknown) < 4
        assert max(CALLS)[0] <= min(CALLS)[0] + 5.0
        assert found.count(PortOut) == 12 - len(CALLS)
        await asyncio.sleep(40.0)
        OUT.clear()
        assert [await asks(shop, f"shop/{who}", "first") for who in "abcd"] == ["first"] * 4


async def test_without_a_world_each_unit_meets_it_alone() -> None:
    async with System() as system:
        apart = await begun(system, Apart)
        assert [await asks(apart, "apart/a", "first") for _ in range(2)] == [OutcomeUnknown] * 2
        await asyncio.sleep(1.0)
        assert await asks(apart, "apart/a", "first") is PortOut
        assert await asks(apart, "apart/b", "first") is OutcomeUnknown


async def test_another_port_of_the_group_is_chosen_meanwhile() -> None:
    async with System() as system:
        desk = await begun(system, Desk)
        assert [await asks(desk, "desk/a") for _ in range(3)] == [OutcomeUnknown] * 2 + ["second"]
        await asyncio.sleep(1.0)
        assert await asks(desk, "desk/b") == "second"
        OUT.add("second")
        assert [await asks(desk, "desk/b", "second") for _ in range(2)] == [OutcomeUnknown] * 2
        await asyncio.sleep(1.0)
        assert await asks(desk, "desk/a") is PortOut


async def test_after_its_time_one_call_shows_whether_it_is_back() -> None:
    async with System() as system:
        desk = await begun(system, Desk)
        for _ in range(2):
            await asks(desk, "desk/a", "first")
        await asyncio.sleep(32.0)
        assert (
            await asks(desk, "desk/b", "first") is OutcomeUnknown
        )  # one is enough now, also of another unit
        await asyncio.sleep(1.0)
        assert [await asks(desk, who, "first") for who in ("desk/a", "desk/b")] == [PortOut] * 2
        OUT.clear()
        await asyncio.sleep(32.0)
        assert [await asks(desk, who, "first") for who in ("desk/a", "desk/b")] == ["first"] * 2
        OUT.add("first")
        assert await asks(desk, "desk/a", "first") is OutcomeUnknown
        await asyncio.sleep(1.0)
        assert await asks(desk, "desk/b", "first") is OutcomeUnknown  # what was before counts no more


async def test_a_level_within_knows_of_the_ports_that_it_inherits_and_not_of_its_own_by_that_name() -> None:
    async with System() as system:
        house = await begun(system, House)
        for _ in range(2):
            await asks(house, "house/a", "first")
        await asyncio.sleep(1.0)
        assert await asks(house, "house/inner/b", "first") is PortOut
        assert await asks(house, "house/own/b", "first") is OutcomeUnknown


async def test_who_is_born_later_knows_as_well_and_who_watched_a_graph_that_died_learns_anew() -> None:
    async with System() as system:
        desk = await begun(system, Desk)
        for _ in range(2):
            await asks(desk, "desk/a", "first")
        await asyncio.sleep(1.0)
        porter: Any = system.whereis("desk/b:porter")
        porter.exit(Kill())
        await asyncio.sleep(2.0)
        assert await asks(desk, "desk/b", "first") is PortOut
        graph: Any = system.whereis("desk:world")
        graph.exit(Kill())  # it keeps nothing here
        await asyncio.sleep(2.0)
        assert await asks(desk, "desk/b", "first") is OutcomeUnknown
        world = system.named("desk:world", Graph)
        await world.call(Graph.add, "desk:second", "is", "out", who="somebody", ttl=20.0)
        await asyncio.sleep(1.0)
        assert await asks(desk, "desk/b", "second") is PortOut


async def test_a_call_begun_before_the_outage_that_is_done_well_ends_it_for_all() -> None:
    async with System() as system:
        shop = await begun(system, Hasty)
        OUT.clear()
        done = await shop.within(None).call(ViableSystem.submit, Task("text", "both", to="hasty/a"))
        assert done.outcome.value == ({"port": "hasty:first"},)
        await asyncio.sleep(1.0)
        assert (
            await system.named("hasty:world", Graph).call(Graph.assertions, "hasty:first", "is", "out") == ()
        )
        assert await asks(shop, "hasty/b", "first") == "first"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20))), st.integers(1, 4))
def test_a_port_is_out_from_so_many_failures_in_a_row_on_and_for_so_long(calls: Any, after: int) -> None:
    outage, met, at, failures = Outage(after, 30.0), Met(), 0.0, 0
    for good, pause in calls:
        at += pause
        met, failures = met.after(good, outage, at), 0 if good else failures + 1
        assert (met.until > at) == (failures >= after)
        assert met.until <= at + 30.0


def test_what_is_no_outage_is_refused_where_it_is_declared() -> None:
    bad: Any
    for bad in ({"after": 0}, {"after": 1.5}, {"seconds": 0.0}, {"seconds": float("nan")}):
        with pytest.raises(OptionError):
            Outage(**bad)
    with pytest.raises(OptionError, match="outage"):
        Port(outage=3)  # type: ignore[arg-type]
