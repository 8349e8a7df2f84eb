"""A port that is paced by the level above: whose turn it is here, once it is the level's turn there."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal, number
from cybernetic.runtime import Named
from cybernetic.vsm.changed import changed
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.coordination.flow import Turn, first_awaited, still_wanted
from cybernetic.vsm.coordination.messages import Above, Ended, Paced, PaceWithdrawal
from cybernetic.vsm.damping.fair import FairQueue
from cybernetic.vsm.damping.shares import SharedPacer
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.timing import now

AGAIN = 1.0  # seconds for a word to the level above
Said = bool | None | CallError | Refusal

LOOK = 0.5  # seconds between two looks at whether the level above speaks again, while it does not


class Relay:
    """The queue of one shared port in a level within another.

    While the level holds a lease above, each use of the port is granted there, and the level vouches for no more than
    the part of its share whose units hold leases here. When its lease has lapsed it shares out its static share by
    itself. A unit whose lease has lapsed uses a part of that by itself; in both cases nobody counts on it. Who speaks
    for the level above may hang or be away: when no lease can be left that was ever vouched for, that is the same.
    Once a word was not answered the level vouches for nothing until one is: who is started in the place of one that
    hung may hang as well, and would keep the level waiting with each new lease.

    Args:
        owner: the agent of system 2.
        above: who speaks for this level in the one above.
        port: its name.
        pacer: of the level's static share among its units.
    """

    def __init__(self, owner: Any, above: Named[Ear], port: str, pacer: SharedPacer) -> None:
        self._owner, self._above, self._port, self._pacer = owner, above, port, pacer
        self._queue: FairQueue[Turn] = FairQueue()
        self._pulling = False
        self._lapses = inf  # no lease above outlasts that; as long as none was vouched for, who knows
        self._lasts = inf  # seconds of a lease above, as was last said
        self._unheard = False  # whether the last word to the level above was not answered
        self._word: asyncio.Task[Said] | None = None
        self._barred = (
            -inf
        )  # until when the other side asked to wait, by that it goes without the level above
        self._id = ""  # of the turn above that is waited for

    def heard(self, unit: str, holds_until: float, part: float) -> None:
        """A unit asks for its lease."""
        self._pacer = self._pacer.heard(unit, holds_until, now(), part)

    def barred(self, seconds: float) -> None:
        """The other side asked to wait so many seconds from now."""
        self._barred = max(self._barred, now() + seconds)

    def part(self, until: float, lapses: float) -> float:
        """The part of the level's share that none of its units will use by itself before `until`, for a lease above
        that has lapsed at `lapses`. Who has only begun to speak for the level does not know that yet: as before, then.
        Once the lease that is held has lapsed while a word is waited for, nobody up there seems to speak: nothing.
        """
        if self._unheard or (self._word is not None and (lapses == inf or now() >= until)):
            return 0.0
        self._lasts = self._lasts if lapses == inf else lapses - now()
        lapses = now() + self._lasts
        self._lapses = lapses if self._lapses == inf else max(self._lapses, lapses)
        return self._pacer.part(until)

    def asked(self, unit: str, turn: Turn, cost: float, weight: float) -> None:
        """A unit waits for its turn. Who asks again keeps its place."""
        queue = self._queue.renewed(lambda one: one.id == turn.id, turn) if turn.again else None
        self._queue = queue or self._queue.put(unit, turn, cost=cost, weight=weight)
        self.cycle()

    def withdrawn(self, ids: Collection[str]) -> None:
        """A unit does not wait any more for the turns of these ids."""
        self._left(self._queue.without(lambda turn: turn.id in ids))

    @property
    def pacer(self) -> SharedPacer:
        """How the level shares out its static share."""
        return self._pacer

    def sharing(self, share: float) -> None:
        """The level's static share is another, units a second > 0."""
        self._pacer = changed(self._pacer, rate=number("share", share, above=0.0))

    def cycle(self) -> None:
        """Ask for a turn, if somebody waits for one; take the word that came when nobody waited for it any more."""
        if self._pulling:
            return
        self._left(still_wanted(self._queue, now()))
        if len(self._queue):
            self._pulling = True
            self._owner.task(self._pulled())
        elif self._word is not None and self._word.done():
            self._owner.task(self._late())

    async def _late(self) -> None:
        with suppress(CallError, Refusal):
            if self._word is not None and self._taken() is True:
                await self._let_go()

    async def _pulled(self) -> None:
        try:
            while first_awaited(self._queue, now()) is not None:
                if await self._granted():
                    await self._let_go()
        except (CallError, Refusal):
            return  # nobody speaks for the level above; the next round tries again
        finally:
            self._pulling = False

    async def _let_go(self) -> None:
        """The first that still wants its turn has it; if nobody does any more, that is said above."""
        while (at := first_awaited(self._queue, now())) is not None:
            self._queue, head = self._queue.pop(at)
            if head.item.answer.reply(Paced(self._port)):
                return
        await self._above.within(AGAIN).call(Ear.up, Ended(self._port))

    def without(self, unit: str) -> None:
        """A unit has ended: it waits no more."""
        self._left(self._queue.drop(unit))

    def _left(self, queue: FairQueue[Turn]) -> None:
        """Only these wait; where nobody does any more, the level's turn above is another's."""
        before, self._queue = self._queue, queue
        if len(before) > len(queue) == 0 and self._word is not None and not self._word.done():
            self._owner.task(self._taken_back(PaceWithdrawal(self._port, (self._id,))))

    async def _taken_back(self, word: PaceWithdrawal) -> None:
        with suppress(CallError, Refusal):
            await self._above.within(AGAIN).call(Ear.up, word)

    async def _granted(self) -> bool:
        """Whether the head may go: by the word from above, or else out of the level's own share; or look again."""
        said = await self._said()
        if said is not False:
            return bool(said)
        at = now()
        if at < self._barred:
            await asyncio.sleep(min(LOOK, self._barred - at))
            return False
        self._pacer, may = self._pacer.grant(at)
        if not may:
            await asyncio.sleep(min(LOOK, max(0.001, self._pacer.ready(at) - at)))
        return may

    async def _said(self) -> bool | None:
        """The word from above; False where the level holds no lease there, or nobody answers until it has lapsed; None
        where it was taken back, as nobody waited any more.

        Raises `CallError`, `Refusal` before that. A word that comes too late is the next one's.
        """
        word = self._word = self._word or self._owner.task(self._asked())
        while not word.done():  # a turn may be further off than a lease lasts: it is renewed meanwhile
            left = self._lapses - now()
            if left <= 0.0:
                self._unheard = True
                return False
            await asyncio.wait((word,), timeout=None if left == inf else left)
        said = self._taken()
        if not isinstance(said, Exception):
            return said
        if now() < self._lapses:
            raise said
        return False

    def _taken(self) -> Said:
        assert self._word is not None
        said, self._word = self._word.result(), None
        self._unheard = isinstance(said, Exception)
        return said

    async def _asked(self) -> Said:
        self._id = fresh_id(8, "turn")
        try:
            return await self._above.within(None).call(Ear.up, Above(self._port, self._id))
        except (CallError, Refusal) as error:
            return error
