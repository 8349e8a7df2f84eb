"""A level within another that declares a budget of its own keeps to it."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.core import OptionError
from cybernetic.vsm import Budget, BudgetExhausted, Cost, Port, ViableSystem, unit
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.wire import Codec
from tests.vsm.living.company import PAGER, TOOL, Worker, done, started


class Small(ViableSystem):
    """A dollar a minute, wherever it stands."""

    budget = Budget(usd=1, per=60)
    ports: ClassVar[Any] = {"tool": Port()}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}") for n in range(2)]


class Rich(Small):
    """A hundred, of which its division may have most."""

    budget = Budget(usd=100, per=60)

    def units(self) -> list[Any]:
        """A level within."""
        return [unit(Small, id="division", floor=0.5), unit(Worker, id="solo")]


class Uncounted(Rich):
    """Where nothing is counted above."""

    budget: ClassVar[Any] = None


class Hasty(Rich):
    """Of another period."""

    budget = Budget(usd=100, per=30)


async def spent(level: Any, to: str, jobs: int = 30) -> float:
    """What so many jobs of ten cents took; those that were refused took nothing."""
    TOOL.asked.clear()
    results = await asyncio.gather(*(done(level, to) for _ in range(jobs)), return_exceptions=True)
    refused = sum(isinstance(one, BudgetExhausted) for one in results)
    assert refused + len(TOOL.asked) == jobs
    return 0.1 * len(TOOL.asked)


@pytest.mark.parametrize("around", [Rich, Uncounted])
async def test_a_level_within_spends_no_more_than_its_own_budget_in_each_period(around: type[Rich]) -> None:
    async with started(around) as (_, top):
        name = around.__name__.lower()
        await asyncio.sleep(3.0)
        for _ in range(3):
            assert 0.8 <= await spent(top, f"{name}/division") <= 1.0 + 1e-9
            await asyncio.sleep(60.0)
        assert await spent(top, f"{name}/solo") == pytest.approx(3.0)


async def test_nor_does_it_without_a_contract_from_above() -> None:
    async with started(Rich) as (_, top):
        await top.within(None).call(ViableSystem.ablate, "s3")
        await asyncio.sleep(70.0)
        assert await spent(top, "rich/division") <= 1.0 + 1e-9


async def test_a_budget_of_another_period_than_that_above_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match=r"hasty/division: budget.per: .* 30\.0 s, got: 60\.0"):
        Charter.top("hasty", Hasty).below("hasty/division", Small, Cost(), {})
    async with System() as system:
        with pytest.raises(Exception, match=r"budget\.per"):
            await system.start(Hasty)


async def test_one_whose_level_above_lies_elsewhere_keeps_to_it_as_well() -> None:
    lent = Charter.abroad("shop/small", Small, 60.0, Cost(usd=50), {})
    assert (lent.budget, lent.most, lent.floor) == (None, Cost(usd=1), Cost(usd=1))
    alone = Charter.abroad("shop/small", Small, None, Cost(), {})
    assert (alone.budget, alone.per) == (Small.budget, 60.0)


@pytest.mark.parametrize("per", [60.0, None])
def test_what_is_declared_is_the_same_on_another_node(per: float | None) -> None:
    top = Charter.top("rich", Rich)
    lent = Charter.abroad("shop/small", Small, per, Cost(usd=50), {"tool": 0.4})
    for charter in (top, top.below("rich/division", Small, Cost(usd=2), {}), lent):
        for one in (charter, charter.below(f"{charter.path}/within", Within, Cost(usd=1), {"tool": 0.2})):
            assert Codec().decode(Codec().encode(one)) == one


class Within(ViableSystem):
    """Declares nothing of its own."""
