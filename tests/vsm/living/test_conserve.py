"""T-S3-conserve and T-S3-nested alive, over three levels: whatever dies, nobody spends or lends what is not there."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm import (
    Budget,
    BudgetExhausted,
    Cost,
    LeaseLost,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.bargain import Contract, Seal, Vector, total
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.intelligence.messages import Shift
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.recursion.charter import Charter
from tests.support import soak
from tests.vsm.living.company import PAGER, Company, done, started

TOP, NORTH, SHOP = LEVELS = ("firm", "firm/north", "firm/north/shop")
LEAVES = ("firm/south", "firm/north/yard", "firm/north/shop/w0", "firm/north/shop/w1")
MANAGEMENT = "company/solo:management"
PER, GRANT = 20.0, Vector(usd=40)


class Till:
    """The tool: it counts what is really paid, by epoch, under keys that it knows."""

    paid: ClassVar[dict[int, list[Vector]]] = defaultdict(list)

    @classmethod
    async def pay(cls, usd: float) -> float:
        """So much, now."""
        cls.paid[int(now() // PER)].append(Vector(usd=usd))
        await asyncio.sleep(0.3)
        return usd


def bill(usd: float) -> Cost:
    """What a payment took."""
    return Cost(usd=usd)


class Spender(Operation):
    """Spends what the task says, of twice as much that it sets aside."""

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("tool", Till.pay, task.body, upper=Cost(usd=2 * task.body))
        return Outcome(used.value, evidence=[used.receipt])


class Shop(ViableSystem):
    """The third level."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Spender, id=f"w{n}", floor=0.25) for n in range(2)]


class North(ViableSystem):
    """The second level."""

    def units(self) -> list[Any]:
        """A level within, and a unit."""
        return [unit(Shop, id="shop", floor=0.4), unit(Spender, id="yard", floor=0.4)]


class Firm(ViableSystem):
    """The top."""

    budget = Budget.granting(GRANT, PER)
    ports: ClassVar[Any] = {"tool": Port(cost=bill, timeout=5.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two levels deep on one side, a unit on the other."""
        return [unit(North, id="north", floor=0.4), unit(Spender, id="south", floor=0.4)]


@asynccontextmanager
async def firm(data: Path | None) -> AsyncIterator[tuple[System, Any]]:
    """It runs; what it keeps is in that folder."""
    Till.paid.clear()
    PAGER.__init__()  # type: ignore[misc]
    for level in (Firm, North, Shop):
        level.data = None if data is None else str(data)
    async with System() as system:
        yield system, await system.start(Firm, type="temporary")


async def ledgers(system: System) -> dict[str, Any]:
    """What is written, an allocator of each level and a purse of each unit that has books now."""
    found = {}
    for path, key in [(path, "control") for path in LEVELS] + [(path, "porter") for path in LEAVES]:
        books = system.whereis(f"{path}:books", Books)
        try:
            known = None if books is None else await books.within(1.0).call(Books.load, key)
        except Exception:
            continue  # it has just been killed
        if known is not None:
            found[path] = known if key == "control" else known[1]
    return found


async def check(system: System) -> int:
    """In this epoch and the last: nobody has committed more than he was granted, nor holds more than he was lent."""
    found = await ledgers(system)
    running = int(now() // PER)
    for path, kept in found.items():
        purse = getattr(kept, "purse", kept)
        for epoch, ledger in purse.ledgers.items():
            assert ledger.committed <= ledger.grant + ledger.overrun, (path, epoch, ledger)
            above = found.get(path.rpartition("/")[0])
            if above is None or epoch < running - 1 or epoch < above.purse.kept:
                continue
            lender = above.begun(epoch).purse.ledger(epoch)
            held = ledger.grant if epoch == running else ledger.committed
            lent = lender.open[path].upper if path in lender.open else None
            if lent is None and path in lender.closed:
                lent = lender.closed[path].actual
            assert lent is not None, (path, epoch)
            assert held <= lent, (path, epoch, held, lent)
    return len(found)


async def work(company: Any, chance: random.Random, until: float) -> int:
    """Tasks at random places, for all the money there is and more; how many were done."""

    async def one() -> bool:
        task = Task("job", round(chance.uniform(0.1, 1.5), 2), to=chance.choice((*LEAVES, *LEVELS)))
        try:
            return bool((await company.within(60.0).call(ViableSystem.submit, task)).outcome.good)
        except Exception:
            return False

    jobs = []
    while now() < until:
        jobs.append(asyncio.ensure_future(one()))
        await asyncio.sleep(chance.uniform(0.05, 0.3))
    return sum(await asyncio.gather(*jobs))


async def chaos(system: System, company: Any, chance: random.Random, victims: list[str], until: float) -> int:
    """Kill one of them now and then, and look all the time; how many were killed."""
    killed = 0
    while now() < until:
        for _ in range(chance.randint(1, 6)):
            await asyncio.sleep(chance.uniform(0.01, 0.4))
            await check(system)
        victim = system.whereis(chance.choice(victims), Agent)
        if victim is not None:
            victim.exit(Kill())
            killed += 1
    return killed


PARTS = [f"{path}:control" for path in LEVELS] * 3
PARTS += [f"{path}:{part}" for path in LEAVES for part in ("porter", "management")]
PARTS += [*LEAVES, "firm/north:management", "firm/north/shop:management"]
WHOLE = [*PARTS, NORTH, SHOP, *(f"{path}:unit" for path in LEAVES), *(f"{path}:books" for path in LEVELS[1:])]


@pytest.mark.parametrize("seed", range(soak(2, 30)))
async def test_t_s3_conserve_holds_at_every_level_at_all_times_while_parts_are_killed(seed: int) -> None:
    chance, until = random.Random(seed), 70.0
    async with firm(None) as (system, company):
        done, killed = await asyncio.gather(
            work(company, random.Random(seed + 1000), until), chaos(system, company, chance, PARTS, until)
        )
        assert killed > 20
        assert done > 30
        assert all(total(paid) <= GRANT for paid in Till.paid.values())


@pytest.mark.parametrize("seed", range(soak(2, 30)))
async def test_t_s3_conserve_holds_without_books_while_whole_units_and_levels_are_killed(seed: int) -> None:
    chance, until = random.Random(seed), 70.0
    async with firm(None) as (system, company):
        done, killed = await asyncio.gather(
            work(company, random.Random(seed + 1000), until), chaos(system, company, chance, WHOLE, until)
        )
        assert killed > 10
        assert done > 5
        assert all(total(paid) <= GRANT for paid in Till.paid.values())


@pytest.mark.parametrize("seed", range(soak(1, 20)))
async def test_t_s3_conserve_holds_with_books_on_disk_while_whole_levels_are_killed(
    seed: int, tmp_path: Path
) -> None:
    chance, until = random.Random(seed), soak(30, 50)
    async with firm(tmp_path) as (system, company):
        done, killed = await asyncio.gather(
            work(company, random.Random(seed + 1000), until), chaos(system, company, chance, WHOLE, until)
        )
        assert killed > 10
        assert done > 5
        assert all(total(paid) <= GRANT for paid in Till.paid.values())


@asynccontextmanager
async def company() -> AsyncIterator[tuple[System, Any]]:
    """Two levels, in an epoch of a minute, with contracts made."""
    async with started() as (system, ref):
        await asyncio.sleep(3.0)
        yield system, ref


async def test_a_grant_that_shrinks_below_what_is_spent_is_clamped_and_nothing_more_is_reserved() -> None:
    async with company() as (system, ref):
        await asyncio.gather(*(done(ref, "company/division", usd=0.5) for _ in range(6)))
        control = system.named("company/division:control", Control)
        before = (await control.call(Control.ledger)).purse
        for version in range(10_000, 10_005):  # its units give back first what they have not used
            seal = replace(before.seal, version=version)
            await control.call(
                Control.granted, Contract("company/division", 0, Vector(usd=1), seal, before.id)
            )
            await asyncio.sleep(1.0)
        ledger = (await control.call(Control.ledger)).purse.ledger(0)
        assert Vector(usd=3) <= ledger.grant
        assert ledger.grant <= Vector(usd=3.5)
        assert ledger.committed <= ledger.grant
        with pytest.raises(BudgetExhausted):
            await asyncio.gather(*(done(ref, "company/division", usd=0.5) for _ in range(4)))
        assert (await control.call(Control.ledger)).purse.ledger(0).committed <= ledger.grant


async def test_a_report_that_comes_late_settles_what_was_lent_once() -> None:
    async with company() as (system, ref):
        await done(ref, "company/solo", usd=0.5, uses=2)
        unit_ = system.named("company/solo:unit", Supervisor)
        await unit_.within(None).call(Supervisor.terminate_child, MANAGEMENT)
        control = system.named("company:control", Control)
        await asyncio.sleep(70.0)
        closed = (await control.call(Control.ledger)).purse.ledger(0).closed["company/solo"]
        assert not closed.final
        assert closed.actual >= Vector(usd=4)  # all that was lent, for nobody has said what became of it
        await unit_.within(None).call(Supervisor.restart_child, MANAGEMENT)
        await asyncio.sleep(1.5)
        for _ in range(2):
            closed = (await control.call(Control.ledger)).purse.ledger(0).closed["company/solo"]
            assert closed.final
            assert closed.actual == Vector(usd=1)
            await asyncio.sleep(5.0)


async def test_of_two_that_think_they_are_system_3_the_older_is_refused_and_ends() -> None:
    async with company() as (system, ref):
        older: Any = system.whereis("company:control")
        charges = [
            Charge("company/division", 0.5, Vector(usd=2), 0.2),
            Charge("company/solo", 0.5, Vector(usd=1), 0.1),
        ]
        newer = await system.start(Control, Charter.top("company", Company), charges)
        first, second = await older.call(Control.ledger), await newer.call(Control.ledger)
        assert second.term == first.term + 1
        with pytest.raises(LeaseLost):
            await older.call(
                Control.reweigh, Shift({"company/division": 0.9, "company/solo": 0.1}, now() + 100.0)
            )
        await asyncio.sleep(30.0)
        assert not system.alive(older)
        assert system.whereis("company:control") is None  # it is not started anew, to fence the other
        log = await ref.call(ViableSystem.decisions, 0, "replaced")
        assert [entry.body for entry in log] == [{"term": 1}]
        await newer.call(
            Control.reweigh, Shift({"company/division": 0.1, "company/solo": 0.9}, now() + 100.0)
        )
        await asyncio.sleep(10.0)  # the division's units give back first
        books = system.named("company/solo:books", Books)
        purse = (await books.call(Books.load, "porter"))[1]
        assert purse.seal.term == second.term
        assert purse.ledger(0).grant >= Vector(usd=7)
        kept = await system.named("company:books", Books).call(Books.load, "control")
        assert kept.term == second.term
        assert kept.purse.ledger(0).committed <= kept.purse.ledger(0).grant


async def test_where_no_money_is_counted_the_older_ends_as_well() -> None:
    async with started(Free) as (system, ref):
        await asyncio.sleep(3.0)
        older: Any = system.whereis("free:control")
        await system.start(Control, Charter.top("free", Free), [Charge("free/solo", 1.0)])
        with pytest.raises(LeaseLost):
            await older.call(Control.reweigh, None)
        await asyncio.sleep(20.0)
        assert not system.alive(older)
        assert len(await ref.call(ViableSystem.decisions, 0, "replaced")) == 1


async def test_an_older_system_3_that_writes_nothing_sees_within_a_round_that_it_was_replaced() -> None:
    async with started(Free) as (system, _):
        await asyncio.sleep(3.0)
        older: Any = system.whereis("free:control")
        await system.start(Control, Charter.top("free", Free), [Charge("free/solo", 1.0)])
        await asyncio.sleep(1.5)
        assert not system.alive(older)


async def later_contract(system: System) -> Seal:
    """One of the units has a contract of a system 3 that has other books."""
    control: Any = system.whereis("company:control")
    solo: Any = system.whereis("company/solo:porter")
    purse = (await control.call(Control.ledger)).purses["company/solo"]
    seal = Seal(7, 1)
    await solo.call(Porter.accept, Contract("company/solo", 0, Vector(usd=5), seal, purse))
    return seal


LITTLE = {"company/division": 0.9, "company/solo": 0.1}


async def test_one_whose_units_have_gone_over_to_another_ends() -> None:
    async with company() as (system, _):
        control: Any = system.whereis("company:control")
        await later_contract(system)
        await control.call(Control.reweigh, Shift(LITTLE, now() + 100.0))
        await asyncio.sleep(5.0)
        assert not system.alive(control)
        assert system.whereis("company:control") is None


async def test_one_that_begins_where_nothing_is_known_of_its_predecessor_outbids_it() -> None:
    async with company() as (system, _):
        control: Any = system.whereis("company:control")
        seal = await later_contract(system)
        control.exit(Kill())
        await asyncio.sleep(2.0)
        successor = system.named("company:control", Control)
        await successor.call(Control.reweigh, Shift(LITTLE, now() + 100.0))
        await asyncio.sleep(5.0)
        purse = (await system.named("company/solo:books", Books).call(Books.load, "porter"))[1]
        assert purse.seal.term == (await successor.call(Control.ledger)).term > seal.term
        assert purse.ledger(0).grant <= Vector(usd=2)


class Free(ViableSystem):
    """A unit, and no money."""

    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Spender, id="solo")]
