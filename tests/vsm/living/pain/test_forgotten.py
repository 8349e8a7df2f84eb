"""A pain does not outlive whoever felt it: who comes after it and feels nothing says that it is over."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Budget, Cause, Clocks, Index, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.homeostat import Balance, Spoken
from cybernetic.vsm.intelligence.messages import BalanceReport
from cybernetic.vsm.operations.figures import AGENTS, ERRORS, Figures
from cybernetic.vsm.operations.task import Performed
from tests.vsm.living.callers import Caller
from tests.vsm.living.company import PAGER, Company, started
from tests.vsm.living.test_full_channels import Narrow, talk
from tests.vsm.living.test_intelligence import Pair, come, said
from tests.vsm.living.test_interventions import TOOL, Shop, done


async def hurts(top: Any) -> set[str]:
    """What is open."""
    return {one.pain.index for one in await top.call(ViableSystem.alarms)}


def kill(system: Any, name: str) -> None:
    ref = system.whereis(name, Agent)
    assert ref is not None
    ref.exit(Kill())


@pytest.mark.parametrize("who", ["shop/slow", "shop/slow:management"])
async def test_an_index_that_hurt_before_its_unit_began_anew_is_over_once_it_is_within_its_limits(
    who: str,
) -> None:
    async with started(Shop) as (system, shop):
        TOOL.takes = 3.0
        for _ in range(3):
            await done(shop, "shop/slow")
        assert "cycle_time" in await hurts(shop)
        kill(system, who)
        TOOL.takes = 0.1
        await asyncio.sleep(2.0)
        for _ in range(5):
            await done(shop, "shop/slow")
        await asyncio.sleep(1.0)
        assert "cycle_time" not in await hurts(shop)


def well(values: dict[str, float]) -> Performed:
    return Performed("t", Outcome(1), (), 1.0, values)


def test_of_what_was_never_felt_it_is_said_once_that_it_does_not_hurt() -> None:
    figures = Figures("shop/op", [Index("quality", limits=(0.0, 1.0))], now=100.0)
    first = figures.performed(well({"quality": 0.5}), 100.0)
    assert {(one.key.index, one.key.cause) for one in first if isinstance(one, Relief)} == {
        ("quality", Cause.LIMITS.value),
        ("quality", Cause.REGIME.value),
        ("quality", Cause.HEARTBEAT.value),
    }
    assert not figures.performed(well({"quality": 0.5}), 101.0)
    (felt,) = (one for one in figures.performed(well({"quality": 1.5}), 102.0) if isinstance(one, Felt))
    assert felt.signal.index == "quality"
    assert len(figures.performed(well({"quality": 0.5}), 103.0)) == 1
    assert not figures.passed(109.0)
    assert [one.key.index for one in figures.passed(110.0) if isinstance(one, Relief)] == [ERRORS]
    assert not figures.passed(130.0)
    assert [one.key.index for one in figures.crowded(False, 131.0) if isinstance(one, Relief)] == [AGENTS]


async def test_what_is_said_of_an_account_that_is_missing_is_over_when_it_comes_to_a_later_system_3() -> None:
    async with started() as (system, company):
        await asyncio.sleep(5.0)
        management = system.whereis("company/solo:management", Agent)
        assert management is not None
        await management.inspect().suspend()
        await asyncio.sleep(4.0)
        before = await hurts(company)
        kill(system, "company:control")
        await asyncio.sleep(60.0)
        assert before
        assert not await hurts(company)
        assert (await done(company, "company/solo")).outcome.good


async def test_a_channel_that_was_full_is_felt_to_be_free_by_its_successor() -> None:
    async with started(Narrow) as (system, narrow):
        await asyncio.sleep(2.0)
        await talk(system, "narrow", 150.0, 3.0)
        assert "command full" in await hurts(narrow)
        kill(system, "narrow:channel.command")
        await asyncio.sleep(5.0)
        assert "command full" not in await hurts(narrow)


async def test_a_deadlock_is_over_when_a_later_system_4_has_agreed() -> None:
    async with started(Pair) as (system, pair):
        metasystem = system.named("pair:metasystem", Supervisor)
        for one in ("control", "policy"):
            await metasystem.call(Supervisor.terminate_child, one)
        await come(system, "pair", range(50))
        assert "deadlock" in await hurts(pair)
        kill(system, "pair:intelligence")
        for one in ("control", "policy"):
            await metasystem.call(Supervisor.restart_child, one)
        await asyncio.sleep(5.0)
        await come(system, "pair", range(50, 110))
        assert "deadlock" not in await hurts(pair)


async def test_a_balance_that_nothing_helped_is_felt_to_be_kept_by_a_later_system_5() -> None:
    async with started() as (system, company):
        three, four = Spoken({}), Spoken({"demand": 2}, (1.0, 2.0))
        for _ in range(200):
            await said(system, BalanceReport(Balance(three, four, 0.0, 0.0, 20, 1.0), 3600.0))
            if "balance: nothing helps" in await hurts(company):
                break
        else:
            pytest.fail("it does not hurt")
        kill(system, "company:policy")
        await asyncio.sleep(3.0)
        await said(system, BalanceReport(Balance(three, four, 0.0, 0.0, 2, 1.0), 3600.0))
        await asyncio.sleep(1.0)
        assert not {one for one in await hurts(company) if one.startswith("balance")}


class Poor(Company):
    """One that does nothing well."""

    budget = Budget(usd=100, per=3600)
    ports: ClassVar[Any] = {"tool": Port()}
    clocks = Clocks(ack=1.0, recovery=30.0)

    def units(self) -> list[Any]:
        return [unit(Caller, id="a")]


async def test_a_unit_that_did_nothing_well_starves_under_a_later_system_3_as_well() -> None:
    async with started(Poor) as (system, poor):
        for _ in range(12):
            await poor.within(None).call(ViableSystem.submit, Task("call", False, to="poor/a"))
        await asyncio.sleep(5.0)
        kill(system, "poor:control")
        await asyncio.sleep(70.0)
        assert "starving" in await hurts(poor)
        assert [page.pain.index for _, page in PAGER.pages].count("starving") >= 1


def test_an_index_that_does_not_come_stays_missed_though_its_unit_begins_anew() -> None:
    figures = Figures("shop/slow", [Index("quality", every=30.0)], now=0.0)
    assert not [one for one in figures.passed(1.0) if isinstance(one, Relief)]
    assert [one.signal.index for one in figures.passed(61.0) if isinstance(one, Felt)] == ["quality"]
    later = Figures("shop/slow", [Index("quality", every=30.0), Index("size")], now=70.0)
    assert not later.performed(well({}), 71.0)
    assert not [one for one in later.passed(72.0) if isinstance(one, Relief)]
    felt = later.performed(well({"quality": 1.0, "size": 1.0}), 75.0) + later.passed(76.0)
    beats = {
        one.key.index for one in felt if isinstance(one, Relief) and one.key.cause == Cause.HEARTBEAT.value
    }
    assert beats == {"quality", "size"}


@pytest.mark.parametrize("load", [0.9, 1.0])
async def test_a_channel_that_is_still_full_is_not_felt_to_be_free(load: float) -> None:
    async with started(Narrow) as (system, narrow):
        flood = asyncio.ensure_future(talk(system, "narrow", load * Narrow.capacity, 60.0))
        await asyncio.sleep(20.0)
        assert "command full" in await hurts(narrow)
        kill(system, "narrow:channel.command")
        for _ in range(30):
            await asyncio.sleep(1.0)
            assert "command full" in await hurts(narrow)
        await flood
