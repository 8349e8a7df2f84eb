"""How an algedonode has humans called, and what is said of it: for its own pains, and for those of levels within."""

from collections.abc import Awaitable, Collection
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.algedonic.caller import Caller
from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.algedonic.origins import Origins
from cybernetic.vsm.algedonic.pager import Pager
from cybernetic.vsm.algedonic.reasons import Reasoned
from cybernetic.vsm.ladder.signals import PainKey


class Calling(Reasoned, Caller):
    """The half of an algedonode that is nearer to the human."""

    _pager: Pager
    _origins: Origins

    def page(self, page: Page, sink: int, felt: bool = True) -> Deferred[bool]:
        """Page a human through a sink; whether it took the page. Whoever answers the page answers where it hurts."""
        answer = self.defer()
        if felt:
            self._comes_from(page.level, page.pain.key)
        self.task(self._answer(self._pager.page(page, sink, felt), answer))
        return answer

    def resolve(self, key: PainKey) -> Deferred[Any]:
        """Tell a human that what he was called for is over."""
        answer = self.defer()
        self.task(self._answer(self._pager.resolve(key), answer))
        return answer

    def begun(self, level: str, felt: Collection[PainKey], units: Collection[str]) -> None:
        """A level within has begun: for what else a human was called from there, he is told that it is over."""
        self._pager.begun(level, felt, units)

    def watched(self) -> None:
        """Another vigil has begun: it is told for what a human was called."""
        self._pager.recall(self._ladder)

    async def _answer(self, what: Awaitable[Any], answer: Deferred[Any]) -> None:
        answer.reply(await what)

    def _comes_from(self, origin: str, key: PainKey) -> None:
        if self._origins.heard(key, origin):
            self._save()

    def _save(self) -> None:
        raise NotImplementedError
