"""The gateway arm: caps, one hard budget for all, first come first served, and an alert on the bill's log.

Each minute the alert compares what each agent spent in the last five with three times the median. It tells
somebody, who is there within a quarter of an hour; by then the cap has long stopped the loop.
"""

import asyncio
from collections import deque
from statistics import median

from benchmarks.vsm.trials.costs.plain import Caps
from benchmarks.vsm.trials.costs.world import CostWorld, Refused, Request
from benchmarks.vsm.trials.trial import Result

EVERY, WINDOW, TIMES = 60.0, 300.0, 3.0


class Log:
    """Bills as they were logged: when, whose, how much."""

    def __init__(self) -> None:
        self.lines: deque[tuple[float, str, float]] = deque()

    def outliers(self, agents: tuple[str, ...], now: float) -> list[str]:
        """Who spent more than three times the median in the window that ends now."""
        while self.lines and self.lines[0][0] < now - WINDOW:
            self.lines.popleft()
        spent = dict.fromkeys(agents, 0.0)
        for _, agent, usd in self.lines:
            spent[agent] += usd
        usual = median(spent.values())
        return [agent for agent, usd in spent.items() if usd > TIMES * usual]


async def run(world: CostWorld, seed: int) -> Result:
    """Caps, a budget for all, an alert."""
    caps, log, left = Caps(world), Log(), world.budget

    async def call(request: Request) -> None:
        nonlocal left
        if left < request.upper:
            raise Refused
        caps.check(request)
        left -= request.upper
        answer = await world.provider.complete(request, 1)
        left += request.upper - answer.usd
        caps.settle(request, answer.usd)
        log.lines.append((asyncio.get_running_loop().time(), request.agent, answer.usd))

    async def alert() -> None:
        for _ in range(int(world.horizon / EVERY) - 1):
            await asyncio.sleep(EVERY)
            for agent in log.outliers(world.agents, asyncio.get_running_loop().time()):
                world.flag(agent)

    alerting = asyncio.ensure_future(alert())
    result = await world.play(call)
    await alerting
    return result
