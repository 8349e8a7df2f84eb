"""A level elsewhere: another system, met through two agents that carry values."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import Agent, CallFailed, Kill, System
from cybernetic.supervision import Supervisor
from cybernetic.vsm import (
    Abroad,
    Allow,
    Budget,
    BudgetExhausted,
    Channel,
    Cost,
    Deny,
    Intervention,
    Note,
    Performed,
    Policy,
    PolicyDenied,
    Port,
    Role,
    Rung,
    Task,
    TaskUnknown,
    ViableSystem,
    junction_of,
    now,
    remote,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.recursion.parcels import Saying
from cybernetic.wire import Codec
from tests.vsm.living.company import PAGER, TOOL, Worker, done

PATH = "shop/catalogue"


def nothing_large(action: Any, context: Any) -> Any:
    """Not above three dollars."""
    return Deny("too large") if action.facts.get("usd", 0) > 3 else Allow()


class Shop(ViableSystem):
    """With a catalogue elsewhere."""

    budget = Budget(usd=10, per=60)
    ports: ClassVar[Any] = {"tool": Port()}
    policies = (Policy("nothing large", 1, nothing_large),)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One here, one elsewhere."""
        return [remote("catalogue", share=0.5, floor=0.1), unit(Worker, id="here", share=0.5, floor=0.1)]


class Catalogue(ViableSystem):
    """In a system of its own."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}", floor=0.1) for n in range(2)]


class Outlet(Agent):
    """Carries values to the other system, as bytes."""

    cut: ClassVar[bool] = False
    kept: ClassVar[list[Any] | None] = None  # what waits, as in a broker's queue

    def __init__(self, other: System) -> None:
        self.other, self.codec = other, Codec()

    def receive(self, message: Any) -> None:
        """Over."""
        if not Outlet.cut:
            value = self.codec.decode(self.codec.encode(message))
            if Outlet.kept is not None:
                Outlet.kept.append((self.other, value))
            else:
                self.other.named(junction_of(PATH), Agent).send(value)


@asynccontextmanager
async def two(per: float = 60.0) -> AsyncIterator[tuple[System, System, Any]]:
    """The shop's system, the catalogue's, whose epochs last so many seconds, and the shop."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    Outlet.cut, Outlet.kept = False, None
    async with System(node="a") as here, System(node="b") as there:
        await here.start(Outlet, there, name=f"{PATH}:outpost")
        await there.start(Outlet, here, name="to shop")
        shop = await here.start(Shop)
        await there.start(Abroad, Catalogue, PATH, "to shop", per, Cost(usd=1))
        await asyncio.sleep(3.0)
        yield here, there, shop


async def test_nothing_is_lent_to_one_whose_epochs_are_others_and_that_hurts() -> None:
    async with two(per=10.0) as (_, there, shop):
        await asyncio.sleep(10.0)
        (alarm,) = await shop.call(ViableSystem.alarms)
        assert (alarm.pain.path, alarm.pain.index) == (PATH, "another period")
        (entry,) = await shop.call(ViableSystem.decisions, 0, "another period")
        assert "for epochs of 10 s, got: one for 60 s" in entry.body["why"]
        catalogue = there.named(PATH, ViableSystem)
        granted = (await catalogue.call(ViableSystem.ledger)).purse
        assert all(ledger.grant <= Cost(usd=1) for ledger in granted.ledgers.values())


async def test_work_goes_over_and_what_came_of_it_comes_back() -> None:
    async with two() as (_, _, shop):
        performed = await done(shop, PATH)
        assert performed.outcome.good
        assert performed.receipts[0].path.startswith(f"{PATH}/w")


async def test_it_spends_what_is_lent_and_its_reports_settle_it() -> None:
    async with two() as (_, there, shop):
        results = await asyncio.gather(*(done(shop, PATH, usd=1.0) for _ in range(9)), return_exceptions=True)
        assert sum(isinstance(one, BudgetExhausted) for one in results) == 9 - len(TOOL.asked)
        assert 4 <= len(TOOL.asked) <= 5
        catalogue = there.named(PATH, ViableSystem)
        inner = (await catalogue.call(ViableSystem.ledger)).purse.ledger(0)
        outer = (await shop.call(ViableSystem.ledger)).purse.ledger(0)
        assert inner.grant <= outer.open[PATH].upper
        await asyncio.sleep(60.0)
        settled = (await shop.call(ViableSystem.ledger)).purse.ledgers.get(0)
        assert settled is None or settled.closed[PATH].actual.amount("usd") == len(TOOL.asked)


async def test_where_it_is_out_it_stays_out_when_all_units_begin_anew() -> None:
    async with two() as (here, _, shop):
        out = Intervention(Rung.DISSOLVE, "seen to", now() + 40.0)
        await here.named("shop:control", Control).call(Control.intervene, PATH, out)
        assert here.whereis(f"{PATH}:junction") is None
        here.whereis("shop:operations", Agent).exit(Kill())  # type: ignore[union-attr]
        await asyncio.sleep(3.0)
        for _ in range(30):
            await asyncio.sleep(1.0)
            assert here.whereis(f"{PATH}:junction") is None
        await asyncio.sleep(9.0)
        assert (await done(shop, PATH)).outcome.good


async def test_policies_hold_over_there() -> None:
    async with two() as (_, _, shop):
        with pytest.raises(PolicyDenied, match="too large"):
            await done(shop, PATH, usd=3.5)


async def test_pain_over_there_comes_up() -> None:
    async with two() as (_here, there, _shop):
        await there.named(PATH, ViableSystem).within(None).call(ViableSystem.ablate, "s3")
        for _ in range(600):
            await asyncio.sleep(1.0)
            if any(page.level == PATH for _, page in PAGER.pages):
                return
        raise AssertionError("no page of what was felt over there")


async def test_when_it_is_cut_off_it_falls_to_its_floor_and_the_level_above_feels_it() -> None:
    async with two() as (_, there, shop):
        Outlet.cut = True
        await asyncio.sleep(70.0)
        catalogue = there.named(PATH, ViableSystem)
        TOOL.asked.clear()
        jobs = (
            catalogue.within(None).call(ViableSystem.submit, Task("job", {"usd": 0.1})) for _ in range(30)
        )
        await asyncio.gather(*jobs, return_exceptions=True)
        assert 1 <= len(TOOL.asked) <= 10  # its floor is a dollar
        alarms = await shop.call(ViableSystem.alarms)
        assert {alarm.pain.index for alarm in alarms if alarm.pain.path == PATH} >= {"management silent"}


async def test_what_was_asked_of_a_half_that_has_crashed_is_asked_of_its_successor() -> None:
    async with two() as (_, there, shop):
        TOOL.takes = 3.0
        job = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(1.0)
        far = there.whereis(junction_of(PATH))
        assert far is not None
        far.exit(Kill())
        assert (await asyncio.wait_for(job, 10.0)).outcome.good
        assert len(TOOL.asked) == 1
        assert (await shop.call(ViableSystem.status)).load[PATH] == 0


async def test_the_end_in_the_level_above_comes_back_when_it_is_killed_outright() -> None:
    async with two() as (here, _, shop):
        for _ in range(3):
            units = here.named("shop:operations", Supervisor)
            (end,) = [one.ref for one in await units.call(Supervisor.which_children) if one.id == "catalogue"]
            TOOL.takes = 4.0
            job = asyncio.ensure_future(done(shop, PATH))
            await asyncio.sleep(1.0)
            end.exit(Kill())
            assert isinstance(*await asyncio.gather(job, return_exceptions=True), Performed | TaskUnknown)
            TOOL.takes = 0.0
            assert (await done(shop, PATH)).outcome.good


async def test_what_is_asked_of_one_that_is_lost_fails() -> None:
    async with two() as (here, _there, shop):
        TOOL.hangs = True
        job = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(1.0)
        outlet = here.whereis(f"{PATH}:outpost")
        assert outlet is not None
        outlet.exit(Kill())
        with pytest.raises(CallFailed):
            await job


async def test_what_was_asked_before_the_halves_lost_each_other_is_not_done_afterwards() -> None:
    async with two() as (here, there, shop):
        kept: list[Any] = []
        Outlet.kept = kept
        job = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(0.1)
        for system, other, name in ((here, there, f"{PATH}:outpost"), (there, here, "to shop")):
            outlet = system.whereis(name)
            assert outlet is not None
            outlet.exit(Kill())
            await asyncio.sleep(0.01)
            if system.whereis(name) is None:
                await system.start(Outlet, other, name=name)
        await asyncio.sleep(0.1)
        assert any(isinstance(value, Saying) and value.method == "take" for _, value in kept)
        Outlet.kept = None
        for other, value in kept:
            other.named(junction_of(PATH), Agent).send(value)
        assert (await job).outcome.good  # for it was given again
        await asyncio.sleep(10.0)
        assert len(TOOL.asked) == 1


async def test_nobody_over_there_speaks_for_others() -> None:
    async with two() as (_here, there, shop):
        before = (await shop.call(ViableSystem.status)).channels["bargain"].carried
        forged = Note(Channel.BARGAIN, Role.MANAGEMENT, "shop/here", Role.CONTROL, "shop", "?", "1", "1")
        there.named("to shop", Agent).send(Saying("shop:channel.bargain", "carry", (forged,)))
        there.named("to shop", Agent).send(Saying("shop:books", "save", ("control", None)))
        there.named("to shop", Agent).send(Saying("shop/here:porter", "take", (forged,)))
        await asyncio.sleep(0.01)
        assert (await shop.call(ViableSystem.status)).channels["bargain"].carried <= before + 3
        assert (await shop.call(ViableSystem.ledger)) is not None


async def test_who_stands_for_it_and_hangs_is_ended_where_he_is_and_work_goes_on() -> None:
    async with two() as (_, there, shop):
        envoy = there.named(f"{PATH}:management", Agent)
        hung = there.whereis(envoy.name, Agent)
        assert hung is not None
        await asyncio.sleep(10.0)
        assert there.whereis(envoy.name, Agent) == hung  # who beats is left alone
        job = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(0.1)
        await hung.inspect().suspend()
        assert (await asyncio.wait_for(job, 20.0)).outcome.good
        late = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(8.0)
        successor = there.whereis(envoy.name, Agent)
        assert successor not in (None, hung)
        assert (await asyncio.wait_for(late, 20.0)).outcome.good
        assert [
            entry.body["role"]
            for entry in await there.named(PATH, ViableSystem).call(ViableSystem.decisions, 0, "hang")
        ] == ["management"]
        await asyncio.sleep(10.0)
        assert not [one for one in await shop.call(ViableSystem.alarms) if one.pain.path == PATH]
        assert there.whereis(envoy.name, Agent) == successor


async def test_who_shows_its_evidence_and_hangs_is_felt_and_ended_where_he_is() -> None:
    async with two() as (_, there, shop):
        hung = there.whereis(f"{PATH}:porter", Agent)
        assert hung is not None
        await asyncio.sleep(10.0)
        assert there.whereis(f"{PATH}:porter", Agent) == hung
        await hung.inspect().suspend()
        await asyncio.sleep(8.0)
        assert there.whereis(f"{PATH}:porter", Agent) not in (None, hung)
        level = there.named(PATH, ViableSystem)
        assert [one.body["role"] for one in await level.call(ViableSystem.decisions, 0, "hang")] == ["porter"]
        felt = [one.body["effect"] for one in await shop.call(ViableSystem.decisions, 0, "pain")]
        assert any("porter silent" in one for one in felt)
        await asyncio.sleep(10.0)
        assert not [one for one in await shop.call(ViableSystem.alarms) if one.pain.path == PATH]


async def test_who_stands_for_it_is_not_ended_because_the_other_half_is_away() -> None:
    async with two() as (_, there, _shop):
        names = [f"{PATH}:{role}" for role in ("management", "porter")]
        before = [there.whereis(name, Agent) for name in names]
        Outlet.cut = True
        await asyncio.sleep(60.0)
        assert [there.whereis(name, Agent) for name in names] == before
