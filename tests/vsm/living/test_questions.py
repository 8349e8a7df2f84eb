"""What becomes of a question is told and logged, whoever else speaks, dies, or asks what cannot be kept."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Allow,
    Deny,
    Escalate,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.governance.questions import Questions
from cybernetic.vsm.timing import now
from tests.vsm.living.company import PAGER, started

CHAIN = Escalate("clerk", deadline=20.0, on_timeout=Escalate("boss", deadline=60.0))


def chain(action: Any, context: Any) -> Escalate:
    """The clerk, then the boss."""
    return CHAIN


def clerk(action: Any, context: Any) -> Escalate:
    """Nobody else."""
    return Escalate("clerk", deadline=20.0)


async def tool(what: Any) -> Any:
    return what


class Poster(Operation):
    """Does what it is told, with whatever facts."""

    async def handle(self, task: Task) -> Outcome:
        facts = {"customer": object()} if task.body == "odd" else {}
        used = await self.use("post", tool, task.body, action=Action("post", facts))
        return Outcome(used.value, evidence=[used.receipt])


class Shop(ViableSystem):
    """Two of them."""

    ports: ClassVar[Any] = {"post": Port(timeout=5.0)}
    policies = (Policy("ask", 1, chain),)
    human = (PAGER,)

    def units(self) -> list[Any]:
        return [unit(Poster, id=name) for name in "ab"]


class OfOne(Shop):
    """Only the clerk is asked."""

    policies = (Policy("ask", 1, clerk),)


def post(shop: Any, name: str, what: Any = "news") -> "asyncio.Future[Any]":
    return asyncio.ensure_future(shop.within(None).call(ViableSystem.submit, Task("post", what, to=name)))


async def log(shop: Any) -> list[tuple[str, Any]]:
    entries = await shop.call(ViableSystem.decisions)
    return [
        (entry.kind, entry.body.get("to") or entry.body.get("by"))
        for entry in entries
        if entry.kind in ("question", "answer", "decision")
    ]


def whom() -> list[str]:
    return [page.pain.index.split()[2].rstrip(":") for _, page in PAGER.pages]


@pytest.mark.parametrize("who", ["clerk", "a stranger"])
async def test_a_word_that_comes_late_keeps_nobody_from_being_called(who: str) -> None:
    async with started(Shop) as (_, shop):
        job = post(shop, "shop/a")
        await asyncio.sleep(19.0)
        (id,) = await shop.call(ViableSystem.questions)
        asked = (await shop.call(ViableSystem.questions))[id]
        await asyncio.sleep(max(0.0, asked.question.due - asyncio.get_running_loop().time()) + 0.0005)
        assert await shop.call(ViableSystem.answer, id, Deny("no"), who) is not Reception.TAKEN
        await asyncio.sleep(3.0)
        assert whom() == ["clerk", "boss"]
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        assert (await job).outcome.good
        found = await log(shop)
        assert sorted(found) == sorted(
            [
                ("question", "clerk"),
                ("answer", who),
                ("question", "boss"),
                ("answer", "boss"),
                ("decision", "boss"),
            ]
        )


async def test_nor_the_end_of_a_question_from_being_logged_and_told() -> None:
    async with started(OfOne) as (_, shop):
        job = post(shop, "ofone/a")
        await asyncio.sleep(19.0)
        ((id, asked),) = (await shop.call(ViableSystem.questions)).items()
        await asyncio.sleep(max(0.0, asked.question.due - asyncio.get_running_loop().time()) + 0.0005)
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.LATE
        with pytest.raises(PolicyDenied):
            await asyncio.wait_for(job, 0.9)
        assert ("decision", "timed out") in await log(shop)


async def test_what_the_books_cannot_keep_stops_nobody_elses_question(tmp_path: Path) -> None:
    class Kept(Shop):
        data: ClassVar[str | None] = str(tmp_path)

    async with started(Kept) as (_, shop):
        await asyncio.sleep(1.0)
        good = post(shop, "kept/b")
        await asyncio.sleep(2.0)
        odd = post(shop, "kept/a", "odd")
        await asyncio.sleep(2.0)
        (id,) = await shop.call(ViableSystem.questions)
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
        assert (await good).outcome.good
        later = post(shop, "kept/b", "more")
        await asyncio.sleep(2.0)
        (id,) = await shop.call(ViableSystem.questions)
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
        assert (await later).outcome.good
        odd.cancel()


async def test_whom_a_system_5_that_ended_was_about_to_call_is_called_by_its_successor() -> None:
    class Slow:
        async def page(self, page: Any) -> None:
            await asyncio.sleep(1.5)
            raise OSError("no line")

        def resolve(self, key: Any) -> None:
            return None

    class Two(Shop):
        human = (Slow(), PAGER)

    async with started(Two) as (system, shop):
        job = post(shop, "two/a")
        while not await shop.call(ViableSystem.questions):
            await asyncio.sleep(0.1)
        assert not PAGER.pages
        five = system.whereis("two:policy", Agent)
        assert five is not None
        five.exit(Kill())
        await asyncio.sleep(10.0)
        assert "clerk" in whom()
        job.cancel()


async def test_a_clock_that_is_behind_that_of_before_a_restart_ends_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with started(Shop) as (system, shop):
        job = post(shop, "shop/a")
        await asyncio.sleep(10.0)
        monkeypatch.setattr("cybernetic.vsm.governance.asking.now", lambda: now() - 20.0)
        five = system.whereis("shop:policy", Agent)
        assert five is not None
        five.exit(Kill())
        await asyncio.sleep(1.0)
        successor = system.whereis("shop:policy", Agent)
        await asyncio.sleep(24.0)
        assert system.whereis("shop:policy", Agent) == successor
        assert set(whom()) == {"clerk"}
        await asyncio.sleep(15.0)
        assert set(whom()) == {"clerk", "boss"}
        (id,) = await shop.call(ViableSystem.questions)
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        assert (await job).outcome.good


def test_nor_does_it_keep_a_word_from_being_taken() -> None:
    referral = Referral("post", Action("post", {}), CHAIN)
    questions = Questions().put("one", referral, 100.0)
    assert questions.ticked(1.0) is questions
    after, reception = questions.answered("one", Allow(), "clerk", 1.0)
    assert reception is Reception.TAKEN
    assert after.by_id["one"].question.verdict == Allow()
