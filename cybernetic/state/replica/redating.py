"""Writes that peers refuse, for the clock here was ahead: once it is right, they are written anew with right stamps."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from cybernetic.core import loop_clock
from cybernetic.crdt import Hlc, Lattice, Stamp, redated
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.events import CLOCK_AHEAD, ClockAhead
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.status import ReplicaCounts
from cybernetic.state.replica.talk import PATIENCE

L = TypeVar("L", bound=Lattice)

TOLD = 3 * PATIENCE  # seconds for which it counts what a peer has told: it does so each time that it refuses


class Redating(Generic[L]):
    """Mends what a wrong clock has stamped. `write` joins and tells a delta; `now` is the wall clock.

    Only for one whom a peer has told a moment ago, and whose own clock agrees: its stamps are further before it than
    `ahead`. As long as the clock is still ahead, nothing is done: the next stamps would be as wrong. Peers that refuse
    something say so again and again. What one said long ago, whose own clock may have been wrong, is no sign that this
    clock, where it has gone back since, is right by now.
    """

    def __init__(
        self,
        copy: Copy[L],
        clock: Hlc,
        roll: Roll,
        exchange: Exchange[L],
        options: ReplicaOptions,
        counts: ReplicaCounts,
        now: Callable[[], float],
        write: Callable[[L], None],
    ) -> None:
        self._copy, self._clock, self._roll, self._exchange = copy, clock, roll, exchange
        self._options, self._counts, self._now, self._write = options, counts, now, write
        self._loop_clock = loop_clock(asyncio.get_running_loop())
        self._told: float | None = None  # when a peer did last, by that clock
        self._late: L | None = None
        exchange.on_ahead = self.told

    def told(self, peer: str, lead: float) -> None:
        """A peer refuses writes whose stamps are `lead` seconds in the future."""
        self._told = self._loop_clock()
        self._counts.ahead += 1
        if CLOCK_AHEAD.listeners:
            known = self._clock.lead()
            CLOCK_AHEAD.emit(ClockAhead(self._roll.name, self._roll.replica, peer, lead, known))

    def wrote(self, delta: L) -> None:
        """A change was made here: one made while the others are written anew is as wrong as those."""
        if self._late is not None:
            self._late = self._late.join(delta)

    async def once(self) -> None:
        """Do it, if it is due. Raises `StoreError`."""
        options, copy = self._options, self._copy
        if not self._is_told() or copy.rejoining or self._clock.lead() <= options.ahead:
            return
        limit = int((self._now() + options.ahead / 2) * 1000)
        right = Hlc(self._roll.replica, self._now, options.ahead, after=Stamp(limit, 0, self._roll.replica))
        before, self._late = copy.value, type(copy.value)()
        try:
            for piece in before.slices(options.leaves):
                self._again(piece, limit, right)
                await asyncio.sleep(0)
            self._again(self._late, limit, right)
            self._clock.back_to(right.tick())  # in one turn with the last: none is left that is later
        finally:
            self._late = None
            copy.letting.drop(before)
        self._told = None
        self._exchange.redated()
        await copy.keep(options.leaves)  # lest the next start finds the old stamps

    def _is_told(self) -> bool:
        return self._told is not None and self._loop_clock() - self._told <= TOLD

    def _again(self, part: L, limit: int, right: Hlc) -> None:
        delta = redated(self._copy.value, part, self._roll.replica, limit, right.tick)
        if delta:
            self._counts.redated += len(delta.context)
            self._write(delta)
