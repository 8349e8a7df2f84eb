"""Of a level with a budget of its own the levels around it know until when it was there, should its books be lost."""

import asyncio
from math import inf
from typing import Any

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


class Witnesses:
    """The books of the levels around one that has a budget of its own, near or on other nodes of the same system.

    In them stands until when it was there. So who begins without books knows whether another life was there in the
    same epoch, and may have spent all that there is in it. What this process has spent is known in it (`tallied`), so
    what it has told itself is no other life.

    Args:
        control: system 3 of the level.
        charter: of the level. One whose level above is of another system has no witnesses but those on its own side.
    """

    def __init__(self, control: Any, charter: Charter) -> None:
        own = charter.budget is not None or charter.most is not None
        around = charter.around if own else ()
        self._books = [f"{level}:books" for level in around]
        self._control, self._path, self._per = control, charter.path, charter.per or inf
        self._key = f"counts money until: {charter.path}"
        self._unknown = -inf
        self._until = -inf if around else inf  # they know that it is there until then
        self._telling = -inf  # they are told of that, and since then, seconds
        self._since = 0.0

    async def ask(self) -> float:
        """Up to when another life may have spent what only books of its own would know, seconds; and say that it is
        there again. Whoever is silent is asked until he answers.
        """
        if not self._books:
            return self._unknown
        heard = [await self._heard(name) for name in self._books]
        until, unknown = (max(times) for times in zip(*heard, strict=True))
        mine = _words.of(self._control.system).get(self._path, NEVER)
        self._unknown = max(unknown, mine[1], until if until > mine[0] else -inf)
        await self._tell(max(until, Epoch.at(now(), self._per).ends))
        return self._unknown

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
