"""Buyers without an upper bound, for tests: each call costs a dollar, and takes as long as the task says."""

import asyncio
from typing import Any, ClassVar

from cybernetic.vsm import Budget, Cost, Operation, Outcome, Port, Rate, Task, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER

CALLS: list[float] = []
CAME: list[str] = []
HANGS = 20.0


async def model(seconds: float) -> float:
    """Takes so long, and a dollar."""
    CALLS.append(asyncio.get_running_loop().time())
    await asyncio.sleep(seconds)
    return seconds


async def failing(after: float) -> None:
    """What crashes a task beside its call."""
    await asyncio.sleep(after)
    raise ValueError("as told")


class Buyer(Operation):
    """Buys without a bound; the task's body says how long that takes, its kind what happens meanwhile."""

    async def handle(self, task: Task) -> Outcome:
        """One call, or as many as its kind says."""
        if task.kind == "crash":
            used, _ = await asyncio.gather(self.use("model", model, task.body), failing(0.5))
        elif task.kind == "leave":
            try:
                used = await asyncio.wait_for(self.use("model", model, task.body), 1.0)
            except TimeoutError:
                return Outcome(None, good=False)
        elif task.kind == "paced":
            used, *_ = await asyncio.gather(*(self.use("paced", model, 0.0 + n) for n in range(5)))
        elif task.kind == "hasty":
            calls = [asyncio.ensure_future(self.use("paced", model, float(n))) for n in range(5)]
            _, waiting = await asyncio.wait(calls, timeout=15.0)
            for one in waiting:
                one.cancel()
            return Outcome(None, good=False)
        else:
            used = await self.use("model", model, task.body)
        return Outcome(used.value, evidence=[used.receipt])


def a_dollar(value: Any) -> Cost:
    """Each."""
    return Cost(usd=1.0)


class Flat(ViableSystem):
    """One buyer, and ten dollars an hour."""

    budget = Budget(usd=10.0, per=36000)
    ports: ClassVar[Any] = {
        "model": Port(cost=a_dollar, timeout=60.0),
        "paced": Port(rate=Rate(6, per=60), cost=a_dollar, timeout=60.0),
    }
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Buyer, id="buyer")]


class Inner(ViableSystem):
    """A level of one buyer."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Buyer, id="buyer")]


class Deep(Flat):
    """A level of one level."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Inner, id="inner")]


async def buy(company: Any, kind: str = "plain", seconds: float = 0.0, deadline: float | None = None) -> str:
    """One task; what came of it."""
    until = None if deadline is None else asyncio.get_running_loop().time() + deadline
    try:
        performed = await company.within(None).call(ViableSystem.submit, Task(kind, seconds, deadline=until))
    except Exception as error:
        CAME.append(type(error).__name__)
    else:
        CAME.append("good" if performed.outcome.good else "bad")
    return CAME[-1]


async def spent(company: Any) -> Vector:
    """What the top's ledger has for spent or set aside, when all accounts are in."""
    await asyncio.sleep(5.0)
    return (await company.call(ViableSystem.status)).accounts[min(await _units(company))].spent


async def _units(company: Any) -> Any:
    return (await company.call(ViableSystem.status)).accounts
