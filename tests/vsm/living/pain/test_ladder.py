"""The ladder alive at three levels: every behaviour of each, acknowledgements from above, sinks that fail."""

import asyncio
from itertools import pairwise, product

import pytest

from cybernetic.vsm import Role, Severity
from cybernetic.vsm.algedonic import Algedonode
from cybernetic.vsm.algedonic.messages import Ack
from cybernetic.vsm.decisions import Reception
from cybernetic.vsm.ladder import time_to_human
from tests.vsm.living.pain.ladder import (
    CLOCKS,
    PATHS,
    Acts,
    Human,
    Stand,
    begin,
    end,
    feel,
    levels,
    log,
    node,
    pain,
    relieve,
    say,
)

RUNGS = (CLOCKS[0], *CLOCKS)  # the unit's own, then the levels'
BOUND = time_to_human(RUNGS, hop=0.01)
UNHEARD = sum(clocks.ack for clocks in RUNGS)


@pytest.mark.parametrize("lowest", Acts)
async def test_t_alg_bound_a_human_is_paged_in_time_whatever_the_levels_do(lowest: Acts) -> None:
    for above in product(Acts, repeat=2):
        acts, human = (lowest, *above), Human()
        async with levels(human, acts=acts) as system:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            feel(system, pain())
            await asyncio.sleep(BOUND + 0.1)
            took = human.pages[0][0] - begun
            assert took <= BOUND, acts
            taken = zip(acts, CLOCKS, strict=True)
            heard = sum(clocks.recovery for act, clocks in taken if act in (Acts.ACK, Acts.DIES))
            assert took == pytest.approx(unheard(acts) + heard, abs=0.05), acts
            assert len(human.pages) == 1


def unheard(acts: tuple[Acts, ...]) -> float:
    """An acknowledgement comes at once, so such a level costs its recovery alone; the unit itself says nothing."""
    silent = zip(acts, CLOCKS, strict=True)
    return RUNGS[0].ack + sum(clocks.ack for act, clocks in silent if act in (Acts.SILENT, Acts.DEAD))


async def test_t_alg_local_what_is_over_in_time_is_seen_by_no_level_above() -> None:
    human = Human()
    async with levels(human) as system:
        feel(system, pain())
        await asyncio.sleep(RUNGS[0].ack + RUNGS[1].ack - 0.5)
        relieve(system, pain())
        await asyncio.sleep(100.0)
        stands = [await system.named(f"{path}:control", Stand).call(Stand.seen) for path in PATHS]
        assert [len(told) for told in stands] == [1, 0, 0]
        assert human.pages == []


async def test_t_alg_once_a_pain_felt_a_hundred_times_is_one_signal() -> None:
    human = Human()
    async with levels(human) as system:
        for _ in range(100):
            feel(system, pain())
            await asyncio.sleep(0.01)
        assert len(await node(system).call(Algedonode.alarms)) == 1
        await asyncio.sleep(UNHEARD)
        assert len(human.pages) == 1


async def test_a_critical_pain_is_everywhere_and_with_the_human_at_once() -> None:
    human = Human()
    async with levels(human) as system:
        feel(system, pain(severity=Severity.CRITICAL))
        await asyncio.sleep(0.05)
        assert len(human.pages) == 1
        for path in PATHS:
            assert len(await system.named(f"{path}:control", Stand).call(Stand.seen)) == 1


async def test_a_level_above_takes_over_what_was_felt_below() -> None:
    human = Human()
    async with levels(human, acts=(Acts.SILENT, Acts.ACK, Acts.SILENT)) as system:
        feel(system, pain())
        await asyncio.sleep(RUNGS[0].ack + RUNGS[1].ack + 0.1)
        climb = (await node(system).call(Algedonode.alarms))[0]
        assert climb.owner == PATHS[1]
        assert climb.level == 2


async def test_a_human_answers_at_the_top_what_was_felt_at_the_bottom() -> None:
    human = Human()
    async with levels(human) as system:
        feel(system, pain())
        await asyncio.sleep(UNHEARD + 0.1)
        reception = await node(system, 2).call(Algedonode.answered, pain().key, "somebody")
        assert reception is Reception.TAKEN
        climb = (await node(system).call(Algedonode.alarms))[0]
        assert climb.owner == "somebody"
        await asyncio.sleep(60.0 + 1.0)  # it would have been repeated
        assert len(human.pages) == 1
        assert await node(system, 2).call(Algedonode.answered, pain().key, "another") is Reception.DOUBLE
        relieve(system, pain())
        await asyncio.sleep(0.1)
        assert await node(system, 2).call(Algedonode.answered, pain().key, "another") is Reception.LATE


async def test_a_late_a_double_and_an_unauthorised_acknowledgement_stand_in_the_log() -> None:
    async with levels(Human()) as system:
        feel(system, pain())
        say(system, Ack(pain().key, 3, "too high"))
        say(system, Ack(pain().key, 0, "another unit"), origin=f"{PATHS[0]}/other")
        say(system, Ack(pain().key, 3, "system 3"), sender=Role.CONTROL)
        await asyncio.sleep(0.1)
        assert (await node(system).call(Algedonode.alarms))[0].owner is None
        say(system, Ack(pain().key, 0, "the unit"))
        say(system, Ack(pain().key, 0, "the unit again"))
        await asyncio.sleep(0.1)
        assert (await node(system).call(Algedonode.alarms))[0].owner == "the unit"
        relieve(system, pain())
        say(system, Ack(pain().key, 0, "the unit, late"))
        await asyncio.sleep(0.1)
        said = [line for line in await log(system) if "AckRefused" in line]
        for by, why in (
            ("too high", "UNAUTHORISED"),
            ("another unit", "UNAUTHORISED"),
            ("system 3", "UNAUTHORISED"),
            ("the unit again", "DOUBLE"),
            ("the unit, late", "LATE"),
        ):
            assert sum(f"'{by}'" in line and why in line for line in said) == 1, by


async def test_a_sink_that_is_down_or_hangs_gives_way_to_the_next() -> None:
    down, hangs, human = Human(), Human(), Human()
    down.does, hangs.does = lambda: 1 / 0, asyncio.Event().wait
    async with levels(down, hangs, human) as system:
        feel(system, pain(severity=Severity.CRITICAL))
        await asyncio.sleep(2.2)
        assert len(human.pages) == 1
        assert human.pages[0][0] <= 2.1
        assert any("ZeroDivisionError" in line for line in await log(system, 2))


async def test_a_hanging_sink_holds_up_nobody_else() -> None:
    hangs = Human()
    hangs.does = asyncio.Event().wait
    async with levels(hangs) as system:
        feel(system, pain(severity=Severity.CRITICAL))
        await asyncio.sleep(0.1)
        asked = asyncio.get_running_loop().time()
        await node(system, 2).call(Algedonode.alarms)
        assert asyncio.get_running_loop().time() == asked


async def test_when_all_sinks_are_down_pages_repeat_with_growing_pauses_and_end_in_what_was_declared() -> (
    None
):
    down = Human()
    down.does = lambda: 1 / 0
    async with levels(down) as system:
        feel(system, pain())
        await asyncio.sleep(UNHEARD + 60 * (1 + 2 + 4 + 8 + 16) + 1)
        at = [time for time, _ in down.pages]
        assert [round(b - a) for a, b in pairwise(at)] == [60, 120, 240, 480]
        assert (
            sum("Unanswered" in line and "nobody answered the page" in line for line in await log(system))
            == 1
        )


async def test_the_open_pains_and_their_clocks_survive_the_algedonode() -> None:
    human = Human()
    async with levels(human) as system:
        feel(system, pain())
        await asyncio.sleep(RUNGS[0].ack + 0.5)
        end(system, f"{PATHS[0]}:algedonode")
        await asyncio.sleep(0.2)
        await begin(system, 0, human)
        assert [one.pain.key for one in await node(system).call(Algedonode.alarms)] == [pain().key]
        await asyncio.sleep(UNHEARD)
        assert human.pages[0][0] == pytest.approx(UNHEARD, abs=0.1)


async def test_who_answers_a_page_is_heard_where_it_hurts_though_the_top_was_born_again() -> None:
    human = Human()
    async with levels(human) as system:
        feel(system, pain())
        await asyncio.sleep(UNHEARD + 0.1)
        end(system, f"{PATHS[2]}:algedonode")
        await asyncio.sleep(0.1)
        await begin(system, 2, human)
        assert await node(system, 2).call(Algedonode.answered, pain().key, "somebody") is Reception.TAKEN


async def test_a_storm_of_two_hundred_is_one_page() -> None:
    human = Human()
    async with levels(human) as system:
        for n in range(200):
            feel(system, pain(f"fire {n}"))
        await asyncio.sleep(UNHEARD + 1.0)
        assert len(human.pages) == 1
        assert human.pages[0][1].pain.index == "storm 1"


async def test_a_clock_whose_timer_comes_a_hair_early_has_lapsed() -> None:
    human = Human()
    async with levels(human) as system:
        loop = asyncio.get_running_loop()
        due = loop.time() + RUNGS[0].ack
        feel(system, pain())
        await asyncio.sleep(due - 1e-9 - loop.time())
        await node(system).call(Algedonode.tick, due)
        assert loop.time() < due
        assert len(await system.named(f"{PATHS[0]}:control", Stand).call(Stand.seen)) == 1
