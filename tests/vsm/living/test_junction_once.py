"""What one half of a system asks of the other is done once and answered, whatever is lost on the way."""

import asyncio
from random import Random
from typing import Any

import pytest

from cybernetic import Agent, CallFailed
from cybernetic.testing import settle
from cybernetic.vsm import Channel, ViableSystem
from cybernetic.vsm.recursion.junction import Junction
from cybernetic.vsm.recursion.once import Answer, Once
from cybernetic.vsm.recursion.parcels import Answered, Open, Saying, Waits
from tests.vsm.living.company import TOOL, done
from tests.vsm.living.test_junction_doors import PATH, Counter, Way, apart, counted, killed, pair


def first(kind: type, times: int = 1) -> Any:
    """Loses that many values of a kind, the first ones."""
    left = times

    def lost(value: Any, _name: str) -> bool:
        nonlocal left
        left -= isinstance(value, kind)
        return isinstance(value, kind) and left >= 0

    return lost


@pytest.mark.parametrize("kind", [Saying, Answered])
@pytest.mark.parametrize("times", [1, 3])
async def test_what_is_lost_is_said_again_and_done_once(kind: type, times: int) -> None:
    Way.clear()
    async with pair() as (_, _, above, counter):
        Way.lost = first(kind, times)
        assert await asyncio.wait_for(counted(above, 7), 40.0) == 7
        assert await counter.call(Counter.counted) == {7: 1}


async def test_a_tenth_of_all_may_be_lost_and_no_task_hangs_or_is_done_twice() -> None:
    Way.clear()
    chance = Random(5)
    Way.lost = lambda value, _: chance.random() < 0.1 and not isinstance(value, Open)
    async with apart() as (_, _, shop):
        jobs = [asyncio.ensure_future(done(shop, PATH, usd=0.01)) for _ in range(40)]
        results = await asyncio.wait_for(asyncio.gather(*jobs), 120.0)
        assert all(one.outcome.good for one in results)
        assert len(TOOL.asked) == len({key for _, key, _ in TOOL.asked}) == 40
        assert set((await shop.call(ViableSystem.status)).load.values()) == {0}


@pytest.mark.parametrize("seed", range(6))
async def test_each_is_done_once_and_answered_over_a_way_that_loses_doubles_and_overtakes(seed: int) -> None:
    Way.clear()
    chance = Random(seed)
    Way.lost = lambda _value, _name: chance.random() < 0.3
    Way.copies = lambda _: chance.choice([1, 1, 2, 3])
    Way.delay = lambda _: chance.choice([0.0, chance.random(), 10 * chance.random()])
    async with pair() as (_, _, above, counter):
        await asyncio.sleep(100.0)
        jobs = []
        for number in range(60):
            jobs.append(asyncio.ensure_future(counted(above, number, chance.choice([0.0, 1.0, 15.0]))))
            await asyncio.sleep(chance.random())
        assert await asyncio.wait_for(asyncio.gather(*jobs), 1000.0) == list(range(60))
        await asyncio.sleep(100.0)
        assert await counter.call(Counter.counted) == dict.fromkeys(range(60), 1)


async def test_what_comes_again_long_after_it_was_answered_is_not_done_again() -> None:
    Way.clear()
    async with pair() as (_, there, above, counter):
        assert await counted(above, 1) == 1
        assert await counted(above, 2) == 2
        said = [value for _, value in Way.seen if isinstance(value, Saying)]
        for seconds in (0.0, 2.0, 600.0):
            await asyncio.sleep(seconds)
            for value in said:
                there.named("below", Agent).send(value)
        await settle(there)
        assert await counter.call(Counter.counted) == {1: 1, 2: 1}


async def test_nor_is_what_a_half_has_asked_that_has_begun_anew_since() -> None:
    Way.clear()
    async with pair() as (here, there, above, counter):
        Way.lost = lambda value, _: isinstance(value, Saying)
        job = asyncio.ensure_future(counted(above, 1))
        await asyncio.sleep(0.1)
        Way.lost = lambda _value, _name: False
        late = next(value for _, value in Way.seen if isinstance(value, Saying))
        await here.named("above", Agent).stop()
        fresh = await here.start(Junction, "x/y", "down", {}, (), "x/y", name="above")
        with pytest.raises(CallFailed):
            await job
        await asyncio.sleep(0.1)
        there.named("below", Agent).send(late)
        assert await counted(fresh.within(None), 2) == 2
        assert await counter.call(Counter.counted) == {2: 1}


async def test_what_was_given_up_is_not_said_again() -> None:
    Way.clear()
    async with pair() as (_, _, above, counter):
        Way.lost = lambda value, _: isinstance(value, Saying)
        with pytest.raises(CallFailed):
            await asyncio.wait_for(counted(above, 1, patience=5.0), 60.0)
        lost = above.call(Junction.ask, "x/y:algedonode", "page", None, 0)
        with pytest.raises(CallFailed):
            await asyncio.wait_for(lost, 60.0)
        Way.lost, Way.seen = (lambda _value, _name: False), []
        await asyncio.sleep(60.0)
        assert await counter.call(Counter.counted) == {}
        assert not [value for _, value in Way.seen if isinstance(value, Saying)]


async def test_over_a_way_that_is_slow_little_is_said_again() -> None:
    Way.clear()
    async with pair() as (_, _, above, counter):
        Way.delay = lambda value: 3600.0 if isinstance(value, Saying) else 0.0
        job = asyncio.ensure_future(counted(above, 1))
        await asyncio.sleep(3500.0)
        assert 5 < len([value for _, value in Way.seen if isinstance(value, Saying)]) < 70
        assert await job == 1
        await asyncio.sleep(3600.0)
        assert await counter.call(Counter.counted) == {1: 1}


async def test_where_nothing_waits_nothing_is_said() -> None:
    Way.clear()
    async with pair() as (_, _, above, _counter):
        assert await counted(above, 1) == 1
        await asyncio.sleep(10.0)
        assert [value.numbers for _, value in Way.seen if isinstance(value, Waits)] == [()]
        Way.seen = []
        await asyncio.sleep(600.0)
        assert Way.seen == []


async def test_a_half_that_begins_anew_is_asked_again_by_who_waits_and_nobody_hangs() -> None:
    Way.clear()
    async with pair() as (_, there, above, _counter):
        job = asyncio.ensure_future(counted(above, 1, 30.0))
        await asyncio.sleep(1.0)
        await killed(there, "below")
        if there.whereis("below") is None:
            await there.start(Junction, "x/y", "up", {}, ("x/y:management",), None, name="below")
        with pytest.raises(CallFailed):
            await asyncio.wait_for(job, 5.0)
        assert await asyncio.wait_for(counted(above, 2), 5.0) == 2


async def test_it_remembers_what_is_waited_for_and_no_more() -> None:
    once = Once()
    sayings = [Saying("x", "take", (), str(n), "door", 1, n) for n in range(1, 1001)]
    assert all(once.begins(one) for one in sayings)
    for one in sayings[1:]:
        once.ended(one, Answer(Answered(one.id or ""), Channel.COMMAND))
    await asyncio.sleep(10.0)
    answers, missed = once.hear(Waits(1, "door", 1002, (1, 500, 1001)))
    assert [one.answered.id for one in answers] == ["500"]
    assert missed == (1001,)
    assert len(once._known) == 2
    assert once.hear(Waits(1, "door", 1000, (2, 3))) == ([], ())  # an earlier word, that came late
    assert not any(once.begins(one) for one in sayings)
    assert once.begins(Saying("x", "take", (), "a", "door", 1, 1001))
    assert once.hear(Waits(1, "door", 1002, (1, 2)))[1] == ()  # what is over is not waited for again
    assert not once.begins(sayings[1])
    assert once.begins(sayings[1], hurts=True)
    assert once.begins(Saying("x", "take", (), "b", "door", 2, 1))  # a later life
    assert not once.begins(Saying("x", "take", (), "c", "door", 1, 1003))
    assert len(once._known) == 1
