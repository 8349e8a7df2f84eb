"""System 2 alive: a herd is found, sent apart by a plan, and damped; freezing it alone makes it worse."""

import pytest

from benchmarks.vsm.trials.herd.living import company, living
from benchmarks.vsm.trials.herd.world import TICK, TICKS, HerdWorld
from cybernetic import System
from cybernetic.testing import run
from cybernetic.vsm import Porter, Quarantined
from cybernetic.vsm.operations.messages import Command
from cybernetic.vsm.ports.refusals import NoSuchChoice

AGENTS, LOAD = 16, 0.8
FOUND = 120.0  # seconds: six periods of a herd that decides every ten
SETTLED = 200.0


def lived(seed: int, ticks: int, *without: str, system_2: bool = True, nested: bool = False) -> HerdWorld:
    """The world of a seed after so many ticks."""
    worlds = []

    async def life() -> None:
        worlds.append(HerdWorld(seed, ticks / TICKS, AGENTS, LOAD))
        await living(*without, system_2=system_2, nested=nested)(worlds[0], seed)

    run(life(), seed=seed)
    return worlds[0]


def test_t_s2_gain_a_herd_is_cured_by_a_plan_and_damping_and_made_worse_by_freezing_alone() -> None:
    calm = lived(1, 26, system_2=False)
    frozen = lived(1, 26, "plan")
    planned = lived(1, 26)
    assert set(calm.shares[2:]) == {0, AGENTS}
    assert frozen.settled(SETTLED) > 1.5 * calm.settled(SETTLED)
    assert planned.settled(SETTLED) < calm.settled(SETTLED) / 2
    assert all(0 < share < AGENTS for share in planned.shares[13:])
    assert planned.switches < calm.switches


def test_what_swings_is_found_after_six_periods_and_all_go_where_the_plan_sends_them() -> None:
    world = lived(2, 16)
    assert world.found == [pytest.approx(FOUND, abs=6.0)]
    there = world.shares[int(FOUND / TICK)]
    assert abs(there - AGENTS / 2) <= 1  # the plan is followed at the next choice


def test_a_herd_of_two_levels_is_found_by_the_level_that_declares_the_ports_and_both_follow() -> None:
    world = lived(2, 20, nested=True)
    assert world.found == [pytest.approx(FOUND, abs=11.0)]
    there = world.shares[int(FOUND / TICK) + 1]
    assert abs(there - AGENTS / 2) <= 2
    assert all(0 < share < AGENTS for share in world.shares[13:])


def test_without_detection_nothing_is_advised() -> None:
    world = lived(2, 16, "detection")
    assert world.found == []
    assert set(world.shares[2:]) == {0, AGENTS}


async def test_who_chooses_within_no_group_is_told_so_and_what_is_quarantined_is_not_chosen() -> None:
    async with System() as system:
        await system.start(company(HerdWorld(0, agents=2)), name="flock")
        porter = system.named("flock/agent-0:porter", Porter)
        with pytest.raises(NoSuchChoice, match="'provider'"):
            await porter.call(Porter.choose, "shepherd")
        with pytest.raises(NoSuchChoice, match="'north', 'south'"):
            await porter.call(Porter.choose, "provider", {"west": 1.0})
        assert await porter.call(Porter.choose, "provider", {"north": 2.0, "south": 1.0}) == "south"
        await porter.call(Porter.obey, Command(1, 1, quarantined={"south": "it lies"}))
        assert await porter.call(Porter.choose, "provider", {"north": 2.0, "south": 1.0}) == "north"
        await porter.call(
            Porter.obey, Command(1, 2, quarantined={"south": "it lies", "north": "it lies, too"})
        )
        with pytest.raises(Quarantined):
            await porter.call(Porter.choose, "provider")
