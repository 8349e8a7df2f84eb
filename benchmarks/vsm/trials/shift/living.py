"""The living viable system: two divisions, whose arrivals its system 4 forecasts and whose weights it bargains with
system 3; slots follow the weights that are agreed, and, as in the other arms, the queue: jobs are the world's, a unit
is given the word of one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.vsm.trials.nobody import Nobody
from benchmarks.vsm.trials.shift.plain import CLEARS, DEAD, follow
from benchmarks.vsm.trials.shift.world import DIVISIONS, HIGH, LOW, SHRINKS, ShiftWorld
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic import System
from cybernetic.vsm import Budget, Operation, Outcome, Task, Unit, ViableSystem, unit
from cybernetic.vsm.homeostat import Bands

LEAST = 1e-6  # of a weight
CALM = Bands(churn=(0.0, 30.0))  # an hour: the band of system 5 where it sets one
WIDE = Bands(churn=(0.0, 3600.0))


class Counter(Operation):
    """Notes that a job has come; the world does it."""

    async def handle(self, task: Task) -> Outcome:
        """Noted."""
        return Outcome(good=False)


def company(world: ShiftWorld) -> type[ViableSystem]:
    """A level with a unit for each division; a tick of the world is one of its system 4's."""
    weights = {name: (HIGH if name == SHRINKS else LOW) / (HIGH + LOW) for name in DIVISIONS}

    class Slots(ViableSystem):
        purpose = "to have slots where the jobs are"
        human = (Nobody(),)
        budget = Budget(usd=1.0, per=3600.0)
        pulse = 10.0
        tick = 1.0
        lead = world.lead

        def units(self) -> Sequence[Unit]:
            return [unit(Counter, id=name, weight=weights[name]) for name in DIVISIONS]

    return Slots


def living(*without: str, bands: Bands = WIDE) -> Arm:
    """The arm whose slots follow the weights of system 3; `without` are the systems taken out of it."""

    async def run(world: ShiftWorld, seed: int) -> Result:
        async with System() as system:
            top: Any = (await system.start(company(world))).within(None)
            await top.call(ViableSystem.set_bands, bands, "of the trial")
            await top.call(ViableSystem.ablate, *without)
            declared = {name: (HIGH if name == SHRINKS else LOW) for name in DIVISIONS}
            last, wants = 0, dict(declared)
            async for seen in world.ticks():
                jobs = [
                    top.call(ViableSystem.submit, Task("job", to=f"slots/{name}"))
                    for name in DIVISIONS
                    for _ in range(seen.arrived[name])
                ]
                await asyncio.gather(*jobs)
                for entry in await top.call(ViableSystem.decisions, last, "shift"):
                    last = entry.number
                    agreed = entry.body["weights"]
                    wants = {
                        name: declared[name] if agreed is None else max(LEAST, agreed[f"slots/{name}"])
                        for name in DIVISIONS
                    }
                came = sum(seen.arrived.values()) / sum(wants.values())
                await follow(
                    world,
                    {name: wants[name] * came + seen.backlog[name] / CLEARS for name in DIVISIONS},
                    DEAD,
                )
            return world.result()

    return run
