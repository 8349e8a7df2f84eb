"""What is told is acted upon: shares that swing are held, advice is taken, and system 4 sees through a level within."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from cybernetic import System
from cybernetic.vsm import Clocks, Index, Operation, Outcome, Pain, Port, Role, Task, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.channels.channel import Channel
from cybernetic.vsm.channels.ear import line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.messages import OscillationNotice
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import PAGER, TOOL, Company, Worker, done, started


class Pair(Company):
    """Two units that weigh the same."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id="busy"), unit(Worker, id="idle")]


@asynccontextmanager
async def uneven() -> AsyncIterator[tuple[System, Any]]:
    """One of them has the other's idle half by now."""
    async with started(Pair) as (system, company):
        await asyncio.sleep(2.0)
        for _ in range(9):
            await done(company, "pair/busy", usd=0.5)
        await asyncio.sleep(20.0 - asyncio.get_running_loop().time())
        assert (await lease(system, "pair/busy")).amount("usd") > 5.5
        yield system, company


async def lease(system: System, path: str) -> Any:
    """What it may spend in this epoch."""
    return (await system.named(f"{path}:porter", Porter).call(Porter.spent))[1]


def swing(system: System, period: float) -> None:
    """System 2 has found one."""
    notice = OscillationNotice("share of pair/busy", period, 2.0, 0.9, 0.2)
    at = asyncio.get_running_loop().time()
    note = Note(
        Channel.COORDINATION, Role.COORDINATION, "pair", Role.CONTROL, "pair", notice, "n", "n", sent_at=at
    )
    system.named(line_name("pair", Channel.COORDINATION), Line).cast(Line.carry, note)


async def test_where_shares_swing_the_plan_in_balance_holds_until_the_swing_has_died() -> None:
    async with uneven() as (system, company):
        swing(system, 5.0)
        await asyncio.sleep(4.0)
        assert await lease(system, "pair/busy") == await lease(system, "pair/idle") == Vector(usd=5)
        (entry,) = await company.call(ViableSystem.decisions, 0, "calmed")
        assert entry.body["signal"] == "share of pair/busy"
        await asyncio.sleep(15.0)
        assert (await lease(system, "pair/busy")).amount("usd") > 5.5


async def test_a_swing_found_by_system_2_is_heard_by_system_3() -> None:
    async with started(Pair) as (system, company):
        await asyncio.sleep(1.0)
        for at in range(150):
            low, high = (2.0, 4.0) if at // 10 % 2 else (4.0, 2.0)
            for name, amount in (("busy", low), ("idle", high)):
                system.named(f"pair/{name}:porter", Porter).cast(Porter.say_granted, amount)
            await asyncio.sleep(1.0)
        log = await company.call(ViableSystem.decisions, 0, "calmed")
        assert {entry.body["signal"] for entry in log} == {"share of pair/busy", "share of pair/idle"}


class Slow(Operation):
    """Too slow; the first time it is told it does not know why, the second time it does."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 1.0), cost=True)]
    told: ClassVar[list[Pain]] = []

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("tool", TOOL, task.id)
        return Outcome(used.value, evidence=[used.receipt])

    def recover(self, pain: Pain) -> bool:
        """Another tool, when it has been told twice."""
        self.told.append(pain)
        if len(self.told) > 1:
            TOOL.takes = 0.1
        return False


class Shop(ViableSystem):
    """One such unit."""

    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
    clocks = Clocks(ack=1.0, recovery=20.0)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Slow, id="slow")]


async def test_a_unit_takes_advice_it_tries_once_more_to_mend_what_is_out_of_bounds() -> None:
    Slow.told.clear()
    async with started(Shop) as (system, company):
        TOOL.takes = 3.0
        for _ in range(6):
            await done(company)
        log = await company.call(ViableSystem.decisions, 0, "intervention")
        assert [entry.body["rung"] for entry in log] == ["ADVISE"]
        assert [pain.index for pain in Slow.told[:2]] == ["cycle_time", "cycle_time"]
        assert TOOL.takes == 0.1
        for _ in range(6):
            await done(company)
        await asyncio.sleep(60.0)
        assert len(await company.call(ViableSystem.decisions, 0, "intervention")) == 1  # it went no further
        assert await system.named("shop:control", Control).call(Control.interventions) == {}


async def test_system_4_sees_how_ports_serve_the_levels_within() -> None:
    async with started() as (_, company):
        for _ in range(12):
            await done(company, "company/division", usd=0.01)
        await asyncio.sleep(12.0)
        seen = (await company.call(ViableSystem.outlook)).ports["tool"]
        assert seen.calls > 0
        assert seen.bad == 0.0
        TOOL.hangs = True
        await asyncio.gather(
            *(done(company, "company/division", usd=0.01) for _ in range(6)), return_exceptions=True
        )
        await asyncio.sleep(12.0)
        assert (await company.call(ViableSystem.outlook)).ports["tool"].bad > 0.0
