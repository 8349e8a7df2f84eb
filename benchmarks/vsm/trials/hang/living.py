"""The living viable system: a unit for each division, whose management hangs when the world says so.

Its system 3 takes the pain over, as it always does, and can do nothing: a successor of a management that hangs hangs as
well, until the division is repaired. So the human is called when the time to recover is over.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.vsm.trials.hang.world import Division, HangWorld
from benchmarks.vsm.trials.trial import Result
from cybernetic import System
from cybernetic.runtime import Agent
from cybernetic.vsm import Clocks, Operation, Outcome, Page, PainKey, Task, Unit, ViableSystem, unit
from cybernetic.vsm.ladder import time_to_human

LOOK = 0.1  # seconds between two looks of what makes it hang
PULSE = 1.0
CLOCKS = Clocks(ack=1.0, recovery=5.0)  # of the unit, and of its level
DETECTION = 3 * PULSE  # two rounds without a sign of life, and the one it was in
BOUND = time_to_human((CLOCKS,), detection=DETECTION + CLOCKS.ack)  # first the unit has its time to answer


class Tickets(Operation):
    """Has nothing to do here: what counts is whether who manages it lives."""

    async def handle(self, task: Task) -> Outcome:
        """Nothing."""
        return Outcome(good=False)


class Human:
    """Is called, looks at what hangs there, and says that he is at it."""

    def __init__(self, world: HangWorld) -> None:
        self._world, self._work = world, set[asyncio.Task[None]]()
        self.top: Any = None

    def page(self, page: Page) -> None:
        """One call tells of one division, or of all that hang."""
        now, one = asyncio.get_running_loop().time(), page.pain.path
        hang = [name for name, division in self._world.divisions.items() if not division.alive(now)]
        work = asyncio.ensure_future(self._come([one] if one in hang else hang, page.pain.key))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def resolve(self, key: PainKey) -> None:
        """It is over."""

    async def _come(self, names: Sequence[str], key: PainKey) -> None:
        await self._world.page(names)
        await self.top.call(ViableSystem.ack, key, "human")


def company(world: HangWorld, sink: Human) -> type[ViableSystem]:
    """A level with a unit for each division."""

    class Acme(ViableSystem):
        purpose = "to answer tickets"
        human = (sink,)
        pulse = PULSE
        clocks = CLOCKS

        def units(self) -> Sequence[Unit]:
            return [unit(Tickets, id=name.rpartition("/")[2]) for name in world.divisions]

    return Acme


async def run(world: HangWorld, seed: int) -> Result:
    """The company lives, and its managements hang."""
    sink = Human(world)
    async with System() as system:
        sink.top = (await system.start(company(world, sink))).within(None)
        return await world.play(*(hang(system, division) for division in world.divisions.values()))


async def hang(system: Any, division: Division) -> None:
    """Keep a division's management from doing anything, whichever it is, for as long as it is to hang."""
    loop, held = asyncio.get_running_loop(), None
    await asyncio.sleep(division.hangs - loop.time())
    while not division.alive(loop.time()):
        present = system.whereis(f"{division.name}:management", Agent)
        if present is not None and present != held:
            await present.inspect().suspend()
            held = present
        await asyncio.sleep(LOOK)
    if held is not None and system.alive(held):
        await held.inspect().resume()
