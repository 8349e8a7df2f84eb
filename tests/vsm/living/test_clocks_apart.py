"""A level elsewhere whose host's clock is not that of the level above: what is lent for one epoch comes in another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Abroad, Budget, BudgetExhausted, Clocks, Cost, Port, ViableSystem, remote, unit
from cybernetic.vsm.control.periods import off_by
from cybernetic.vsm.ladder import PainKey
from tests.nodes.stage import FAR
from tests.vsm.living import test_remote as elsewhere
from tests.vsm.living.apart import HostApart, host
from tests.vsm.living.company import PAGER, TOOL, Division, Worker, done
from tests.vsm.living.test_junction_doors import killed

PATH, PER = elsewhere.PATH, 60.0
KEY = PainKey(PATH, "another clock", "invariant")


class Shop(elsewhere.Shop):
    """Whose human is called soon."""

    clocks = Clocks(ack=2.0, recovery=8.0)

    def units(self) -> list[Any]:
        """One elsewhere, whose floor pays for nothing."""
        return [remote("catalogue", share=0.5, floor=0.01), unit(Worker, id="here", share=0.5)]


class Hasty(Shop):
    """Whose epochs are short."""

    budget = Budget(usd=10, per=10.0)


class Slow(elsewhere.Outlet):
    """What it carries is under way for longer than half of that."""

    def receive(self, message: Any) -> None:
        """Later."""
        self.ref.after(6.0).cast(Slow.over, message)

    def over(self, message: Any) -> None:
        """Now."""
        super().receive(message)


class Spread(ViableSystem):
    """Here and on another node."""

    budget = Budget(usd=10, per=PER)
    clocks = Shop.clocks
    ports: ClassVar[Any] = {"tool": Port()}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """A unit and a level there."""
        there = unit(Worker, id="far", node=FAR), unit(Division, id="division", node=FAR)
        return [*there, unit(Worker, id="near")]


@asynccontextmanager
async def opened(cls: type[Shop] = Shop) -> AsyncIterator[tuple[System, Any]]:
    """A shop by the right clock, without its catalogue."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    elsewhere.Outlet.cut, elsewhere.Outlet.kept = False, None
    async with host("a") as here:
        yield here, await here.start(cls, name="shop")


@asynccontextmanager
async def catalogue(
    here: System, off: float, back: Any = elsewhere.Outlet, per: float = PER
) -> AsyncIterator[System]:
    """It runs, on a host whose clock is so far ahead of the shop's."""
    async with host("b", off) as there:
        way = await here.start(elsewhere.Outlet, there, name=f"{PATH}:outpost")
        await there.start(back, here, name="to shop")
        await there.start(Abroad, elsewhere.Catalogue, PATH, "to shop", per, Cost(usd=0.1))
        await asyncio.sleep(5.0)
        yield there
        await way.stop()


async def hurts(shop: Any) -> list[PainKey]:
    """What does."""
    return [alarm.pain.key for alarm in await shop.call(ViableSystem.alarms)]


@pytest.mark.parametrize("off", [-600.0, -60.0, -31.0, 31.0, 60.0, 600.0])
async def test_a_clock_that_is_far_off_hurts_and_is_paged_and_in_the_log_once(off: float) -> None:
    async with opened() as (here, shop), catalogue(here, off):
        await asyncio.sleep(5 * PER)
        assert await hurts(shop) == [KEY]
        assert {page.pain.key for _, page in PAGER.pages} == {KEY}
        (entry,) = await shop.call(ViableSystem.decisions, 0, "another clock")
        assert entry.body["unit"] == PATH
        assert entry.body["off"] == pytest.approx(off, abs=0.1)
        assert f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'}" in entry.body["why"]
        assert not await shop.call(ViableSystem.decisions, 0, "stale")


async def test_nothing_of_what_is_lent_is_there_then() -> None:
    async with opened() as (here, shop), catalogue(here, 600.0):
        for _ in range(3):
            with pytest.raises(BudgetExhausted):
                await done(shop, PATH, usd=1.0)
            await asyncio.sleep(PER)


@pytest.mark.parametrize("off", [-29.0, -4.0, 4.0, 29.0])
async def test_one_that_is_less_than_half_an_epoch_off_does_not(off: float) -> None:
    async with opened() as (here, shop), catalogue(here, off):
        await asyncio.sleep(3 * PER)
        assert not await hurts(shop)
        assert not PAGER.pages


async def test_nor_does_one_that_is_right_behind_a_way_that_is_slow() -> None:
    async with opened(Hasty) as (here, shop), catalogue(here, 0.0, Slow, Hasty.budget.per):
        await asyncio.sleep(10 * Hasty.budget.per)
        assert not await shop.call(ViableSystem.decisions, 0, "another clock")
        assert (await done(shop, PATH, usd=1.0)).outcome.good


@pytest.mark.parametrize("off", [-600.0, 600.0])
async def test_so_does_that_of_a_node(off: float) -> None:
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with host("main", nodes=1, host_port=HostApart(off)) as system:
        spread = await system.start(Spread)
        await asyncio.sleep(5 * PER)
        keys = [PainKey(f"spread/{name}", KEY.index, KEY.cause) for name in ("division", "far")]
        assert sorted(await hurts(spread)) == keys
        assert sorted({page.pain.key for _, page in PAGER.pages}) == keys
        entries = await spread.call(ViableSystem.decisions, 0, "another clock")
        said = sorted((one.body["unit"], one.body["off"]) for one in entries)
        assert said == [(key.path, off) for key in keys]


async def test_it_is_over_when_the_clocks_agree_again() -> None:
    async with opened() as (here, shop):
        async with catalogue(here, 600.0):
            await asyncio.sleep(PER)
            assert KEY in await hurts(shop)
        async with catalogue(here, 0.0):
            await asyncio.sleep(2 * PER)
            assert not await hurts(shop)
            assert KEY in PAGER.over
            assert (await done(shop, PATH, usd=1.0)).outcome.good


async def test_a_system_3_that_begins_anew_feels_it_as_well() -> None:
    async with opened() as (here, shop), catalogue(here, 600.0):
        await asyncio.sleep(3 * PER)
        await killed(here, "shop:control")
        await asyncio.sleep(2 * PER)
        assert await hurts(shop) == [KEY]
        assert len(await shop.call(ViableSystem.decisions, 0, "another clock")) == 2


@pytest.mark.parametrize(
    ("clock", "off"), [(99.0, -1.0), (100.0, 0.0), (101.0, 0.0), (102.0, 0.0), (105.0, 3.0)]
)
def test_what_a_clock_is_off_is_what_no_delay_explains(clock: float, off: float) -> None:
    assert off_by(clock, 100.0, 102.0) == off
