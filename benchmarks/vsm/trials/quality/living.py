"""The living viable system: one operation that looks things up and ships them, audited past its management.

Its system 3* draws the tasks, its system 3 takes the tool out of use that audits blame and has done again what may be
wrong. Somebody reads its log: where a tool was taken out of use he tries it out, and lifts that if it is sound. While
both are out of use a task waits.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.vsm.trials.nobody import Nobody
from benchmarks.vsm.trials.quality.viable import CANARIES, TOLERATED
from benchmarks.vsm.trials.quality.world import Answer, QualityWorld, Tool
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic import System
from cybernetic.vsm import Audit, Operation, Outcome, Port, Quarantined, Task, Unit, ViableSystem, unit

EVERY = 1.0  # seconds between two looks at the log
PULSE = 10.0


class LookUp(Operation):
    """Looks up what a task asks for, with the tool that may be used."""

    async def handle(self, task: Task) -> Outcome:
        """One look-up; where the customer has an answer already, the new one goes in its place."""
        world: QualityWorld = task.body["world"]
        try:
            used = await self.use("first", world.primary.search, task.id, 1)
        except Quarantined:
            used = await self.use("second", world.fallback.search, task.id, 2)
        if task.id in world.kept:
            world.ship(used.value)
        return Outcome(used.value, evidence=[used.receipt])


def company(world: QualityWorld, share: float) -> type[ViableSystem]:
    """A level with one unit, of whose tasks such a share is audited."""

    async def verify(evidence: Any) -> bool:
        return await world.check(evidence.outcome.value)

    class Desk(ViableSystem):
        purpose = "to look things up rightly"
        human = (Nobody(),)
        pulse = PULSE
        ports = {"first": Port(), "second": Port()}  # noqa: RUF012
        audit = Audit(probability=share, kappa=0.0, verify=verify, independent_of="first")

        def units(self) -> Sequence[Unit]:
            return [unit(LookUp, id="desk")]

    return Desk


def living(share: float, *without: str) -> Arm:
    """The arm that audits this share of the tasks; `without` are the systems taken out of it."""

    async def run(world: QualityWorld, seed: int) -> Result:
        async with System() as system:
            top: Any = (await system.start(company(world, share))).within(None)
            await top.call(ViableSystem.ablate, *without)
            looking = asyncio.ensure_future(look(top, world))

            async def serve(task: str) -> Answer:
                while True:
                    try:
                        done = await top.call(ViableSystem.submit, Task("look up", {"world": world}, id=task))
                    except Quarantined:
                        await asyncio.sleep(EVERY)
                    else:
                        answer: Answer = done.outcome.value
                        return answer

            try:
                return await world.play(serve)
            finally:
                looking.cancel()

    return run


async def look(top: Any, world: QualityWorld) -> None:
    """Read the log as somebody would who answers for the tools."""
    last, tools = 0, {"first": world.primary, "second": world.fallback}
    while True:
        await asyncio.sleep(EVERY)
        for entry in await top.call(ViableSystem.decisions, last, "quarantine"):
            last, port = entry.number, entry.body["port"]
            if entry.body["lifted"]:
                continue
            if port == "first":
                world.report()
            if await sound(world, tools[port], last):
                await top.call(ViableSystem.lift, port, "it was tried out, and is sound")


async def sound(world: QualityWorld, tool: Tool, time: int) -> bool:
    """Whether look-ups with known answers find nothing wrong with a tool."""
    wrong = 0
    for number in range(CANARIES):
        wrong += not await world.check(await tool.search(f"canary-{time}-{number}", 1))
    return wrong <= TOLERATED
