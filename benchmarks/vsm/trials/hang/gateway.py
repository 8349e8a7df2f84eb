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
    return await world.play(watch(world), *(probe(world, name) for name in world.divisions))


async def watch(world: HangWorld) -> None:
    """Look at the log twice a minute."""
    since: dict[str, float] = {}  # when a division first did not answer
    told: set[str] = set()
    read, paging = 0, set[asyncio.Future[None]]()
    while True:
        await asyncio.sleep(EVERY)
        for at, name, _ in world.lines[read:]:
            since.setdefault(name, at)
        read, now = len(world.lines), asyncio.get_running_loop().time()
        fresh = [name for name, at in since.items() if now - at >= STANDS and name not in told]
        if fresh:
            told.update(fresh)
            page = asyncio.ensure_future(world.page(fresh))
            paging.add(page)
            page.add_done_callback(paging.discard)
