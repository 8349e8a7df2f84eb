"""System 2's parts in the place of the whole: one paced queue with fair turns and a limit of work in progress."""

import asyncio

from benchmarks.vsm.trials.rates.world import LIMIT, SECONDS, RateLimited, RateWorld
from benchmarks.vsm.trials.trial import Result
from cybernetic.vsm.damping import Aimd, FairQueue, Pacer, wip_limit

MARGIN = 0.95  # of the limit, to begin with
RISE, FLOOR = 0.002, 0.05  # calls a second
HEADROOM = 2.0  # times the mean service time: at the mean itself half the calls would wait for a place


class Scheduler:
    """Grants calls: when is for the pacer to say, to whom for the fair queue."""

    def __init__(self) -> None:
        self.aimd = Aimd(MARGIN * LIMIT, ceiling=LIMIT, floor=FLOOR, rise=RISE)
        self.pacer = Pacer(self.aimd.rate, burst=1.0)
        self.queue: FairQueue[asyncio.Future[None]] = FairQueue()
        self.places = wip_limit(LIMIT, HEADROOM * SECONDS)
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, agent: str, weight: float = 1.0) -> None:
        """Wait for a grant. It holds a place, which `succeeded` or `refused` gives back."""
        grant = asyncio.get_running_loop().create_future()
        self.queue = self.queue.put(agent, grant, weight=weight)
        self._serve()
        await grant

    def succeeded(self) -> None:
        """A granted call was answered."""
        now = asyncio.get_running_loop().time()
        self.aimd = self.aimd.succeeded(now)
        self.pacer = self.pacer.at_rate(self.aimd.rate, now)
        self._free()

    def refused(self, retry_after: float) -> None:
        """A granted call was refused: all wait, and go slower."""
        now = asyncio.get_running_loop().time()
        self.aimd = self.aimd.refused(now, retry_after)
        self.pacer = self.pacer.at_rate(self.aimd.rate, now).hold(now, self.aimd.barrier)
        self._free()

    def _free(self) -> None:
        self.places += 1
        self._serve()

    def _serve(self) -> None:
        """Grant what may go now, and come back when the next may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self.queue and self.places:
            now = loop.time()
            ready = self.pacer.ready(now)
            if ready > now:
                self._timer = loop.call_at(ready, self._serve)
                return
            self.queue, head = self.queue.pop()
            if head.item.done():
                continue  # who asked has ended
            self.pacer, _ = self.pacer.grant(now)
            self.places -= 1
            head.item.set_result(None)


async def run(world: RateWorld, seed: int) -> Result:
    """All calls by one scheduler."""
    scheduler = Scheduler()

    async def call(agent: str, task: str) -> None:
        attempt = 0
        while True:
            attempt += 1
            await scheduler.turn(agent, world.weights[agent])
            try:
                await world.provider.complete(task, attempt)
            except RateLimited as refusal:
                scheduler.refused(refusal.retry_after)
            else:
                scheduler.succeeded()
                return

    return await world.play(call)
