"""Pain: felt, taken over or not, and a human who is paged in time."""

import asyncio
from typing import Any, ClassVar

from cybernetic import Kill
from cybernetic.vsm import Cause, Clocks, Index, Outcome, Task, ViableSystem, unit
from tests.vsm.living.company import PAGER, Company, Worker, done, started

ACK, RECOVERY = 1.0, 5.0


class Slow(Worker):
    """A worker whose cycle time has limits."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 3.0), cost=True)]
    hope: ClassVar[bool] = False
    pains: ClassVar[list[str]] = []

    async def handle(self, task: Task) -> Outcome:
        """Takes its time first."""
        await asyncio.sleep((task.body or {}).get("slow", 0.0))
        return await super().handle(task)

    def recover(self, pain: Any) -> bool:
        """As told."""
        self.pains.append(pain.index)
        return self.hope


class Team(ViableSystem):
    """Of one."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Slow, id="one")]


class Firm(Company):
    """Two levels, quick clocks."""

    clocks = Clocks(ack=ACK, recovery=RECOVERY)
    budget = None

    def units(self) -> list[Any]:
        """A team."""
        return [unit(Team, id="team")]


async def test_a_loop_that_falls_silent_pages_a_human_within_the_bound() -> None:
    async with started(Firm) as (_system, firm):
        await asyncio.sleep(1.0)
        await firm.within(None).call(ViableSystem.ablate, "s3")
        for _ in range(200):
            await asyncio.sleep(0.25)
            if PAGER.pages:
                break
        at, page = PAGER.pages[0]
        assert page.pain.cause is Cause.HEARTBEAT
        assert page.pain.index == "control silent"
        detection = 2 * 1.0 + 0.5 + 1.0
        assert at <= 1.0 + detection + 3 * (ACK + RECOVERY) + 0.5


async def test_what_the_unit_mends_in_time_is_seen_by_nobody_above() -> None:
    Slow.hope, Slow.pains = True, []
    try:
        async with started(Firm) as (_system, firm):
            await done(firm, "firm/team/one", slow=4.0)
            await asyncio.sleep(0.2)
            assert Slow.pains == ["cycle_time"]
            await done(firm, "firm/team/one")
            await asyncio.sleep(60.0)
            assert PAGER.pages == []
            assert await firm.call(ViableSystem.alarms) == ()
    finally:
        Slow.hope = False


async def test_a_manager_that_is_killed_again_and_again_is_felt_and_heals() -> None:
    async with started(Firm) as (system, firm):
        team = system.named("firm/team", ViableSystem)
        for _ in range(6):
            victim = system.whereis("firm/team/one:management")
            if victim is not None:
                victim.exit(Kill())
            await asyncio.sleep(0.2)
        await asyncio.sleep(5.0)
        assert await team.call(ViableSystem.alarms) == ()
        assert (await done(firm)).outcome.good


async def test_the_ladder_needs_nothing_of_systems_2_to_5() -> None:
    async with started(Firm) as (_system, firm):
        await firm.within(None).call(ViableSystem.ablate, "s2", "s3", "s3star", "s4", "s5")
        await asyncio.sleep(60.0)
        assert {page.pain.index for _, page in PAGER.pages} >= {"storm 1"} or len(PAGER.pages) >= 3
        assert (await done(firm)).outcome.good


async def test_an_acknowledged_pain_is_no_page_until_its_clock_lapses() -> None:
    async with started(Firm) as (_system, firm):
        await firm.within(None).call(ViableSystem.ablate, "s4")
        while not (alarms := await firm.call(ViableSystem.alarms)):
            await asyncio.sleep(0.5)
        await firm.call(ViableSystem.ack, alarms[0].pain.key, "somebody")
        pages = len(PAGER.pages)
        await asyncio.sleep(RECOVERY - 1.0)
        assert len(PAGER.pages) == pages
