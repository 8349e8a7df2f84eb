"""System 3's parts in the place of the whole: leases of a minute, reserved before each call, divided by what each
agent's spending was worth.
"""

import asyncio

from benchmarks.vsm.trials.costs.world import AGENTS, CostWorld, Refused, Request
from benchmarks.vsm.trials.trial import Result
from cybernetic.vsm.bargain import (
    BudgetExhausted,
    Claim,
    Cost,
    Ledger,
    Productivity,
    Vector,
    divide,
    earned_weights,
)

EPOCH = 60.0
EPSILON = 0.02  # the part of a weight that nothing takes away
CAP = 2.0 / AGENTS  # of what is due: the most one agent may hold
FADES = 3.0  # dollars after which what was accounted has faded to 1/e
SUSPECT = 0.5  # below so much of the best's value for money an agent stands out
OVERDUE = 30.0  # seconds


class Lender:
    """System 3: it divides what is due in each epoch. What was not used comes back, for it was not spent."""

    def __init__(self, world: CostWorld) -> None:
        self.world = world
        self.ledgers = {agent: Ledger(Vector()) for agent in world.agents}
        self.before = dict(self.ledgers)  # of the last epoch: what was reserved there is settled there
        self.spent = Vector()
        self.earned = {agent: Productivity(FADES) for agent in world.agents}
        self.epoch: dict[str, tuple[float, float]] = {}  # what each accounted in this one: value, dollars

    def lend(self, now: float) -> None:
        """Close an epoch and begin the next: at most what is due by its end less what is committed."""
        for agent, ledger in self.ledgers.items():
            self.spent = self.spent + ledger.spent
            self.before[agent] = Ledger(ledger.reserved, reserved=ledger.reserved, open=ledger.open)
        due = Vector(usd=self.world.budget).times(min(1.0, (now + EPOCH) / self.world.horizon))
        for ledger in self.before.values():
            due = due.less(ledger.reserved)
        worth = {agent: earned.ratio for agent, earned in self.earned.items() if earned.spent}
        weights = earned_weights(dict.fromkeys(self.ledgers, 1.0), worth, epsilon=EPSILON)
        claims = {agent: Claim(weight, cap=CAP) for agent, weight in weights.items()}
        for agent, grant in divide(due.less(self.spent), claims).items():
            self.ledgers[agent] = Ledger(grant, until=now + EPOCH)
        self._hold_to_account()

    def _hold_to_account(self) -> None:
        """Say who gave less than half of the best's value for money in the epoch that ends."""
        ratios = {agent: value / usd for agent, (value, usd) in self.epoch.items()}
        best = max(ratios.values(), default=0.0)
        for agent, ratio in ratios.items():
            if ratio < SUSPECT * best:
                self.world.flag(agent)
        self.epoch = {}

    def reserve(self, request: Request, now: float) -> None:
        """Set the upper bound aside. Raises `Refused`."""
        try:
            held = self.ledgers[request.agent].reserve(
                request.task, Cost(usd=request.upper), now, now + OVERDUE
            )
        except BudgetExhausted:
            raise Refused from None
        self.ledgers[request.agent] = held

    def settle(self, request: Request, usd: float, useful: bool) -> None:
        """What it took, and what it was worth."""
        agent, actual = request.agent, Vector(usd=usd)
        if request.task in self.ledgers[agent].open:
            self.ledgers[agent] = _lean(self.ledgers[agent].settle(request.task, actual))
        else:
            self.before[agent] = self.before[agent].release(request.task)
            self.spent = self.spent + actual
        self.earned[agent] = self.earned[agent].after(float(useful), usd)
        value, dollars = self.epoch.get(agent, (0.0, 0.0))
        self.epoch[agent] = value + useful, dollars + usd


def _lean(ledger: Ledger) -> Ledger:
    """The ledger without its settled calls, of which nothing is heard again here."""
    return Ledger(ledger.grant, ledger.until, ledger.spent, ledger.reserved, open=ledger.open)


async def run(world: CostWorld, seed: int) -> Result:
    """All calls against leases."""
    lender = Lender(world)

    async def call(request: Request) -> None:
        loop = asyncio.get_running_loop()
        lender.reserve(request, loop.time())
        answer = await world.provider.complete(request, 1)
        lender.settle(request, answer.usd, answer.useful)

    async def epochs() -> None:
        for epoch in range(1, round(world.horizon / EPOCH)):
            await asyncio.sleep(epoch * EPOCH - asyncio.get_running_loop().time())
            lender.lend(asyncio.get_running_loop().time())

    lender.lend(0.0)
    lending = asyncio.ensure_future(epochs())
    result = await world.play(call)
    await lending
    return result
