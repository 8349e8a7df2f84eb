"""The worlds: the same seed gives the same run, all arms share their luck, and what is claimed holds at three seeds."""

import asyncio
from collections.abc import Coroutine
from math import inf
from typing import Any

import pytest

from benchmarks.vsm.trials.costs.world import LOOPER, CostWorld, Request
from benchmarks.vsm.trials.hang import viable as ladder
from benchmarks.vsm.trials.hang.world import HangWorld
from benchmarks.vsm.trials.quality.world import QualityWorld
from benchmarks.vsm.trials.rates.trial import LIVING, PATIENT
from benchmarks.vsm.trials.rates.world import BURST, RateLimited, RateWorld
from benchmarks.vsm.trials.registry import TRIALS
from benchmarks.vsm.trials.run import live, pair, seeds
from benchmarks.vsm.trials.shift.world import DIVISIONS, GROWS, SHRINKS, SLOTS, ShiftWorld
from benchmarks.vsm.trials.table import differences, medians, report
from benchmarks.vsm.trials.trial import Result
from cybernetic.testing import run
from tests.support import SOAK

# what is lived of each world by default, and of all at full counts
SHORT = {
    "rates": 0.25,
    "rates-halved": 0.15,
    "rates-orphaned": 0.25,
    "rates-weighted": 0.3,
    "costs": 0.15,
    "quality": 0.3,
    "hang": 1.0,
    "hang-owned": 1.0,
    "hang-noise": 1.0,
    "shift-24-80": 1.0,
}
LIVED = dict.fromkeys(TRIALS, 1.0) if SOAK else SHORT


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_seed_gives_the_same_run_each_time_and_another_seed_another(name: str) -> None:
    trial, length = TRIALS[name], SHORT[name] / 2 if SHORT[name] < 1.0 else 1.0
    first, again, other = (live(trial, trial.ours, seed, length) for seed in (0, 0, 1))
    assert (first.digest, first.figures) == (again.digest, again.figures)
    assert other.digest != first.digest


@pytest.mark.parametrize("name", sorted(LIVED))
def test_three_seeds_give_tables_of_the_shape_that_is_claimed(name: str) -> None:
    trial = TRIALS[name]
    found = pair(trial, range(3), LIVED[name])
    text = report(trial, found)
    broken = [claim.words for claim in trial.claims if claim.judge(found) is False]
    assert not broken, text
    rows = medians(trial, found).splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == list(trial.arms)
    assert len(differences(trial, found).splitlines()) == 2 + len(trial.compared)
    assert all(row.count("|") == len(trial.columns) + 2 for row in rows)


def test_twenty_that_hang_at_once_are_one_page_that_tells_of_all() -> None:
    async def life() -> Result:
        return await ladder.run(HangWorld(0, divisions=20), 0)

    figures = run(life()).figures
    assert figures["pages"] == 1.0
    assert figures["human"] <= ladder.BOUND + 0.01
    assert figures["restored"] < inf


def test_the_living_system_lives_in_the_same_world_and_is_paced_there() -> None:
    trial = TRIALS["rates-living"]
    first, again = (live(trial, LIVING, 0, 0.25) for _ in range(2))
    assert (first.digest, first.figures) == (again.digest, again.figures)
    assert first.figures["failed"] == first.figures["refused"] == 0.0
    assert live(trial, PATIENT, 0, 0.25).figures["refused"] > 100.0


def test_every_figure_in_a_table_is_one_that_all_arms_have() -> None:
    for name, trial in TRIALS.items():
        assert trial.ours in trial.arms
        assert set(trial.compared) <= set(trial.arms), name
        assert len({column.head for column in trial.columns}) == len(trial.columns)


def test_seeds_are_twenty_by_scale_and_at_least_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CYBERNETIC_SOAK", raising=False)
    assert [seeds(), seeds(0.5), seeds(0.01)] == [20, 10, 3]
    monkeypatch.setenv("CYBERNETIC_SOAK", "1")
    assert seeds() == 200


# --- luck is shared -----------------------------------------------------------------------------------------------


async def test_a_call_takes_as_long_for_whoever_makes_it_and_whenever() -> None:
    took = []
    for before in (0, 3):
        world = RateWorld(5)
        for number in range(before):
            await world.provider.complete(f"other-{number}", 1)
        began = _now()
        await world.provider.complete("agent-3/7/2", 1)
        took.append(_now() - began)
    assert took[0] == pytest.approx(took[1])


async def test_an_answer_costs_and_is_wrong_alike_for_all_arms() -> None:
    world, other = CostWorld(5), CostWorld(5)
    await other.provider.complete(Request("agent-1", "agent-1/0", 1.0), 1)
    bills = [await each.provider.complete(Request("agent-2", "agent-2/9", 1.0), 1) for each in (world, other)]
    assert bills[0] == bills[1]
    wrong = []
    for order in (range(300), reversed(range(300))):
        quality = QualityWorld(5)
        answers = {number: await quality.primary.search(f"task-{number}", 1) for number in order}
        wrong.append({number for number, answer in answers.items() if not await quality.check(answer)})
    assert wrong[0] == wrong[1] != set()


async def test_demand_is_the_same_whatever_an_arm_does() -> None:
    came = []
    for moves in (0, 3):
        world, seen = ShiftWorld(5, lead=6, ramp=40), []
        async for each in world.ticks():
            await world.move(moves, SHRINKS, GROWS)
            seen.append(each.arrived)
        came.append(seen)
    assert came[0] == came[1]


async def test_the_same_moment_brings_the_same_hang() -> None:
    hangs = [HangWorld(5, divisions).divisions["acme/division-0"].hangs for divisions in (1, 200)]
    assert hangs[0] == hangs[1] != HangWorld(6).divisions["acme/division-0"].hangs


# --- what the worlds do -------------------------------------------------------------------------------------------


async def test_a_provider_takes_its_burst_then_says_when_to_come_again() -> None:
    world = RateWorld(1)
    calls = [_outcome(world, f"task-{number}") for number in range(int(BURST) + 1)]
    outcomes = [await call for call in [_started(call) for call in calls]]
    assert outcomes == [None] * int(BURST) + [1.0]


@pytest.mark.parametrize(("charge", "taken"), [(0.0, True), (0.3, False)])
async def test_a_charged_refusal_takes_from_the_bucket(charge: float, taken: bool) -> None:
    world = RateWorld(1, charge=charge)
    calls = [_started(_outcome(world, f"task-{number}")) for number in range(int(BURST))]
    await _sleep(0.5)
    assert [await _outcome(world, f"more-{number}") for number in range(2)] == [1.0, 1.0]
    await _sleep(0.6)
    assert (await _outcome(world, "late") is None) is taken
    await asyncio.gather(*calls)


async def test_a_halved_limit_fills_the_bucket_half_as_fast() -> None:
    world = RateWorld(1, halved=True)
    await _sleep(world.horizon / 3 + 1.0)
    calls = [_started(_outcome(world, f"task-{number}")) for number in range(int(BURST))]
    await _sleep(0.001)
    assert await _outcome(world, "more") == 2.0
    await _sleep(1.5)
    assert await _outcome(world, "still too early") == 1.0
    await _sleep(0.6)
    assert await _outcome(world, "late") is None
    await asyncio.gather(*calls)


async def test_a_loop_calls_ten_times_as_often_and_its_prompts_grow() -> None:
    world, requests = CostWorld(2, 1 / 6), list[Request]()

    async def call(request: Request) -> None:
        requests.append(request)

    await world.play(call)
    looping = [request for request in requests if request.grown > 1.0]
    assert {request.agent for request in looping} == {LOOPER}
    assert len(looping) == pytest.approx(600, rel=0.15)
    assert looping[-1].upper == pytest.approx(2.25 * requests[0].upper)


async def test_a_moved_slot_works_where_it_was_until_it_has_moved() -> None:
    world, slots = ShiftWorld(1, lead=6, ramp=40), []
    async for seen in world.ticks():
        if seen.tick == 10:
            await world.move(4, SHRINKS, GROWS)
            assert sum(world.planned.values()) == SLOTS
        slots.append(world.slots[GROWS])
    assert slots[15] == slots[0]
    assert slots[16] == slots[0] + 4
    assert set(world.slots) == set(DIVISIONS)


async def test_a_division_that_hangs_answers_again_once_it_is_replaced() -> None:
    world, name = HangWorld(1, answers=True), "acme/division-0"
    await world.ping(name)
    await _sleep(4.5)
    assert not await world.restart(name, 1)
    waiting = _started(world.ping(name))
    await _sleep(30.0)
    assert not waiting.done()
    await world.replace(name)
    await waiting
    assert world.result().figures["human"] == inf


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


def _started(work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
    return asyncio.ensure_future(work)


async def _outcome(world: RateWorld, task: str) -> float | None:
    """The Retry-After of a call, or None if it was taken."""
    try:
        await world.provider.complete(task, 1)
    except RateLimited as refusal:
        return refusal.retry_after
    return None
