"""The viable company: twelve operations in three divisions under one roof, each level with systems 2 to 5."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.plan import AGENTS, DIVISIONS
from cybernetic.apps.demo.world.tools import (
    ARCHIVE_PRICE,
    CEILING,
    LIMIT,
    SEARCH_PRICE,
    Away,
    Fact,
    Reply,
    TooMany,
)
from cybernetic.apps.demo.world.world import BUDGET, World
from cybernetic.vsm import (
    Account,
    Audit,
    Budget,
    BudgetExhausted,
    Clocks,
    Cost,
    Index,
    Operation,
    Outcome,
    Port,
    Quarantined,
    Rate,
    Task,
    Unit,
    Used,
    ViableSystem,
    unit,
)

CLOCKS = Clocks(ack=2.0, recovery=60.0, look=2.0)
PULSE = 10.0  # seconds of a round
RESERVE = 0.05  # of the budget is kept back until something goes better than it has to


class Worker(Operation):
    """Does the jobs of one unit: look it up, write, finish."""

    indices = (
        Index("success", limits=(0.5, 1.0)),
        Index("cycle_time", limits=(0.0, 180.0), cost=True),
        Index("cost", limits=(0.0, 1.5), cost=True),
    )

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.tries: Counter[str] = Counter()
        self.sent: dict[str, str] = {}

    async def handle(self, task: Task) -> Outcome:
        """One job."""
        job: Job = task.body
        self.tries[job.id] += 1
        found = await self.looked_up(job)
        if self.sent.get(job.id) == found.value.text:  # done again after an audit, and it was right
            return Outcome(found.value.text, evidence=[found.receipt])
        reply = await self.written(job)
        while self.world.loops(self.name):  # it believes that its draft can be better
            await self.written(job)
        if job.by_hand:
            await self.world.hands.finish(job.id, self.name.partition("/")[0])
        self.world.customers.worked(self.name, job)
        self.sent[job.id] = found.value.text
        self.world.ship(job, found.value.text)
        return Outcome(found.value.text, evidence=[found.receipt, reply.receipt])

    async def looked_up(self, job: Job) -> Used[Fact]:
        """By the search tool, or in the archive while that is in quarantine."""
        try:
            return await self.afforded("kb", self.world.find, job, SEARCH_PRICE, self.tries[job.id])
        except Quarantined:
            self.world.found_out("the Inspector")
            return await self.afforded("archive", self.world.look_up, job, ARCHIVE_PRICE, self.tries[job.id])

    async def written(self, job: Job) -> Used[Reply]:
        """By the provider."""
        return await self.afforded("llm", self.patiently, job, CEILING, 100 * self.tries[job.id])

    async def afforded(self, port: str, tool: Any, job: Job, usd: float, attempt: int) -> Used[Any]:
        """Use a tool, for the `attempt`th time: it has the luck that it has in every company. A unit that has run dry
        waits for what it is lent in the next round.
        """
        while True:
            try:
                return await self.use(port, tool, self.name, job.id, attempt, upper=Cost(usd=usd))
            except BudgetExhausted:
                await asyncio.sleep(PULSE)
                attempt += 10

    async def patiently(self, name: str, job: str, attempt: int) -> Reply:
        """As soon as the provider is there."""
        wait = 5.0
        while True:
            attempt += 1
            try:
                return await self.world.write(name, job, attempt)
            except Away:
                await asyncio.sleep(wait)
                wait = min(30.0, wait + 5.0)

    def recover(self, pain: Any) -> bool:
        """What does not succeed forgets its drafts and begins afresh."""
        return pain.index in ("success", "cost") and self.world.restart(self.name)


def refused(error: BaseException) -> float | None:
    """The provider's word for "too many"."""
    return error.retry_after if isinstance(error, TooMany) else None


def price(value: Any) -> Cost:
    """What a call took."""
    return Cost(usd=value.usd)


def company(world: World, owner: Any) -> type[ViableSystem]:
    """The class of the company that lives in a world."""

    async def truthful(evidence: Any, use: Any) -> Account:
        """The Inspector compares what was said with the archive."""
        job, said = evidence.task.body, evidence.outcome.value
        seen = await use("archive", world.check, job.id, said, upper=Cost(usd=ARCHIVE_PRICE))
        return Account(seen.value, ports=("kb",))

    class Division(ViableSystem):
        purpose = "do every job truthfully, before its customer has gone"
        audit = Audit(probability=0.0)
        clocks = CLOCKS

        def __init__(self, division: str) -> None:
            super().__init__()
            self.division = division

        def units(self) -> Sequence[Unit]:
            name = self.division
            return [unit(Worker, world, f"{name}/{agent}", id=agent, floor=0.1) for agent in AGENTS[name]]

    class Acme(ViableSystem):
        purpose = "serve customers well within what it may spend"
        budget = Budget(usd=BUDGET, per=3600)
        reserve = RESERVE
        ports = {  # noqa: RUF012
            "kb": Port(cost=price),
            "archive": Port(),
            "llm": Port(rate=Rate(LIMIT, per=60.0), cost=price, timeout=600.0, tries=50, refused=refused),
        }
        clocks = CLOCKS
        audit = Audit(probability=0.2, verify=truthful, independent_of="kb", budget_share=0.05)
        pulse = PULSE
        human = (owner,)

        def units(self) -> Sequence[Unit]:
            return [unit(Division, name, id=name, floor=0.2) for name in DIVISIONS]

    return Acme
