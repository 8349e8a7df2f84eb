"""The ways to a human that one level has: calls through them, and what becomes of words that were not taken."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from cybernetic.vsm.algedonic.caller import ANY
from cybernetic.vsm.algedonic.humans import Page, called, resolved
from cybernetic.vsm.ladder.signals import PainKey
from cybernetic.vsm.timing import now

SOON = 5.0  # seconds after which it is said again that something is over, where a sink did not take it; it doubles
TRIES = 12  # in all, which takes nearly three hours
OWED = 200  # words that are to be said again; the oldest are given up
REASONS = 5  # why a sink did not take a word, of repeats in a row: some tell each time another
KEPT = 1000  # words that failed, of which it is known what was written


@dataclass(slots=True, eq=False)
class _Debt:
    """That something is over, which these `sinks` have not taken, after so many `tries`; when the next is `due`."""

    sinks: set[int]
    tries: int
    due: float = inf  # it is being said


class Sinks:
    """That something is over is said again to each that did not take it, with growing pauses.

    Of the words that one of them does not take time and again the first is written, and where it fails for another
    reason: a sink that is down for days shall not push everything else out of the log.

    Args:
        agent: who calls.
        human: the sinks, tried in order.
        jot: writes a line of the log, of that kind: why a sink did not take something.
        keep: writes down what is to be said again.
    """

    def __init__(
        self,
        agent: Any,
        human: Sequence[Any],
        jot: Callable[[str, object], object],
        keep: Callable[[tuple[PainKey, ...]], object],
    ) -> None:
        self._agent, self._human, self._jot, self._keep = agent, tuple(human), jot, keep
        self._owed: dict[PainKey, _Debt] = {}
        self._kept: tuple[PainKey, ...] = ()
        self._saying = False
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

    async def over(self, key: PainKey, again: bool = True) -> None:
        """Tell whoever may have been called through one of them that it is over. `again`: each until it took it."""
        self._owed.pop(key, None)
        while len(self._owed) >= OWED:
            del self._owed[next(iter(self._owed))]
        debt = self._owed[key] = _Debt(set(range(len(self._human))), 0 if again else TRIES)
        await self._tell(key, debt)

    def begin(self, owed: Iterable[PainKey]) -> None:
        """Say what a predecessor had to say again, with the next round."""
        self._kept = tuple(owed)
        before = {key: _Debt(set(range(len(self._human))), 1, now()) for key in self._kept}
        self._owed = before | self._owed

    def settle(self, key: PainKey) -> None:
        """It is not over any more."""
        if self._owed.pop(key, None) is not None:
            self._write()

    def again(self) -> None:
        """Say what is to be said again by now, one after another."""
        at = now()
        if not self._saying and any(debt.due <= at for debt in self._owed.values()):
            self._saying = True
            self._agent.task(self._again(at))

    async def _again(self, at: float) -> None:
        try:
            for key, debt in tuple(self._owed.items()):
                if debt.due <= at and self._owed.get(key) is debt:
                    await self._tell(key, debt)
        finally:
            self._saying = False

    async def _tell(self, key: PainKey, debt: _Debt) -> None:
        debt.due = inf
        for number in sorted(debt.sinks):
            if self._owed.get(key) is not debt:
                return
            taken = partial(debt.sinks.discard, number)
            why = await resolved(self._human[number], key, taken)
            self._note("over", number, key, why)
            self._failed.pop(("page", number, key), None)
            if why is None:
                taken()
        debt.tries += 1
        debt.due = now() + SOON * 2.0 ** (debt.tries - 1)
        if self._owed.get(key) is debt and (not debt.sinks or debt.tries >= TRIES):
            del self._owed[key]
        self._write()

    def _write(self) -> None:
        owed = tuple(key for key, debt in self._owed.items() if 0 < debt.tries < TRIES)
        if owed != self._kept:
            self._kept = owed
            self._keep(owed)

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
