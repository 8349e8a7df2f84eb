"""A random killer in a loaded tree of 200 agents: afterwards everything is as it was, and nothing is left over."""

import asyncio
import gc
import logging
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    Agent,
    Backoff,
    CallError,
    Crash,
    Deferred,
    Kill,
    Normal,
    Ref,
    Shutdown,
    Supervisor,
    System,
    child,
)
from cybernetic.core import Chance
from tests.supervision.agents import Family
from tests.support import SEED, soak

GROUPS, MEMBERS = 9, 190  # and one at the top: 200
KILLS = soak(120, 1000)
STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
HURT = (Kill(), Kill(), Shutdown(), Normal(), Crash("Test", "by signal"), "crash", "stop")


class Member(Agent):
    """Parks handlers, defers replies, owns tasks, watches a neighbour."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.held: list[Deferred[int]] = []

    def setup(self) -> None:
        neighbour = self.system.whereis(f"member {self.number - 1}")
        if neighbour is not None:
            self.monitor(neighbour)
        self.task(asyncio.sleep(5.0))

    def receive(self, message: object) -> None:
        """A neighbour's end is none of our business."""

    async def nap(self, seconds: float) -> int:
        await asyncio.sleep(seconds)
        return self.number

    async def ask(self, other: Any) -> int:
        return 1 + int(await other.within(3.0).call(Member.nap, 0.3))

    def hold(self) -> Deferred[int]:
        deferred: Deferred[int] = self.defer()
        self.held.append(deferred)
        return deferred

    def release(self) -> None:
        for deferred in self.held:
            deferred.reply(self.number)
        self.held.clear()

    def crash(self) -> None:
        raise RuntimeError("told to")


class Tidy(Member):
    """Cleans up, which takes a while."""

    async def terminate(self, reason: object) -> None:
        await asyncio.sleep(0.05)


def tree() -> Any:
    """The specification of the 199 agents below the top."""
    groups = []
    for g in range(GROUPS):
        members = [
            child((Member, Tidy)[n % 2], n, id=n, name=f"member {n}") for n in range(g, MEMBERS, GROUPS)
        ]
        cls = partial(Family, strategy=STRATEGIES[g % 3], max_restarts=10**6)
        # a killed group lets its tidy members clean up, who keep their names meanwhile: so wait a little
        spec = child(cls, *members, id=f"group {g}", name=f"group {g}", backoff=Backoff(0.1, 1.0))
        groups.append(spec)
    return groups


async def shape(top: Ref[Any]) -> Any:
    """The tree below an address, as nested lists of ids in start order; "gone" for what does not live."""
    infos = await top.within(None).call(Supervisor.which_children)
    found = []
    for info in reversed(infos):
        if not isinstance(info.ref, Ref) or not info.ref._engine.system.alive(info.ref):
            found.append((info.id, "gone"))
        else:
            found.append((info.id, await shape(info.ref) if info.kind == "supervisor" else []))
    return found


async def bother(system: System, number: int) -> None:
    """Keep asking members for things; they may well be dead."""
    chance = Chance(SEED).stream("client", number)
    while True:
        one, other = (system.named(f"member {chance.randrange(MEMBERS)}", Member) for _ in range(2))
        one.cast(Member.release)
        await asyncio.sleep(0.05)
        try:
            match chance.randrange(4):
                case 0:
                    await one.within(2.0).call(Member.nap, chance.random())
                case 1:
                    await one.within(2.0).call(Member.ask, other)
                case 2:
                    await one.within(0.5).call(Member.hold)
                case 3:
                    await one.request(Member.hold)
        except CallError:
            continue


async def hurt(system: System, chance: Any) -> None:
    """End one agent below the top, somehow."""
    victims = [agent for agent in system.agents() if agent.name is not None]
    victim, way = chance.choice(victims), chance.choice(HURT)
    if way == "crash" and victim.cls is not Family:
        victim.cast(Member.crash)
    elif isinstance(way, str):
        stopping = asyncio.ensure_future(victim.stop())
        await asyncio.wait([stopping], timeout=chance.random())
        stopping.add_done_callback(lambda done: done.cancelled() or done.exception())
    else:
        victim.exit(way)


def living(system: System) -> int:
    """How many agents of the system there are in memory."""
    gc.collect()
    engine = system._engine
    found = [thing for thing in gc.get_objects() if isinstance(thing, Agent) and hasattr(thing, "_ref")]
    return sum(agent._ref._engine is engine for agent in found)


async def test_after_many_kills_the_tree_is_as_it_was_and_nothing_is_left_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic")
    async with System() as system:
        top = await system.start(partial(Family, max_restarts=10**6), *tree())
        before, names = await shape(top), system.names.keys()
        assert len(list(system.agents())) == living(system) == 200
        clients = [asyncio.ensure_future(bother(system, number)) for number in range(60)]
        chance = Chance(SEED).stream("killer")
        for _ in range(KILLS):
            await asyncio.sleep(chance.random() / 10)
            await hurt(system, chance)
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)
        assert all(client.cancelled() for client in clients)
        await asyncio.sleep(60)
        assert await shape(top) == before
        assert system.names.keys() == names
        assert len(list(system.agents())) == living(system) == 200
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert system.statistics()["zombies"] == 0
        assert system.statistics()["started"] >= 200 + KILLS // 2
        assert await asyncio.gather(
            *(system.named(f"member {n}", Member).call(Member.nap, 0.0) for n in range(MEMBERS))
        ) == list(range(MEMBERS))
    assert living(system) == 0
