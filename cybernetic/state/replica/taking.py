"""Taking in what peers send: deltas one by one, and a whole value by one that was away too long."""

import asyncio
from typing import Generic, TypeVar

from cybernetic.core import Refusal
from cybernetic.crdt import Context, FutureStamp, Hlc, Lattice, latest_stamp
from cybernetic.state.replica.copy import Copy, Lasting
from cybernetic.state.replica.events import REFUSED, REJOINED, ReplicaRefused, ReplicaRejoined
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.status import ReplicaCounts

L = TypeVar("L", bound=Lattice)


class Taking(Generic[L]):
    """Joins what arrives into `copy`; `failed` is called with what went wrong with the disk."""

    def __init__(self, copy: Copy[L], clock: Hlc, roll: Roll, counts: ReplicaCounts, failed: Lasting) -> None:
        self._copy, self._clock, self._roll, self._counts = copy, clock, roll, counts
        self._failed = failed
        self._future, self._lead = Context(), 0.0

    def future(self) -> tuple[Context, float]:
        """What was refused for stamps in the future since this was asked last, and by how many seconds they are."""
        found, self._future, self._lead = (self._future, self._lead), Context(), 0.0
        return found

    def take(self, delta: L) -> bool:
        """Join a delta; False if something of it was refused, for its stamp or for want of room."""
        if self.known(delta):
            self._counts.known += 1
            return True
        if self._timely(delta):
            return self._write(delta)
        for part in delta.split(1):  # one place with a bad stamp does not keep the others out
            if part and self._timely(part, tell=True):
                self._write(part)
        return False

    def knows(self, context: Context) -> bool:
        """Who has all that is known under `context` says so: note it. False if there was no room."""
        if context <= self._copy.value.context:
            return True
        return self._write(self._copy.value.from_store(None, context))

    def known(self, delta: L) -> bool:
        """Whether a delta tells nothing new, neither by its context nor at any place.

        Its context does not tell of what was of an unknown type where it comes from; what is of one here is never
        known.
        """
        ours = self._copy.value.context
        return delta.context <= ours and not delta.since(ours)

    def timely(self, part: L) -> bool:
        """Whether no stamp in a part of a whole value is too far in the future; each place with such is told."""
        if self._timely(part):
            return True
        for place in part.split(1):
            self._timely(place, tell=True)
        return False

    async def rejoin(self, whole: L, floor: Context, leaves: int, peer: str) -> None:
        """Learn a whole value anew: give up what is gone from it, take what is in it, and keep that on the disk.

        What only this replica has written stays. In steps of `leaves`, with the loop given back between them.
        """
        copy = self._copy
        before = copy.value
        copy.rejoining = True
        try:
            for piece in before.slices(leaves):
                copy.replace(copy.value.retire(whole, piece), piece)
                await asyncio.sleep(0)
            for piece in whole.slices(leaves):
                copy.merge(piece, whole.context)
                await asyncio.sleep(0)
            copy.floor = copy.floor.join(floor)
            await copy.keep(leaves)
        finally:
            copy.rejoining = False
            copy.letting.drop(before)
            copy.letting.drop(whole)
        if before:
            self._counts.rejoined += 1
            if REJOINED.listeners:
                REJOINED.emit(ReplicaRejoined(self._roll.name, self._roll.replica, peer))

    def refused(self, what: str, why: object) -> None:
        """Tell that something was refused."""
        if REFUSED.listeners:
            REFUSED.emit(ReplicaRefused(self._roll.name, self._roll.replica, what, str(why)))

    def _timely(self, delta: L, *, tell: bool = False) -> bool:
        stamp = latest_stamp(delta)
        if stamp is None:
            return True
        try:
            self._clock.merge(stamp)
        except FutureStamp as error:
            if tell:
                self._counts.future += 1
                self._future, self._lead = self._future.join(delta.context), max(self._lead, error.lead)
                self.refused("future", error)
            return False
        return True

    def _write(self, delta: L) -> bool:
        try:
            self._copy.write(delta, self._failed)
        except Refusal as error:  # the journal is full
            self._counts.full += 1
            self.refused("full", error)
            return False
        self._counts.taken += 1
        return True
