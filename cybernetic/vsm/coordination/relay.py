"""A port that is paced by the level above: whose turn it is here, once it is the level's turn there."""

from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.coordination.messages import Above, Paced
from cybernetic.vsm.damping.fair import FairQueue
from cybernetic.vsm.timing import now

AGAIN = 1.0  # seconds between two tries where nobody speaks for the level above
SILENT = ""  # the flow of the units that pace themselves


class Relay:
    """The queue of one shared port in a level within another.

    Units whose lease has lapsed use their static share by themselves; as much is asked for above and let go, so that
    the level as a whole stays within what it is granted.

    Args:
        owner: the agent of system 2.
        above: who speaks for this level in the one above.
        port: its name.
        members: the paths of the units.
        each: what one unit may use by itself, units a second.
    """

    def __init__(
        self, owner: Any, above: Named[Ear], port: str, members: frozenset[str], each: float
    ) -> None:
        self._owner, self._above, self._port, self._each = owner, above, port, each
        self._held = dict.fromkeys(members, -inf)
        self._queue: FairQueue[Any] = FairQueue()
        self._pulling = False
        self._owed, self._at = 0.0, now()

    def heard(self, unit: str, holds_until: float) -> None:
        """A unit asks for its lease."""
        self._held[unit] = holds_until

    def asked(self, unit: str, answer: Deferred[Any], cost: float, weight: float) -> None:
        """A unit waits for its turn."""
        self._queue = self._queue.put(unit, answer, cost=cost, weight=weight)
        self._pull()

    def pass_on(self, word: object) -> None:
        """What the other side of the port said concerns the level above."""
        self._owner.task(self._told(word))

    def cycle(self) -> None:
        """Ask for what the silent units use meanwhile."""
        at = now()
        silent = sum(until <= at for until in self._held.values())
        self._owed = (
            min(len(self._held), self._owed + silent * self._each * (at - self._at)) if silent else 0.0
        )
        self._at = at
        while self._owed >= 1.0:
            self._owed -= 1.0
            self._queue = self._queue.put(SILENT, None)
        self._pull()

    def _pull(self) -> None:
        if not self._pulling and len(self._queue):
            self._pulling = True
            self._owner.task(self._pulled())

    async def _pulled(self) -> None:
        try:
            while len(self._queue):
                if not await self._granted():
                    return  # the next round tries again; units whose leases lapse pace themselves
                self._queue, head = self._queue.pop()
                if head.item is not None:
                    head.item.reply(Paced(self._port))
        finally:
            self._pulling = False

    async def _granted(self) -> bool:
        try:
            await self._above.within(None).call(Ear.up, Above(self._port))
        except (CallError, Refusal):
            return False
        return True

    async def _told(self, word: object) -> None:
        try:
            await self._above.within(AGAIN).call(Ear.up, word)
        except (CallError, Refusal):
            return
