"""What the program declares holds from the first start with it, also where books of another declaration are there."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.vsm import Action, Budget, BudgetExhausted, Cost, NoOpenBill, Port, ViableSystem, unit
from cybernetic.vsm.bargain.contract import Contract, Seal
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.vector import NOTHING
from cybernetic.vsm.inspection.fund import Fund
from cybernetic.vsm.ports.passages import Ask
from cybernetic.vsm.ports.till import FIRST, Till
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.timing import now
from tests.vsm.bargain.test_times import Written
from tests.vsm.living.company import TOOL, Company, Worker, done

LOWER = ({"usd": 20}, {"usd": 6})
RAISED = ({"usd": 6}, {"usd": 20})
ADDED = ({"ids": "ab"}, {"ids": "abc"})
GONE = ({"ids": "abc"}, {"ids": "ab"})
SHORTER = ({"per": 60}, {"per": 30})
LONGER = ({"per": 30}, {"per": 60})
FLOORS = ({"floor": 0.1}, {"floor": 0.3})


def company(
    data: Path, *, usd: float = 10, ids: str = "ab", per: float = 60, floor: float = 0.2, deep: bool = False
) -> type[ViableSystem]:
    """A company of so many workers; or, `deep`, of a division that has them."""

    class Division(ViableSystem):
        def units(self) -> list[Any]:
            return [unit(Worker, id=one, floor=floor) for one in ids]

    class Kept(Company):
        def units(self) -> list[Any]:
            if deep:
                return [unit(Division, id="division", floor=2 * floor)]
            return [unit(Worker, id=one, floor=floor) for one in ids]

    Kept.budget, Kept.data, Division.data = Budget(usd=usd, per=per), str(data), str(data / "within")
    return Kept


async def life(cls: type[ViableSystem], within: str, ids: str, until: float) -> list[Any]:
    """All that there is is asked for, as long as the program runs; what is in the log of the level."""
    async with System() as system:
        top = await system.start(cls, name="company")

        async def ask(one: str) -> None:
            while now() < until:
                try:
                    await asyncio.wait_for(done(top, f"{within}/{one}", usd=0.25), 20.0)
                except (BudgetExhausted, TimeoutError):
                    await asyncio.sleep(1.0)

        before = len(TOOL.asked)
        asking = [asyncio.ensure_future(ask(one)) for one in ids]
        await asyncio.sleep(until - now())
        level = system.named(within, ViableSystem)
        entries = await level.call(ViableSystem.decisions, 0, "declared anew")
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    SPENT.append(0.25 * (len(TOOL.asked) - before))
    return [entry.body for entry in entries]


SPENT: list[float] = []


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(("first", "second"), [LOWER, RAISED, ADDED, GONE, SHORTER, LONGER, FLOORS])
async def test_what_is_declared_anew_is_in_force_and_nothing_is_overspent(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], deep: bool
) -> None:
    TOOL.__init__()  # type: ignore[misc]
    TOOL.takes = 0.2
    SPENT.clear()
    await asyncio.sleep(40.0)  # where an epoch is nearly over, in which nothing happens
    within = "company/division" if deep else "company"
    old, new = company(tmp_path, deep=deep, **first), company(tmp_path, deep=deep, **second)
    assert old.budget is not None
    assert new.budget is not None
    most, per = new.budget.grant.amount("usd"), new.budget.per
    assert await life(old, within, first.get("ids", "ab"), 65.0) == []
    assert await life(old, within, first.get("ids", "ab"), 70.0) == []
    assert await life(new, within, second.get("ids", "ab"), 119.5)  # the epoch of the first
    if old.budget.per == new.budget.per:
        assert sum(SPENT[1:]) <= max(most, old.budget.grant.amount("usd"))
    else:
        assert not SPENT[2] or per == 30.0
        assert SPENT[2] <= most  # one whole epoch
    bodies = await life(new, within, second.get("ids", "ab"), 120.0 + per - 0.5)
    assert 0.75 * most <= SPENT[3] <= most
    assert len(bodies) == 1  # it is said once
    assert bodies[0]


async def test_a_unit_goes_by_the_floor_and_the_period_that_are_declared() -> None:
    books: Any = Written()
    first = Till("a", books, 60.0, Cost(usd=4))
    await first.begin()
    await first.accept(Contract("a", 0, Cost(usd=5), Seal(1, 1), first.id))
    second = Till("a", books, 60.0, Cost(usd=1))
    await second.begin()
    assert second.id == first.id
    assert second.spent() == (NOTHING, Cost(usd=5))
    assert books.last[1].floor == Cost(usd=1)
    third = Till("a", books, 45.0, Cost(usd=1))
    await third.begin()
    assert third.id not in ("", first.id)
    assert third.spent() == (NOTHING, NOTHING)
    await asyncio.sleep(46.0)
    assert third.spent() == (NOTHING, Cost(usd=1))


async def test_a_unit_counts_from_the_first_begin_where_that_is_declared_and_no_more_where_it_is_not() -> (
    None
):
    books: Any = Written()
    await Till("a", books, 60.0, Cost(usd=4)).begin()
    none = Till("a", books, None, NOTHING)
    await none.begin()
    assert none.id == ""
    again = Till("a", books, 60.0, Cost(usd=4))
    await again.begin()
    assert again.id
    assert again.spent() == (NOTHING, NOTHING)


async def test_audits_go_by_the_period_that_is_declared() -> None:
    async def keep(purse: Purse, unbounded: Unbounded) -> None:
        pass

    known, _ = Purse("acme:audit", 60.0).accept(Contract("acme:audit", 0, Cost(usd=5), Seal(3, 1)))
    for per, granted in ((60.0, Cost(usd=5)), (45.0, NOTHING)):
        fund = Fund(Purse("acme:audit", per), keep)
        await fund.begin(known, Unbounded())
        assert fund.granted == granted
        await fund.accept(Contract("acme:audit", 0, Cost(usd=2), Seal(4, 1), per=per))
        assert fund.granted == Cost(usd=2)


async def test_who_begins_in_an_epoch_that_it_knows_nothing_of_waits_for_its_contract_before_it_takes_its_floor() -> (
    None
):
    books: Any = Written()
    first = Till("a", books, 60.0, Cost(usd=4))
    await first.begin()
    await first.accept(Contract("a", 0, Cost(usd=5), Seal(1, 1), first.id))
    again = Till("a", books, 60.0, Cost(usd=4))
    await again.begin()
    assert not again.waits(Cost(usd=1), Port())
    await asyncio.sleep(70.0)  # it may have been taken out meanwhile, and its floor lent to others
    later = Till("a", books, 60.0, Cost(usd=4))
    await later.begin()
    assert later.waits(Cost(usd=1), Port())
    began = now()
    await later.contract()
    assert now() == began + FIRST
    assert later.spent() == (NOTHING, Cost(usd=4))
    await later.accept(Contract("a", 1, Cost(usd=1), Seal(2, 1), first.id))
    assert not later.waits(Cost(usd=1), Port())


async def test_ids_of_calls_go_on_where_the_books_are_gone_so_that_a_late_bill_is_for_no_other_call() -> None:
    ids = []
    for _ in range(2):
        till = Till("a", Written(), 60.0, Cost(usd=4))
        await till.begin()
        await till.accept(Contract("a", int(now() // 60.0), Cost(usd=4), Seal(1, 1), till.id))
        ask = Ask("task", "tool", Action("call"), "digest", Cost(usd=1))
        ids.append((await till.reserve(ask, Port()))[0])
        await asyncio.sleep(1.0)
    assert ids == ["a#1", "a#1001"]
    with pytest.raises(NoOpenBill):
        await till.billed(ids[0], Cost(usd=1))
    await till.billed(ids[1], Cost(usd=1))
