"""A human whose sink hangs in its thread holds up no other human."""

import asyncio
from functools import partial
from threading import Event
from typing import Any

import pytest

from cybernetic.vsm import Cause, Page, Pain
from cybernetic.vsm.algedonic import humans
from cybernetic.vsm.algedonic.humans import TAKE, _calling, _ending, called, resolved
from cybernetic.vsm.algedonic.threads import MOST
from cybernetic.vsm.ladder import Severity

PAGE = Page(Pain("firm", "fire", Cause.INVARIANT, Severity.CRITICAL), 1, "firm")


class Hangs:
    """Takes a page until it is let go."""

    def __init__(self) -> None:
        self.began, self.let_go = Event(), Event()

    def page(self, page: Page) -> None:
        """It takes."""
        self.began.set()
        self.let_go.wait(10.0)

    def resolve(self, key: Any) -> None:
        """It is over."""


class Takes(Hangs):
    """Takes it at once."""

    def page(self, page: Page) -> None:
        """Done."""
        self.began.set()


def test_several_that_hang_hold_up_no_other() -> None:
    hung, human = [Hangs() for _ in range(5)], Takes()

    async def live() -> tuple[str | None, float]:
        loop = asyncio.get_running_loop()
        jobs = [asyncio.ensure_future(called(one, PAGE)) for one in hung]
        try:
            await asyncio.sleep(0)
            began = loop.time()
            return await called(human, PAGE), loop.time() - began
        finally:
            for one in hung:
                one.let_go.set()
            await asyncio.gather(*jobs)

    answer, took = asyncio.run(live())
    assert answer is None
    assert human.began.is_set()
    assert took < TAKE / 2


class Slow:
    """Takes a page slowly, and what is over at once."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def page(self, page: Page) -> None:
        await asyncio.sleep(1.5)
        self.heard.append("page")

    async def resolve(self, key: Any) -> None:
        self.heard.append("over")


async def test_that_it_is_over_is_the_last_word() -> None:
    slow = Slow()
    paging = asyncio.ensure_future(called(slow, PAGE))
    await asyncio.sleep(0.2)
    assert await resolved(slow, PAGE.pain.key) is None
    assert slow.heard == ["page", "over"]
    assert await paging is None
    assert not _calling


class Cancels:
    """A sink that gives itself up."""

    async def page(self, page: Page) -> None:
        raise asyncio.CancelledError("its own")


async def test_a_sink_that_cancels_itself_did_not_take_the_page() -> None:
    assert await called(Cancels(), PAGE) == "CancelledError: its own"
    waiting = asyncio.ensure_future(called(Slow(), PAGE))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


class Blocks:
    """A plain one that blocks its thread for longer than it is given."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.let_go = Event()

    def page(self, page: Page) -> None:
        self.let_go.wait(10.0)
        self.heard.append("page")

    def resolve(self, key: Any) -> None:
        self.heard.append("over")


def test_that_it_is_over_comes_after_a_page_that_a_thread_still_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(humans, "TAKE", 0.05)
    blocks = Blocks()

    async def live() -> list[str | None]:
        why = [await called(blocks, PAGE), await resolved(blocks, PAGE.pain.key)]
        assert blocks.heard == []
        blocks.let_go.set()
        while len(blocks.heard) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        return why

    not_taken, not_told = asyncio.run(live())
    assert not_taken == "no answer within 0.05 s"
    assert not_told == "a page for it is under way still: it is told after that"
    assert blocks.heard == ["page", "over"]
    assert not _calling


class Reluctant(Takes):
    """Takes its time to hear that something is over, and may not take it."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.fails, self.told = fails, 0

    def resolve(self, key: Any) -> None:
        self.told += 1
        self.let_go.wait(10.0)
        if self.fails:
            raise OSError("down")


@pytest.mark.parametrize("fails", [True, False])
def test_what_a_thread_still_tells_is_not_told_a_second_time_and_when_it_was_that_is_known(
    fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(humans, "TAKE", 0.05)
    sink, heard = Reluctant(fails), list[str]()

    async def live() -> list[str | None]:
        tell = partial(resolved, sink, PAGE.pain.key, partial(heard.append, "told"))
        why = [await tell(), await tell()]
        assert (sink.told, heard) == (1, [])
        sink.let_go.set()
        while _ending:
            await asyncio.sleep(0.01)
        return [*why, "told" if heard else None, await tell()]

    assert asyncio.run(live()) == [
        "no answer within 0.05 s",
        "it is being told still",
        None if fails else "told",
        "OSError: down" if fails else None,
    ]
    assert sink.told == 2
    assert not _ending


@pytest.mark.parametrize("fails", [True, False])
def test_so_it_is_of_what_is_told_after_a_page(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(humans, "TAKE", 0.05)
    sink, heard = Blocks(), list[str]()
    if fails:
        monkeypatch.setattr(sink, "resolve", None)

    async def live() -> list[str | None]:
        tell = partial(resolved, sink, PAGE.pain.key, partial(heard.append, "told"))
        why = [await called(sink, PAGE), await tell(), await tell()]
        sink.let_go.set()
        while _ending:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        return why[1:]

    assert asyncio.run(live()) == [
        "a page for it is under way still: it is told after that",
        "it is being told still",
    ]
    assert (sink.heard, heard) == ((["page"], []) if fails else (["page", "over"], ["told"]))


def test_one_whose_threads_all_hang_is_tried_no_more_and_takes_no_others() -> None:
    hangs, takes = Hangs(), Takes()

    async def live() -> list[str | None]:
        first = [asyncio.ensure_future(called(hangs, PAGE)) for _ in range(MOST)]
        await asyncio.sleep(0.2)
        why = await called(hangs, PAGE)
        taken = [await called(takes, PAGE) for _ in range(3 * MOST)]
        hangs.let_go.set()
        await asyncio.gather(*first)
        return [why, *taken, await called(hangs, PAGE)]

    why, *others, again = asyncio.run(live())
    assert why == "Refusal: 8 of its threads have not ended yet"
    assert set(others) == {None}
    assert again is None
