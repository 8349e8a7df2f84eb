"""How an algedonode calls a human: through the sinks of the top, or its own where the top is away."""

from collections.abc import Sequence
from typing import Any

from cybernetic.core import CallError
from cybernetic.runtime import Deferred
from cybernetic.vsm.algedonic.humans import TAKE, Page, called, resolved
from cybernetic.vsm.ladder.signals import Pain, PainKey

HOP = TAKE + 1.0  # seconds for who is above to answer


class Pager:
    """The way from one algedonode to a human.

    Args:
        node: the algedonode; called from within it only.
        path: of its level.
        human: sinks for pages.
    """

    def __init__(self, node: Any, path: str, human: Sequence[Any]) -> None:
        self._node, self._path, self._human = node, path, tuple(human)

    async def page(self, pain: Pain, sink: int, attempt: int) -> bool:
        """Call a human for a pain of this level; whether the sink took the page."""
        page, top = Page(pain, attempt, self._path), self._path.partition("/")[0]
        if top == self._path:
            return await self.called(page, sink)
        node = type(self._node)
        try:
            above = self._node.system.named(f"{top}:algedonode", node)
            return bool(await above.within(HOP).call(node.page, page, sink))
        except CallError:
            return await self.called(page, sink)

    async def called(self, page: Page, sink: int, answer: Deferred[bool] | None = None) -> bool:
        """Page through a sink of one's own; whether it took the page, which is also the `answer`."""
        why: str | None = "there is none"
        if sink < len(self._human):
            why = await called(self._human[sink], page)
        if why is not None:
            self._node.jot("page", {"sink": sink, "failed": why})
        if answer is not None:
            answer.reply(why is None)
        return why is None

    async def resolve(self, key: PainKey) -> None:
        """Tell all sinks that it is over."""
        for sink in self._human:
            why = await resolved(sink, key)
            if why is not None:
                self._node.jot("page", {"failed": why})
