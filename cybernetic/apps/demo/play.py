"""Play an hour: frame by frame, in virtual time, as quickly as the machine can."""

import asyncio
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from math import inf

from cybernetic.apps.demo.companies.company import Company
from cybernetic.apps.demo.companies.gateway import Gateway
from cybernetic.apps.demo.companies.plain import Plain
from cybernetic.apps.demo.companies.running import Viable
from cybernetic.apps.demo.frames import ARMS, SYSTEMS, TICK, Frame
from cybernetic.apps.demo.score import score
from cybernetic.apps.demo.story import Story, lines
from cybernetic.apps.demo.world.plan import HOUR, Plan
from cybernetic.apps.demo.world.world import WARM, World
from cybernetic.core import OptionError, cpu, number, one_of, whole
from cybernetic.runtime import VirtualTimeLoop

AFTER = 1e-6  # seconds after its own at which a frame looks: what befalls in that very second is in it
ORIGIN = 3600.0  # the loop's time at which the hour begins: a whole epoch of the budget
COMPANIES: dict[str, Callable[[World], Company]] = {"plain": Plain, "gateway": Gateway, "viable": Viable}


@dataclass(frozen=True, slots=True)
class Fork:
    """Another future: without these systems, from second `at` on."""

    without: tuple[str, ...]
    at: float


Playing = Generator[Frame, Fork | None, None]


def play(
    seed: int,
    arm: str,
    without: Iterable[str] = (),
    at: float | None = None,
    hours: float = 1.0,
    *,
    room: bool = False,
    warm: float = WARM,
) -> Playing:
    """Let a company live through the hour of a seed: a frame for each ten virtual seconds, the first at 0.

    Who is sent a `Fork` goes on without those systems from then on, and shows no operations room any more.

    Args:
        seed: of the world, >= 0.
        arm: "plain", "gateway" or "viable".
        without: systems that the viable company goes on without: "s2", "s3", "s3star", "s4", "algedonic".
        at: the second of the hour from which on it does. Default None: from its beginning.
        hours: how much of the hour is played, > 0. Default 1: all of it.
        warm: seconds before the hour that are lived through and not shown: what is usual is learnt in them. A multiple
            of ten, at most an hour. Default: twenty minutes, some forty jobs for each agent.
        room: whether frames of the viable company have what an operations room shows. It takes a while. Default False.

    Raises `OptionError`.
    """
    whole("seed", seed, most=inf)
    one_of("arm", arm, ARMS)
    for name in without:
        one_of("without", name, SYSTEMS)
    begins = 0.0 if at is None else number("at", at, least=0)
    ticks = round(number("hours", hours, above=0) * HOUR / TICK)
    if number("warm", warm, least=0) > ORIGIN or warm % TICK:
        raise OptionError("warm", f"a multiple of {TICK:g} up to {ORIGIN:g}", warm)
    return _frames(World(Plan.draw(seed), ORIGIN, warm), arm, Fork(tuple(without), begins), ticks, room)


def _frames(world: World, arm: str, fork: Fork, ticks: int, room: bool) -> Playing:
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(seed=world.plan.seed)) as runner:
        stage = runner.run(_opened(world, arm, fork))
        try:
            for tick in range(ticks + 1):
                fork_sent = yield runner.run(stage.frame(tick * TICK, room, tick == ticks))
                if fork_sent is not None:
                    stage.fork, stage.forked, room = fork_sent, False, False
        finally:
            runner.run(stage.close())


async def _opened(world: World, arm: str, fork: Fork) -> "Stage":
    await asyncio.sleep(ORIGIN - world.warm)
    company = COMPANIES[arm](world)
    await company.open()
    return Stage(arm, world, company, fork)


class Stage:
    """A company in its world, as it is played."""

    def __init__(self, arm: str, world: World, company: Company, fork: Fork) -> None:
        self.arm, self.world, self.company, self.fork = arm, world, company, fork
        self.began, self.peak, self.forked = cpu(), 0, not fork.without
        self.story = Story(world.plan)
        self.living = asyncio.ensure_future(world.live(company.serve))

    async def frame(self, second: float, room: bool, last: bool) -> Frame:
        """Let time pass until that second of the hour, and look."""
        if not self.forked and self.fork.at <= second:
            self.forked = True
            await self._pass(self.fork.at)
            await self.company.ablate(*self.fork.without)
        await self._pass(second + AFTER)
        now = score(self.world, self.company, self.arm, cpu() - self.began, self.peak)
        self.peak = now.peak
        banners, log = self.story.since(self.world, self.company), lines(self.company)
        shown = await self.company.room() if room else None
        return Frame(self.arm, second, now, banners, log, shown, last)

    async def _pass(self, second: float) -> None:
        wait = second - self.world.now()
        if wait > 0:
            await asyncio.sleep(wait)

    async def close(self) -> None:
        """End it."""
        self.living.cancel()
        await self.company.close()
