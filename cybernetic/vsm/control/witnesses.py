"""Until when a level that counts money was there: it is in its books, and should those be lost, in those around it."""

import asyncio
from math import inf
from typing import Any, NamedTuple

from cybernetic.core import CallError
from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.owned import Owned
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.timing import now

Told = tuple[float, float]  # there until then; up to then a life that is over may have spent all, seconds

NEVER: Told = (-inf, -inf)
AGAIN = 1.0  # seconds after which books that were silent are asked again
PATIENCE = 8.0  # seconds that are waited for them in an epoch, before the level goes on without
AHEAD = 2.0  # seconds before an epoch begins: units take their floors in it without asking

_words: Owned[dict[str, Told]] = Owned(dict)  # by path: what levels of this process have said


class Before(NamedTuple):
    """What is known of the lives of a level that are over.

    Attributes:
        unknown: up to when they may have spent what only books of its own would tell, seconds.
        asleep: none of them was there in this epoch, by its own books.
    """

    unknown: float = -inf
    asleep: bool = False


UNTOLD = Before()


class Witnesses:
    """The books of a level that counts money, and where it has a budget of its own, those of the levels around it, near
    or on other nodes of the same system.

    In them stands until when it was there. So who begins without books knows whether another life was there in the
    same epoch, and may have spent all that there is in it. What this process has spent is known in it (`tallied`), so
    what it has told itself is no other life.

    Args:
        control: system 3 of the level.
        charter: of the level. Where its level above is of another system, nobody around it is asked.
    """

    def __init__(self, control: Any, charter: Charter) -> None:
        own = charter.budget is not None or charter.most is not None
        levels = (charter.path, *(charter.around if own else ())) if charter.per is not None else ()
        self._control, self._path, self._per = control, charter.path, charter.per or inf
        self._key = f"counts money until: {charter.path}"
        self._unknown = -inf
        self._told = {
            f"{level}:books": -inf for level in levels
        }  # until when it is there, by what each knows
        self._until = -inf  # and by what all are to know
        self._since = 0.0  # since when not all of them knew, seconds
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._waits = False  # whether an epoch is to begin when they know

    async def ask(self, *, known: bool) -> Before:
        """What they know of other lives; and say that it is there again. Who has books that are `known` goes by these.
        Of who is silent for too long it is taken that another life was there in this epoch.
        """
        if not self._told:
            return UNTOLD
        own, *others = self._told
        was, spent = await self._heard(own)
        until, unknown = NEVER
        if not known:
            ends = Epoch.at(now(), self._per).ends
            heard = await asyncio.gather(*[self._heard_in_time(name, ends) for name in others])
            until, unknown = (max(times) for times in zip(NEVER, *heard, strict=True))
        mine = _words.of(self._control.system).get(self._path, NEVER)
        self._unknown = max(spent, unknown, mine[1], until if until > mine[0] else -inf)
        asleep = -inf < was <= now()
        self._tell(max(was, until, Epoch.at(now(), self._per).ends))
        await asyncio.wait(self._telling.values(), timeout=PATIENCE)
        return Before(self._unknown, asleep)

    def know(self, epoch: Epoch, *, ahead: bool) -> bool:
        """Whether they know that it is there in this epoch, or were silent for too long. They are told where they do
        not, and shortly before the next one begins, where that is to be known `ahead`.
        """
        soon = ahead and epoch.ends - now() < AHEAD
        until = epoch.ends + (epoch.ends - epoch.begins if soon else 0.0)
        if self._told and until > self._until:
            self._tell(until)
        told = all(known >= epoch.ends for known in self._told.values())
        self._waits = not told
        return told or now() > self._since + PATIENCE

    async def _heard(self, name: str) -> Told:
        """What one knows, whenever that answers."""
        while True:
            try:
                return await self._control.system.named(name, Books).call(Books.load, self._key) or NEVER
            except CallError:
                await asyncio.sleep(AGAIN)

    async def _heard_in_time(self, name: str, ends: float) -> Told:
        try:
            return await asyncio.wait_for(self._heard(name), PATIENCE)
        except TimeoutError:
            return ends, -inf

    def _tell(self, until: float) -> None:
        """Each is told for itself, so that nobody waits for one who is silent. What this process says is its own word
        from now on, whoever has heard it.
        """
        self._until = until
        if not self._telling:  # who has been silent for too long is not waited for in each epoch again
            self._since = now()
        _words.of(self._control.system)[self._path] = until, self._unknown
        for name in self._told:
            if name not in self._telling:
                self._telling[name] = self._control.task(self._tell_one(name))

    async def _tell_one(self, name: str) -> None:
        """Until it knows: later than it has known before, never earlier."""
        books = self._control.system.named(name, Books)
        while (until := self._until) > self._told[name]:
            try:
                before = await books.call(Books.load, self._key) or NEVER
                word = max(before[0], until), max(before[1], self._unknown)
                if word != before:
                    await books.call(Books.save, self._key, word)
                self._told[name] = until
            except CallError:
                await asyncio.sleep(AGAIN)
        del self._telling[name]
        if self._waits and not self._telling:
            self._control.ref.cast(type(self._control).renew)
