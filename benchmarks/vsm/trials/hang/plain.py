"""Plain arms: nobody looks; and a health check that restarts and writes to a log."""

import asyncio

from benchmarks.vsm.trials.hang.world import HangWorld
from benchmarks.vsm.trials.trial import Result

PERIOD, TIMEOUT, MISSES = 10.0, 5.0, 3  # a liveness probe as it usually stands
LONGEST = 300.0  # seconds between restarts that do not help


async def naive(world: HangWorld, seed: int) -> Result:
    """A process that crashes is started again. This one does not crash."""
    return await world.play()


async def plain(world: HangWorld, seed: int) -> Result:
    """A probe for each division."""
    return await world.play(*(probe(world, name) for name in world.divisions))


async def probe(world: HangWorld, name: str) -> None:
    """Ping, and after three misses restart, with longer and longer waits; a line in the log for each."""
    missed = attempt = 0
    while True:
        try:
            await asyncio.wait_for(world.ping(name), TIMEOUT)
            missed = 0
        except TimeoutError:
            missed += 1
            world.log(name, "no answer")
        wait = PERIOD
        if missed >= MISSES:
            attempt += 1
            back = await world.restart(name, attempt)
            world.log(name, "restarted" if back else "restart failed")
            wait = min(LONGEST, PERIOD * 2.0**attempt)
        await asyncio.sleep(wait)
