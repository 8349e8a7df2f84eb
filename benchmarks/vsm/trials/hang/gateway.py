"""The gateway arm: the probes' log is watched by an alert, which calls a human when it has stood for a minute.

All that stands at one look is told in one page.
"""

import asyncio

from benchmarks.vsm.trials.hang.plain import probe
from benchmarks.vsm.trials.hang.world import HangWorld
from benchmarks.vsm.trials.trial import Result

EVERY, STANDS = 30.0, 60.0  # seconds


async def run(world: HangWorld, seed: int) -> Result:
    """Probes, and an alert on what they log."""
    alert = Alert(world)
    world.log = alert.line  # type: ignore[method-assign]
    return await world.play(alert.watch(), *(probe(world, name) for name in world.divisions))


class Alert:
    """For each division since when its log says that it does not answer."""

    def __init__(self, world: HangWorld) -> None:
        self.world, self.since, self.told = world, dict[str, float](), set[str]()
        self._log = world.log
        self.paging: asyncio.Future[None] | None = None

    def line(self, name: str, what: str) -> None:
        """A line comes in."""
        self._log(name, what)
        self.since.setdefault(name, asyncio.get_running_loop().time())

    async def watch(self) -> None:
        """Look twice a minute."""
        while True:
            await asyncio.sleep(EVERY)
            now = asyncio.get_running_loop().time()
            stands = [name for name, since in self.since.items() if now - since >= STANDS]
            fresh = [name for name in stands if name not in self.told]
            if fresh:
                self.told.update(fresh)
                self.paging = asyncio.ensure_future(self.world.page(fresh))
