"""A question of a level elsewhere is put to the human at the top, and his word reaches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from cybernetic import Agent, System
from cybernetic.vsm import (
    Abroad,
    Allow,
    Cost,
    Deny,
    Escalate,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Task,
    ViableSystem,
    junction_of,
    unit,
)
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.decisions import Action, Reception
from cybernetic.vsm.operations.envoy import Away
from cybernetic.vsm.recursion.junction import Junction, NotAcross
from cybernetic.vsm.recursion.parcels import Answered, Saying
from tests.vsm.living.company import PAGER, TOOL, Pager, done
from tests.vsm.living.test_deep_afar import DEEP, MID, OWN, Deep, Mid, Owned, Refuses, Shop
from tests.vsm.living.test_junction_doors import Bad, Way


def ask(action: Any, context: Any) -> Any:
    """The boss, for more than 20 cents."""
    return Escalate("boss", 30.0, Deny("nobody said")) if action.facts.get("usd", 0) > 0.2 else Allow()


class Asking(Shop):
    """Its policy holds everywhere."""

    policies = (Policy("ask", 1, ask),)


class Deaf(Asking):
    """Whoever is called does not take it."""

    human = (Refuses(),)


class Alone(Asking):
    """Nobody is there to be called."""

    human = ()


LEVELS = (("to shop", MID, Mid, 2.0), ("to mid", DEEP, Deep, 1.0))


@asynccontextmanager
async def asked_at(
    depth: int, top: Any = Asking, deepest: Any = None, cut: float = 0.0
) -> AsyncIterator[tuple[list[System], Any, Any, "asyncio.Future[Any]"]]:
    """So many levels elsewhere, each within the one before. Something is to be decided in the deepest: the systems, the
    shop, that level, and the task that waits for it. For `cut` seconds no page comes through.
    """
    Way.clear()
    for one in (PAGER, OWN, TOOL):
        one.__init__()  # type: ignore[misc]
    async with AsyncExitStack() as stack:
        systems = [await stack.enter_async_context(System(node="abc"[n])) for n in range(depth + 1)]
        shop = await systems[0].start(top, name="shop")
        for n, (out, path, cls, usd) in enumerate(LEVELS[:depth]):
            above, below = systems[n : n + 2]
            await above.start(Bad, below, junction_of(path), name=f"{path}:outpost")
            await below.start(Bad, above, junction_of(path), name=out)
            level = deepest if deepest and n + 1 == depth else cls
            await below.start(Abroad, level, path, out, 60.0, Cost(usd=usd))
        path = LEVELS[depth - 1][1]
        await asyncio.sleep(8.0)
        until = asyncio.get_running_loop().time() + cut
        Way.lost = lambda value, _: (
            getattr(value, "method", "") == "page" and asyncio.get_running_loop().time() < until
        )
        job = asyncio.ensure_future(done(shop, f"{path}/w", usd=0.3))
        await asyncio.sleep(4.0)
        yield systems, shop, systems[-1].named(path, ViableSystem), job


async def kinds(level: Any) -> list[str]:
    """What of questions stands in a level's log."""
    entries = await level.call(ViableSystem.decisions)
    return [one.kind for one in entries if one.kind in ("question", "unasked", "answer", "decision")]


def question(pager: Pager = PAGER) -> str:
    """Under which name he is to answer."""
    ((_, page),) = pager.pages
    assert page.pain.index.startswith("question for boss: tool [")
    return page.pain.index.partition("[")[2].rstrip("]")


@pytest.mark.parametrize("depth", [1, 2])
async def test_the_human_at_the_top_is_asked_and_his_word_reaches_it(depth: int) -> None:
    async with asked_at(depth) as (_, shop, level, job):
        assert list(await level.call(ViableSystem.questions)) == [question()]
        assert (
            await shop.call(ViableSystem.answer, question(), Allow(), "a stranger") is Reception.UNAUTHORISED
        )
        assert await shop.call(ViableSystem.answer, question(), Allow(), "boss") is Reception.TAKEN
        assert (await asyncio.wait_for(job, 10.0)).outcome.good
        assert await shop.call(ViableSystem.answer, question(), Allow(), "boss") is Reception.DOUBLE
        assert [key.path for key in PAGER.over] == [LEVELS[depth - 1][1]]
        assert await kinds(level) == ["question", "answer", "answer", "decision", "answer"]


@pytest.mark.parametrize("depth", [1, 2])
async def test_it_is_listed_at_every_level_above_under_the_name_by_which_it_is_answered(depth: int) -> None:
    async with asked_at(depth) as (systems, shop, _, job):
        ((id, asked),) = (await shop.call(ViableSystem.questions)).items()
        assert (id, asked.referral.action.facts["usd"]) == (question(), 0.3)
        for system, path in zip(systems, ("shop", MID, DEEP), strict=False):
            assert list(await system.named(path, ViableSystem).call(ViableSystem.questions)) == [id]
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        await job
        assert await shop.call(ViableSystem.questions) == {}


async def test_one_that_is_cut_off_is_not_waited_for_longer_than_who_asks_here_waits() -> None:
    async with asked_at(2) as (systems, shop, _, job):
        Way.lost = lambda _value, name: name == f"{DEEP}:outpost"
        here = asyncio.ensure_future(done(shop, "shop/w", usd=0.3))
        mid = asyncio.ensure_future(done(systems[1].named(MID, ViableSystem), f"{MID}/w", usd=0.3))
        await asyncio.sleep(1.0)
        known = await shop.call(ViableSystem.questions)
        assert [id.partition("?")[0] for id in known] == ["shop", MID]
        for one in (here, mid, job):
            one.cancel()


class Hold:
    """Something that stays where it is."""

    def __repr__(self) -> str:
        return "a hold"


class Lets(Operation):
    """Wants leave for something that stays where it is."""

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("tool", abs, 1, action=Action("tool", {"usd": 1, "what": Hold()}))
        return Outcome(used.value, evidence=[used.receipt])


class Letting(Deep):
    """Elsewhere."""

    def units(self) -> list[Any]:
        """One more."""
        return [*super().units(), unit(Lets, id="lets", floor=0.1)]


async def test_what_of_it_does_not_travel_is_shown_as_text() -> None:
    async with asked_at(1, deepest=Letting) as (_, shop, level, job):
        own = asyncio.ensure_future(done(level, f"{MID}/lets"))
        await asyncio.sleep(1.0)
        known = await shop.call(ViableSystem.questions)
        assert [one.referral.action.facts.get("what") for one in known.values()] == [None, "a hold"]
        for one in (own, job):
            one.cancel()


@pytest.mark.parametrize("top", [Deaf, Alone])
async def test_that_nobody_took_it_stands_in_the_log(top: Any) -> None:
    async with asked_at(2, top) as (_, _, level, job):
        assert await kinds(level) == ["question", "unasked"]
        with pytest.raises(PolicyDenied, match="nobody said"):
            await asyncio.wait_for(job, 60.0)


async def test_its_own_human_is_asked_where_nobody_above_takes_it() -> None:
    async with asked_at(2, Deaf, Owned) as (_, _, level, job):
        assert await level.call(ViableSystem.answer, question(OWN), Allow(), "boss") is Reception.TAKEN
        assert (await asyncio.wait_for(job, 10.0)).outcome.good
        assert await kinds(level) == ["question", "answer", "decision"]


async def test_and_not_where_the_one_at_the_top_is_reached() -> None:
    async with asked_at(1, deepest=Owned) as (_, _, _, job):
        assert question()
        assert OWN.pages == []
        job.cancel()


async def test_whose_word_does_not_reach_it_is_told_so() -> None:
    async with asked_at(2) as (_, shop, _, job):
        Way.lost = lambda _value, name: name == f"{DEEP}:outpost"
        with pytest.raises(Away, match=f"{DEEP}: expected its policy to answer"):
            await shop.call(ViableSystem.answer, question(), Allow(), "boss")
        job.cancel()


async def test_a_question_leaves_nothing_behind_where_it_went_through() -> None:
    async with asked_at(2) as (systems, shop, _, job):
        await shop.call(ViableSystem.answer, question(), Allow(), "boss")
        await job
        for system, path in zip(systems, ("shop", MID), strict=False):
            known = await system.named(f"{path}:books", Books).call(Books.load, "ladder")
            assert known is None or not known[2]


async def test_a_half_below_answers_no_question_for_those_above() -> None:
    async with asked_at(1) as (systems, shop, _, job):
        here = asyncio.ensure_future(done(shop, "shop/w", usd=0.3))
        await asyncio.sleep(1.0)
        below, id = sorted(await shop.call(ViableSystem.questions))
        assert below.startswith(f"{MID}?")
        for to in ("shop:policy", f"{MID}:policy"):
            word = Saying(to, "decide", (id, Allow(), "boss"))
            systems[1].named("to shop", Agent).send(word)
        await asyncio.sleep(1.0)
        assert sorted(await shop.call(ViableSystem.questions)) == [below, id]
        for one in (here, job):
            one.cancel()


@pytest.mark.parametrize(
    ("method", "args"), [("decide", ("shop?1", Allow(), "boss")), ("listed", (3.0, True))]
)
async def test_not_even_where_it_may_speak_to_who_keeps_them(method: str, args: Any) -> None:
    Way.clear()
    async with System() as system:
        await system.start(Bad, system, "nobody", name="out")
        half = await system.start(Junction, MID, "out", {}, ("shop:policy",), MID)
        half.send(Saying("shop:policy", method, args, "id"))
        await asyncio.sleep(1.0)
        (answered,) = [value for _, value in Way.seen if isinstance(value, Answered)]
        assert isinstance(answered.error, NotAcross)
