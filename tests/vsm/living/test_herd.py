"""System 2 alive: a herd is found, sent apart by a plan, and damped; freezing it alone makes it worse."""

import pytest

from cybernetic import System
from cybernetic.vsm import Porter, Quarantined
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.ports.refusals import NoSuchChoice
from tests.vsm.living.herd import TICK, World, company, live

AGENTS, TICKS = 16, 26
FOUND = 120.0  # seconds: six periods of a herd that decides every ten
SETTLED = 200.0


async def test_t_s2_gain_a_herd_is_cured_by_a_plan_and_damping_and_made_worse_by_freezing_alone() -> None:
    calm = await live(1, AGENTS, TICKS, s2=False)
    frozen = await live(1, AGENTS, TICKS, without=("plan",))
    planned = await live(1, AGENTS, TICKS)
    assert set(calm.shares[2:]) == {0, AGENTS}
    assert frozen.settled(SETTLED) > 1.5 * calm.settled(SETTLED)
    assert planned.settled(SETTLED) < calm.settled(SETTLED) / 2
    assert all(0 < share < AGENTS for share in planned.shares[13:])
    assert planned.switches < calm.switches


async def test_what_swings_is_found_after_six_periods_and_stands_in_the_log() -> None:
    world = await live(2, AGENTS, 16)
    (entry,) = world.log
    assert entry.at - world.begun == pytest.approx(FOUND, abs=6.0)
    assert entry.body["signal"] == "provider"
    assert entry.body["period"] == pytest.approx(2 * TICK, rel=0.05)
    assert entry.body["regularity"] > 1.0
    assert entry.body["decay"] > 0.5
    there = world.shares[int(FOUND / TICK)]
    assert abs(there - AGENTS / 2) <= 1  # the plan is followed at the next choice


async def test_without_detection_nothing_is_advised() -> None:
    world = await live(2, AGENTS, 16, without=("detection",))
    assert world.log == ()
    assert set(world.shares[2:]) == {0, AGENTS}


async def test_who_chooses_within_no_group_is_told_so_and_its_porter_lives() -> None:
    async with System() as system:
        await system.start(company(World(0, 2)), name="flock")
        porter = system.named("flock/s0:porter", Porter)
        with pytest.raises(NoSuchChoice, match="'provider'"):
            await porter.call(Porter.choose, "shepherd")
        with pytest.raises(NoSuchChoice, match="'north', 'south'"):
            await porter.call(Porter.choose, "provider", {"west": 1.0})
        assert await porter.call(Porter.choose, "provider", {"north": 2.0, "south": 1.0}) == "south"
        await porter.call(Porter.quarantine, Quarantine("south", "it lies"))
        assert await porter.call(Porter.choose, "provider", {"north": 2.0, "south": 1.0}) == "north"
        await porter.call(Porter.quarantine, Quarantine("north", "it lies, too"))
        with pytest.raises(Quarantined):
            await porter.call(Porter.choose, "provider")
