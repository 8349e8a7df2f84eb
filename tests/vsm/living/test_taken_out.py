"""What is taken out of a level stays out, whoever of it begins anew."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.vsm import ViableSystem
from cybernetic.vsm.recursion.handing import take_out
from tests.vsm.living.company import done, started

SYSTEMS = ("s2", "s3", "s4", "s5", "algedonic")
PARTS = ("coordination", "control", "intelligence", "policy", "algedonode")


def there(system: System, level: str) -> list[str]:
    """Which of its systems a level has."""
    return [part for part in PARTS if system.whereis(f"{level}:{part}") is not None]


@pytest.mark.parametrize("victim", ["", ":metasystem", ":level", ":unit"])
async def test_a_level_within_that_begins_anew_is_without_what_was_taken_out(victim: str) -> None:
    async with started() as (system, company):
        assert there(system, "company/division") == list(PARTS)
        await company.within(None).call(ViableSystem.ablate, *SYSTEMS)
        dead: Any = system.whereis(f"company/division{victim}")
        dead.exit(Kill())
        await asyncio.sleep(5.0)
        assert system.whereis(f"company/division{victim}") not in (None, dead)
        assert there(system, "company/division") == there(system, "company") == []
        assert (await done(company, "company/division", usd=0)).outcome.good


async def test_the_top_itself_is_without_it_as_well() -> None:
    async with started() as (system, company):
        await company.within(None).call(ViableSystem.ablate, *SYSTEMS)
        dead: Any = system.whereis("company:metasystem")
        dead.exit(Kill())
        await asyncio.sleep(5.0)
        assert there(system, "company/division") == there(system, "company") == []
        assert system.whereis("company:vigil") is None


async def test_what_was_taken_out_of_a_level_within_leaves_the_others_whole() -> None:
    async with started() as (system, company):
        division = system.named("company/division", ViableSystem)
        await division.within(None).call(ViableSystem.ablate, "s4")
        dead: Any = system.whereis("company/division:unit")
        dead.exit(Kill())
        await asyncio.sleep(5.0)
        assert there(system, "company") == list(PARTS)
        assert there(system, "company/division") == [part for part in PARTS if part != "intelligence"]
        assert system.alive(company)


async def test_a_level_of_another_process_asks_the_one_above_when_it_begins() -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        take_out(system, "company", ["s3"])  # as that process knows, and the level's does not
        company.cast(ViableSystem.begun, "company/division")
        await asyncio.sleep(1.0)
        assert "control" in there(system, "company")
        assert "control" not in there(system, "company/division")
