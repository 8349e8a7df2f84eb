"""Plain arms: no limit at all, and a cap for each agent of one and a half fair shares."""

from benchmarks.vsm.trials.costs.world import AGENTS, CostWorld, Refused, Request
from benchmarks.vsm.trials.trial import Result

SHARES = 1.5  # fair ones, for each agent


class Caps:
    """What each agent has left. What is under way is counted at its upper bound."""

    def __init__(self, world: CostWorld) -> None:
        self.world = world
        self.left = dict.fromkeys(world.agents, SHARES * world.budget / AGENTS)

    def check(self, request: Request) -> None:
        """Refuse what the cap does not cover, which is when one sees who loops. Raises `Refused`."""
        if self.left[request.agent] < request.upper:
            self.world.flag(request.agent)
            raise Refused
        self.left[request.agent] -= request.upper

    def settle(self, request: Request, usd: float) -> None:
        """What it did not take is back."""
        self.left[request.agent] += request.upper - usd


async def naive(world: CostWorld, seed: int) -> Result:
    """Every call goes through."""

    async def call(request: Request) -> None:
        await world.provider.complete(request, 1)

    return await world.play(call)


async def capped(world: CostWorld, seed: int) -> Result:
    """Each agent stops at its own cap."""
    caps = Caps(world)

    async def call(request: Request) -> None:
        caps.check(request)
        answer = await world.provider.complete(request, 1)
        caps.settle(request, answer.usd)

    return await world.play(call)
