"""Who keeps what the others know is missed when it hangs, and ended: books of every level and unit, and the world."""

import asyncio
from asyncio import Future
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Clocks, ViableSystem
from cybernetic.vsm.algedonic import showing
from cybernetic.vsm.algedonic.showing import LivingBooks, LivingGraph
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.disk import OnDisk
from cybernetic.vsm.world.declared import World
from tests.vsm.living.company import PAGER, Company, done, hang, started


class Known(Company):
    """A company with a world."""

    world = World()
    clocks = Clocks(ack=1.0, recovery=90.0)


async def suspended(system: Any, name: str) -> Any:
    """Whoever bears that name hangs."""
    ref = system.whereis(name, Agent)
    await ref.inspect().suspend()
    return ref


@pytest.mark.parametrize("what", ["known/division:books", "known/solo:books", "known:world"])
async def test_what_hangs_is_felt_and_ended_and_all_goes_on_after_it(what: str) -> None:
    async with started(Known) as (system, known):
        await asyncio.sleep(5.0)
        hung = await suspended(system, what)
        await asyncio.sleep(60.0 if what.endswith("world") else 20.0)
        assert system.whereis(what, Agent) not in (None, hung)
        path, _, role = what.partition(":")
        hangs = [entry.body for entry in await known.call(ViableSystem.decisions, 0, "hang")]
        assert {"path": path, "role": role, "times": 1} in hangs
        felt = [entry.body["effect"] for entry in await known.call(ViableSystem.decisions, 0, "pain")]
        assert any(f"{role} silent" in one for one in felt)
        for to in ("known/division", "known/solo"):
            assert (await asyncio.wait_for(done(known, to), 30.0)).outcome.good
        await asyncio.sleep(60.0)
        assert not await known.call(ViableSystem.alarms)
        assert not PAGER.pages


async def test_the_books_of_the_top_are_ended_by_who_outlives_them_and_a_human_hears_of_it_until_it_is_over() -> (
    None
):
    async with started(Known) as (system, known):
        await asyncio.sleep(5.0)
        hung = await suspended(system, "known:books")
        await asyncio.sleep(30.0)
        assert system.whereis("known:books", Agent) not in (None, hung)
        assert "books silent" in {page.pain.index for _, page in PAGER.pages}
        assert "books silent" in {key.index for key in PAGER.over}
        assert (await asyncio.wait_for(done(known, "known/solo"), 30.0)).outcome.good


async def test_those_of_the_top_that_hang_again_and_again_are_one_call_that_lasts() -> None:
    async with started(Known) as (system, _):
        await asyncio.sleep(5.0)
        hanging = asyncio.ensure_future(hang(system, "known:books"))
        await asyncio.sleep(60.0)
        calls = [page for _, page in PAGER.pages if page.pain.index == "books silent"]
        assert calls
        assert [page.attempt for page in calls] == list(range(1, len(calls) + 1))
        assert not [key for key in PAGER.over if key.index == "books silent"]
        hanging.cancel()


async def test_those_of_the_top_are_ended_also_by_one_that_has_never_heard_of_them() -> None:
    async with started(Known) as (system, known):
        await asyncio.sleep(5.0)
        hung = await suspended(system, "known:books")
        await asyncio.sleep(2.0)
        system.named("known:vigil", Agent).exit(Kill())
        await asyncio.sleep(60.0)
        assert system.whereis("known:books", Agent) not in (None, hung)
        assert "books silent" in {page.pain.index for _, page in PAGER.pages}
        assert (await asyncio.wait_for(done(known, "known/solo"), 30.0)).outcome.good


async def test_those_of_the_top_that_take_long_to_open_are_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = OnDisk.open.__func__  # type: ignore[attr-defined]
    tries: list[Path] = []

    async def open_slowly(cls: Any, file: Path, *of: Any) -> Any:
        """It has much to read."""
        tries.append(file)
        await asyncio.sleep(300.0 if len(tries) == 1 else 0.0)
        return await opened(cls, file, *of)

    monkeypatch.setattr(OnDisk, "open", classmethod(open_slowly))
    kept = type("Kept", (Kept,), {"data": str(tmp_path), "__module__": __name__})
    async with started(kept) as _:
        await asyncio.sleep(10.0)
        assert len({*tries}) == len(tries)
        assert "books silent" in {key.index for key in PAGER.over}


async def slow(_: Any) -> None:
    """What takes its time."""
    await asyncio.sleep(1.0)


async def test_a_world_that_is_busy_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LivingGraph, "status", slow)
    async with started(Known) as (system, known):
        await asyncio.sleep(5.0)
        world = system.whereis("known:world", LivingGraph)
        for _ in range(120):
            world.cast(LivingGraph.status)
        await asyncio.sleep(115.0)
        assert system.whereis("known:world", LivingGraph) == world
        felt = [entry.body["effect"] for entry in await known.call(ViableSystem.decisions, 0, "pain")]
        assert any("world silent" in one for one in felt)
        await asyncio.sleep(60.0)
        assert not await known.call(ViableSystem.alarms)


async def test_books_of_the_top_that_are_busy_are_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LivingBooks, "extent", slow)
    async with started(Known) as (system, _):
        await asyncio.sleep(5.0)
        books = system.whereis("known:books", LivingBooks)
        for _ in range(40):
            books.cast(LivingBooks.extent)
        await asyncio.sleep(39.0)
        assert "books silent" in {page.pain.index for _, page in PAGER.pages}
        await asyncio.sleep(20.0)
        assert system.whereis("known:books", LivingBooks) == books
        assert "books silent" in {key.index for key in PAGER.over}


def test_how_long_they_may_be_busy_does_not_depend_on_how_fast_the_level_goes() -> None:
    for what in showing.ROUNDS:
        assert showing.within(what, 0.1) == showing.within(what, 1.0) == 0.1 * showing.within(what, 10.0)
        assert showing.within(what, 0.1) >= 2.0


class Kept(Known):
    """It is kept on a disk."""

    world: ClassVar[Any] = None


async def test_a_disk_that_does_not_answer_is_felt_and_no_books_are_ended_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck: list[Any] = []
    act = OnDisk._do

    def do(self: Any, what: Any) -> Any:
        """It answers nothing more."""
        if not stuck:
            return act(self, what)
        stuck.append(asyncio.get_running_loop().create_future())
        return stuck[-1]

    monkeypatch.setattr(OnDisk, "_do", do)
    kept = type("Kept", (Kept,), {"data": str(tmp_path), "__module__": __name__})
    async with started(kept) as (system, _):
        await asyncio.sleep(5.0)
        before = system.whereis("kept:books", Agent)
        stuck.append(None)
        await asyncio.sleep(40.0)
        assert "disk silent" in {page.pain.index for _, page in PAGER.pages}
        assert system.whereis("kept:books", Agent) == before
        answers: list[Future[Any]] = [one for one in stuck if one is not None]
        stuck.clear()
        for one in answers:
            one.set_result(None)
        await asyncio.sleep(30.0)
        assert "disk silent" in {key.index for key in PAGER.over}


async def test_a_disk_that_answers_when_all_has_stopped_is_heard_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck: list[Any] = []
    act = OnDisk._do

    def do(self: Any, what: Any) -> Any:
        """It takes its time with what is asked late."""
        if not stuck:
            return act(self, what)
        stuck.append(asyncio.get_running_loop().create_future())
        return stuck[-1]

    monkeypatch.setattr(OnDisk, "_do", do)
    kept = type("Kept", (Kept,), {"data": str(tmp_path), "__module__": __name__})
    async with started(kept) as (system, _):
        await asyncio.sleep(5.0)
        stuck.append(None)
        await asyncio.sleep(5.0)
        system.named("kept:books", Books).cast(Books.load, "ladder")
        system.named("kept:books", Books).cast(Books.save, "ladder", None)
        await asyncio.sleep(1.0)
    assert len(stuck) > 3
    for one in stuck[1:]:
        one.set_result(None)
    await asyncio.sleep(1.0)  # whatever raises now fails the test
