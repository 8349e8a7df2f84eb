"""What sinks of a level do not take is tried again, and fills no log."""

import asyncio
from typing import Any, ClassVar

from cybernetic.vsm import Cause, Escalate, Page, Pain, PainKey, Policy, Port, ViableSystem, unit
from cybernetic.vsm.algedonic.sinks import KEPT, REASONS, Sinks
from tests.vsm.living.company import started
from tests.vsm.living.test_questions import Poster, post


class Fickle:
    """A sink that takes nothing while there is a reason why not."""

    def __init__(self) -> None:
        self.why = "down"
        self.pages: list[Page] = []
        self.told: list[tuple[float, PainKey]] = []
        self.over: list[PainKey] = []

    def page(self, page: Page) -> None:
        """Take it, or not."""
        self.pages.append(page)
        self._fail()

    def resolve(self, key: PainKey) -> None:
        """The same."""
        self.told.append((asyncio.get_running_loop().time(), key))
        self._fail()
        self.over.append(key)

    def _fail(self) -> None:
        if self.why:
            raise OSError(self.why)


FICKLE = Fickle()


def boss(action: Any, context: Any) -> Escalate:
    """For days."""
    return Escalate("boss", deadline=1e6)


class Low(ViableSystem):
    """Ten that ask."""

    def units(self) -> list[Any]:
        return [unit(Poster, id=f"w{n}") for n in range(10)]


class Top(ViableSystem):
    """Whose sink is down."""

    ports: ClassVar[Any] = {"post": Port(timeout=5.0)}
    policies = (Policy("ask", 1, boss),)
    human = (FICKLE,)
    pulse = 5

    def units(self) -> list[Any]:
        return [unit(Low, id="low")]


def page(index: str = "fire") -> Page:
    return Page(Pain("firm", index, Cause.INVARIANT), 1, "firm")


async def pages(level: Any) -> list[Any]:
    """What stands in its log of pages that failed."""
    return [one.body for one in await level.call(ViableSystem.decisions, 0, "page")]


async def test_while_a_sink_is_down_each_question_is_written_of_once() -> None:
    FICKLE.__init__()  # type: ignore[misc]
    async with started(Top) as (_, top):
        await asyncio.sleep(2.0)
        jobs = [post(top, f"top/low/w{n}") for n in range(10)]
        await asyncio.sleep(1800.0)
        assert len(FICKLE.pages) > 200
        found = await pages(top)
        assert {(one["what"], one["sink"], one["failed"], one["path"]) for one in found} == {
            ("page", 0, "OSError: down", "top/low")
        }
        assert sorted(one["index"] for one in found) == sorted({one.pain.index for one in FICKLE.pages})
        assert len(found) == 10
        for job in jobs:
            job.cancel()


async def test_of_what_fails_again_and_again_each_reason_is_written_once_until_it_was_taken() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks((fickle,), lambda _, body: written.append((body["index"], body["failed"])))
    for fickle.why in ("down", "down", "busy", "down", "", "down"):
        assert await sinks.page(page()) is not bool(fickle.why)
        await sinks.page(page("flood"))
    for index in ("fire", "flood"):
        assert [why for one, why in written if one == index] == [
            f"OSError: {why}" for why in ("down", "busy", "down")
        ]


async def test_nor_does_one_that_says_another_reason_each_time_fill_it() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks((fickle,), lambda _, body: written.append(body["failed"]))
    for n in range(100):
        fickle.why = f"request {n}"
        await sinks.page(page())
    assert written == [f"OSError: request {n}" for n in range(REASONS)]


async def test_a_pain_that_comes_again_is_written_of_again_and_what_is_remembered_is_bounded() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks((fickle,), lambda _, body: written.append((body["what"], body["index"])))
    for _ in range(2):
        await sinks.page(page())
        await sinks.over(page().pain.key)
    assert written == [("page", "fire"), ("over", "fire"), ("page", "fire")]
    for n in range(KEPT + 1):
        await sinks.page(page(f"flood {n}"))
    del written[:]
    await sinks.page(page("flood 1"))
    assert written == []
    await sinks.page(page("flood 0"))
    assert written == [("page", "flood 0")]
