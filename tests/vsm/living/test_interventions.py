"""How system 3 intervenes: rarely, for a stated reason, one rung at a time, with an end; and it forgets nothing."""

import asyncio
from itertools import count, pairwise
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Budget,
    Clocks,
    Index,
    Intervention,
    Operation,
    Outcome,
    Port,
    Rung,
    Suspended,
    Task,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.control import interventions
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.control.rungs import Breach, climb
from tests.vsm.living.company import TOOL, Company, Worker, done, started

TERM = 30.0


class Slow(Operation):
    """Takes as long as the tool does; more than a second is too long."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 1.0), cost=True)]

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("tool", TOOL, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Shop(Company):
    """Two units of which one may be too slow."""

    budget = Budget(usd=1000, per=600)
    ports: ClassVar[Any] = {"tool": Port(timeout=60.0)}
    clocks = Clocks(ack=1.0, recovery=TERM)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Slow, id="slow"), unit(Worker, id="other")]


async def log(shop: Any, kind: str = "intervention") -> list[Any]:
    """What stands in the log, of a kind."""
    return [entry.body for entry in await shop.call(ViableSystem.decisions, 0, kind)]


async def rungs(shop: Any) -> list[str]:
    """The rungs so far, in order."""
    return [entry["rung"] for entry in await log(shop)]


async def busy(shop: Any, until: float, to: str = "shop/slow") -> None:
    """One task after another."""
    while now() < until:
        try:
            await done(shop, to)
        except Suspended:
            await asyncio.sleep(1.0)


async def test_what_an_intervention_is_named_by_is_the_time_that_the_log_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count()
    monkeypatch.setattr(interventions, "now", lambda: now() + next(clock) / 1024)  # it goes on meanwhile
    async with started(Shop) as (_, shop):
        await asyncio.sleep(2.0)
        await shop.call(ViableSystem.suspend, "shop/slow", "a test", 5.0)
        (entry,) = await shop.call(ViableSystem.decisions, 0, "intervention")
        assert (await shop.call(ViableSystem.status)).source(
            "sparing", "shop/slow"
        ) == f"SUSPEND at {entry.at}"


async def test_t_s3_sparing_a_run_with_no_breach_has_no_intervention() -> None:
    async with started(Shop) as (_, shop):
        await asyncio.gather(busy(shop, 120.0), busy(shop, 120.0, "shop/other"))
        status = await shop.call(ViableSystem.status)
        assert status.interventions == {}
        assert status.sparing == {"shop/slow": 0.0, "shop/other": 0.0}
        assert await log(shop) == []


async def test_a_breach_that_stands_is_met_by_one_rung_after_another_each_with_its_reason_and_its_end() -> (
    None
):
    async with started(Shop) as (_, shop):
        TOOL.takes = 3.0
        await busy(shop, 2.5 * TERM)
        found = await log(shop)
        assert [one["rung"] for one in found] == ["ADVISE", "REBARGAIN", "THROTTLE"]
        assert all("cycle_time" in one["why"] for one in found)
        gaps = [later["until"] - one["until"] for one, later in pairwise(found)]
        assert all(TERM <= gap < TERM + 2 for gap in gaps)
        status = await shop.call(ViableSystem.status)
        assert status.interventions["shop/slow"].rung is Rung.THROTTLE
        assert status.sparing["shop/slow"] > 0 == status.sparing["shop/other"]


async def test_a_rung_that_helped_is_not_followed_by_another() -> None:
    async with started(Shop) as (_, shop):
        TOOL.takes = 3.0
        while not await log(shop):
            await done(shop, "shop/slow")
        TOOL.takes = 0.1
        await busy(shop, now() + 4 * TERM)
        assert await rungs(shop) == ["ADVISE"]
        assert (await shop.call(ViableSystem.status)).interventions == {}


async def test_what_aches_again_after_a_unit_began_anew_and_had_nothing_to_do_is_seen_to() -> None:
    async with started(Shop) as (system, shop):
        TOOL.takes = 3.0
        while not await log(shop):
            await done(shop, "shop/slow")
        await asyncio.sleep(4.0)
        system.whereis("shop/slow:unit", Agent).exit(Kill())  # type: ignore[union-attr]
        await asyncio.sleep(2 * TERM)
        assert await rungs(shop) == ["ADVISE"]
        await busy(shop, now() + 1.2 * TERM)
        assert await rungs(shop) == ["ADVISE"]  # it has the time that any unit has
        await busy(shop, now() + TERM)
        assert (await rungs(shop))[:2] == ["ADVISE", "ADVISE"]


async def test_a_person_that_lets_a_unit_go_on_ends_the_climb() -> None:
    async with started(Shop) as (_, shop):
        TOOL.takes = 3.0
        while not await log(shop):
            await done(shop, "shop/slow")
        await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        await asyncio.sleep(4 * TERM)
        assert await rungs(shop) == ["ADVISE", "RESUMED"]


async def test_what_a_successor_finds_aching_may_have_been_let_go_on() -> None:
    async with started(Shop) as (system, shop):
        TOOL.takes = 3.0
        while not await log(shop):
            await done(shop, "shop/slow")
        await shop.call(ViableSystem.resume, "shop/slow", "seen to")
        system.whereis("shop:control", Agent).exit(Kill())  # type: ignore[union-attr]
        await asyncio.sleep(4 * TERM)
        assert await rungs(shop) == ["ADVISE", "RESUMED"]


async def test_t_s3_expiry_an_intervention_ends_by_itself_although_system_3_is_dead() -> None:
    async with started(Shop) as (_, shop):
        await shop.call(ViableSystem.suspend, "shop/other", "to look at it", 20.0)
        await shop.within(None).call(ViableSystem.ablate, "s3")
        job = asyncio.ensure_future(done(shop, "shop/other", usd=0.0))
        await asyncio.sleep(19.0)
        assert not job.done()
        assert (await asyncio.wait_for(job, 3.0)).outcome.good


async def test_a_successor_of_system_3_knows_what_stands_and_tells_a_unit_that_begins_anew() -> None:
    async with started(Shop) as (system, shop):
        await shop.call(ViableSystem.suspend, "shop/other", "to look at it", 300.0)
        for name in ("shop:control", "shop/other:management"):
            victim = system.whereis(name, Agent)
            assert victim is not None
            victim.exit(Kill())
            await asyncio.sleep(3.0)
        assert (await shop.call(ViableSystem.status)).interventions["shop/other"].rung is Rung.SUSPEND
        job = asyncio.ensure_future(done(shop, "shop/other"))
        await asyncio.sleep(100.0)
        assert not job.done()
        job.cancel()
        assert len(await log(shop)) == 1  # telling it again is no new intervention


async def test_a_unit_that_is_dissolved_leaves_its_work_to_others_and_comes_back_when_its_time_is_over() -> (
    None
):
    async with started(Shop) as (system, shop):
        TOOL.takes = 3.0
        work = asyncio.ensure_future(busy(shop, 6 * TERM))
        while system.whereis("shop/slow", Agent) is not None or now() < 4 * TERM:
            await asyncio.sleep(1.0)
            assert now() < 7 * TERM, await log(shop)
        assert (await rungs(shop))[-3:] == ["SUSPEND", "REPLACE", "DISSOLVE"]
        performed = await done(shop, "shop")
        assert performed.receipts[0].path == "shop/other"
        with pytest.raises(Suspended, match="taken out"):
            await done(shop, "shop/slow")
        ends = (await log(shop))[-1]["until"]
        await shop.within(None).call(
            ViableSystem.ablate, "s3"
        )  # which would keep it out for as long as it is slow
        while now() < ends - 1.0:
            assert system.whereis("shop/slow", Agent) is None
            await asyncio.sleep(0.5)
        await asyncio.sleep(2.0)
        assert system.whereis("shop/slow", Agent) is not None
        TOOL.takes = 0.1
        assert (await done(shop, "shop/slow")).outcome.good
        work.cancel()


async def test_a_unit_in_which_something_is_out_of_bounds_gains_no_weight() -> None:
    charges = {path: Charge(path, 1.0) for path in "ab"}
    interventions = Interventions(None, charges, TERM, Patience(None))
    agreed, declared = {"a": 3.0, "b": 3.0}, {"a": 1.0, "b": 1.0}
    assert interventions.bent(agreed, declared) == agreed
    interventions.breached("a", "cost", "too dear")
    assert interventions.bent(agreed, declared) == {"a": 1.0, "b": 3.0}
    assert interventions.bent({"a": 0.5, "b": 3.0}, declared) == {"a": 0.5, "b": 3.0}
    interventions.held["a"] = Intervention(Rung.REBARGAIN, "too dear", now() + 1.0)
    assert interventions.bent(agreed, declared) == {"a": 0.5, "b": 3.0}
    interventions.mended("a", "cost")
    del interventions.held["a"]
    assert interventions.bent(agreed, declared) == agreed


async def test_the_last_unit_of_a_level_is_never_dissolved() -> None:
    class Alone(Shop):
        def units(self) -> list[Any]:
            """One."""
            return [unit(Slow, id="slow")]

    async with started(Alone) as (system, shop):
        TOOL.takes = 3.0
        await busy(shop, 8 * TERM, "alone/slow")
        assert (await rungs(shop))[-1] == "REPLACE"
        assert system.whereis("alone/slow", Agent) is not None


def test_a_rung_stands_until_its_end_and_what_is_over_begins_anew() -> None:
    breach, one = climb(None, {"cost": "too dear"}, 0.0, 10.0, Rung.REPLACE)
    assert breach is not None
    assert one is not None
    assert (one.rung, one.reason, one.until) == (Rung.ADVISE, "cost: too dear", 10.0)
    assert climb(breach, {"cost": "too dear"}, 9.0, 10.0, Rung.REPLACE) == (breach, None)
    assert climb(breach, {}, 10.0, 10.0, Rung.REPLACE) == (None, None)
    _, other = climb(breach, {"quality": "too low"}, 10.0, 10.0, Rung.REPLACE)
    assert other is not None
    assert other.rung is Rung.ADVISE
    top = Breach("cost", "too dear", 0.0, Rung.REPLACE, 50.0)
    _, last = climb(top, {"cost": "too dear"}, 50.0, 10.0, Rung.REPLACE)
    assert last is not None
    assert last.rung is Rung.REPLACE
