"""A company that starts anew with its clock set back over epochs that it has reported: it waits for those to come."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import (
    Audit,
    Budget,
    BudgetExhausted,
    Cost,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.timing import now
from tests.support import run_virtual
from tests.vsm.living.company import Pager, done

PER, BUDGET = 40.0, 10.0
UNITS = ("company/solo", "company/division/one")
PAID = Counter[int]()


async def pay(usd: float) -> float:
    """It costs."""
    PAID[int(now() // PER)] += round(usd * 10)
    await asyncio.sleep(0.1)
    return usd


async def verify(evidence: Any, use: Any) -> bool:
    """It asks a tool of its own, which costs."""
    await use("check", pay, 0.1, upper=Cost(usd=0.1))
    return True


class Buyer(Operation):
    """Pays."""

    async def handle(self, task: Task) -> Outcome:
        """Half a dollar."""
        used = await self.use("tool", pay, 0.5, upper=Cost(usd=0.5), key=task.id)
        return Outcome(1, evidence=[used.receipt])


@pytest.mark.parametrize("clocks", [(100.0, 70.0), (170.0, 30.0)], ids=["by an epoch", "by four"])
def test_nothing_ends_for_that_and_nothing_is_spent_twice(
    tmp_path: Path, clocks: tuple[float, float]
) -> None:
    pager, errors, good = Pager(), list[BaseException](), list[int]()
    PAID.clear()

    class Division(ViableSystem):
        """Of one."""

        data: ClassVar[Any] = str(tmp_path)

        def units(self) -> list[Any]:
            """One."""
            return [unit(Buyer, id="one", floor=0.3)]

    class Company(ViableSystem):
        """On a disk, and audited."""

        budget = Budget(usd=BUDGET, per=PER)
        data: ClassVar[Any] = str(tmp_path)
        human: ClassVar[Any] = (pager,)
        audit = Audit(probability=1.0, verify=verify, budget_share=0.1, independent_of="tool")
        ports: ClassVar[Any] = {"tool": Port(timeout=5.0), "check": Port(timeout=5.0)}

        def units(self) -> list[Any]:
            """A division and a buyer."""
            return [unit(Division, id="division", floor=0.3), unit(Buyer, id="solo", floor=0.1)]

    async def buys(company: Any, to: str, until: float) -> None:
        while now() < until:
            try:
                await done(company, to)
            except Exception as error:
                errors.append(error)
            else:
                good.append(int(now() // PER))
            await asyncio.sleep(1.0)

    async def life(start: float, until: float) -> None:
        await asyncio.sleep(start)
        async with System() as system:
            company = await system.start(Company)
            await asyncio.gather(*(buys(company, to, until) for to in UNITS))
            errors.extend([] if system.alive(company) else [AssertionError("it ended")])

    first, second = clocks
    run_virtual(life(0.0, first))
    reached = max(good)
    run_virtual(life(second, first + 1.5 * PER))
    assert {type(error) for error in errors} <= {BudgetExhausted}
    assert not pager.pages
    assert max(good) == reached + 1
    assert all(tenths <= 10 * BUDGET for tenths in PAID.values())


class Unknown(ViableSystem):
    """Keeps no books."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Buyer, id="one", floor=0.9)]


def test_nor_by_who_does_not_know_what_was_spent(tmp_path: Path) -> None:
    async def life(start: float, until: float, *ids: str) -> None:
        class Company(ViableSystem):
            budget = Budget(usd=BUDGET, per=PER)
            data: ClassVar[Any] = str(tmp_path)
            ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}
            human = ()

            def units(self) -> list[Any]:
                new = [unit(Buyer, id=one, floor=0.3) for one in ids]
                return [unit(Unknown, id="division", floor=0.3), *new]

        async def buys(company: Any, to: str) -> None:
            while now() < until:
                try:
                    await asyncio.wait_for(done(company, to), 10.0)
                except (BudgetExhausted, TimeoutError):
                    await asyncio.sleep(3.0)

        for _ in range(int(until) * 100):
            fresh_id(8, "purse")  # they are other ones in each life
        await asyncio.sleep(start - now())
        async with System() as system:
            company = await system.start(Company, name="company")
            paths = [f"company/{one}" for one in ("division/one", *ids)]
            asking = [asyncio.ensure_future(buys(company, path)) for path in paths]
            await asyncio.sleep(until - now())
            for one in asking:
                one.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    PAID.clear()
    for life_ in ((0.0, 1.2 * PER, "solo"), (0.2 * PER, 2.4 * PER, "solo", "new")):
        run_virtual(life(*life_))
        assert set(PAID.values()) <= {round(10 * BUDGET)}
    assert len(PAID) == 3
