"""What sinks of a level do not take is tried again, and fills no log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import (
    Algedonode,
    Allow,
    Cause,
    Escalate,
    Page,
    Pain,
    PainKey,
    Policy,
    Port,
    ViableSystem,
    unit,
)
from cybernetic.vsm.algedonic.sinks import KEPT, OWED, REASONS, SOON, Sinks
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.ladder import Severity
from tests.vsm.living.company import PAGER, started
from tests.vsm.living.pain.ladder import end
from tests.vsm.living.test_deep_afar import DEEP, Owned, fire, three
from tests.vsm.living.test_deep_afar import node as node_at
from tests.vsm.living.test_deep_afar import relieve as relieve_at
from tests.vsm.living.test_junction_doors import Way
from tests.vsm.living.test_questions import Poster, post


class Fickle:
    """A sink that takes nothing while there is a reason why not."""

    def __init__(self, why: str = "down") -> None:
        self.why = why
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
        await asyncio.sleep(300.0)
        assert len(FICKLE.pages) > 50
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
    sinks = Sinks(None, (fickle,), lambda _, body: written.append((body["index"], body["failed"])), list)
    for fickle.why in ("down", "down", "busy", "down", "", "down"):
        assert await sinks.page(page()) is not bool(fickle.why)
        await sinks.page(page("flood"))
    for index in ("fire", "flood"):
        assert [why for one, why in written if one == index] == [
            f"OSError: {why}" for why in ("down", "busy", "down")
        ]


async def test_nor_does_one_that_says_another_reason_each_time_fill_it() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks(None, (fickle,), lambda _, body: written.append(body["failed"]), list)
    for n in range(100):
        fickle.why = f"request {n}"
        await sinks.page(page())
    assert written == [f"OSError: request {n}" for n in range(REASONS)]


async def test_a_pain_that_comes_again_is_written_of_again_and_what_is_remembered_is_bounded() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks(None, (fickle,), lambda _, body: written.append((body["what"], body["index"])), list)
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


class Hurt(ViableSystem):
    """One that is paged for, by two ways."""

    policies = (Policy("ask", 1, boss),)
    ports: ClassVar[Any] = {"post": Port(timeout=5.0)}
    human = (FICKLE, PAGER)

    def units(self) -> list[Any]:
        return [unit(Poster, id="w")]


FIRE = Pain("hurt/w", "fire", Cause.INVARIANT, Severity.CRITICAL)


@asynccontextmanager
async def over(seconds: float = 10.0) -> AsyncIterator[Any]:
    """A pain that is over, which the first sink has not taken for so many seconds."""
    FICKLE.__init__("")  # type: ignore[misc]
    async with started(Hurt) as (system, _):
        await asyncio.sleep(2.0)
        feels = system.named("hurt:algedonode", Algedonode)
        await feels.call(Algedonode.feel, FIRE)
        await asyncio.sleep(2.0)
        FICKLE.why = "down"
        relieve_at(system, FIRE, "hurt")
        await asyncio.sleep(seconds)
        yield system


async def kept(system: Any, key: str = "owed") -> list[PainKey]:
    """What is in the books to be said to sinks again."""
    return list(await system.named("hurt:books", Books).call(Books.load, f"{key} to sinks") or ())


async def test_that_a_pain_is_over_is_said_again_to_whom_it_could_not_be_said() -> None:
    async with over() as system:
        assert await kept(system) == [FIRE.key]
        FICKLE.why = ""
        await asyncio.sleep(10.0)
        assert (FICKLE.over, PAGER.over) == ([FIRE.key], [FIRE.key])
        assert await kept(system) == []
        tries = len(FICKLE.told)
        await asyncio.sleep(90.0)
        assert len(FICKLE.told) == tries


async def test_with_growing_pauses_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cybernetic.vsm.algedonic.sinks.TRIES", 5)
    async with over(300.0) as system:
        at = [when for when, _ in FICKLE.told]
        assert [later - before for before, later in pairwise(at)] == pytest.approx(
            [SOON * 2**n for n in range(4)], abs=1.5
        )
        assert await kept(system) == []
        assert PAGER.over == [FIRE.key]
        (failed,) = await system.named("hurt:books", Books).call(Books.entries, 0, "page")
        assert failed.body["what"] == "over"


async def test_by_a_successor_as_well() -> None:
    async with over() as system:
        end(system, "hurt:algedonode")
        FICKLE.why = ""
        await asyncio.sleep(5.0)
        assert FICKLE.over == [FIRE.key]
        assert await kept(system) == []


async def test_and_not_once_it_hurts_again() -> None:
    async with over() as system:
        await system.named("hurt:algedonode", Algedonode).call(Algedonode.feel, FIRE)
        await asyncio.sleep(5.0)
        FICKLE.why = ""
        tries = len(FICKLE.told)
        await asyncio.sleep(600.0)
        assert (len(FICKLE.told), await kept(system)) == (tries, [])
        relieve_at(system, FIRE, "hurt")
        await asyncio.sleep(2.0)
        assert FICKLE.over == [FIRE.key]


async def test_so_it_is_of_a_question() -> None:
    FICKLE.__init__("")  # type: ignore[misc]
    async with started(Hurt) as (system, top):
        await asyncio.sleep(2.0)
        job = post(top, "hurt/w")
        await asyncio.sleep(2.0)
        (id,) = await top.call(ViableSystem.questions)
        FICKLE.why = "down"
        await top.call(ViableSystem.answer, id, Allow(), "boss")
        assert (await job).outcome.good
        await asyncio.sleep(10.0)
        assert len(await kept(system, "owed by policy")) == 1
        FICKLE.why = ""
        await asyncio.sleep(10.0)
        assert [key.index for key in FICKLE.over] == [one.pain.index for one in FICKLE.pages]
        assert await kept(system, "owed by policy") == []


async def test_so_it_is_by_a_level_elsewhere_whose_own_human_was_called() -> None:
    class Alone(Owned):
        human = (FICKLE,)

    FICKLE.__init__("")  # type: ignore[misc]
    async with three(deep=Alone) as (_, _, c, _):
        hurts = fire()
        Way.lost = lambda _value, name: name in ("to mid", f"{DEEP}:outpost")
        node_at(c, DEEP).cast(Algedonode.feel, hurts)
        await asyncio.sleep(30.0)
        assert hurts.key in [one.pain.key for one in FICKLE.pages]
        FICKLE.why = "down"
        relieve_at(c, hurts, DEEP)
        await asyncio.sleep(20.0)
        FICKLE.why = ""
        await asyncio.sleep(40.0)
        assert hurts.key in FICKLE.over


async def test_what_is_owed_is_bounded() -> None:
    fickle, written = Fickle(), list[Any]()
    sinks = Sinks(None, (fickle,), lambda *_: None, written.append)
    for n in range(OWED + 9):
        await sinks.over(page(f"flood {n}").pain.key)
    assert [key.index for key in written[-1]] == [f"flood {n}" for n in range(9, OWED + 9)]
