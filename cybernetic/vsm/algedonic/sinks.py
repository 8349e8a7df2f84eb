"""The ways to a human that one level has: calls through them, and what is written of those that failed."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from cybernetic.vsm.algedonic.caller import ANY
from cybernetic.vsm.algedonic.humans import Page, called, resolved
from cybernetic.vsm.ladder.signals import PainKey

REASONS = 5  # why a sink did not take a word, of repeats in a row: some tell each time another
KEPT = 1000  # words that failed, of which it is known what was written


class Sinks:
    """Of the words that one of them does not take time and again the first is written, and where it fails for another
    reason: a sink that is down for days shall not push everything else out of the log.

    Args:
        human: the sinks, tried in order.
        jot: writes a line of the log, of that kind: why a sink did not take something.
    """

    def __init__(self, human: Sequence[Any], jot: Callable[[str, object], object]) -> None:
        self._human, self._jot = tuple(human), jot
        self._failed: OrderedDict[tuple[str, int, PainKey], list[str]] = (
            OrderedDict()
        )  # why, since it was taken last

    async def page(self, page: Page, sink: int = ANY) -> bool:
        """Call a human through a `sink`; whether it took the page."""
        for number in range(max(1, len(self._human))) if sink == ANY else (sink,):
            known = number < len(self._human)
            why = await called(self._human[number], page) if known else "there is none"
            self._note("page", number, page.pain.key, why)
            if why is None:
                return True
        return False

    async def over(self, key: PainKey) -> None:
        """Tell whoever may have been called through one of them that it is over."""
        for number, sink in enumerate(self._human):
            self._note("over", number, key, await resolved(sink, key))
            self._failed.pop(("page", number, key), None)

    def _note(self, what: str, number: int, key: PainKey, why: str | None) -> None:
        one = what, number, key
        if why is None:
            self._failed.pop(one, None)
            return
        known = self._failed.setdefault(one, [])
        self._failed.move_to_end(one)
        if len(self._failed) > KEPT:
            self._failed.popitem(last=False)
        if why not in known and len(known) < REASONS:
            known.append(why)
            body = {"what": what, "sink": number, "failed": why, "path": key.path, "index": key.index}
            self._jot("page", body)
