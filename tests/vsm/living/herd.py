"""A herd that lives: units choose between two providers by latencies that are published every ten seconds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from cybernetic import System
from cybernetic.core import Chance
from cybernetic.vsm import Operation, Outcome, Port, Task, Unit, ViableSystem, unit
from cybernetic.vsm.coordination.coordination import Coordination

TICK = 10.0  # seconds between two publications
CALLS = 10  # that a unit makes in a tick
PROVIDERS = ("north", "south")


@dataclass(repr=False)
class World:
    """Two providers that serve one call after another; together they are used at `load`.

    A unit's calls of a tick are one use of a port here, and come at random times within the tick.
    """

    seed: int
    agents: int
    load: float = 0.8
    free: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PROVIDERS, 0.0))
    published: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PROVIDERS, 0.0))
    where: dict[str, str] = field(default_factory=dict)
    latencies: list[tuple[float, float]] = field(default_factory=list)  # when, how long
    shares: list[int] = field(default_factory=list)
    switches: int = 0
    log: Sequence[Any] = ()
    begun: float = 0.0

    def __post_init__(self) -> None:
        self.begun = asyncio.get_running_loop().time()
        self._chance = Chance(self.seed).stream("arrivals")
        self._tick = asyncio.Condition()

    async def use(self, agent: str, provider: str) -> str:
        """A unit uses a provider for what is left of the tick."""
        self.switches += self.where.get(agent, provider) != provider
        self.where[agent] = provider
        async with self._tick:
            await self._tick.wait()
        return provider

    async def run(self, ticks: int) -> None:
        """Let time pass, and serve what came in each tick at its end."""
        for number in range(ticks):
            await asyncio.sleep(TICK)
            self._serve(number * TICK)
            now = (number + 1) * TICK
            self.published = {name: max(0.0, until - now) for name, until in self.free.items()}
            self.shares.append(sum(where == PROVIDERS[0] for where in self.where.values()))
            async with self._tick:
                self._tick.notify_all()

    def settled(self, since: float) -> float:
        """The mean latency of what came since then."""
        return mean(latency for at, latency in self.latencies if at >= since)

    def _serve(self, begun: float) -> None:
        service = 2 * self.load * TICK / (CALLS * self.agents)
        arrivals = sorted(
            (begun + self._chance.uniform(0.0, TICK), where)
            for _, where in sorted(self.where.items())
            for _ in range(CALLS)
        )
        for at, where in arrivals:
            self.free[where] = max(at, self.free[where]) + service
            self.latencies.append((at, self.free[where] - at))


def company(world: World) -> type[ViableSystem]:
    """A level of units that go where it is quicker."""

    class Sheep(Operation):
        async def handle(self, task: Task) -> Outcome:
            while True:
                where = await self.choose("provider", world.published)
                used = await self.use(where, world.use, task.id, where)
                if len(world.shares) >= task.body:
                    return Outcome(evidence=[used.receipt])

    class Flock(ViableSystem):
        human = ()
        pulse = 5.0
        ports = {name: Port(group="provider", repeats=10_000) for name in PROVIDERS}  # noqa: RUF012

        def units(self) -> Sequence[Unit]:
            return [unit(Sheep, id=f"s{number}") for number in range(world.agents)]

    return Flock


async def live(seed: int, agents: int, ticks: int, without: Sequence[str] = (), s2: bool = True) -> World:
    """A herd lives for so many ticks: `without` some mechanisms of the damping, or without system 2.

    The systems that have no part in it are taken out.
    """
    async with System(seed=seed) as system:
        world = World(seed, agents)
        top: Any = (await system.start(company(world), name="flock")).within(None)
        await top.call(ViableSystem.ablate, "s3", "s4", "s5", "algedonic", *(() if s2 else ("s2",)))
        if without:
            await system.named("flock:coordination", Coordination).call(Coordination.take_out, *without)
        jobs = [
            asyncio.ensure_future(
                top.call(ViableSystem.submit, Task("graze", ticks, to=f"flock/s{n}", id=f"s{n}"))
            )
            for n in range(agents)
        ]
        await world.run(ticks)
        await asyncio.gather(*jobs)
        world.log = await top.call(ViableSystem.decisions, 0, "oscillation")
    return world
