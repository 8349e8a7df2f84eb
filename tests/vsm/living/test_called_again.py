"""Who is asked is called again until he answers, as for pain; what nobody took is sent again while it may help."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Allow, Deny, Escalate, Policy, ViableSystem
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.ladder import Paging
from tests.vsm.living.company import PAGER, Pager, started
from tests.vsm.living.test_asked_afar import asked_at, question
from tests.vsm.living.test_questions import Shop, post, whom

LONG = Escalate("clerk", deadline=1000.0, on_timeout=Escalate("boss", deadline=100.0, on_timeout=Deny("no")))


def patiently(action: Any, context: Any) -> Escalate:
    """The clerk for long, then the boss."""
    return LONG


class Patient(Shop):
    """Each is called three times at most, after a minute and two."""

    policies = (Policy("ask", 1, patiently),)
    paging = Paging(attempts=3)


async def gaps(shop: Any, seconds: float) -> list[int]:
    """The pauses between the pages of so many seconds."""
    await asyncio.sleep(seconds)
    return [round(after - before) for (before, _), (after, _) in pairwise(PAGER.pages)]


async def test_who_does_not_answer_is_called_again_with_growing_pauses_until_he_does() -> None:
    async with started(Patient) as (_, shop):
        job = post(shop, "patient/a")
        assert await gaps(shop, 100.0) == [60]
        (id,) = await shop.call(ViableSystem.questions)
        assert await shop.call(ViableSystem.answer, id, Allow(), "clerk") is Reception.TAKEN
        assert (await job).outcome.good
        await asyncio.sleep(900.0)
        assert [page.attempt for _, page in PAGER.pages] == [1, 2]
        assert [key.index for key in PAGER.over] == [PAGER.pages[0][1].pain.index]


async def test_as_often_as_is_declared_and_whoever_comes_next_anew() -> None:
    async with started(Patient) as (_, shop):
        job = post(shop, "patient/a")
        assert await gaps(shop, 30.0) == []
        assert await gaps(shop, 960.0) == pytest.approx([60, 120], abs=2)
        await asyncio.sleep(105.0)
        assert whom() == ["clerk"] * 3 + ["boss"] * 2
        job.cancel()


async def test_a_system_5_that_begins_anew_calls_again_as_well() -> None:
    async with started(Patient) as (system, shop):
        job = post(shop, "patient/a")
        await asyncio.sleep(30.0)
        system.whereis("patient:policy").exit(Kill())
        assert await gaps(shop, 50.0) == []
        assert await gaps(shop, 20.0) == pytest.approx([91], abs=3)
        job.cancel()


class Fickle(Pager):
    """A sink that is down at first."""

    tries: ClassVar[list[float]] = []

    def page(self, page: Any) -> None:
        """Down for the first three."""
        at = asyncio.get_running_loop().time()
        self.tries.append(at)
        if len(self.tries) <= 3:
            raise OSError("down")


async def test_what_no_sink_took_is_sent_again_soon() -> None:
    class Down(Patient):
        human = (Fickle(),)

    Fickle.tries.clear()
    async with started(Down) as (_, shop):
        job = post(shop, "down/a")
        await asyncio.sleep(110.0)
        pauses = [after - before for before, after in pairwise(Fickle.tries)]
        assert pauses == pytest.approx([5, 10, 20, 60], abs=1.5)
        log = await shop.call(ViableSystem.decisions)
        assert [one.kind for one in log].count("unasked") == 1
        job.cancel()


@pytest.mark.parametrize("depth", [1, 2])
async def test_a_human_who_could_not_be_reached_is_called_when_he_can(depth: int) -> None:
    async with asked_at(depth, cut=10.0) as (_, shop, _, job):
        assert PAGER.pages == []
        await asyncio.sleep(20.0)
        assert await shop.call(ViableSystem.answer, question(), Allow(), "boss") is Reception.TAKEN
        assert (await asyncio.wait_for(job, 10.0)).outcome.good
        await asyncio.sleep(1.0)
        assert len(PAGER.pages) == len(PAGER.over) == 1
