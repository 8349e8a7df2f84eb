"""What the other side asks to wait is waited for in levels within as well, whoever of those between dies or hangs."""

import asyncio

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Policy, RateLimited, ViableSystem
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, REFUSALS, _fresh, ask
from tests.vsm.living.test_decided_again import Plain, goes, put
from tests.vsm.living.test_slow_within import House

__all__ = ["_fresh"]


@pytest.mark.parametrize("away", ["house/room:management", "house:coordination", "the system 2 of the top"])
async def test_a_level_within_waits_as_long_as_it_was_asked_to(away: str) -> None:
    async with started(House) as (system, house):
        await asyncio.sleep(60.0)
        REFUSALS.append(RateLimited(200.0))
        jobs = [ask(house, "house/room/a", "whales", usd=0.01)]
        while not CALLS:
            await asyncio.sleep(1.0)
        first, _ = CALLS[0]
        if away == "the system 2 of the top":
            await house.within(None).call(ViableSystem.ablate, "s2")
        else:
            ref = system.whereis(away, Agent)
            assert ref is not None
            ref.exit(Kill())
        jobs.append(ask(house, "house/room/b", "squids", usd=0.01))
        await asyncio.sleep(300.0)
        assert len(CALLS) >= 2
        assert all(when >= first + 200.0 for when, _ in CALLS[1:])
        for job in jobs:
            job.cancel()


async def test_a_receipt_names_the_policies_it_was_allowed_under() -> None:
    async with started(Plain) as (_, office):
        await asyncio.sleep(3.0)
        job = ask(office, "plain/a", "first", "second", port="paced")
        await asyncio.sleep(25.0)
        for version in (1, 2, 3):
            await put(office, Policy("more", version, goes))
        performed = await job
        rules = await office.call(ViableSystem.rules)
        assert performed.receipts[-1].revision == rules.revision > performed.receipts[0].revision
