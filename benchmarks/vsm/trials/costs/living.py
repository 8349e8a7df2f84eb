"""The living viable system: eight operations under one level with a budget, lent to them as they use it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from benchmarks.vsm.trials.costs.world import Answer, CostWorld, Refused, Request
from benchmarks.vsm.trials.nobody import Nobody
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic import System
from cybernetic.vsm import (
    Budget,
    BudgetExhausted,
    Cost,
    Operation,
    Outcome,
    Port,
    Task,
    Unit,
    ViableSystem,
    unit,
)

EVERY = 1.0  # seconds between two looks at the log


def _cost(answer: Answer) -> Cost:
    return Cost(usd=answer.usd)


class Caller(Operation):
    """Makes the call that a task asks for; what it was worth is accounted."""

    async def handle(self, task: Task) -> Outcome:
        """One call, through the port, for its price."""
        request: Request = task.body["request"]
        try:
            used = await self.use("model", task.body["complete"], request, 1, upper=Cost(usd=request.upper))
        except BudgetExhausted:
            return Outcome("refused", good=False)
        return Outcome("done", evidence=[used.receipt], good=used.value.useful)


def company(world: CostWorld) -> type[ViableSystem]:
    """A level with a unit for each agent of the world."""

    class Agents(ViableSystem):
        purpose = "to make calls of use"
        human = (Nobody(),)
        budget = Budget(usd=world.budget, per=world.horizon)
        ports = {"model": Port(cost=_cost)}  # noqa: RUF012

        def units(self) -> Sequence[Unit]:
            return [unit(Caller, id=agent) for agent in world.agents]

    return Agents


def living(*without: str) -> Arm:
    """The arm in which every call is a task of the agent's own unit; `without` are the systems taken out of it."""

    async def run(world: CostWorld, seed: int) -> Result:
        async with System() as system:
            top: Any = (await system.start(company(world))).within(None)
            await top.call(ViableSystem.ablate, *without)

            async def call(request: Request) -> None:
                body = {"complete": world.provider.complete, "request": request}
                task = Task("call", body, to=f"agents/{request.agent}", id=request.task)
                performed = await top.call(ViableSystem.submit, task)
                if performed.outcome.value == "refused":
                    raise Refused

            with suppress(asyncio.CancelledError):
                looking = asyncio.ensure_future(look(top, world))
                result = await world.play(call)
                looking.cancel()
                return result

    return run


async def look(top: Any, world: CostWorld) -> None:
    """Read system 3's log as somebody would who wants to know who stands out: he whom it has intervened in."""
    last = 0
    while True:
        await asyncio.sleep(EVERY)
        for entry in await top.call(ViableSystem.decisions, last, "intervention"):
            last = entry.number
            world.flag(entry.body["unit"].rpartition("/")[2])
