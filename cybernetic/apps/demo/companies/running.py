"""The viable company as the demo runs it: its desk for customers, its owner, its helpers, and what befalls it."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from cybernetic.apps.demo.companies.plain import LOOK, SMOOTH
from cybernetic.apps.demo.companies.staff import EASY, busy, lend, load
from cybernetic.apps.demo.companies.viable import RESERVE, company
from cybernetic.apps.demo.frames import Line
from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.owner import GONE, Matter, Owner
from cybernetic.apps.demo.world.plan import AGENTS, DIVISIONS
from cybernetic.apps.demo.world.world import BUDGET, World
from cybernetic.core import CallError, Refusal
from cybernetic.nodes import System
from cybernetic.observe import panorama
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Page, Pleasure, Task, ViableSystem, now

AGAIN, LONGEST = 5.0, 60.0  # seconds until the desk hands a job in again
CROWDED = 2.0  # jobs for each agent of a division, with which the others lend it theirs
FORESEEN = 1.0  # the same, where system 4 expects more than its agents have time for
SOON = 5.0  # seconds in which good news has its effect

ROLES = {
    "s2": "coordination",
    "s3": "control",
    "s3star": "audit",
    "s4": "intelligence",
    "algedonic": "algedonode",
}
"""What each system is called by those who find it silent."""


class Viable:
    """The viable company."""

    def __init__(self, world: World) -> None:
        self.world, self.owner = world, Owner(world.luck, self.mend, self._troubled)
        world.complained = self.complained
        self.system = System(seed=world.plan.seed, tune_gc=True)
        self.log: list[Line] = []
        self._top: Any = None
        self._work: set[asyncio.Task[Any]] = set()
        self.arrived: Counter[str] = Counter()
        self.handwork: Counter[str] = Counter()  # those of them that hands are needed for
        self.waiting: Counter[str] = Counter()  # for hands, too
        self.foreseen: set[str] = set()  # divisions of which more will be wanted than they can do
        self._seen: dict[str, int] = {}
        self._hanging: dict[str, Any] = {}
        self._without: frozenset[str] = frozenset()

    @property
    def messages(self) -> int:
        """Handled by all agents that live."""
        return sum(ref.reductions for ref in self.system.agents())

    async def open(self) -> None:
        """Start it."""
        await self.system.__aenter__()
        self._top = (await self.system.start(company(self.world, self))).within(None)
        for work in (self.owner.reading(self.world.now), self.fate(), self.praise(), self.staffing()):
            self._start(work)

    async def close(self) -> None:
        """End it."""
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self.system.__aexit__(None, None, None)

    async def ablate(self, *systems: str) -> None:
        """Take systems out of it, at all levels."""
        self._without |= set(systems)
        await self._top.call(ViableSystem.ablate, *systems)

    async def room(self) -> Mapping[str, Any] | None:
        """What an operations room shows; of logs the lines since it was asked last."""
        seen = await panorama(self.system, self._top, since=self._seen, tail=20)
        self._seen |= {level.path: level.log[-1].number for level in seen.levels if level.log}
        return seen.plain()

    # Its customers.

    def serve(self, job: Job) -> None:
        """Somebody wants something."""
        self.arrived[job.division] += 1
        self.handwork[job.division] += job.by_hand
        self.waiting[job.division] += job.by_hand
        self._start(self._served(job))

    async def _served(self, job: Job) -> None:
        """Have it done; hand it in again as long as it is refused."""
        task, wait = Task(job.division, job, to=self._to(job), id=job.id), AGAIN
        while True:
            try:
                await self._top.call(ViableSystem.submit, task)
            except (CallError, Refusal) as error:
                self.say("desk", f"{job.id}: {error}")
                await asyncio.sleep(wait)
                wait = min(LONGEST, 2 * wait)
            else:
                self.waiting[job.division] -= job.by_hand
                return

    def _to(self, job: Job) -> str:
        """Who is to do it: its division; a letter, and what comes to a division that is crowded, whoever in the company
        has the least to do.
        """
        each = FORESEEN if job.division in self.foreseen else CROWDED
        crowded = self.waiting[job.division] > each * len(AGENTS[job.division])
        return f"acme/{job.division}" if job.by_hand and not crowded else "acme"

    # Its owner.

    def page(self, page: Page) -> None:
        """The company calls its owner."""
        self.say("owner", f"PAGE {page}")
        self.owner.page(_matter(page, self._without), self.world.now())
        self._start(self._taken(page))

    def _troubled(self, kind: str, about: str, since: float) -> bool:
        """Whether something was wrong: what was taken out is."""
        return kind == GONE or self.world.troubled(kind, about, since)

    async def _taken(self, page: Page) -> None:
        """The owner says that the page has come."""
        await asyncio.sleep(5.0)
        await self._top.call(ViableSystem.ack, page.pain.key, "owner")

    def resolve(self, key: Any) -> None:
        """It is over."""

    def complained(self) -> None:
        """A customer was told something wrong."""
        self.owner.complaints += 1
        self.say("customers", "a complaint about a wrong answer")

    async def mend(self, matter: Matter) -> bool:
        """What the owner says."""
        if matter.kind == "hang":
            return self.world.repair(matter.about)
        if matter.kind == "loop":
            return self.world.restart(matter.about)
        if matter.kind == "lie":
            return self.world.lies()
        return False

    # Its helpers.

    async def staffing(self) -> None:
        """Lend hands where system 4 expects the work to be when they will be there; without it, where it has been."""
        every, hands = dict.fromkeys(DIVISIONS, 0.0), dict.fromkeys(DIVISIONS, 0.0)
        while True:
            await asyncio.sleep(LOOK)
            every, hands = _smoothed(every, self.arrived), _smoothed(hands, self.handwork)
            ahead = await self._ahead(every, hands)
            queues = {one: self.waiting[one] - len(AGENTS[one]) for one in DIVISIONS}  # the rest is at work
            lend(self.world, {one: load(ahead[one] / LOOK, queues[one]) for one in DIVISIONS})

    async def _ahead(self, every: dict[str, float], hands: dict[str, float]) -> dict[str, float]:
        """The work for hands to come; system 4 counts all jobs, also those that need none."""
        try:
            outlook = await self._top.within(1.0).call(ViableSystem.outlook)
        except (CallError, Refusal):
            self.foreseen = set()
            return hands
        expected = {one: outlook.arrivals.get(f"acme/{one}") for one in DIVISIONS}
        for one, seen in expected.items():
            if seen is not None and every[one] > 0.0:
                hands = hands | {one: max(hands[one], seen.expected * hands[one] / every[one])}
        at = self.world.hands.at
        self.foreseen = {one for one in DIVISIONS if busy(hands[one] / LOOK, one, at[one]) > EASY}
        return hands

    # What befalls it.

    async def fate(self) -> None:
        """A management that hangs answers nothing, and neither does what is started in its place."""
        hang = self.world.plan.of("hang")
        if hang is None:
            return
        await asyncio.sleep(hang.at - self.world.now())
        while True:
            await asyncio.sleep(1.0)
            for division in DIVISIONS:
                known = self._hanging.get(division)
                if not self.world.hangs(division):
                    if known is not None:
                        await known.inspect().resume()
                        del self._hanging[division]
                    continue
                ref = self.system.whereis(f"acme/{division}:management", Agent)
                if ref is not None and ref != known:
                    self._hanging[division] = ref
                    await ref.inspect().suspend()

    async def praise(self) -> None:
        """Everybody talks about the company: its desk is told so by those who call, and passes that on as pleasure.

        System 5 then lets go what was kept back, for the division of which they talk.
        """
        viral = self.world.plan.of("viral")
        if viral is None:
            return
        await asyncio.sleep(viral.at - self.world.now())
        path = f"acme/{viral.target}"
        bell = self.system.named("acme:algedonode", Algedonode)
        bell.cast(Algedonode.feel, Pleasure(path, "praise", 1.0, now()))
        await asyncio.sleep(SOON)
        with suppress(CallError, Refusal):
            if await self._top.within(1.0).call(ViableSystem.decisions, 0, "released"):
                kept = RESERVE * BUDGET
                self.world.let_go(kept, viral.target)
                self.say("the Charter", f"lets {viral.target} have the $ {kept:.2f} that were kept back")

    def say(self, who: str, text: str) -> None:
        """Write it in the log."""
        self.log.append(Line(round(self.world.now(), 3), who, text))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def _smoothed(known: dict[str, float], came: Counter[str]) -> dict[str, float]:
    """The load after what came since the last look, which is taken."""
    return {one: known[one] * (1 - SMOOTH) + SMOOTH * came.pop(one, 0) for one in DIVISIONS}


def _matter(page: Page, without: Collection[str]) -> Matter:
    """What a page is about. `without`: the systems that were taken out, which a company finds silent."""
    for system in without:
        if page.pain.index == f"{ROLES[system]} silent":
            return Matter(GONE, system)
    path = page.pain.path.removeprefix("acme/").removeprefix("acme")
    if "silent" in page.pain.index or page.pain.index == "account missing":
        return Matter("hang", path)
    if page.pain.index == "discrepancy":
        return Matter("lie")
    return Matter("loop" if page.pain.index in ("success", "cost") else page.pain.index, path)
