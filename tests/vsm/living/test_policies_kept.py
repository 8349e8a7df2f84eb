"""Who begins anew acts under the last policies that were known, and who forgot them all the same is told again."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Deny, Policy, PolicyDenied, Task, ViableSystem, unit
from cybernetic.vsm.books.books import Books
from tests.vsm.living.company import TOOL, Company, Worker, done, started
from tests.vsm.living.test_remote import PATH, Outlet, two

DIVISION, SOLO = "company/division", "company/solo"


def nothing(action: Any, context: Any) -> Deny:
    """Denies everything."""
    return Deny("frozen")


FREEZE = Policy("freeze", 1, nothing)


def kill(system: System, name: str) -> None:
    """Somebody dies."""
    victim = system.whereis(name, Agent)
    assert victim is not None
    victim.exit(Kill())


async def given(company: Any, to: str, times: int = 15) -> None:
    """Tasks are given all the while, ten a second."""
    jobs = []
    for n in range(times):
        task = Task("job", {"usd": 0.0, "n": n}, to=to)
        jobs.append(asyncio.ensure_future(company.within(None).call(ViableSystem.submit, task)))
        await asyncio.sleep(0.1)
    await asyncio.wait(jobs, timeout=10.0)
    for job in jobs:
        job.cancel()


async def acts(company: Any, path: str) -> bool:
    """Whether a unit is known to act under the latest policies, and says so itself."""
    status, rules = await company.call(ViableSystem.status), await company.call(ViableSystem.rules)
    return {status.known[path], status.accounts[path].revision} == {rules.revision}


@pytest.mark.parametrize("away", [(), ("s3",), ("s5",), ("s3", "s5")])
@pytest.mark.parametrize("victim", ["", ":porter", ":books", ":unit"])
async def test_a_unit_that_begins_anew_acts_under_the_last_policies_it_knew(
    victim: str, away: tuple[str, ...]
) -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        await company.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(1.0)
        await company.within(None).call(ViableSystem.ablate, *away)
        kill(system, f"{SOLO}{victim}")
        await given(company, SOLO)
        assert not TOOL.asked


@pytest.mark.parametrize("away", [(), ("s3", "s5")])
@pytest.mark.parametrize("victim", ["", ":unit", ":level", ":books", ":channels", ":operations", "/w0:unit"])
async def test_so_does_all_of_a_level_within(victim: str, away: tuple[str, ...]) -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        await company.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(1.0)
        await company.within(None).call(ViableSystem.ablate, *away)
        kill(system, f"{DIVISION}{victim}")
        await given(company, DIVISION)
        assert not TOOL.asked
        if not away:
            await asyncio.sleep(3.0)
            assert await acts(company, DIVISION)


async def test_so_does_a_unit_whose_books_are_on_a_disk_and_a_program_that_ended(tmp_path: Path) -> None:
    class Kept(Company):
        data: ClassVar[str | None] = str(tmp_path)

        def units(self) -> list[Any]:
            return [unit(Worker, id="solo")]

    async with started(Kept) as (system, kept):
        await kept.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(1.0)
        await kept.within(None).call(ViableSystem.ablate, "s5")
        kill(system, "kept/solo:books")
        await given(kept, "kept/solo")
        assert not TOOL.asked
    async with started(Kept) as (_, kept):
        await given(kept, "kept/solo")
        assert not TOOL.asked


async def test_a_level_that_loses_its_books_is_told_again_what_it_inherits() -> None:
    async with two() as (_, there, shop):
        await shop.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(2.0)
        assert await acts(shop, PATH)
        Outlet.cut = True
        kill(there, f"{PATH}:books")
        await asyncio.sleep(5.0)
        rules = await there.named(PATH, ViableSystem).call(ViableSystem.rules)
        assert FREEZE not in rules.policies  # nobody there remembers
        Outlet.cut = False
        await asyncio.sleep(6.0)
        assert await acts(shop, PATH)
        with pytest.raises(PolicyDenied, match="frozen"):
            await done(shop, PATH, usd=0.0)


async def test_until_then_it_is_not_said_to_know_them() -> None:
    async with two() as (_, there, shop):
        await shop.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(2.0)
        kill(there, f"{PATH}:books")
        await asyncio.sleep(0.1)
        await there.named(PATH, ViableSystem).within(None).call(ViableSystem.ablate, "s5")
        await asyncio.sleep(1.0)
        kill(there, f"{PATH}:management")  # it knows nothing any more of what was told
        await asyncio.sleep(5.0)
        status = await shop.call(ViableSystem.status)
        assert status.known[PATH] == status.accounts[PATH].revision == 0


async def forgets(system: System, path: str, *keys: str) -> None:
    """What books knew under those keys is gone."""
    for key in keys:
        await system.named(f"{path}:books", Books).call(Books.save, key, None)


@pytest.mark.parametrize("away", [(), ("s3", "s5")])
async def test_who_remembers_nothing_begins_with_what_the_level_goes_by(away: tuple[str, ...]) -> None:
    async with started() as (system, company):
        last = await company.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(2.0)
        await company.within(None).call(ViableSystem.ablate, *away)
        await forgets(system, SOLO, "policies")
        kill(system, f"{SOLO}:porter")
        await given(company, SOLO)
        assert not TOOL.asked
        if not away:
            await forgets(system, DIVISION, "policy")
            kill(system, f"{DIVISION}:policy")
            await asyncio.sleep(3.0)
            division = system.named(DIVISION, ViableSystem)
            assert (await division.call(ViableSystem.rules)).above[1] == last
            assert await acts(company, DIVISION)


async def test_who_cannot_know_is_found_out_by_its_account() -> None:
    async with started() as (system, company):
        last = await company.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(2.0)
        await forgets(system, SOLO, "policies")
        await forgets(system, "company", "rules")
        await company.within(None).call(ViableSystem.ablate, "s3")
        kill(system, f"{SOLO}:porter")
        await asyncio.sleep(3.0)
        assert (await company.call(ViableSystem.status)).known[SOLO] == last  # who would say so is gone
        assert (await done(company, SOLO, usd=0.0)).receipts[0].revision == 0
    async with started() as (system, company):
        await company.call(ViableSystem.set_policy, FREEZE)
        await asyncio.sleep(2.0)
        await forgets(system, SOLO, "policies")
        await forgets(system, "company", "rules")
        kill(system, "company:control")
        kill(system, f"{SOLO}:porter")  # what it says when it begins nobody hears
        await asyncio.sleep(4.0)
        assert await acts(company, SOLO)
        with pytest.raises(PolicyDenied, match="frozen"):
            await done(company, SOLO, usd=0.0)


async def test_a_system_3_that_begins_anew_does_not_go_on_telling_what_is_known() -> None:
    async with started() as (system, company):
        await asyncio.sleep(10.0)

        async def carried() -> int:
            return int((await company.call(ViableSystem.status)).channels["metasystem"].carried)

        counts = []
        for _ in range(2):
            before = await carried()
            await asyncio.sleep(20.0)
            counts.append(await carried() - before)
            kill(system, "company:control")
            await asyncio.sleep(5.0)
        assert counts[1] <= counts[0] + 3
