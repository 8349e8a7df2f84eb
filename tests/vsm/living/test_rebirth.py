"""System 2 reborn: quiet until it knows what its predecessor granted, and no longer; its rate holds throughout."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic import Kill
from cybernetic.vsm import Operation, Outcome, Port, Rate, Task, ViableSystem, unit
from tests.support import run_virtual, soak
from tests.vsm.living.company import done, started
from tests.vsm.living.test_pacing import RATE, UNITS, USED, WHO, Outer, worst

VICTIMS = (
    "outer:coordination",
    "outer/inner:coordination",
    "outer/inner:management",
    "outer/a:porter",
    "outer/inner/g1:porter",
    "outer/b",
    "outer/inner",
)


async def through(deaths: list[tuple[float, list[str]]]) -> list[float]:
    """When calls went while all call as fast as they may, and some die every now and then."""
    USED.clear()
    async with started(Outer) as (system, outer):
        jobs = [asyncio.ensure_future(done(outer, who, seconds=30, who=who)) for who in WHO]
        for gap, names in deaths:
            await asyncio.sleep(gap)
            for name in names:
                victim = system.whereis(name)
                if victim is not None:
                    victim.exit(Kill())
        await asyncio.gather(*jobs, return_exceptions=True)
    return sorted(time for time, _ in USED)


@settings(max_examples=soak(4, 80))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.5, 1.0, 2.0, 5.5, 11.0]),
            st.lists(st.sampled_from(VICTIMS), min_size=1, max_size=3, unique=True),
        ),
        max_size=5,
    )
)
def test_t_s2_rate_holds_on_two_levels_whoever_dies_when(deaths: list[tuple[float, list[str]]]) -> None:
    async def live() -> None:
        times = await through(deaths)
        again = sum(len(names) for _, names in deaths)  # each that is reborn may begin with a call of its own
        assert worst(times, RATE) <= UNITS + 3 + again

    run_virtual(live())


async def test_a_successor_grants_within_two_rounds_of_its_birth_where_all_units_live() -> None:
    times = await through([(15.0, ["outer:coordination"])])
    silence = max(b - a for a, b in pairwise(times) if a >= 14.0 and b <= 25.0)
    assert silence <= 2.5  # its restart, and the next round of each unit; a lease lasts five seconds
    assert worst(times, RATE) <= UNITS + 3


class Keeper(Operation):
    """Holds a key for as long as the task says."""

    async def handle(self, task: Task) -> Outcome:
        """Alone."""
        async with self.exclusive(task.body["key"], ttl=300.0):
            used = await self.use("shelf", asyncio.sleep, task.body["takes"])
        return Outcome(evidence=[used.receipt])


class Archive(ViableSystem):
    """Two keepers, and leases of five minutes."""

    ports = {"shelf": Port(timeout=600.0), "paced": Port(rate=Rate(1.0))}  # noqa: RUF012

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Keeper, id="a"), unit(Keeper, id="b")]


async def test_a_successor_asks_who_holds_what_and_then_need_not_wait_for_the_longest_lease() -> None:
    async with started(Archive) as (system, archive):
        loop = asyncio.get_running_loop()
        held = asyncio.ensure_future(done(archive, "archive/a", key="one", takes=100.0))
        await asyncio.sleep(1.0)
        victim: Any = system.whereis("archive:coordination")
        victim.exit(Kill())
        began = loop.time()
        await done(archive, "archive/b", key="two", takes=0.0)
        assert loop.time() - began <= 3.0
        await done(archive, "archive/b", key="one", takes=0.0)  # that is held still
        assert held.done()
        assert 99.0 <= loop.time() - began <= 103.0


async def test_a_successor_that_cannot_ask_all_waits_as_long_as_a_lease_may_last() -> None:
    async with started(Archive) as (system, archive):
        loop = asyncio.get_running_loop()
        await done(archive, "archive/a", key="one", takes=0.0)
        porter: Any = system.whereis("archive/a:porter")
        victim: Any = system.whereis("archive:coordination")
        await porter.inspect().suspend()
        victim.exit(Kill())
        began = loop.time()
        await done(archive, "archive/b", key="one", takes=0.0)
        assert loop.time() - began >= 299.0
        await porter.inspect().resume()


async def test_a_level_that_is_killed_is_back_and_its_units_have_their_turns() -> None:
    await through([(8.0, ["outer/inner"])])
    assert {who for at, who in USED if at >= 15.0} == set(WHO)
