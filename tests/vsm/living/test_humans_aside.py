"""A human whose sink hangs in its thread holds up no other human."""

import asyncio
from threading import Event
from typing import Any

from cybernetic.vsm import Cause, Page, Pain
from cybernetic.vsm.algedonic.humans import TAKE, called
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
