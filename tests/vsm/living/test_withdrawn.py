"""A question that nobody waits for any more is taken back: nobody is called for it, and no word is wasted on it."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Allow, Deny, Escalate, Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.governance.questions import KEPT, Questions
from cybernetic.vsm.governance.refusals import NoSuchQuestion
from cybernetic.vsm.timing import now
from tests.vsm.living.company import PAGER, started
from tests.vsm.living.test_questions import Policy, Poster, chain, log, post, tool, whom

SOON = 10.0  # seconds until it is known that nobody waits


class Hasty(Operation):
    """Waits three seconds for leave."""

    async def handle(self, task: Task) -> Outcome:
        try:
            used = await asyncio.wait_for(self.use("post", tool, task.body), 3.0)
        except TimeoutError:
            return Outcome("nobody said anything", good=False)
        return Outcome(used.value, evidence=[used.receipt])


class Shop(ViableSystem):
    """One of each."""

    ports: ClassVar[Any] = {"post": Port(timeout=5.0)}
    policies = (Policy("ask", 1, chain),)
    human = (PAGER,)

    def units(self) -> list[Any]:
        return [unit(Hasty, id="hasty"), unit(Poster, id="patient")]


async def asked(shop: Any) -> list[str]:
    return list(await shop.call(ViableSystem.questions))


async def kinds(shop: Any) -> list[str]:
    return [entry.kind for entry in await shop.call(ViableSystem.decisions)]


async def taken_back(shop: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The question that stands is taken back though somebody waits: he has not said so again yet."""
    await asyncio.sleep(3.0)
    (id,) = await asked(shop)
    monkeypatch.setattr("cybernetic.vsm.governance.asking.SILENT", 0.1)
    while "withdrawn" not in await kinds(shop):
        await asyncio.sleep(0.1)
    monkeypatch.undo()
    return id


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
        id = await taken_back(shop, monkeypatch)
        await asyncio.sleep(SOON)
        assert whom() == ["clerk", "clerk"]
        assert await asked(shop) == [id]
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
        assert (await job).outcome.good


async def test_a_word_on_what_was_taken_back_is_kept_for_who_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with started(Shop) as (_, shop):
        job = post(shop, "shop/patient")
        id = await taken_back(shop, monkeypatch)
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.WITHDRAWN
        assert (await asyncio.wait_for(job, 10.0)).outcome.good
        assert (await kinds(shop)).count("decision") == 1


LONG = Referral("post", Action("post", {}), Escalate("clerk", deadline=1e6, on_timeout=Deny("no")))


def put(questions: Questions, *ids: str) -> Questions:
    for id in ids:
        questions = questions.put(id, LONG, 0.0)
    return questions


def test_as_many_are_kept_as_of_those_that_have_ended_however_long_they_had() -> None:
    ids = [f"question {n}" for n in range(2 * KEPT)]
    questions = Questions()
    for id in ids:
        questions = put(questions, "first of all", id).withdrawn([id])
        assert len(questions.by_id) <= KEPT + 2
    questions = put(questions, "one more")
    assert list(questions.by_id) == ["first of all", *ids[KEPT:], "one more"]
    with pytest.raises(NoSuchQuestion):
        questions.answered(ids[0], Allow(), "clerk", 1.0)
    assert questions.answered(ids[-1], Allow(), "clerk", 1.0)[1] is Reception.WITHDRAWN
    assert put(questions, ids[0]).open[ids[0]].question.due == 1e6


def test_of_those_that_wait_no_more_the_ones_of_which_something_was_said_last_are_kept() -> None:
    ids = [f"question {n}" for n in range(2 * KEPT)]
    questions = put(Questions(), "taken back", "answered", "run out", "spoken of", *ids).withdrawn(
        ["spoken of", *ids]
    )
    for id in ("answered", "spoken of"):
        questions, _ = questions.answered(id, Allow(), "clerk", 1.0)
    questions = put(questions.withdrawn(["taken back"]).ticked(1e6), "one more")
    assert len(questions.by_id) == KEPT + 1
    assert {"taken back", "answered", "run out", "spoken of"} < set(questions.by_id)
    assert put(questions, "spoken of").by_id["spoken of"].question.verdict == Allow()


@pytest.mark.parametrize("pulse", [0.2, 1.0, 10.0])
async def test_a_system_3_that_hangs_for_a_while_is_no_silence(pulse: float) -> None:
    class Paced(Shop):
        """By another pulse."""

    Paced.pulse = pulse
    async with started(Paced) as (system, shop):
        await asyncio.sleep(20.0 * pulse)
        job = post(shop, "paced/patient")
        await asyncio.sleep(3.0)
        control = system.whereis("paced:control", Agent)
        assert control is not None
        await control.inspect().suspend()
        await asyncio.sleep(2.5 * pulse)
        if system.alive(control):
            await control.inspect().resume()
        await asyncio.sleep(10.0)
        assert "withdrawn" not in await kinds(shop)
        assert sum("question for clerk" in page.pain.index for _, page in PAGER.pages) == 1
        job.cancel()


async def test_nor_is_one_that_dies_again_and_again() -> None:
    async with started(Shop) as (system, shop):
        job = post(shop, "shop/patient")
        await asyncio.sleep(3.0)
        for _ in range(400):
            await asyncio.sleep(0.1)
            control = system.whereis("shop:control", Agent)
            if control is not None:
                control.exit(Kill())
        await asyncio.sleep(15.0)
        assert "withdrawn" not in await kinds(shop)
        (id,) = await asked(shop)
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        assert (await job).outcome.good


async def test_who_was_away_itself_has_heard_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with started(Shop) as (_, shop):
        job = post(shop, "shop/patient")
        await asyncio.sleep(3.0)
        monkeypatch.setattr("cybernetic.vsm.governance.asking.now", lambda: now() + 9.0)
        await asyncio.sleep(5.0)
        assert "withdrawn" not in await kinds(shop)
        assert len(await asked(shop)) == 1
        job.cancel()


async def test_what_is_written_while_another_question_is_put_stays_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save = Books.save

    async def slow(self: Any, key: str, *args: Any) -> Any:
        await asyncio.sleep(0.5 if key == "questions" else 0.0)
        return save(self, key, *args)

    class Slow:
        def page(self, page: Any) -> Any:
            return asyncio.sleep(1.0)

        def resolve(self, key: Any) -> None:
            return None

    class Two(Shop):
        human = (Slow(),)

        def units(self) -> list[Any]:
            return [unit(Poster, id=name) for name in "ab"]

    for wait in (0.2, 0.5, 0.8):
        async with started(Two) as (system, shop):
            first = post(shop, "two/a")
            await asyncio.sleep(5.0)
            monkeypatch.setattr(Books, "save", slow)
            second = post(shop, "two/b")
            while len(await asked(shop)) < 2:
                await asyncio.sleep(0.01)
            await asyncio.sleep(wait)
            id = next(iter(await asked(shop)))
            assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
            await asyncio.sleep(3.0)
            written = await system.named("two:books", Books).call(Books.load, "questions")
            assert not written.by_id[id].open
            assert all(one.called for one in written.open.values())
            monkeypatch.undo()
            assert (await first).outcome.good
            second.cancel()
