"""A level elsewhere, over a broker: two systems with gateways of their own, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import CallFailed, System
from cybernetic.gateways import MemoryBroker, Outpost
from cybernetic.vsm import (
    Abroad,
    Audit,
    Budget,
    BudgetExhausted,
    Clocks,
    Cost,
    Port,
    Rate,
    ViableSystem,
    remote,
    unit,
)
from cybernetic.vsm.inspection.messages import Evidence
from tests.vsm.living.company import PAGER, TOOL, Worker, done
from tests.vsm.living.posts import UNIT, post

SEEN: list[Evidence] = []


def looked_at(evidence: Evidence) -> bool:
    """Notes it, and believes it."""
    SEEN.append(evidence)
    return True


class Shop(ViableSystem):
    """With a catalogue elsewhere, met over a broker."""

    budget = Budget(usd=10, per=600)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0), "paced": Port(rate=Rate(1.0))}
    audit = Audit(probability=1.0, verify=lambda evidence: looked_at(evidence))
    clocks = Clocks(ack=1.0, recovery=5.0)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One here, one elsewhere."""
        ways: Any = {
            "outlet": f"amqp to {UNIT}",
            "pain": f"pain to {UNIT}",
            "audit": f"audit to {UNIT}",
            "coordination": f"coordination to {UNIT}",
        }
        return [
            remote("catalogue", share=0.5, floor=0.1, **ways),
            unit(Worker, id="here", share=0.5, floor=0.1),
        ]


class Catalogue(ViableSystem):
    """In a system of its own."""

    ports: ClassVar[Any] = {"tool": Port(timeout=5.0), "paced": Port()}
    clocks = Clocks(ack=1.0, recovery=5.0)
    human = ()

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}", floor=0.1) for n in range(2)]


class Two:
    """Two halves, over one broker, and another for pain (as if it were another connection)."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.broker, self.painful, self.auditing = MemoryBroker(), MemoryBroker(), MemoryBroker()
        self.there: Any = None

    async def half(self, path: str, peer: str, stack: AsyncExitStack) -> Any:
        """A system with its post."""
        system = await stack.enter_async_context(System())
        way = post(self.broker, self.painful, self.folder, path, peer, auditing=self.auditing)
        await system.start(way, type="temporary")
        return system

    async def come(self, data: Path | None = None) -> None:
        """The catalogue comes, perhaps again, with what it kept."""
        self.life = await self.stack.enter_async_context(AsyncExitStack())
        self.there = await self.half(UNIT, "shop", self.life)
        cls = type("Catalogue", (Catalogue,), {"data": None if data is None else str(data)})
        abroad = partial(
            Abroad,
            cls,
            UNIT,
            "amqp to shop",
            600.0,
            Cost(usd=1),
            pain="pain to shop",
            audit="audit to shop",
            coordination="coordination to shop",
            paced={"paced": 0.4},
        )
        await self.there.start(abroad, type="temporary")

    async def go(self) -> None:
        """The catalogue's system ends."""
        await self.life.aclose()


@asynccontextmanager
async def two(folder: Path, data: Path | None = None) -> AsyncIterator[tuple[Any, Two]]:
    """The shop, and the two halves."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with AsyncExitStack() as stack:
        both = Two(folder, stack)
        here = await both.half("shop", UNIT, stack)
        shop = await here.start(Shop, type="temporary")
        await both.come(data)
        await asyncio.sleep(5.0)
        yield shop, both


async def test_work_goes_over_a_broker_and_what_came_of_it_comes_back(tmp_path: Path) -> None:
    async with two(tmp_path) as (shop, _):
        performed = await done(shop, UNIT)
        assert performed.outcome.good
        assert performed.receipts[0].path.startswith(f"{UNIT}/w")
        assert await shop.call(ViableSystem.alarms) == ()


async def test_a_contract_over_a_broker_bounds_what_is_spent(tmp_path: Path) -> None:
    async with two(tmp_path) as (shop, both):
        results = await asyncio.gather(*(done(shop, UNIT, usd=1.0) for _ in range(9)), return_exceptions=True)
        assert sum(isinstance(one, BudgetExhausted) for one in results) == 9 - len(TOOL.asked)
        assert 4 <= len(TOOL.asked) <= 5
        inner = (await both.there.named(UNIT, ViableSystem).call(ViableSystem.ledger)).purse.ledger(0)
        outer = (await shop.call(ViableSystem.ledger)).purse.ledger(0)
        assert inner.committed <= inner.grant <= outer.open[UNIT].upper


async def test_a_half_that_is_away_counts_as_spent_until_it_reports_and_its_ledger_is_right(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    async with two(tmp_path, kept) as (shop, both):
        for _ in range(2):
            await done(shop, UNIT, usd=1.0)
        lent = (await shop.call(ViableSystem.ledger)).purse.ledger(0).open[UNIT].upper
        await both.go()
        job = asyncio.ensure_future(done(shop, UNIT, usd=1.0))
        with pytest.raises(CallFailed):
            await job
        away = (await shop.call(ViableSystem.ledger)).purse.ledger(0)
        assert away.open[UNIT].upper == lent
        assert away.committed >= lent
        await both.come(kept)
        await asyncio.sleep(10.0)
        TOOL.asked.clear()
        results = await asyncio.gather(*(done(shop, UNIT, usd=1.0) for _ in range(9)), return_exceptions=True)
        assert all(isinstance(one, BudgetExhausted) for one in results if isinstance(one, Exception))
        assert 1 <= len(TOOL.asked) <= lent.amount("usd") - 2


async def test_pain_goes_by_an_outpost_of_its_own_while_all_else_is_stuck(tmp_path: Path) -> None:
    async with two(tmp_path) as (_, both):
        both.broker.block("low on memory")  # it takes nothing any more
        await both.there.named(UNIT, ViableSystem).within(None).call(ViableSystem.ablate, "s4")
        await asyncio.sleep(60.0)
        assert any(page.level == UNIT for _, page in PAGER.pages)


async def test_a_level_elsewhere_is_audited_from_above_by_a_way_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []
    receive = Outpost.receive

    async def noted(self: Any, message: Any) -> None:
        sent.append((self._bridge.path.partition("/")[0], repr(message)))
        await receive(self, message)

    monkeypatch.setattr(Outpost, "receive", noted)
    async with two(tmp_path) as (shop, both):
        SEEN.clear()
        performed = await done(shop, UNIT)
        await asyncio.sleep(2.0)
        assert [(one.path, one.task.id) for one in SEEN] == [(UNIT, performed.task)]
        assert SEEN[0].receipts == performed.receipts
        ways = {way for way, said in sent if "Probe(" in said or "Evidence(" in said}
        assert ways == {"audit"}  # what is asked, and what is shown
        assert {f"level.audit/{path}" for path in ("shop", UNIT)} <= set(both.auditing._vhost.queues)
        assert not [
            queue for queue in both.broker._vhost.queues if "audit" in queue
        ]  # no one else's business


async def test_a_rate_is_shared_with_a_level_elsewhere_by_the_word_of_one_system_2(tmp_path: Path) -> None:
    async with two(tmp_path) as (shop, both):
        await asyncio.sleep(10.0)  # leases have been given, out and in
        began = asyncio.get_running_loop().time()
        jobs = [done(shop, place, port="paced", usd=0.01) for place in (UNIT, "shop/here") for _ in range(15)]
        await asyncio.gather(*jobs)
        took = asyncio.get_running_loop().time() - began
        assert len(TOOL.asked) == 30
        assert 26.0 <= took <= 45.0  # one a second in all, and not one for each half
        await both.go()
        TOOL.asked.clear()
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(done(shop, "shop/here", port="paced", usd=0.01) for _ in range(5)))
        assert len(TOOL.asked) == 5  # who is left goes on
