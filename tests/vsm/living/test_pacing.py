"""System 2 alive: a rate that two levels share holds through the death and rebirth of either system 2."""

import asyncio
from bisect import bisect_right
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Operation, Outcome, Port, Rate, Task, ViableSystem, unit
from tests.vsm.living.company import done, hang, started

RATE = 4.0  # calls a second
UNITS = 5
USED: list[tuple[float, str]] = []


async def provider(who: str) -> str:
    """What is paced; it notes who came when."""
    USED.append((asyncio.get_running_loop().time(), who))
    return "yes"


class Greedy(Operation):
    """Calls as fast as it may."""

    async def handle(self, task: Task) -> Outcome:
        """For so many seconds."""
        ends = asyncio.get_running_loop().time() + task.body["seconds"]
        while asyncio.get_running_loop().time() < ends:
            calls = (
                self.use("paced", provider, task.body["who"]) for _ in range(task.body.get("at_once", 1))
            )
            used = (await asyncio.gather(*calls))[0]
        return Outcome(evidence=[used.receipt])


class Inner(ViableSystem):
    """A level of three."""

    def units(self) -> list[Any]:
        """Three."""
        return [unit(Greedy, id=f"g{n}") for n in range(3)]


class Outer(ViableSystem):
    """A level of that level and two more."""

    ports: ClassVar[Any] = {"paced": Port(rate=Rate(RATE * 60, per=60), timeout=5.0, repeats=100_000)}

    def units(self) -> list[Any]:
        """Three, one of them nested."""
        return [unit(Inner, id="inner"), unit(Greedy, id="a"), unit(Greedy, id="b")]


WHO = ("outer/a", "outer/b", "outer/inner/g0", "outer/inner/g1", "outer/inner/g2")


def worst(times: list[float], rate: float) -> float:
    """By how much the worst window exceeds `rate` times its length, in calls."""
    level = most = at = 0.0
    for time in times:
        level = max(0.0, level - rate * (time - at)) + 1.0
        most, at = max(most, level), time
    return most


@pytest.mark.parametrize(
    "deaths",
    [
        (),
        ("outer:coordination",),
        ("outer/inner:coordination",),
        ("outer:coordination", "outer/inner:coordination"),
        ("outer/inner:management", "outer/a:porter"),
        ("outer/inner/g1:porter", "outer/inner:coordination"),
    ],
)
async def test_t_s2_rate_holds_on_two_levels_through_deaths(deaths: tuple[str, ...]) -> None:
    USED.clear()
    async with started(Outer) as (system, outer):
        jobs = [asyncio.ensure_future(done(outer, who, seconds=50, who=who)) for who in WHO]
        for gap in (7.0, 9.0, 3.0, 24.0):
            await asyncio.sleep(gap)
            for name in deaths:
                victim = system.whereis(name)
                if victim is not None:
                    victim.exit(Kill())
        await asyncio.gather(*jobs, return_exceptions=True)
        times = sorted(time for time, _ in USED)
        assert (
            worst(times, RATE) <= UNITS + 3
        )  # one call for each that may pace: the units, and what stands above
        assert bisect_right(times, 50.0) > 50 * RATE / 4
        assert {who for _, who in USED} == set(WHO)


@pytest.mark.parametrize("part", ["outer", "outer/inner"])
async def test_t_s2_crash_without_system_2_units_go_on_by_their_static_share(part: str) -> None:
    USED.clear()
    async with started(Outer) as (system, outer):
        jobs = [asyncio.ensure_future(done(outer, who, seconds=80, who=who)) for who in WHO]
        await asyncio.sleep(10.0)
        level = outer if part == "outer" else system.named(part, ViableSystem)
        await level.within(None).call(ViableSystem.ablate, "s2")
        await asyncio.gather(*jobs, return_exceptions=True)
        times = sorted(time for time, _ in USED)
        late = [who for time, who in USED if 30.0 <= time < 80.0]
        assert worst(times, RATE) <= UNITS + 3
        for who in WHO:
            share = 0.95 * RATE / (3 if who.count("/") == 1 else 9)
            assert late.count(who) >= 0.8 * share * 50.0


async def test_a_level_whose_management_hangs_goes_on_by_its_static_share_once_its_lease_has_lapsed() -> None:
    USED.clear()
    async with started(Outer) as (system, outer):
        jobs = [asyncio.ensure_future(done(outer, who, seconds=130, who=who)) for who in WHO]
        await asyncio.sleep(10.0)
        await hang(system, "outer/inner:management", 80.0)
        await asyncio.gather(*jobs, return_exceptions=True)
        times = [time for time, _ in USED]
        inner = [time for time, who in USED if who.startswith("outer/inner/")]
        assert worst(sorted(times), RATE) <= UNITS + 3
        assert not bisect_right(inner, 14.0) - bisect_right(
            inner, 11.0
        )  # a lease is for the level above to grant
        for begins, ends in ((20.0, 90.0), (95.0, 130.0)):  # whoever is started in its place hangs as well
            came = bisect_right(inner, ends) - bisect_right(inner, begins)
            assert came >= 0.9 * (ends - begins) * 0.95 * RATE / 3


async def test_nobody_starves_under_a_flood_of_a_hundred_to_one() -> None:
    USED.clear()
    async with started(Outer) as (_, outer):
        await asyncio.sleep(5.0)
        flood = [asyncio.ensure_future(done(outer, who, seconds=1, who=who, at_once=25)) for who in WHO[1:]]
        await asyncio.sleep(5.0)
        began = asyncio.get_running_loop().time()
        await done(outer, "outer/a", seconds=0.001, who="one")
        waited = next(time for time, who in USED if who == "one") - began
        assert waited <= 5.0
        await asyncio.gather(*flood)
        assert worst(sorted(time for time, _ in USED), RATE) <= UNITS + 3


class Slow:
    """A provider that takes ten times as long from some time on; how many calls are in it."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.slow = False

    async def __call__(self, number: int) -> int:
        """Take a call."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(5.0 if self.slow else 0.5)
        self.inside -= 1
        return number


SLOW = Slow()


class Eager(Operation):
    """Has fifty calls on the way at any time."""

    async def handle(self, task: Task) -> Outcome:
        """Until then."""
        loop = asyncio.get_running_loop()

        async def calls(number: int) -> Any:
            while True:
                used = await self.use("deep", SLOW, number)
                if loop.time() >= task.body["until"]:
                    return used.receipt

        return Outcome(evidence=[(await asyncio.gather(*(calls(n) for n in range(50))))[0]])


class Deep(ViableSystem):
    """Two units and a provider that could take ten calls a second."""

    ports: ClassVar[Any] = {"deep": Port(rate=Rate(10.0), timeout=120.0, repeats=100_000)}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Eager, id="a"), unit(Eager, id="b")]


async def test_calls_in_work_are_as_many_as_the_provider_can_use_also_when_it_slows_down() -> None:
    SLOW.__init__()  # type: ignore[misc]
    async with started(Deep) as (_, deep):
        jobs = [asyncio.ensure_future(done(deep, f"deep/{one}", until=60.0)) for one in "ab"]
        await asyncio.sleep(30.0)
        assert SLOW.most <= 10  # twice ten calls a second times half a second
        SLOW.slow = True
        await asyncio.sleep(25.0)
        assert SLOW.most <= 25  # by its rate alone nearly fifty would be in there by now
        await asyncio.gather(*jobs)
