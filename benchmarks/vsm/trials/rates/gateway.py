"""The gateway arm: a limiter that all agents share, first come first served, and jitter if a call is refused."""

import asyncio

from benchmarks.vsm.trials.rates.plain import jitter
from benchmarks.vsm.trials.rates.world import LIMIT, RateLimited, RateWorld
from benchmarks.vsm.trials.trial import Result

MARGIN = 0.95


class Limiter:
    """Lets calls go one by one, so many a second."""

    def __init__(self, rate: float) -> None:
        self.gap, self.next = 1.0 / rate, 0.0

    async def turn(self) -> None:
        """Wait until it is this caller's turn."""
        now = asyncio.get_running_loop().time()
        at = max(now, self.next)
        self.next = at + self.gap
        await asyncio.sleep(at - now)


async def run(world: RateWorld, seed: int) -> Result:
    """One limiter at 95 % of the known limit, unlimited tries."""
    limiter = Limiter(MARGIN * LIMIT)

    async def call(agent: str, task: str) -> None:
        attempt = 0
        while True:
            attempt += 1
            if not world.down:  # without the limiter calls go as they did before there was one
                await limiter.turn()
            try:
                await world.provider.complete(task, attempt)
                return
            except RateLimited as refusal:
                await asyncio.sleep(jitter(world.luck, task, attempt, refusal.retry_after))

    return await world.play(call)
