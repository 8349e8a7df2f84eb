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
        self._books = [f"{level}:books" for level in levels]
        self._control, self._path, self._per = control, charter.path, charter.per or inf
        self._key = f"counts money until: {charter.path}"
        self._unknown = -inf
        self._until = -inf if levels else inf  # they know that it is there until then
        self._telling = -inf  # they are told of that, and since then, seconds
        self._since = 0.0

    async def ask(self) -> Before:
        """What they know of other lives; and say that it is there again. Who is silent is asked until he answers."""
        if not self._books:
            return UNTOLD
        own, *others = [await self._heard(name) for name in self._books]
        until, unknown = (max(times) for times in zip(NEVER, *others, strict=True))
        mine = _words.of(self._control.system).get(self._path, NEVER)
        self._unknown = max(unknown, mine[1], until if until > mine[0] else -inf)
        asleep = -inf < own[0] <= now()
        await self._tell(max(until, own[0], Epoch.at(now(), self._per).ends))
        return Before(self._unknown, asleep)

    def know(self, epoch: Epoch, *, ahead: bool) -> bool:
        """Whether they know that it is there in this epoch, or were silent for too long. They are told where they do
        not, and shortly before the next one begins, where that is to be known `ahead`.
        """
        soon = ahead and epoch.ends - now() < AHEAD
        until = epoch.ends + (epoch.ends - epoch.begins if soon else 0.0)
        if until > max(self._until, self._telling):
            self._telling, self._since = until, now()
            self._control.task(self._say(until))
        return self._until >= epoch.ends or now() > self._since + PATIENCE

    async def _say(self, until: float) -> None:
        await self._tell(until)
        self._control.ref.cast(type(self._control).renew)

    async def _heard(self, name: str) -> Told:
        while True:
            try:
                return await self._control.system.named(name, Books).call(Books.load, self._key) or NEVER
            except CallError:
                await asyncio.sleep(AGAIN)

    async def _tell(self, until: float) -> None:
        """What this process says is its own word from now on, whoever has heard it."""
        told = _words.of(self._control.system)[self._path] = (until, self._unknown)
        for name in self._books:
            while self._until < until:
                try:
                    await self._control.system.named(name, Books).call(Books.save, self._key, told)
                    break
                except CallError:
                    await asyncio.sleep(AGAIN)
        self._until = max(self._until, until)
