"""The living viable system in the herd's world: a unit for each agent, which asks system 2's advice when it chooses."""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.vsm.trials.herd.world import PROVIDERS, HerdWorld
from benchmarks.vsm.trials.nobody import Nobody
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic import System
from cybernetic.vsm import Operation, Outcome, Port, Task, Unit, ViableSystem, unit
from cybernetic.vsm.coordination.coordination import Coordination

PULSE = 5.0  # seconds of its rounds: two to a tick
OTHERS = ("s3", "s4", "s5", "algedonic")  # have no part in it


def company(world: HerdWorld, nested: bool = False) -> type[ViableSystem]:
    """A level with a unit for each agent of the world; `nested`: each second one is in a level within."""

    class Sheep(Operation):
        async def handle(self, task: Task) -> Outcome:
            while True:
                where = await self.choose("provider", world.published)
                used = await self.use(where, world.use, task.id, where)
                if world.over:
                    return Outcome(evidence=[used.receipt])

    class Fold(ViableSystem):
        def units(self) -> Sequence[Unit]:
            return [unit(Sheep, id=agent) for agent in world.agents[1::2]]

    class Flock(ViableSystem):
        human = (Nobody(),)
        pulse = PULSE
        ports = {name: Port(group="provider", repeats=10_000) for name in PROVIDERS}  # noqa: RUF012

        def units(self) -> Sequence[Unit]:
            if nested:
                return [unit(Fold, id="fold"), *(unit(Sheep, id=agent) for agent in world.agents[::2])]
            return [unit(Sheep, id=agent) for agent in world.agents]

    return Flock


def living(*without: str, system_2: bool = True, nested: bool = False) -> Arm:
    """The arm whose system 2 damps `without` some of its mechanisms, or that has none. `nested`: as for `company`."""

    async def run(world: HerdWorld, seed: int) -> Result:
        began = asyncio.get_running_loop().time()
        async with System(seed=seed) as system:
            top: Any = (await system.start(company(world, nested), name="flock")).within(None)
            await top.call(ViableSystem.ablate, *OTHERS, *(() if system_2 else ("s2",)))
            if without:
                node = system.named("flock:coordination", Coordination)
                await node.call(Coordination.take_out, *without)
            jobs = []
            for number, agent in enumerate(world.agents):
                to = f"flock/fold/{agent}" if nested and number % 2 else f"flock/{agent}"
                task = Task("graze", None, to=to, id=agent)
                jobs.append(asyncio.ensure_future(top.call(ViableSystem.submit, task)))
            await world.run()
            await asyncio.gather(*jobs)
            log = await top.call(ViableSystem.decisions, 0, "oscillation")
            world.found += [entry.at - began for entry in log]
        return world.result()

    return run
