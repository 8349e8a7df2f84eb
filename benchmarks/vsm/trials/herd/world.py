"""Two providers, and agents that choose between them by latencies that are published every ten seconds.

Whoever sees the other provider less busy goes there; since all see the same, all go. Each provider serves one call
after another, and together they are used at 90 %.
"""

import asyncio
from statistics import mean

from benchmarks.vsm.trials.figures import quantile
from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.trial import Result, Trace

AGENTS, TICKS, LOAD = 60, 120, 0.9
TICK = 10.0  # seconds between two publications
CALLS = 10  # that an agent makes in a tick, at random times within it
PROVIDERS = ("north", "south")
SETTLED = 300.0  # seconds after which what is to be done has been done


class HerdWorld:
    """The agents, where they are, and how busy the providers are.

    Attributes:
        published: the latest latencies, seconds.
        latencies: of each call: when it was made, counted from the beginning, and how long it took.
        shares: after each tick: how many agents are at the first provider.
    """

    def __init__(self, seed: int, length: float = 1.0, agents: int = AGENTS, load: float = LOAD) -> None:
        self.luck, self.trace = Luck(seed), Trace()
        self.agents = tuple(f"agent-{number}" for number in range(agents))
        self.ticks = max(1, round(length * TICKS))
        self.published = dict.fromkeys(PROVIDERS, 0.0)
        self.latencies: list[tuple[float, float]] = []
        self.shares: list[int] = []
        self.switches = 0
        self.found: list[float] = []  # when an arm found that they swing, seconds
        self._service = 2 * load * TICK / (CALLS * agents)
        self._free = dict.fromkeys(PROVIDERS, 0.0)
        self._where: dict[str, str] = {}
        self._tick = asyncio.Condition()

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return len(self.shares) >= self.ticks

    async def use(self, agent: str, provider: str) -> None:
        """An agent makes the calls of this tick at a provider; returns with the tick."""
        self.switches += self._where.get(agent, provider) != provider
        self._where[agent] = provider
        async with self._tick:
            await self._tick.wait()

    async def run(self) -> None:
        """Let time pass; what came in a tick is served, and published, at its end."""
        for number in range(self.ticks):
            await asyncio.sleep(TICK)
            self._serve(number)
            now = (number + 1) * TICK
            self.published = {name: max(0.0, until - now) for name, until in self._free.items()}
            self.shares.append(sum(where == PROVIDERS[0] for where in self._where.values()))
            self.trace.note(number, self.shares[-1], sorted(self.published.items()))
            async with self._tick:
                self._tick.notify_all()

    def settled(self, since: float = SETTLED) -> float:
        """The mean latency of what came since then, seconds."""
        return mean([latency for at, latency in self.latencies if at >= since] or [0.0])

    def result(self) -> Result:
        """The figures."""
        all_of_them = [latency for _, latency in self.latencies]
        late = [latency for at, latency in self.latencies if at >= min(SETTLED, self.ticks * TICK / 2)]
        figures = {
            "mean": mean(all_of_them),
            "p95": quantile(all_of_them, 0.95),
            "settled": mean(late),
            "settled p95": quantile(late, 0.95),
            "switches": float(self.switches),
            "found": min(self.found, default=float("inf")),
        }
        return Result(figures, self.trace.digest)

    def _serve(self, number: int) -> None:
        begun = number * TICK
        arrivals = sorted(
            (begun + TICK * self.luck.uniform("arrives", agent, number, call), where)
            for agent, where in sorted(self._where.items())
            for call in range(CALLS)
        )
        for at, where in arrivals:
            self._free[where] = max(at, self._free[where]) + self._service
            self.latencies.append((at, self._free[where] - at))
