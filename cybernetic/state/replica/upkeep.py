"""What a replica does for itself now and then, in steps: digest, dropping of marks, snapshots, giving up on others."""

import asyncio
from typing import Generic, TypeVar

from cybernetic.crdt import Context, Digests, Lattice
from cybernetic.state.replica.archive import Archive
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.plan import snapshot_due
from cybernetic.state.replica.roll import Roll

L = TypeVar("L", bound=Lattice)

_TOGETHER = 2  # steps of the digest, of some 50 places each, between which the loop is not given back


class Upkeep(Generic[L]):
    """The upkeep of one replica. `archive` is None where nothing is kept."""

    def __init__(
        self,
        copy: Copy[L],
        archive: Archive[L] | None,
        roll: Roll,
        exchange: Exchange[L],
        options: ReplicaOptions,
    ) -> None:
        self._copy, self._archive, self._roll = copy, archive, roll
        self._exchange, self._options = exchange, options
        self.digests = Digests()
        self._digested = -1  # versions of the value
        self._tidied = -1, Context()

    async def once(self) -> None:
        """Do what is due. Raises `StoreError`."""
        self._roll.evict(self._copy.saved)
        if self._archive is not None:
            await self._keep(self._archive)
        await self.digest()

    async def _keep(self, archive: Archive[L]) -> None:
        due = snapshot_due(archive.journaled, archive.snapshot)
        if self._roll.changed or due:  # with a snapshot the disk also learns what the others know by now
            self._roll.changed = False
            await archive.note(**self._roll.recorded())
            self._roll.is_on_disk(archive.record)
        if due:
            await self._copy.keep(self._options.leaves)

    async def digest(self) -> None:
        """Work out the digest of what there is now, for the next greetings: there is none of what is carried unread."""
        value, version = self._copy.value, self._copy.version
        if version == self._digested or self._copy.rejoining:
            return
        try:
            for n, _ in enumerate(self.digests.steps(value)):
                if n % _TOGETHER == 0:
                    await asyncio.sleep(0)
            self._digested = version
            digest = value.context, self.digests.of(value)
            self._exchange.digest = None if self.digests.carries else digest
        finally:
            self._copy.letting.drop(value)

    async def tidy(self) -> None:
        """Drop the marks of what was removed and that all who are waited for know of."""
        copy = self._copy
        stable = self._roll.stable(copy.saved)
        if copy.rejoining or (copy.version, stable) == self._tidied:
            return
        copy.floor = copy.floor.join(stable)
        before = copy.value
        try:
            for piece in before.slices(self._options.leaves):
                if copy.rejoining:
                    return
                copy.tidy(stable, piece)
                await asyncio.sleep(0)
            self._tidied = copy.version, stable
        finally:
            copy.letting.drop(before)
