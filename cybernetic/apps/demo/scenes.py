"""What happens in the demonstration, scene by scene, and the check at its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from cybernetic.apps.demo.shop import TEAMS, Shop, Worker
from cybernetic.apps.demo.view import View
from cybernetic.core import Chance, Kill, attach
from cybernetic.nodes import System
from cybernetic.supervision import ChildEnded, ChildStarted, GaveUp

AGENTS = 1 + sum(1 + len(team) for team in TEAMS.values())  # the shop, its departments, their workers
SETTLE = 0.05  # seconds in which everything that was hurt has long been restarted


class Stage:
    """The running shop, and what scenes do to it."""

    def __init__(self, system: System, view: View, pace: float) -> None:
        self.system, self.view, self.pace = system, view, pace
        self.kills = 0

    async def watch(self, seconds: float) -> None:
        """Let the spectators look, and the agents work meanwhile."""
        ticks = max(1, round(seconds * self.pace / 0.1))
        for _ in range(ticks):
            for team in TEAMS.values():
                for name in team:
                    self.system.named(name, Worker).cast(Worker.work)
            await asyncio.sleep(max(SETTLE, seconds * self.pace) / ticks)

    def kill(self, name: str) -> None:
        """Kill whoever holds the name."""
        found = self.system.whereis(name)
        if found is not None:
            self.kills += 1
            self.view.hit(name)
            found.exit(Kill())

    def crash(self, name: str) -> None:
        """Have an agent raise an exception."""
        self.kills += 1
        self.view.hit(name)
        self.system.named(name, Worker).cast(Worker.trip)

    def whole(self) -> bool:
        """Whether everybody is there."""
        return all(self.system.whereis(name) for team, names in TEAMS.items() for name in (team, *names))


async def play(view: View, seed: int, storm: int, pace: float) -> bool:
    """Play all scenes. Returns whether the shop had its shape again after each."""
    with ExitStack() as listening:
        listening.callback(attach(ChildStarted, view.started))
        listening.callback(attach(ChildEnded, view.ended))
        listening.callback(attach(GaveUp, view.gave_up))
        async with System(watchdog=None, seed=seed) as system:
            root = await system.start(Shop, name="shop", type="temporary")
            stage = Stage(system, view, pace)
            healed = True
            for title, scene in SCENES:
                view.scene(title)
                await stage.watch(1.6)
                await scene(stage, storm)
                await stage.watch(2.0)
                healed = healed and stage.whole()
            healed = healed and system.alive(root) and len(tuple(system.agents())) == AGENTS
            view.verdict(stage.kills, len(tuple(system.agents())), healed)
            await asyncio.sleep(pace)
    return healed


async def _one(stage: Stage, _: int) -> None:
    stage.kill("packer-3")


async def _all(stage: Stage, _: int) -> None:
    stage.crash("cart")


async def _rest(stage: Stage, _: int) -> None:
    stage.crash("cache")


async def _name(stage: Stage, _: int) -> None:
    search = stage.system.named("search", Worker)
    before = await search.call(Worker.work)
    stage.kill("search")
    await stage.watch(1.0)
    after = await search.call(Worker.work)
    stage.view.say(f"search answered {before}, then {after}: it began anew")


async def _give_up(stage: Stage, _: int) -> None:
    for _ in range(4):
        stage.crash("till")
        await stage.watch(0.2)


async def _storm(stage: Stage, kills: int) -> None:
    chance = Chance(stage.system.chance.seed)
    everyone = [name for team, names in TEAMS.items() for name in (team, *names)]
    for i in range(kills):
        stage.kill(everyone[int(chance.uniform("storm", i) * len(everyone))])
        await stage.watch(0.1)


SCENES: tuple[tuple[str, Callable[[Stage, int], Awaitable[None]]], ...] = (
    ("one_for_one: packer-3 is killed; it alone comes back", _one),
    ("one_for_all: the cart crashes; the till has to begin anew with it", _all),
    ("rest_for_one: the cache crashes; the search, started after it, follows", _rest),
    ("a name outlives its holder: the search is killed, and its name answers again", _name),
    (
        "giving up: the till crashes too often; its supervisor is restarted itself",
        _give_up,
    ),
    ("a storm: agents and supervisors are killed at random", _storm),
)
