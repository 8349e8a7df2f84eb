"""Money that nobody set aside, bills that come late, and ports whose own functions are wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import (
    Budget,
    BudgetExhausted,
    Cost,
    NoEvidence,
    NoOpenBill,
    NoSuchPort,
    NoSuchUnit,
    Operation,
    Outcome,
    OutcomeUnknown,
    Port,
    RateLimited,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.audit import Audit
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.bargain.allocator import LATE
from cybernetic.vsm.bargain.purse import BILLS
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import PAGER, started

CALLS: list[float] = []
HOW: dict[str, Any] = {}


async def model(what: Any) -> Any:
    """Costs what it is told to."""
    CALLS.append(asyncio.get_running_loop().time())
    if "refuses" in HOW:
        raise RateLimited(HOW["refuses"])
    if HOW.get("hangs"):
        await asyncio.Event().wait()
    return what


def price(value: Any) -> Any:
    """What it took; or what is no cost."""
    if HOW.get("price") == "raises":
        raise KeyError("usage")
    return HOW.get("price", Cost(usd=0.5))


class Buyer(Operation):
    """Buys, through the port that the task is named for; `upper` where the task has one."""

    async def handle(self, task: Task) -> Outcome:
        used = await self.use(task.kind, model, task.id, upper=Cost(usd=task.body or 0.0))
        return Outcome(used.value, evidence=[used.receipt])


class Inner(ViableSystem):
    """A level of one buyer."""

    def units(self) -> list[Any]:
        return [unit(Buyer, id="buyer")]


class Middle(ViableSystem):
    """A level of one level."""

    def units(self) -> list[Any]:
        return [unit(Inner, id="inner")]


class Shop(ViableSystem):
    """Three levels, and a dollar a minute."""

    budget = Budget(usd=1.0, per=60)
    ports: ClassVar[Any] = {"priced": Port(cost=price, timeout=5.0), "plain": Port(timeout=5.0, tries=2)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        return [unit(Middle, id="middle")]


class Unhurried(Shop):
    """One of which an hour is looked at: a round takes ten seconds."""

    pulse = 10.0


class Flat(Shop):
    """One level of one buyer."""

    def units(self) -> list[Any]:
        return [unit(Buyer, id="buyer")]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()
    HOW.clear()


async def buy(shop: Any, kind: str = "priced", upper: float = 0.0) -> Any:
    """One task."""
    return await shop.within(None).call(ViableSystem.submit, Task(kind, upper))


async def times(shop: Any, count: int, kind: str = "priced", upper: float = 0.0) -> list[Any]:
    """So many, one a second."""
    came = []
    for _ in range(count):
        try:
            came.append(await buy(shop, kind, upper))
        except (BudgetExhausted, OutcomeUnknown, RateLimited) as error:
            came.append(error)
        await asyncio.sleep(1.0)
    return came


async def spent(shop: Any, epoch: int = 0) -> Vector:
    """What the top's ledger says of an epoch."""
    return (await shop.call(ViableSystem.ledger)).purse.ledger(epoch).committed  # type: ignore[no-any-return]


def refusals(came: list[Any]) -> list[BudgetExhausted]:
    """Those for want of money."""
    return [one for one in came if isinstance(one, BudgetExhausted)]


@pytest.mark.parametrize("cls", [Flat, Shop])
async def test_the_budget_holds_at_every_level_where_nobody_sets_anything_aside(cls: Any) -> None:
    async with started(cls) as (_, shop):
        came = await times(shop, 20)
        assert len(CALLS) == 2  # of half a dollar each
        assert len(refusals(came)) == 18
        assert "nothing is left" in str(came[-1])
        assert await spent(shop) <= Vector(usd=1)
        assert PAGER.pages == []


async def test_what_takes_more_than_is_left_blocks_the_next_call_and_hurts_where_nothing_is_set_aside() -> (
    None
):
    HOW["price"] = Cost(usd=3.0)
    async with started(Flat) as (_, shop):
        came = await times(shop, 6)
        assert len(CALLS) == 1
        assert len(refusals(came)) == 5
        assert "overrun" in {climb.pain.index for climb in await shop.call(ViableSystem.alarms)}
        accounts = (await shop.call(ViableSystem.status)).accounts
        assert accounts["flat/buyer"].spent == Vector(usd=3)


async def test_a_call_that_can_take_nothing_needs_no_money() -> None:
    async with started(Flat) as (_, shop):
        await times(shop, 3)
        assert not refusals(await times(shop, 3, "plain"))


async def test_who_is_refused_for_want_of_money_is_told_when_there_is_more() -> None:
    async with started(Flat) as (_, shop):
        refused = refusals(await times(shop, 5))[-1]
        assert 50 < refused.again < 60
        assert f"the next epoch begins in {refused.again:.0f} s" in str(refused)
        await asyncio.sleep(refused.again)
        assert (await buy(shop)).outcome.good


async def test_audits_keep_to_their_part_of_the_budget_where_nothing_is_set_aside() -> None:
    async def verify(evidence: Any, use: Any) -> bool:
        await use("check", model, evidence.task.id)
        return True

    class Audited(Flat):
        budget = Budget(usd=10.0, per=3600)
        ports: ClassVar[Any] = {"plain": Port(), "check": Port(cost=lambda value: Cost(usd=0.2))}
        audit = Audit(probability=1.0, verify=verify, budget_share=0.05, independent_of="plain")

    async with started(Audited) as (_, shop):
        await times(shop, 20, "plain", 0.01)
        await asyncio.sleep(5.0)
        assert 1 <= len(CALLS) - 20 <= 3  # of 50 cents, the last with what is left


# Bills.


async def unknown(shop: Any) -> OutcomeUnknown:
    """A call of half a dollar of which nobody knows what became of it."""
    HOW["hangs"] = True
    with pytest.raises(OutcomeUnknown) as raised:
        await buy(shop, "plain", 0.5)
    HOW["hangs"] = False
    return raised.value


async def test_what_is_unknown_counts_in_full_until_the_bill_says_otherwise() -> None:
    async with started(Shop) as (_, shop):
        receipt: Any = (await unknown(shop)).receipt
        assert refusals(await times(shop, 1, "plain", 0.6))
        await shop.call(ViableSystem.billed, receipt.id, Cost(usd=0.1))
        assert not refusals(await times(shop, 1, "plain", 0.6))
        with pytest.raises(NoOpenBill, match="expected the id of a receipt"):
            await shop.call(ViableSystem.billed, receipt.id, Cost(usd=0.2))
        with pytest.raises(NoSuchUnit):
            await shop.call(ViableSystem.billed, "shop/nobody#1", Cost(usd=0.2))


async def test_a_bill_above_what_was_set_aside_is_an_overrun() -> None:
    async with started(Flat) as (_, shop):
        receipt: Any = (await unknown(shop)).receipt
        await shop.call(ViableSystem.billed, receipt.id, Cost(usd=4.0))
        assert "not cleared" in str(refusals(await times(shop, 1, "plain", 0.1))[0])


async def test_a_late_bill_is_heard_at_the_top_and_once() -> None:
    async with started(Shop) as (_, shop):
        receipt: Any = (await unknown(shop)).receipt
        await asyncio.sleep(120.0)
        assert await spent(shop) == Vector(usd=0.5)
        await shop.call(ViableSystem.billed, receipt.id, Cost(usd=0.2))
        await asyncio.sleep(10.0)
        told = (await shop.call(ViableSystem.ledger)).purse.ledgers[0]
        assert told.spent == Vector(usd=0.2)


async def test_what_no_bill_comes_for_is_final_in_time_so_that_no_epoch_is_kept_for_ever() -> None:
    async with started(Unhurried) as (system, shop):
        receipt: Any = (await unknown(shop)).receipt
        await asyncio.sleep(60.0 + BILLS - 20.0)
        inner = system.named("unhurried/middle/inner", ViableSystem)
        assert 0 in (await inner.call(ViableSystem.ledger)).purse.ledgers
        await asyncio.sleep(60.0)
        assert len((await inner.call(ViableSystem.ledger)).purse.ledgers) <= 2
        status = await inner.call(ViableSystem.status)
        assert status.accounts["unhurried/middle/inner/buyer"].reports == ()
        with pytest.raises(NoOpenBill):
            await shop.call(ViableSystem.billed, receipt.id, Cost(usd=0.2))
        await asyncio.sleep(LATE)
        kept = (await shop.call(ViableSystem.ledger)).purse.ledgers
        assert 0 not in kept
        assert len(kept) <= LATE / 60.0 + 2


async def test_what_a_dead_operation_has_set_aside_is_spent_once_its_call_must_be_over() -> None:
    async with started(Flat) as (system, shop):
        HOW["hangs"] = True
        asked = asyncio.ensure_future(times(shop, 1, "plain", 0.5))
        await asyncio.sleep(3.0)
        HOW["hangs"] = False
        porter = system.named("flat/buyer:porter", Porter)
        assert (await porter.call(Porter.books))[0][1] == Vector(usd=0.5)  # set aside
        victim = system.whereis("flat/buyer")
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(12.0)
        aside = (await porter.call(Porter.books))[0][1]
        assert aside == Vector()
        assert (await porter.call(Porter.spent))[0] >= Vector(usd=0.5)
        await asyncio.gather(asked, return_exceptions=True)


# Too many.


async def test_a_call_that_was_refused_to_the_last_took_nothing_and_system_2_hears_of_it() -> None:
    class Once(Flat):
        budget = Budget(usd=1.0, per=3600)
        ports: ClassVar[Any] = {"plain": Port(tries=1)}

    HOW["refuses"] = 50.0
    async with started(Once) as (system, shop):
        came = await times(shop, 3, "plain", 0.5)
        assert [type(one) for one in came] == [RateLimited] * 3
        assert [b - a >= 49.0 for a, b in pairwise(CALLS)] == [True, True]
        assert await system.named("once:coordination", Coordination).call(Coordination.flows) != {}
        del HOW["refuses"]
        assert not refusals(await times(shop, 2, "plain", 0.5))


# What is wrong with a port.


async def lives(shop: Any, system: Any, wrong: Callable[[], Awaitable[Any]]) -> Any:
    """What comes of it, and that the porter is the one from before."""
    before = system.whereis("flat/buyer:porter")
    try:
        came: Any = await wrong()
    except NoSuchPort as error:
        came = error
    assert system.whereis("flat/buyer:porter") == before
    return came


async def test_a_port_that_is_not_declared_is_refused_and_ends_nobody() -> None:
    async with started(Flat) as (system, shop):
        came = await lives(shop, system, lambda: buy(shop, "nope"))
        assert "expected one that is declared: ['plain', 'priced'], got: 'nope'" in str(came)


@pytest.mark.parametrize("wrong", ["raises", {"usd": 0.1}, None])
async def test_a_port_that_cannot_tell_what_was_taken_ends_nobody_and_its_upper_bound_counts(
    wrong: Any, caplog: Any
) -> None:
    HOW["price"] = wrong
    async with started(Flat) as (system, shop):
        done = await lives(shop, system, lambda: buy(shop, "priced", 0.4))
        assert len(CALLS) == 1
        assert done.receipts[0].cost == Vector(usd=0.4)
        await shop.call(ViableSystem.billed, done.receipts[0].id, Cost(usd=0.1))
        assert "'priced'" in caplog.text
        await buy(shop, "priced")  # and without a bound all that is left
        assert "nothing is left" in str(refusals(await times(shop, 1))[0])


class Optimist(Operation):
    """Takes whatever it has for a success."""

    kept: ClassVar[list[Any]] = []

    async def handle(self, task: Task) -> Outcome:
        if task.body == "kept":
            return Outcome("done", evidence=[Optimist.kept[0]])
        try:
            used = await self.use("plain", model, task.id)
        except OutcomeUnknown as error:
            unknown: Any = error.receipt
            return Outcome("paid", evidence=[unknown])
        Optimist.kept.append(used.receipt)
        return Outcome("done", evidence=[used.receipt])


class Hopeful(Shop):
    """Of two of them."""

    def units(self) -> list[Any]:
        return [unit(Optimist, id="a"), unit(Optimist, id="b")]


async def test_a_call_of_which_nobody_knows_proves_no_success() -> None:
    HOW["hangs"] = True
    async with started(Hopeful) as (_, shop):
        with pytest.raises(NoEvidence, match="one whose outcome is unknown"):
            await buy(shop, "plain")


@pytest.mark.parametrize("to", ["hopeful/a", "hopeful/b"])
async def test_the_receipt_of_another_task_or_unit_proves_nothing(to: str) -> None:
    Optimist.kept.clear()
    async with started(Hopeful) as (_, shop):
        await shop.within(None).call(ViableSystem.submit, Task("plain", to="hopeful/a"))
        with pytest.raises(NoEvidence, match="its porter did not make"):
            await shop.within(None).call(ViableSystem.submit, Task("plain", "kept", to=to))
