"""The same conversation of the parts of a viable system on one node and between two."""

import pytest

from cybernetic import Agent
from cybernetic.core import CannotTravel
from cybernetic.vsm.bargain import (
    Accepted,
    Allocator,
    Budget,
    BudgetExhausted,
    Contract,
    Purse,
    StaleContract,
    Vector,
)
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry, Extent
from cybernetic.vsm.damping import LeaseLost
from cybernetic.vsm.decisions import Action, Decision, Policy, Rulebook
from cybernetic.vsm.ladder import Cause, Pain
from tests.nodes.stage import apart, everywhere, stage
from tests.vsm.travel.rules import Cap, refunds


class Unit(Agent):
    """Has a purse and a rulebook."""

    def __init__(self, path: str, floor: Vector) -> None:
        self.purse = Purse(path, 60.0, floor)
        self.book = Rulebook()

    def take(self, contract: Contract) -> Accepted:
        self.purse, answer = self.purse.accept(contract)
        return answer

    def spend(self, key: str, upper: Vector) -> Vector:
        self.purse, epoch = self.purse.reserve(key, upper, 1.0, 9.0)
        return self.purse.ledger(epoch).available

    def follow(self, book: Rulebook) -> int:
        self.book = book
        return book.revision

    def judge(self, action: Action) -> Decision:
        return self.book.decide(action)


@everywhere
async def test_a_bargain_comes_out_the_same(where: str) -> None:
    floor = Vector.of_grains({"usd": 1, "tokens": 2**70})
    allocator = Allocator(Purse.root("shop", Budget.granting(floor.times(9), 60)), {"unit": floor})
    async with stage(where) as s:
        unit = await s.spawn(Unit, "unit", floor)
        allocator, contract = allocator.issue("unit", floor.times(5), 1.0)
        answer = await unit.call(Unit.take, contract)
        assert answer == Accepted("unit", 0, floor.times(5), contract.seal)
        allocator = allocator.accepted(answer)
        assert await unit.call(Unit.spend, "one", floor.times(3)) == floor.times(2)
        with pytest.raises(BudgetExhausted) as exhausted:
            await unit.call(Unit.spend, "two", floor.times(3))
        assert exhausted.value.available == floor.times(2)
        _, late = Allocator(allocator.purse, {"unit": floor}).issue("unit", floor, 1.0)
        await unit.call(Unit.take, allocator.succeeded(2).issue("unit", floor.times(6), 1.0)[1])
        with pytest.raises(StaleContract):
            await unit.call(Unit.take, late)


@everywhere
async def test_policies_hold_where_they_arrive(where: str) -> None:
    book = Rulebook().adopt(Policy("refunds", 1, refunds), 1.0).adopt(Policy("cap", 1, Cap(20.0)), 2.0)
    async with stage(where) as s:
        unit = await s.spawn(Unit, "unit", Vector())
        assert await unit.call(Unit.follow, book) == 2
        for usd in (10, 30, 60):
            action = Action("refund", {"usd": usd})
            assert await unit.call(Unit.judge, action) == book.decide(action)


@everywhere
async def test_books_are_kept_for_who_is_elsewhere(where: str) -> None:
    pain = Pain("shop/support", "cost", Cause.EXIT, since=1.5)
    async with stage(where) as s:
        books = await s.spawn(Books, None, "shop", 2)
        await books.call(Books.save, "ladder", (pain,), 2)
        assert await books.call(Books.load, "ladder") == (pain,)
        with pytest.raises(LeaseLost, match="at least 2"):
            await books.call(Books.save, "ladder", (), 1)
        for n in range(3):
            assert await books.call(Books.note, Entry("pain", "shop", pain, float(n))) == n + 1
        assert [one.at for one in await books.call(Books.entries)] == [1.0, 2.0]
        assert await books.call(Books.extent) == Extent(2, 3)


@apart
async def test_a_rule_that_cannot_be_found_is_refused_at_the_line_that_sends_it(where: str) -> None:
    async with stage(where) as s:
        unit = await s.spawn(Unit, "unit", Vector())
        hidden = Rulebook().adopt(Policy("hidden", 1, lambda action, context: refunds(action, context)), 0.0)
        with pytest.raises(CannotTravel, match="by `def` at the top level of a module"):
            unit.cast(Unit.follow, hidden)
