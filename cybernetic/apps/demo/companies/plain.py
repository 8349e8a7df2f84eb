"""Plain agents, well written: queues, caps, back-off with full jitter, health checks, restarts. On asyncio alone."""

import asyncio
from collections import Counter

from cybernetic.apps.demo.companies.staff import lend, load
from cybernetic.apps.demo.frames import Line
from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.owner import Matter, Owner
from cybernetic.apps.demo.world.plan import AGENTS, ALL, DIVISIONS
from cybernetic.apps.demo.world.tools import CEILING, Away, Fact, TooMany
from cybernetic.apps.demo.world.world import BUDGET, World

FIRST, LONGEST, TRIES = 2.0, 60.0, 6  # seconds of back-off, and tries of a call
STEPS = 25  # calls that one job may take
FAIR = 1.5  # fair shares of the budget that one agent may spend
DELIVERED = 2  # times that a job is handed out
PROBE, ANSWERS, MISSES, PATIENT = 10.0, 5.0, 3, 300.0  # a liveness probe as it usually stands
LOOK, SMOOTH = 10.0, 0.1  # seconds between two looks at the load, and the weight of the latest


class GaveUp(Exception):
    """A call or a job is not tried any more."""


class Plain:
    """The company of plain agents."""

    def __init__(self, world: World) -> None:
        self.world, self.owner = world, Owner(world.luck, self.mend, world.troubled)
        world.complained = self.complained
        self.inbox: dict[str, asyncio.Queue[Job]] = {one: asyncio.Queue() for one in DIVISIONS}
        self.queue: dict[str, asyncio.Queue[Job]] = {one: asyncio.Queue() for one in DIVISIONS}
        self.given: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()  # jobs that hands are needed for: they are lent by them
        self.waiting: Counter[str] = Counter()  # the same, of those that no agent has taken yet
        self.load = dict.fromkeys(DIVISIONS, 0.0)
        self.capped: set[str] = set()
        self.trusts = True  # in the search tool
        self.messages = 0
        self.log: list[Line] = []
        self._work: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start all agents, and those who look after them."""
        work = [self.owner.reading(self.world.now), self.loads()]
        work += [self.manager(division) for division in DIVISIONS]
        work += [self.probe(division) for division in DIVISIONS]
        work += [self.kept_alive(agent) for agent in ALL]
        self._work = [asyncio.ensure_future(one) for one in work]

    async def close(self) -> None:
        """Stop them."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def ablate(self, *systems: str) -> None:
        """There is nothing to take out."""

    async def room(self) -> None:
        """There is none."""

    def serve(self, job: Job) -> None:
        """Put it before its division's manager."""
        self.messages += 1
        self.arrived[job.division] += job.by_hand
        self.hand_in(job)

    def hand_in(self, job: Job) -> None:
        """Let it wait for an agent."""
        self.waiting[job.division] += job.by_hand
        self.inbox[job.division].put_nowait(job)

    # Agents.

    async def manager(self, division: str) -> None:
        """Hand a division's jobs to whichever agent is free."""
        while True:
            job = await self.inbox[division].get()
            while self.world.hangs(division):
                await asyncio.sleep(1.0)
            self.messages += 1
            self.queue[division].put_nowait(job)

    async def kept_alive(self, agent: str) -> None:
        """Start an agent again when it crashes."""
        while True:
            try:
                await self.agent(agent)
            except Exception as error:
                self.say(agent, f"crashed: {error!r}; restarted")
            await asyncio.sleep(1.0)

    async def agent(self, agent: str) -> None:
        """Job after job."""
        division = agent.partition("/")[0]
        while agent not in self.capped:
            job = await self.queue[division].get()
            self.waiting[division] -= job.by_hand
            self.messages += 1
            self.given[job.id] += 1
            try:
                await self.work(agent, job)
            except GaveUp as error:
                self.say(agent, f"{job.id}: {error}")
                if self.given[job.id] < DELIVERED:
                    self.hand_in(job)
                else:
                    self.world.customers.gave_up(job)

    async def work(self, agent: str, job: Job) -> None:
        """One job: look it up, write, finish, ship. Raises `GaveUp`."""
        world, steps = self.world, 1
        fact = await self.looked_up(agent, job)
        await self.written(agent, job.id)
        while world.loops(agent):  # it believes that its draft can be better
            steps += 1
            if steps > STEPS:
                raise GaveUp(f"no end after {STEPS} calls")
            await self.written(agent, job.id)
        if job.by_hand:
            await world.hands.finish(job.id, job.division)
        world.ship(job, fact.text)
        world.customers.worked(agent, job)

    async def looked_up(self, agent: str, job: Job) -> Fact:
        """By the search tool as long as it is trusted."""
        if self.trusts:
            return await self.world.find(agent, job.id, self.given[job.id])
        return await self.world.look_up(agent, job.id)

    async def written(self, agent: str, job: str) -> None:
        """One call of the provider, with back-off. Raises `GaveUp`."""
        attempt = refused = 0
        while True:
            attempt += 1
            await self.leave(agent)
            try:
                await self.world.write(agent, job, attempt + 100 * self.given[job])
                return
            except TooMany as error:
                refused += 1
                if self.enough(refused):
                    raise GaveUp(f"refused {refused} times") from None
                ceiling = min(LONGEST, FIRST * 2.0 ** min(refused - 1, 10))
                jitter = ceiling * self.world.luck.uniform("wait", job, attempt)
                await asyncio.sleep(max(error.retry_after, jitter))
            except Away:
                await asyncio.sleep(min(30.0, 5.0 * attempt))
            finally:
                self.done(agent)

    def enough(self, refused: int) -> bool:
        """Whether a call was refused too often."""
        return refused >= TRIES

    async def leave(self, agent: str) -> None:
        """May it call? Raises `GaveUp` at its cap."""
        if self.world.spent[agent] + CEILING > FAIR * BUDGET / len(ALL):
            self.capped.add(agent)
            self.say(agent, "has spent what it may")
            raise GaveUp("its cap is reached")

    def done(self, agent: str) -> None:
        """A call is over, however it ended."""

    # Those who look after them.

    async def probe(self, division: str) -> None:
        """Ask a manager whether it is there; restart it after three misses; write that down."""
        missed = attempt = 0
        while True:
            wait = PROBE
            if not self.world.hangs(division):
                missed = attempt = 0
            else:
                await asyncio.sleep(ANSWERS)
                missed += 1
                if missed >= MISSES:
                    attempt += 1
                    self.say(division, "does not answer; restart failed")
                    self.unwell(division)
                    wait = min(PATIENT, PROBE * 2.0 ** min(attempt, 10))
            self.messages += 1
            await asyncio.sleep(wait)

    def unwell(self, division: str) -> None:
        """A manager does not come back: it stands in the log, which the owner reads."""
        self.owner.mail(Matter("hang", division))

    def complained(self) -> None:
        """A customer was told something wrong."""
        self.owner.complaints += 1
        self.say("customers", "a complaint about a wrong answer")

    async def mend(self, matter: Matter) -> bool:
        """What the owner says."""
        if matter.kind == "hang":
            return self.world.repair(matter.about)
        if matter.kind == "loop":
            self.capped.discard(matter.about)
            return self.world.restart(matter.about)
        if matter.kind in ("staff", "queue"):
            return self.lend()
        found, self.trusts = self.trusts and self.world.lies(), False
        self.world.found_out("the owner, by complaints,")
        self.say("owner", "the search tool is not to be trusted: archive from now on")
        return found

    async def loads(self) -> None:
        """Remember where the work has been of late, and mail it to the owner, who lends hands by it."""
        while True:
            await asyncio.sleep(LOOK)
            for division in DIVISIONS:
                came = float(self.arrived.pop(division, 0))
                self.load[division] += SMOOTH * (came - self.load[division])
            self.owner.mail(Matter("staff"))

    def lend(self) -> bool:
        """Lend hands where the work is, on the owner's word."""
        lend(self.world, {one: load(self.load[one] / LOOK, self.waiting[one]) for one in DIVISIONS})
        return True

    def say(self, who: str, text: str) -> None:
        """Write it in the log."""
        self.log.append(Line(round(self.world.now(), 3), who, text))


def agents(division: str) -> tuple[str, ...]:
    """The agents of a division."""
    return tuple(f"{division}/{agent}" for agent in AGENTS[division])
