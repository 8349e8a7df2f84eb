"""A level elsewhere whose messages take their time is lent its part, told the policies and heard all the same."""

import asyncio
from random import Random

import pytest

from cybernetic.vsm import Note, Policy, PolicyDenied, ViableSystem
from cybernetic.vsm.bargain.contract import Contract
from cybernetic.vsm.bargain.purse import NO_CONTRACT
from cybernetic.vsm.recursion.parcels import Saying
from tests.vsm.living.company import PAGER, done
from tests.vsm.living.test_junction_doors import Way, apart
from tests.vsm.living.test_policies_afar import nothing
from tests.vsm.living.test_remote import PATH

WAYS = {
    "always": lambda seconds: lambda _: seconds,
    "now and then": lambda seconds: (lambda chance: lambda _: seconds * chance.random())(Random(3)),
}


@pytest.mark.parametrize("seconds", [0.3, 0.7, 1.5])
@pytest.mark.parametrize("how", WAYS)
async def test_a_level_that_is_far_away_lives_like_any_other(how: str, seconds: float) -> None:
    Way.clear()
    Way.delay = WAYS[how](seconds)
    async with apart() as (_, there, shop):
        catalogue = there.named(PATH, ViableSystem)
        await asyncio.sleep(40.0)
        first = (await catalogue.call(ViableSystem.ledger)).purse.seal
        assert first > NO_CONTRACT
        assert (await asyncio.wait_for(done(shop, PATH, usd=0.01), 30.0)).outcome.good
        await asyncio.sleep(70.0)
        assert (await catalogue.call(ViableSystem.ledger)).purse.seal > first
        await shop.call(ViableSystem.set_policy, Policy("never", 1, nothing), "for the test")
        await asyncio.sleep(20.0)
        with pytest.raises(PolicyDenied):
            await asyncio.wait_for(done(shop, PATH, usd=0.01), 30.0)
        assert await shop.call(ViableSystem.alarms) == ()
        assert not PAGER.pages


@pytest.mark.parametrize("seconds", [1.5, 2.5])
async def test_nothing_is_refused_for_want_of_a_contract_that_is_on_its_way(seconds: float) -> None:
    Way.clear()
    Way.delay = lambda _: seconds
    async with apart() as (_, _, shop):
        jobs = [asyncio.ensure_future(done(shop, PATH, usd=0.01)) for _ in range(5)]
        assert all(one.outcome.good for one in await asyncio.wait_for(asyncio.gather(*jobs), 60.0))


def _lends(value: object) -> bool:
    """Whether a contract goes over."""
    return isinstance(value, Saying) and any(
        isinstance(one, Note) and isinstance(one.body, Contract) for one in value.args
    )


async def test_nor_where_the_level_above_begins_to_lend_half_a_minute_later() -> None:
    Way.clear()
    loop = asyncio.get_running_loop()
    Way.lost = lambda value, _: _lends(value) and loop.time() < 30.0
    async with apart() as (_, _, shop):
        jobs = [asyncio.ensure_future(done(shop, PATH, usd=0.01)) for _ in range(5)]
        assert all(one.outcome.good for one in await asyncio.wait_for(asyncio.gather(*jobs), 60.0))
        assert loop.time() > 30.0


async def test_where_it_lends_nothing_at_all_the_floor_of_the_next_epoch_is_spent() -> None:
    Way.clear()
    Way.lost = lambda value, _: _lends(value)
    loop = asyncio.get_running_loop()
    async with apart() as (_, _, shop):
        assert (await asyncio.wait_for(done(shop, PATH, usd=0.01), 100.0)).outcome.good
        assert 60.0 <= loop.time() < 75.0  # an epoch takes sixty


@pytest.mark.parametrize("seconds", [0.3, 0.7, 2.5])
async def test_the_level_above_hears_of_what_it_has_taken(seconds: float) -> None:
    Way.clear()
    Way.delay = lambda _: seconds
    async with apart() as (_, _, shop):
        await asyncio.sleep(60.0)
        revision = await shop.call(ViableSystem.set_policy, Policy("never", 1, nothing), "for the test")
        await asyncio.sleep(30.0)
        status = await shop.call(ViableSystem.status)
        assert status.known[PATH] == revision
        Way.seen = []
        await asyncio.sleep(30.0)
        said = [value for _, value in Way.seen if isinstance(value, Saying) and value.method == "take"]
        bodies = [type(one.body).__name__ for value in said for one in value.args if isinstance(one, Note)]
        assert "PolicyUpdate" not in bodies
        assert bodies.count("Contract") <= 1  # that of the next epoch
