"""The living viable system: twenty operations under one level, which meet the provider through a paced port."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from benchmarks.vsm.trials.nobody import Nobody
from benchmarks.vsm.trials.rates.world import LIMIT, RateLimited, RateWorld
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic import System
from cybernetic.vsm import Operation, Outcome, Port, Rate, Task, Unit, ViableSystem, unit

Complete = Callable[[str], Awaitable[None]]


class Caller(Operation):
    """Makes the call that a task names."""

    async def handle(self, task: Task) -> Outcome:
        """One call, through the port."""
        used = await self.use("provider", task.body["complete"], task.body["task"])
        return Outcome(evidence=[used.receipt])


def _refused(error: BaseException) -> float | None:
    return error.retry_after if isinstance(error, RateLimited) else None


def company(world: RateWorld, declared: bool = True, pulse_of: float = 1.0) -> type[ViableSystem]:
    """A level with a unit for each agent of the world. `declared`: whether it is told the provider's limit."""
    rate = Rate(LIMIT, burst=1.0) if declared else None

    class Agents(ViableSystem):
        purpose = "to do jobs of five calls"
        human = (Nobody(),)
        pulse = pulse_of
        ports = {"provider": Port(rate=rate, tries=500, refused=_refused)}  # noqa: RUF012

        def units(self) -> Sequence[Unit]:
            return [unit(Caller, id=agent) for agent in world.agents]

    return Agents


def living(*without: str, declared: bool = True, pulse: float = 1.0) -> Arm:
    """The arm in which every call is a task of the agent's own unit; `without` are the systems taken out of it.

    `declared`: whether it is told the provider's limit, or has to find it. `pulse`: seconds of its rounds.
    """

    async def run(world: RateWorld, seed: int) -> Result:
        tries: Counter[str] = Counter()

        async def complete(task: str) -> None:
            tries[task] += 1
            await world.provider.complete(task, tries[task])

        async with System() as system:
            top: Any = (await system.start(company(world, declared, pulse))).within(None)
            await top.call(ViableSystem.ablate, *without)

            async def call(agent: str, task: str) -> None:
                body = {"complete": complete, "task": task}
                await top.call(ViableSystem.submit, Task("call", body, to=f"agents/{agent}", id=task))

            return await world.play(call)

    return run
