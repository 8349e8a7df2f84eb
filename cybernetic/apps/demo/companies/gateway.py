"""Plain agents behind a gateway: one paced limiter, one hard budget, alerts on the log. What is added on day two."""

import asyncio
from statistics import median

from cybernetic.apps.demo.companies.plain import GaveUp, Plain, agents
from cybernetic.apps.demo.world.owner import COMPLAINTS, Matter
from cybernetic.apps.demo.world.plan import ALL, DIVISIONS
from cybernetic.apps.demo.world.tools import CEILING, LIMIT
from cybernetic.apps.demo.world.world import BUDGET, World

MARGIN = 0.95  # of the known limit
EVERY, STANDS = 30.0, 60.0  # seconds between two looks at the log, and for which a thing must stand
WINDOW, TIMES = 10, 3.0  # looks whose spending is compared, and how much more than usual is too much
LEAST = 2.0  # dollars in a window that are worth a look
LONG, AGAIN = 12, 600.0  # jobs that wait in a division, and seconds until that is told again


class Gateway(Plain):
    """The company of plain agents behind a gateway."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.next = 0.0
        self.reserved = 0.0
        self.told: set[Matter] = set()
        self.crowded: dict[str, float] = {}
        self.sick: dict[str, float] = {}
        self.spending: list[dict[str, float]] = []

    async def open(self) -> None:
        """Everything plain, and alerts."""
        await super().open()
        self._work.append(asyncio.ensure_future(self.alerts()))

    def enough(self, refused: int) -> bool:
        """With a limiter there is no need to give up."""
        return False

    async def leave(self, agent: str) -> None:
        """Through the limiter and within the budget of all. Raises `GaveUp`."""
        await super().leave(agent)
        while sum(self.world.spent.values()) + self.reserved + CEILING > BUDGET:
            await asyncio.sleep(EVERY)
            if self.world.now() > 0.0 and self.reserved == 0.0:
                raise GaveUp("the budget of all is spent")
        self.reserved += CEILING
        now = asyncio.get_running_loop().time()
        at = max(now, self.next)
        self.next = at + 60.0 / (MARGIN * LIMIT)
        await asyncio.sleep(at - now)

    def done(self, agent: str) -> None:
        """What was set aside for the call is free again."""
        self.reserved = max(0.0, self.reserved - CEILING)

    async def alerts(self) -> None:
        """Look at the log twice a minute, and call the owner about what stands."""
        while True:
            await asyncio.sleep(EVERY)
            now = self.world.now()
            for division, since in list(self.sick.items()):
                if not self.world.hangs(division):
                    del self.sick[division]
                elif now - since >= STANDS:
                    self.call(Matter("hang", division))
            for division in DIVISIONS:
                if self.queue[division].qsize() >= LONG and now - self.crowded.get(division, -AGAIN) >= AGAIN:
                    self.crowded[division] = now
                    self.told.discard(Matter("queue", division))
                    self.call(Matter("queue", division))
            for agent in self.outliers():
                self.call(Matter("loop", agent))

    def outliers(self) -> list[str]:
        """Who spent more than three times the median of its division of late."""
        self.spending = [*self.spending, dict(self.world.spent)][-WINDOW - 1 :]
        first, last = self.spending[0], self.spending[-1]
        took = {agent: last.get(agent, 0.0) - first.get(agent, 0.0) for agent in ALL}
        return [
            agent
            for agent in ALL
            if took[agent] > max(LEAST, TIMES * median(took[one] for one in agents(agent.partition("/")[0])))
        ]

    def unwell(self, division: str) -> None:
        """It stands in the log, at which the alert looks."""
        super().unwell(division)
        self.sick.setdefault(division, self.world.now())

    def complained(self) -> None:
        """The third complaint is an alert."""
        super().complained()
        if self.owner.complaints >= COMPLAINTS:
            self.call(Matter("lie"))

    def call(self, matter: Matter) -> None:
        """Page the owner, once about each matter."""
        if matter not in self.told:
            self.told.add(matter)
            self.say("alert", f"{matter.kind} {matter.about}")
            self.owner.page(matter, self.world.now())
