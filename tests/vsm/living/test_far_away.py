"""A level elsewhere whose messages take their time is lent its part, told the policies, commanded and heard all the same."""

import asyncio
from random import Random

import pytest

from cybernetic.vsm import Policy, PolicyDenied, ViableSystem
from cybernetic.vsm.bargain.purse import NO_CONTRACT
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
