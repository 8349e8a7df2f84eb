"""Levels within levels: what holds when parts of the metasystem are away, and what a level's end takes along."""

import asyncio

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.testing import settle
from cybernetic.vsm import Away, NoSuchUnit, PainKey, Policy, ViableSystem
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.decisions import NO_RULES
from cybernetic.vsm.homeostat import Bands
from tests.vsm.living.company import TOOL, Company, done, started


async def test_operations_go_on_without_any_metasystem() -> None:
    async with started() as (_, company):
        await done(company, "company/division")
        await company.within(None).call(ViableSystem.ablate, "s2", "s3", "s3star", "s4", "s5")
        results = await asyncio.gather(*(done(company, usd=0.01) for _ in range(20)))
        assert all(one.outcome.good for one in results)


async def test_when_leases_lapse_units_fall_to_their_floors() -> None:
    async with started() as (_, company):
        await done(company, "company/solo")
        await company.within(None).call(ViableSystem.ablate, "s3")
        await asyncio.sleep(60.0)  # the epoch ends, and no contract comes for the next
        TOOL.asked.clear()
        await asyncio.gather(
            *(done(company, "company/solo", usd=0.5) for _ in range(10)), return_exceptions=True
        )
        assert len(TOOL.asked) == 2  # a tenth of ten dollars


async def test_a_level_never_lends_more_than_it_holds() -> None:
    async with started() as (system, company):
        jobs = [done(company, f"company/{to}", usd=0.7) for to in ("solo", "division") * 10]
        await asyncio.gather(*jobs, return_exceptions=True)
        outer = (await company.call(ViableSystem.ledger)).purse.ledger(0)
        division = system.named("company/division", ViableSystem)
        inner = (await division.call(ViableSystem.ledger)).purse.ledger(0)
        assert outer.committed <= outer.grant == Vector(usd=10)
        assert inner.grant <= outer.open["company/division"].upper
        assert inner.committed <= inner.grant


async def test_the_end_of_a_system_takes_every_level_along() -> None:
    async with System() as system:
        company = await system.start(Company, type="temporary")
        assert len(list(system.agents())) > 60
        await company.stop()
        await settle(system)
        assert len(list(system.agents())) <= 1
        assert not system.names


@pytest.mark.parametrize("part", ["control", "intelligence", "policy", "coordination", "algedonode"])
async def test_a_part_that_is_killed_comes_back_and_nobody_else_notices(part: str) -> None:
    async with started() as (system, company):
        await done(company)
        worker, victim = system.whereis("company/solo"), system.whereis(f"company:{part}")
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(2.0)
        again = system.whereis(f"company:{part}", Agent)
        assert again is not None
        assert again != victim
        assert system.whereis("company/solo") == worker
        assert (await done(company)).outcome.good


async def test_killing_a_part_a_hundred_times_ends_no_level() -> None:
    async with started() as (system, company):
        for _ in range(100):
            victim = system.whereis("company:control")
            if victim is not None:
                victim.exit(Kill())
            await asyncio.sleep(0.5)
        assert system.alive(company)
        assert (await done(company, usd=0.01)).outcome.good


async def test_a_task_that_kills_its_worker_is_given_again_and_then_given_up() -> None:
    async with started() as (_, company):
        with pytest.raises(Exception, match="as told"):
            await done(company, "company/solo", crash=True)
        assert (await done(company, "company/solo")).outcome.good


async def test_a_task_for_nobody_is_refused() -> None:
    async with started() as (_, company):
        with pytest.raises(NoSuchUnit, match="company/nobody"):
            await done(company, "company/nobody")


async def test_a_company_started_twice_in_one_system_is_refused_with_its_name() -> None:
    async with started() as (system, _):
        with pytest.raises(Exception, match="company"):
            await system.start(Company)


async def test_a_level_that_is_away_is_no_trouble_of_who_asks_for_all() -> None:
    async with started() as (system, company):
        operations = system.named("company:operations", Supervisor)
        await operations.call(Supervisor.terminate_child, "division")
        assert await company.call(ViableSystem.levels) == ("company",)
        assert await company.call(ViableSystem.questions) == {}
        await company.within(None).call(ViableSystem.ablate, "s4")
        assert system.alive(company)
        assert (await done(company, "company/solo")).outcome.good


ASKED = {
    "alarms": (),
    "ack": (PainKey("company", "index", "limits"), "owner"),
    "set_policy": (Policy("p", 1, NO_RULES.decide),),
    "rules": (),
    "identity": (),
    "questions": (),
    "ledger": (),
    "outlook": (),
    "balance": (),
    "set_bands": (Bands(),),
    "suspend": ("company/solo", "why", 5.0),
    "resume": ("company/solo",),
    "lift": ("tool", "why"),
}


async def test_a_part_that_is_away_is_refused_with_its_name_and_asking_for_it_ends_nobody() -> None:
    async with started() as (system, company):
        await company.within(None).call(ViableSystem.ablate, "s2", "s3", "s3star", "s4", "s5", "algedonic")
        for name, args in ASKED.items():
            with pytest.raises(Away, match="expected its"):
                await company.call(getattr(ViableSystem, name), *args)
        assert system.alive(company)
        assert "control" in (await company.call(ViableSystem.status)).silent
