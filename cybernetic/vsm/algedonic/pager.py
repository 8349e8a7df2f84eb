"""How a level calls a human: through who is above it, or through its own sinks where nobody above takes the page."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Named
from cybernetic.vsm.algedonic.caller import ANY, Caller
from cybernetic.vsm.algedonic.gone import strayed
from cybernetic.vsm.algedonic.humans import TAKE, Page
from cybernetic.vsm.algedonic.origins import KEPT
from cybernetic.vsm.algedonic.sinks import Sinks
from cybernetic.vsm.algedonic.watcher import VIGIL, Watcher
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.ladder.ladder import Ladder
from cybernetic.vsm.ladder.signals import PainKey
from cybernetic.vsm.recursion.reach import reached, top_of, upward

HOP = TAKE + 1.0  # seconds for who is above to answer


def patience(name: str) -> float:
    """Seconds for whoever bears that name to answer: where it is not the top it may have to ask further."""
    return HOP * (1 + name.count("/"))


class Pager:
    """The way from one level to a human. The levels above are asked from the top down: the first that is known here
    calls him, or passes the page on where it is not the top. A level elsewhere has sinks of its own for when nobody
    above is reached, or nobody there takes it; one within has those of the top.

    What is over, and not yet said to be, is in the books of the level, so that a successor says it.

    Args:
        agent: who pages; called from within it only.
        path: of the level.
        human: its sinks for pages.
        jot: writes a line of the log, of that kind: why a sink did not take something.
        kept: under what name it is in the books what is still to be said.
    """

    def __init__(
        self, agent: Any, path: str, human: Sequence[Any], jot: Callable[[str, object], object], kept: str
    ) -> None:
        self._agent, self._key, self._by_sinks = agent, kept, f"{kept} to sinks"
        self._by_levels = f"{kept} by levels"
        self._path, self._levels = path, upward(path, top_of(path))
        self._vigil = agent.system.named(f"{path}:{VIGIL}", Watcher)
        self._books: Named[Books] = agent.system.named(f"{path}:books", Books)
        keep = partial(self._books.cast, Books.save, self._by_sinks)
        self._sinks = Sinks(agent, human, jot, keep)
        self._within: dict[PainKey, str] = {}  # at the top: for what was paged, in which level within
        self._calls: dict[PainKey, list[asyncio.Future[None]]] = {}  # under way
        self._own: dict[PainKey, None] = {}  # for what its own sinks were called, though somebody is above
        self._owed: dict[PainKey, None] = {}  # what is over, and those who are to hear it have not
        self._at_it: list[PainKey] = []  # of these, what is being said
        self._saying = False  # of the others, one after another

    async def begin(self, ladder: Ladder | None = None, units: Collection[str] = ()) -> None:
        """Go on from the books: what is not known to have been said is said, rather twice than never. Where a `ladder`
        is given, all is over for which was paged from here and that is not on it, or in a level that is not among, or
        within, the `units`: that is known by who watches the top, or is nearer to the human.
        """
        known = await self._books.call(Books.load, self._key) or ((), ())
        self._owed, self._own = (dict.fromkeys(keys) for keys in known)
        by_sinks = await self._books.call(Books.load, self._by_sinks) or ()
        self._sinks.begin(by_sinks)
        self._within = await self._books.call(Books.load, self._by_levels) or {}
        for key in self._owed:
            if not self._levels or key in self._own:
                self._agent.task(self.resolve(key))
        if ladder is not None:
            felt = (*ladder.climbs, *ladder.folded, *self._owed, *by_sinks)
            self.begun(self._path, felt, tuple(units))
            if not self._levels:
                self._vigil.cast(Watcher.holds, felt)
                self.recall(ladder)

    def recall(self, ladder: Ladder) -> None:
        """Whoever watches the top is told again for what on the `ladder` a human was called: should it be forgotten
        here, nobody else can say that it is over.
        """
        if not self._levels:
            for key in (*(key for key, one in ladder.climbs.items() if one.called > -inf), *self._owed):
                self._vigil.cast(Watcher.paged, key)

    def begun(self, level: str, felt: Collection[PainKey], units: Collection[str]) -> None:
        """A level begins, with these `units`, and knows of these pains: of what else a human was called for there, and
        in levels that are not in it any more, nobody says that it is over, so it is said here.
        """
        if self._levels:
            self._above().cast(Caller.begun, level, felt, units)
            return
        for key, origin in self._within.items():
            if (key not in felt) if origin == level else units and strayed(origin, level, units):
                self._owe(key)
                self._agent.task(self.resolve(key))

    def _remember(self, within: dict[PainKey, str]) -> None:
        if within != self._within:
            self._within = dict(list(within.items())[-KEPT:])
            self._books.cast(Books.save, self._by_levels, self._within)

    async def page(self, page: Page, sink: int = ANY, felt: bool = True) -> bool:
        """Call a human; whether a sink took the page. `felt`: for a pain, which he answers where it hurts."""
        self._settle(page.pain.key)
        self._sinks.settle(page.pain.key)
        if felt and not self._levels:
            if page.level == self._path:
                self._vigil.cast(Watcher.paged, page.pain.key)
            else:
                self._remember({**self._within, page.pain.key: page.level})
        with self._under_way(page.pain.key):
            if self._levels:
                with suppress(CallError, Refusal):
                    return bool(await self._above().call(Caller.page, page, sink, felt))
            taken = await self._sinks.page(page, sink)
        if taken and self._levels and page.pain.key not in self._own:
            self._own[page.pain.key] = None
            self._keep()
        return taken

    async def resolve(self, key: PainKey) -> None:
        """Tell who may have been called that it is over: that is the last word, and it is said again (`again`) until
        somebody above, and whoever was called from here, has heard it.
        """
        self._owe(key)
        self._at_it.append(key)
        try:
            if calls := self._calls.get(key):
                await asyncio.wait(tuple(calls))
            await self._over(key)
        finally:
            self._at_it.remove(key)

    def _owe(self, key: PainKey) -> None:
        self._owed[key] = None
        self._keep()
        self._remember({one: level for one, level in self._within.items() if one != key})

    async def _over(self, key: PainKey) -> None:
        if await self._resolved(key) and key not in self._own:
            return
        called = not self._levels or key in self._own
        self._own.pop(key, None)
        await self._sinks.over(key, again=called)
        if not self._levels:
            self._settle(key)
            self._vigil.cast(Watcher.told, key)
        self._keep()

    async def _resolved(self, key: PainKey) -> bool:
        """Whether somebody above has heard that it is over."""
        if not self._levels:
            return False
        try:
            await self._above().call(Caller.resolve, key)
        except (CallError, Refusal):
            return False
        self._settle(key)
        return True

    def _settle(self, key: PainKey) -> None:
        """Nothing is to be said of it any more."""
        if key in self._owed:
            del self._owed[key]
            self._keep()

    def _keep(self) -> None:
        self._books.cast(Books.save, self._key, (tuple(self._owed), tuple(self._own)))

    def again(self) -> None:
        """Say again what nobody above has heard, one at a time, and what no sink took: the way may be there again."""
        self._sinks.again()
        if not self._saying and self._next() is not None:
            self._saying = True
            self._agent.task(self._again())

    async def _again(self) -> None:
        try:
            while (key := self._next()) is not None and await self._resolved(key):
                pass
        finally:
            self._saying = False

    def _next(self) -> PainKey | None:
        return next((key for key in self._owed if key not in self._at_it), None)

    def _above(self) -> Any:
        node = reached(self._agent.system, self._levels, Role.ALGEDONODE, Caller)
        return node.within(patience(node.name))

    @contextmanager
    def _under_way(self, key: PainKey) -> Iterator[None]:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls.setdefault(key, []).append(over)
        try:
            yield
        finally:
            over.set_result(None)
            self._calls[key].remove(over)
            if not self._calls[key]:
                del self._calls[key]
