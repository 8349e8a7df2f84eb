"""What carries a level's work and its words is missed when it hangs, and ended, as every loop is."""

import asyncio
from typing import Any

import pytest

from cybernetic.runtime import Agent
from cybernetic.vsm import ViableSystem
from tests.vsm.living.company import done, started

WAYS = ["environment", "channel.operations", "channel.command", "channel.coordination", "channel.metasystem"]


async def hang(system: Any, name: str) -> Any:
    ref = system.whereis(name, Agent)
    assert ref is not None
    await ref.inspect().suspend()
    return ref


@pytest.mark.parametrize("way", [*WAYS, "channel.algedonic"])
async def test_one_that_hangs_is_felt_and_ended_and_work_goes_on(way: str) -> None:
    async with started() as (system, company):
        await asyncio.sleep(5.0)
        hung = await hang(system, f"company:{way}")
        await asyncio.sleep(30.0)
        assert system.whereis(f"company:{way}", Agent) not in (None, hung)
        log = [entry.body for entry in await company.call(ViableSystem.decisions, 0, "hang")]
        assert {one["role"] for one in log} == {way}  # nobody else, who only could not be heard
        assert (await asyncio.wait_for(done(company, "company/solo"), 20.0)).outcome.good
        await asyncio.sleep(60.0)
        assert not await company.call(ViableSystem.alarms)


async def test_while_the_way_of_pain_is_on_probation_all_others_are_heard() -> None:
    async with started() as (system, _):
        await asyncio.sleep(5.0)
        for _ in range(4):
            await hang(system, "company:channel.algedonic")
            await asyncio.sleep(15.0)
        hung = await hang(system, "company:control")
        await asyncio.sleep(12.0)
        assert system.whereis("company:control", Agent) not in (None, hung)
