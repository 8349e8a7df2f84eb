"""A question that nobody waits for any more is taken back: nobody is called for it, and no word is wasted on it."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Allow, Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.decisions.question import Reception
from tests.vsm.living.company import PAGER, started
from tests.vsm.living.test_questions import Policy, chain, log, post, tool, whom

SOON = 10.0  # seconds until it is known that nobody waits


class Hasty(Operation):
    """Waits three seconds for leave."""

    async def handle(self, task: Task) -> Outcome:
        try:
            used = await asyncio.wait_for(self.use("post", tool, task.body), 3.0)
        except TimeoutError:
            return Outcome("nobody said anything", good=False)
        return Outcome(used.value, evidence=[used.receipt])


class Patient(Operation):
    """Waits as long as it takes."""

    async def handle(self, task: Task) -> Outcome:
        used = await self.use("post", tool, task.body)
        return Outcome(used.value, evidence=[used.receipt])


class Shop(ViableSystem):
    """One of each."""

    ports: ClassVar[Any] = {"post": Port(timeout=5.0)}
    policies = (Policy("ask", 1, chain),)
    human = (PAGER,)

    def units(self) -> list[Any]:
        return [unit(Hasty, id="hasty"), unit(Patient, id="patient")]


async def asked(shop: Any) -> list[str]:
    return list(await shop.call(ViableSystem.questions))


async def kinds(shop: Any) -> list[str]:
    return [entry.kind for entry in await shop.call(ViableSystem.decisions)]


async def test_who_waits_no_longer_has_nobody_called() -> None:
    async with started(Shop) as (_, shop):
        await asyncio.gather(post(shop, "shop/hasty"), return_exceptions=True)
        (id,) = await asked(shop)
        await asyncio.sleep(SOON)
        assert not await asked(shop)
        assert [key.index for key in PAGER.over] == [page.pain.index for _, page in PAGER.pages]
        await asyncio.sleep(90.0)
        assert whom() == ["clerk"]
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.WITHDRAWN
        assert await log(shop) == [("question", "clerk"), ("answer", "clerk")]
        assert (await kinds(shop)).count("withdrawn") == 1


async def test_nor_does_who_has_died() -> None:
    async with started(Shop) as (system, shop):
        job = post(shop, "shop/patient")
        await asyncio.sleep(3.0)
        assert len(await asked(shop)) == 1
        porter = system.whereis("shop/patient:porter", Agent)
        assert porter is not None
        porter.exit(Kill())
        await asyncio.sleep(2 * SOON)
        assert "withdrawn" in await kinds(shop)
        job.cancel()


async def test_who_waits_is_answered_however_long_it_takes_and_whoever_ends_meanwhile() -> None:
    async with started(Shop) as (system, shop):
        job = post(shop, "shop/patient")
        for role in ("control", "policy", "control"):
            await asyncio.sleep(5.0)
            part = system.whereis(f"shop:{role}", Agent)
            assert part is not None
            part.exit(Kill())
        await asyncio.sleep(15.0)
        (id,) = await asked(shop)
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        assert (await job).outcome.good
        assert "withdrawn" not in await kinds(shop)


async def test_who_was_not_heard_for_a_while_is_asked_for_again_under_the_same_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with started(Shop) as (_, shop):
        job = post(shop, "shop/patient")
        await asyncio.sleep(3.0)
        (id,) = await asked(shop)
        monkeypatch.setattr("cybernetic.vsm.governance.asking.SILENT", 0.1)
        while "withdrawn" not in await kinds(shop):
            await asyncio.sleep(0.1)
        monkeypatch.undo()
        await asyncio.sleep(SOON)
        assert whom() == ["clerk", "clerk"]
        assert await asked(shop) == [id]
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
        assert (await job).outcome.good
