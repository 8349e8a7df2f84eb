"""The demo's world: what the seed decides, what chance is keyed by, and how its tools behave."""

import asyncio
from collections import Counter

import pytest

from cybernetic.apps.demo.seeds import CHECKED, TUNING
from cybernetic.apps.demo.world.demand import BASE, GROWN, Job, jobs, rate
from cybernetic.apps.demo.world.luck import Luck
from cybernetic.apps.demo.world.plan import DIVISIONS, HOUR, KINDS, LASTS, Plan
from cybernetic.apps.demo.world.tools import (
    BURST,
    HANDS,
    LEAD,
    LYING,
    WRONG,
    Away,
    Hands,
    Provider,
    Search,
    TooMany,
)
from cybernetic.apps.demo.world.world import World
from cybernetic.runtime import run_virtual

EVENTFUL = 7


def test_chance_is_keyed_by_what_it_decides_and_by_nothing_else() -> None:
    one, other = Luck(7), Luck(7)
    later = [one.uniform("task", number) for number in range(5)]
    assert [other.uniform("task", number) for number in reversed(range(5))] == later[::-1]
    assert Luck(8).uniform("task", 0) != later[0]


def test_the_seed_draws_order_time_and_target_of_all_incidents() -> None:
    plans = [Plan.draw(seed) for seed in range(200)]
    eventful = [plan for plan in plans if not plan.quiet]
    assert Plan.draw(EVENTFUL) == Plan.draw(EVENTFUL)
    assert all(sorted(one.kind for one in plan.incidents) == sorted(KINDS) for plan in eventful)
    assert len({tuple(one.kind for one in plan.incidents) for plan in eventful}) > 150
    assert {one.target for plan in eventful for one in plan.incidents if one.kind == "hang"} == set(DIVISIONS)
    assert 10 < sum(plan.quiet for plan in plans) < 60


def test_what_needs_time_comes_early_and_all_comes_within_the_hour() -> None:
    for plan in map(Plan.draw, range(200)):
        times = [one.at for one in plan.incidents]
        assert times == sorted(times)
        assert all(240.0 <= at < HOUR - LASTS["outage"] for at in times)
        assert not {one.kind for one in plan.incidents[-2:]} & {"lie", "ramp"}


def test_the_seeds_that_claims_are_checked_on_were_not_tuned_with() -> None:
    assert len(set(CHECKED)) == 200
    assert not set(CHECKED) & set(TUNING)


def test_the_same_jobs_come_to_every_company() -> None:
    plan = Plan.draw(EVENTFUL)
    once, again = list(jobs(Luck(EVENTFUL), plan, -60.0)), list(jobs(Luck(EVENTFUL), plan, -60.0))
    assert once == again
    assert [job.at for job in once] == sorted(job.at for job in once)
    assert len({job.id for job in once}) == len(once)


def test_demand_is_what_the_plan_says() -> None:
    plan = Plan.draw(EVENTFUL)
    ramp = plan.of("ramp")
    assert ramp is not None
    assert rate(plan, ramp.target, ramp.at - 1.0) == BASE
    assert rate(plan, ramp.target, ramp.at + LASTS["ramp"]) == pytest.approx(GROWN * BASE)
    came = Counter(job.division for job in jobs(Luck(EVENTFUL), Plan(EVENTFUL), 0.0))
    for division in DIVISIONS:
        assert came[division] == pytest.approx(60 * BASE, rel=0.2)


def test_the_provider_takes_sixty_calls_a_minute_and_refuses_the_rest() -> None:
    async def main() -> None:
        provider, loop = Provider(Luck(1), Plan(1)), asyncio.get_running_loop()
        many = [asyncio.ensure_future(provider.complete(f"job {n}", 1, loop.time())) for n in range(20)]
        ends = await asyncio.gather(*many, return_exceptions=True)
        assert sum(not isinstance(end, Exception) for end in ends) == BURST
        assert sum(isinstance(end, TooMany) for end in ends) == provider.refused == 20 - BURST
        await asyncio.sleep(60.0)
        assert (await provider.complete("job", 1, loop.time())).usd > 0.0

    run_virtual(main())


def test_in_an_outage_the_provider_serves_nobody() -> None:
    plan = Plan.draw(EVENTFUL)
    outage = plan.of("outage")
    assert outage is not None

    async def main() -> None:
        provider = Provider(Luck(EVENTFUL), plan)
        with pytest.raises(Away):
            await provider.complete("job", 1, outage.at + 1.0)
        assert (await provider.complete("job", 1, outage.until + 1.0)).text

    run_virtual(main())


def test_the_search_tool_lies_in_a_fifth_of_all_answers_and_says_so_of_none() -> None:
    plan = Plan.draw(EVENTFUL)
    lie = plan.of("lie")
    assert lie is not None

    async def wrong(at: float) -> float:
        search = Search(Luck(EVENTFUL), plan)
        facts = [(f"job {n}", await search.find(f"job {n}", 1, at)) for n in range(2000)]
        return sum(fact.text != search.truth(job) for job, fact in facts) / len(facts)

    assert run_virtual(wrong(lie.at - 1.0)) == pytest.approx(WRONG, abs=0.01)
    assert run_virtual(wrong(lie.at + 1.0)) == pytest.approx(LYING, abs=0.03)


def test_hands_that_are_told_to_go_take_their_time_and_two_stay() -> None:
    async def main() -> None:
        hands = Hands(Luck(1))
        assert hands.move(100, "orders", "support") == HANDS // 3 - 2
        assert hands.at == dict.fromkeys(DIVISIONS, HANDS // 3)
        await asyncio.sleep(LEAD + 1.0)
        assert hands.at["orders"] == 2
        assert sum(hands.at.values()) == HANDS

    run_virtual(main())


def test_a_customer_is_lost_who_waits_beyond_his_patience_and_wrong_who_is_told_wrong() -> None:
    async def main() -> None:
        world = World(Plan(1), 0.0)
        slow, wrong = Job("slow", "orders", 0.0, 30.0), Job("wrong", "orders", 0.0, 300.0)
        for job in (slow, wrong):
            world.customers.asked(job)
        await asyncio.sleep(60.0)
        world.ship(slow, world.search.truth("slow"))
        world.ship(wrong, "a rumour")
        seen = world.customers.seen(60.0)
        assert (seen.offered, seen.done, seen.lost, seen.wrong, seen.failed) == (2, 0, 1, 1, 0)
        assert seen.waiting.total() == 0
        world.ship(wrong, world.search.truth("wrong"))
        assert world.customers.seen(60.0).wrong == 0

    run_virtual(main())


def test_a_restart_ends_a_loop_and_only_the_owner_ends_a_hang() -> None:
    plan = Plan.draw(EVENTFUL)
    loop, hang = plan.of("loop"), plan.of("hang")
    assert loop is not None
    assert hang is not None

    async def main() -> None:
        world = World(plan, 0.0)
        assert not world.loops(loop.target)
        await asyncio.sleep(max(loop.at, hang.at) + 1.0)
        assert world.loops(loop.target)
        assert world.hangs(hang.target)
        assert not world.restart("somebody else")
        assert world.restart(loop.target)
        assert not world.loops(loop.target)
        assert world.hangs(hang.target)
        assert world.repair(hang.target)
        assert not world.hangs(hang.target)

    run_virtual(main())
