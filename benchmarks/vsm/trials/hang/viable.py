"""The algedonic parts in the place of the whole: heartbeats, three quick restarts, and a ladder of two levels."""

import asyncio
from collections.abc import Coroutine, Iterable

from benchmarks.vsm.trials.hang.world import HangWorld
from benchmarks.vsm.trials.trial import Result
from cybernetic.vsm.ladder import (
    Cause,
    Clocks,
    Deadman,
    Effect,
    Folded,
    Ladder,
    Owned,
    Paged,
    Pain,
    PainKey,
    Raised,
    Rungs,
    time_to_human,
)

HEARTBEAT, MISSES = 0.25, 3
RESTARTS = (0.2, 0.4, 0.8)  # seconds before each
LEVELS = (Clocks(ack=1.0, recovery=5.0), Clocks(ack=2.0, recovery=60.0))
OWNERS = ("division", "acme", "human")
DETECTION = (MISSES + 1) * HEARTBEAT
GIVING_UP = sum(RESTARTS) + 0.2 * len(RESTARTS)  # a restart takes at most a fifth of a second
BOUND = time_to_human(LEVELS, detection=DETECTION + GIVING_UP, acknowledged=False)


class Algedonode:
    """Carries a ladder's effects out, and keeps its clocks."""

    def __init__(self, world: HangWorld) -> None:
        self.world, self.ladder = world, Ladder("acme", Rungs(LEVELS))
        self.members: dict[PainKey, set[str]] = {}  # what each open pain tells of
        self.work: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def feel(self, name: str) -> PainKey:
        """Management of `name` is gone, and restarts did not help."""
        now = asyncio.get_running_loop().time()
        pain = Pain(name, "management", Cause.EXHAUSTED, since=now)
        self.members[pain.key] = {name}
        self.ladder, effects = self.ladder.feel(pain, now)
        self._carry_out(effects)
        return pain.key

    def clear(self, key: PainKey) -> None:
        """It is back."""
        self.ladder, effects = self.ladder.clear(key, asyncio.get_running_loop().time())
        self._carry_out(effects)

    def _tick(self) -> None:
        self.ladder, effects = self.ladder.tick(asyncio.get_running_loop().time())
        self._carry_out(effects)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Folded(keys, storm):
                    told = self.members.setdefault(storm, set())
                    told.update(*(self.members[key] for key in keys))
                case Raised(key, level):
                    self._start(self._ask(key, level))
                case Owned(key, level, _) if level == 1:
                    for name in sorted(self.members[key]):
                        self._start(self.world.replace(name))
                case Paged(key):
                    self._start(self._page(key))
        if self._timer is not None:
            self._timer.cancel()
        if self.ladder.due < float("inf"):
            self._timer = asyncio.get_running_loop().call_at(self.ladder.due, self._tick)

    async def _ask(self, key: PainKey, level: int) -> None:
        if await self.world.ask(level, min(self.members[key])):
            self._owned(key, level)

    async def _page(self, key: PainKey) -> None:
        await self.world.page(sorted(self.members[key]))
        self._owned(key, len(LEVELS))

    def _owned(self, key: PainKey, level: int) -> None:
        now = asyncio.get_running_loop().time()
        self.ladder, effects = self.ladder.ack(key, level, OWNERS[level], now)
        self._carry_out(effects)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self.work.add(task)
        task.add_done_callback(self.work.discard)


async def run(world: HangWorld, seed: int) -> Result:
    """One algedonode, and for each division somebody who counts its heartbeats."""
    node = Algedonode(world)
    result = await world.play(*(_watch(world, node, name) for name in world.divisions))
    for task in node.work:
        task.cancel()
    return result


async def _watch(world: HangWorld, node: Algedonode, name: str) -> None:
    """Count heartbeats until they stop; restart; tell the pain; wait until it is over."""
    loop = asyncio.get_running_loop()
    deadman = Deadman(HEARTBEAT, loop.time(), MISSES)
    while not deadman.missed(loop.time()):
        due = loop.time() + HEARTBEAT
        try:
            await asyncio.wait_for(world.ping(name), HEARTBEAT)
            deadman = deadman.beat(loop.time())
        except TimeoutError:
            pass
        await asyncio.sleep(max(0.0, due - loop.time()))
    for attempt, wait in enumerate(RESTARTS, 1):
        await asyncio.sleep(wait)
        if await world.restart(name, attempt):
            return
    key = node.feel(name)
    await world.ping(name)
    node.clear(key)
