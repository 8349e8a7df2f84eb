"""One hour of one company's world: what it meets, and what is counted."""

import asyncio
from collections.abc import Callable

from cybernetic.apps.demo.world.customers import Customers
from cybernetic.apps.demo.world.demand import Job, jobs
from cybernetic.apps.demo.world.luck import Luck
from cybernetic.apps.demo.world.plan import ALL, HOUR, Plan
from cybernetic.apps.demo.world.tools import LOOKUPS, Fact, Hands, Provider, Reply, Search

WARM = 1200.0  # seconds before the hour, unshown: what is usual is learnt in it
BUDGET = 285.0  # dollars, for the hour


class World:
    """The world of a seed, as one company meets it.

    Args:
        plan: what befalls it.
        begins: the loop's time at which the hour begins, seconds.
        warm: seconds before it from which on customers come; a multiple of ten.
    """

    def __init__(self, plan: Plan, begins: float, warm: float = WARM) -> None:
        self.plan, self.luck, self.begins, self.warm = plan, Luck(plan.seed), begins, warm
        self.provider, self.search = Provider(self.luck, plan), Search(self.luck, plan)
        self.hands, self.customers = Hands(self.luck), Customers(self.luck)
        self.spent = dict.fromkeys(ALL, 0.0)
        self.audits = self.looked = 0
        self.found: int | None = None  # `looked` when the lie was found out
        self.found_at, self.finder = float("inf"), ""
        self.mended: dict[str, float] = {}  # when a hang or loop was over, by kind
        self.released = 0.0  # dollars of a reserve that were let go
        self.released_at, self.glad = float("inf"), ""  # when, and for which division
        self.complained: Callable[[], None] = lambda: None
        self._back = asyncio.Event()
        self._back.set()

    def now(self) -> float:
        """Seconds of the hour; below 0 before it."""
        return asyncio.get_running_loop().time() - self.begins

    # What agents meet.

    async def write(self, agent: str, job: str, attempt: int) -> Reply:
        """Have the provider write something, for its price. Raises `TooMany`, `Away`."""
        reply = await self.provider.complete(job, attempt, self.now())
        self._pay(agent, reply.usd)
        return reply

    async def find(self, agent: str, job: str, attempt: int) -> Fact:
        """Look something up with the search tool."""
        fact = await self.search.find(job, attempt, self.now())
        self._pay(agent, fact.usd)
        return fact

    async def look_up(self, agent: str, job: str, attempt: int = 1) -> Fact:
        """Look it up in the archive."""
        fact = await self.search.look_up(job, attempt)
        self._pay(agent, fact.usd)
        return fact

    async def check(self, job: str, said: str) -> bool:
        """Compare what was said with the archive: an audit."""
        fact = await self.look_up("", job)
        if self.now() >= 0.0:
            self.audits += LOOKUPS
        self.looked += self.lies() and self.found is None
        return said == fact.text

    def loops(self, agent: str) -> bool:
        """Whether an agent is caught in a loop, and asks the same again and again."""
        one = self.plan.of("loop")
        looping = one is not None and one.target == agent and one.on(self.now())
        return looping and "loop" not in self.mended

    def restart(self, agent: str) -> bool:
        """Start an agent afresh: it has forgotten its loop. Whether it was in one."""
        looping = self.loops(agent)
        if looping:
            self.mended["loop"] = self.now()
        return looping

    def hangs(self, division: str) -> bool:
        """Whether a division's management hangs."""
        one = self.plan.of("hang")
        hanging = one is not None and one.target == division and one.on(self.now())
        return hanging and "hang" not in self.mended

    def repair(self, division: str) -> bool:
        """Mend a management that hangs, which restarts do not. Whether it did."""
        hanging = self.hangs(division)
        if hanging:
            self.mended["hang"] = self.now()
        return hanging

    def lies(self) -> bool:
        """Whether the search tool lies."""
        one = self.plan.of("lie")
        return one is not None and one.on(self.now())

    def troubled(self, kind: str, about: str, since: float) -> bool:
        """Whether something of that kind was wrong with what it is about, until now or at least until `since`."""
        if kind == "queue":  # who calls about it has counted
            return True
        one = self.plan.of(kind)
        if one is None or one.target != about or self.now() < one.at:
            return False
        return self.mended.get(kind, float("inf")) >= since

    def found_out(self, who: str) -> None:
        """Somebody has found out that the search tool lies."""
        if self.lies() and self.found is None:
            self.found, self.found_at, self.finder = self.looked, self.now(), who

    def let_go(self, usd: float, division: str) -> None:
        """So many dollars that were kept back are let go, for a division."""
        self.released, self.released_at, self.glad = self.released + usd, self.now(), division

    # What customers meet.

    async def live(self, serve: Callable[[Job], object]) -> None:
        """Hand every job to `serve` when it is asked for, until the hour is over."""
        for job in jobs(self.luck, self.plan, -self.warm):
            wait = job.at - self.now()
            if wait > 0:
                await asyncio.sleep(wait)
            self.customers.asked(job)
            serve(job)

    def ship(self, job: Job, said: str) -> None:
        """Send a customer what was found."""
        at = self.now()
        complains = self.customers.shipped(job, said == self.search.truth(job.id), at)
        if complains is not None and complains < HOUR:
            asyncio.get_running_loop().call_later(complains - at, self.complained)

    def _pay(self, agent: str, usd: float) -> None:
        if self.now() >= 0.0:
            self.spent[agent] = self.spent.get(agent, 0.0) + usd
