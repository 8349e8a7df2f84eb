"""What a unit of another process keeps is missed when it hangs, ended there, and let be where it is only busy."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.runtime import Agent
from cybernetic.vsm import Clocks, Port, Task, ViableSystem, World, unit
from cybernetic.vsm.algedonic.showing import LivingBooks, LivingGraph
from tests.nodes.stage import FAR, TWO, Stage, stage
from tests.vsm.living.company import PAGER, TOOL, Worker, done
from tests.vsm.living.test_remote import PATH, two

KEPT = {"books": (LivingBooks, LivingBooks.extent), "world": (LivingGraph, LivingGraph.status)}


class Held(Worker):
    """Has something hang in its own process."""

    async def handle(self, task: Task) -> Any:
        """As told."""
        if task.kind == "hang":
            await self.system.whereis(task.body["name"], Agent).inspect().suspend()
        return await super().handle(task)


class Spread(ViableSystem):
    """A unit here, and one on another node."""

    world: ClassVar[Any] = World()
    clocks = Clocks(ack=1.0, recovery=90.0)
    ports: ClassVar[Any] = {"tool": Port(timeout=10.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Held, id="far", node=FAR), unit(Held, id="near")]


async def opened(s: Stage) -> Any:
    """The system, when it has begun."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    spread = await s.system.start(Spread)
    await asyncio.sleep(10.0)
    return spread


async def felt(spread: Any) -> str:
    """All that was."""
    return " ".join(entry.body["effect"] for entry in await spread.call(ViableSystem.decisions, 0, "pain"))


@pytest.mark.parametrize("role", KEPT)
async def test_what_hangs_in_another_process_is_felt_and_ended_and_the_ladder_goes_on(role: str) -> None:
    async with stage(TWO) as s:
        spread, name = await opened(s), f"spread/far:{role}"
        ladder, hung = s.system.whereis("spread:algedonode", Agent), s.system.whereis(name, Agent)
        assert hung.node != s.system.nodes[0].name
        asked = asyncio.ensure_future(done(spread, "spread/far", "hang", name=name))
        await asyncio.sleep(60.0)
        assert s.system.whereis(name, Agent) not in (None, hung)
        assert s.system.whereis("spread:algedonode", Agent) == ladder
        hangs = [entry.body for entry in await spread.call(ViableSystem.decisions, 0, "hang")]
        assert {"path": "spread/far", "role": role, "times": 1} in hangs
        assert f"{role} silent" in await felt(spread)
        assert (await asyncio.wait_for(done(spread, "spread/far"), 30.0)).outcome.good
        await asyncio.sleep(60.0)
        assert not await spread.call(ViableSystem.alarms)
        asked.cancel()


async def slow(_: Any) -> None:
    """What takes its time."""
    await asyncio.sleep(1.0)


@pytest.mark.parametrize("role", KEPT)
async def test_what_is_busy_in_another_process_is_felt_and_not_ended(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls, method = KEPT[role]
    monkeypatch.setattr(cls, method.__name__, slow)
    async with stage(TWO) as s:
        spread, name = await opened(s), f"spread/far:{role}"
        ladder, busy = s.system.whereis("spread:algedonode", Agent), s.system.whereis(name, cls)
        for _ in range(100):
            busy.cast(method)
        await asyncio.sleep(95.0)
        assert f"{role} silent" in await felt(spread)
        assert s.system.whereis(name, cls) == busy
        assert s.system.whereis("spread:algedonode", Agent) == ladder
        await asyncio.sleep(90.0)
        assert not await spread.call(ViableSystem.alarms)


async def test_books_of_a_level_of_another_system_are_ended_there_when_they_hang_and_not_when_they_are_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LivingBooks, "extent", slow)
    async with two() as (_, there, shop):
        await asyncio.sleep(10.0)
        books = there.whereis(f"{PATH}:books", LivingBooks)
        for _ in range(60):
            books.cast(LivingBooks.extent)
        await asyncio.sleep(55.0)
        assert there.whereis(f"{PATH}:books", LivingBooks) == books
        assert "books silent" in await felt(shop)
        await asyncio.sleep(30.0)
        await books.inspect().suspend()
        await asyncio.sleep(20.0)
        assert there.whereis(f"{PATH}:books", LivingBooks) not in (None, books)
        await asyncio.sleep(60.0)
        assert not await shop.call(ViableSystem.alarms)
