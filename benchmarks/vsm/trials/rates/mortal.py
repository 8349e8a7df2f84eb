"""System 2's parts again, with a coordinator that dies: agents hold leases, and pace themselves when those lapse.

Its successor grants nothing for the life of a lease, while those of its predecessor may still be in use.
"""

import asyncio
from math import inf

from benchmarks.vsm.trials.rates.world import LIMIT, RateLimited, RateWorld
from benchmarks.vsm.trials.trial import Result
from cybernetic.vsm.damping import FairQueue, Member, SharedPacer, phase

RATE = 0.95 * LIMIT
TTL = 10.0  # seconds that a lease lasts; renewed at a third of it


class Died(Exception):
    """Who was asked for a grant is gone."""


class Coordinator:
    """Grants what no agent may be using by itself, in fair turns."""

    def __init__(self, agents: tuple[str, ...], born: float) -> None:
        self.shared = SharedPacer(RATE, frozenset(agents), TTL, born)
        self.queue: FairQueue[asyncio.Future[None]] = FairQueue()
        self._timer: asyncio.TimerHandle | None = None

    def renew(self, agent: str, holds: float) -> float:
        """The agent holds a lease until `holds`, and gets one until the time returned."""
        now = asyncio.get_running_loop().time()
        self.shared = self.shared.heard(agent, holds, now)
        self._serve()
        return now + TTL

    async def turn(self, agent: str) -> None:
        """Wait for a grant. Raises `Died`."""
        grant = asyncio.get_running_loop().create_future()
        self.queue = self.queue.put(agent, grant)
        self._serve()
        await grant

    def die(self) -> None:
        """Nobody who waits here gets anything."""
        if self._timer is not None:
            self._timer.cancel()
        while self.queue:
            self.queue, head = self.queue.pop()
            if not head.item.done():
                head.item.set_exception(Died())

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        while self.queue:
            now = loop.time()
            if self.queue.waiting[0].item.done():  # who asked has ended
                self.queue, _ = self.queue.pop()
                continue
            ready = self.shared.ready(now)
            if ready > now:
                self._timer = None if ready == inf else loop.call_at(ready, self._serve)
                return
            self.shared, granted = self.shared.grant(now)
            if granted:
                self.queue, head = self.queue.pop()
                head.item.set_result(None)


class Paced:
    """The agents' side: leases while there is a coordinator, static shares when they have lapsed."""

    def __init__(self, world: RateWorld) -> None:
        self.world = world
        self.coordinator: Coordinator | None = Coordinator(world.agents, 0.0)
        share = RATE / len(world.agents)
        self.members = {agent: Member(share) for agent in world.agents}
        self.lapsed: dict[str, float] = {}  # the end of the lease after which each last paced itself

    async def turn(self, agent: str) -> None:
        """Wait until a call may go: by a grant, or out of the static share."""
        loop = asyncio.get_running_loop()
        while True:
            member = self.members[agent]
            if self.coordinator is not None and not member.alone(loop.time()):
                try:
                    return await self.coordinator.turn(agent)
                except Died:
                    continue
            if (
                self.lapsed.get(agent) != member.until
            ):  # the first use of this lapse: not all at the same moment
                self.lapsed[agent] = member.until
                await asyncio.sleep(
                    member.ready(loop.time()) - loop.time() + phase(agent, 1.0 / member.share)
                )
                continue
            self.members[agent], may = member.grant(loop.time())
            if may:
                return None
            await asyncio.sleep(max(0.001, min(TTL / 3, member.ready(loop.time()) - loop.time())))

    async def renew(self, agent: str) -> None:
        """Ask for leases, for ever."""
        while True:
            if self.coordinator is not None:
                member, now = self.members[agent], asyncio.get_running_loop().time()
                self.members[agent] = member.leased(now, self.coordinator.renew(agent, member.until))
            await asyncio.sleep(TTL / 3)

    async def fate(self) -> None:
        """The coordinator dies, and has a successor."""
        loop, (dies, born) = asyncio.get_running_loop(), self.world.outage
        await asyncio.sleep(dies - loop.time())
        if self.coordinator is not None:
            gone, self.coordinator = self.coordinator, None
            gone.die()
        await asyncio.sleep(born - loop.time())
        self.coordinator = Coordinator(self.world.agents, loop.time())


async def run(world: RateWorld, seed: int) -> Result:
    """All calls by leases and shares. What is refused is tried again in its turn."""
    paced = Paced(world)

    async def call(agent: str, task: str) -> None:
        attempt = 0
        while True:
            attempt += 1
            await paced.turn(agent)
            try:
                await world.provider.complete(task, attempt)
                return
            except RateLimited as refusal:
                await asyncio.sleep(refusal.retry_after)

    beside = [asyncio.ensure_future(paced.renew(agent)) for agent in world.agents]
    beside.append(asyncio.ensure_future(paced.fate()))
    try:
        return await world.play(call)
    finally:
        for task in beside:
            task.cancel()
