"""The value as one replica has it: in memory, and how much of it is on the disk."""

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import Generic, TypeVar

from cybernetic.crdt import Context, Lattice
from cybernetic.state.replica.archive import Archive
from cybernetic.state.replica.letting import Letting

L = TypeVar("L", bound=Lattice)

Heard = Callable[[L, L, L], object]
"""Is told of what was joined: the value before, the value after, and the delta."""

Lasting = Callable[[BaseException | None], object]
"""Is told when a change is on the disk, or why it is not."""


class Copy(Generic[L]):
    """One replica's value. Without an archive what is in memory is all there is.

    Attributes:
        value: the value now, and `version` how often it was another: what is large is let go of as it changes.
        saved: the changes it will know after a restart.
        floor: the changes that must be known to do without the marks dropped from `value`.
        on_join: told of everything that is joined; None while nobody wants to know.
        on_part: told of each delta, or part of a whole, that is joined.
        rejoining: whether it is learning the whole anew, so that it is something between.
        letting: takes the values that were held on to while this one changed.
    """

    def __init__(self, value: L, archive: Archive[L] | None, position: int = 0) -> None:
        self.value, self.version, self.saved = value, 0, value.context
        self.floor = Context() if archive is None else archive.record.floor
        self.on_join: Heard[L] | None = None
        self.on_part: Callable[[L], object] = lambda part: None
        self.rejoining = False
        self.letting = Letting()
        self._archive = archive
        self._last: Future[int] = asyncio.get_running_loop().create_future()
        self._last.set_result(position)

    def write(self, delta: L, then: Lasting, body: bytes = b"") -> None:
        """Join `delta`, and call `then` when it is on the disk. Raises what `Archive.append` does, and does nothing.

        `body`: its bytes, if they are known.
        """
        if self._archive is None:
            self._join(delta)
            self.saved = self.value.context
            then(None)
            return
        done = self._last = self._archive.append(delta, body)
        self._join(delta)
        done.add_done_callback(lambda done: self._written(delta.context, done, then))

    def settled(self, then: Lasting) -> None:
        """Call `then` when all that was written before is on the disk."""
        if self._last.done():
            then(_error(self._last))
        else:
            self._last.add_done_callback(lambda done: then(_error(done)))

    async def lasting(self) -> None:
        """Wait until all that was written before is on the disk. Raises what went wrong."""
        await asyncio.shield(self._last)

    def replace(self, value: L, part: L) -> None:
        """Have another value, made of the present one by looking at the places of `part`; the disk does not know."""
        before = self.value
        self._become(value)
        self.on_part(part)
        if self.on_join is not None:
            self.on_join(before, value, part)

    def tidy(self, stable: Context, part: L) -> None:
        """Drop the marks at the places of `part` that all know of who are to know. What shows stays as it is."""
        self._become(self.value.forget(stable, part))

    def merge(self, part: L, context: Context) -> None:
        """Join a part of a whole value that knows `context`, which the disk learns of when all of it is there.

        What is here and dead there is dead, though its mark was dropped; but that all is known is not said yet, for the
        other parts are still to come.
        """
        before = self.value
        store = before.store.join(part.store, before.context, context)
        self.replace(before.from_store(store, before.context.join(part.context)), part)

    async def keep(self, leaves: int) -> None:
        """Put what there is now on the disk, as a snapshot in pieces of `leaves`.

        Raises `StoreError`.
        """
        value, last = self.value, self._last
        if self._archive is None:
            self.saved = value.context
            return
        floor = self.floor
        try:
            position = await asyncio.shield(last)
            await self._archive.keep(value, position, leaves, floor)
            self.saved = self.saved.join(value.context)
        finally:
            self.letting.drop(value)

    def end(self) -> None:
        """Hold nothing any more: the replica is dead, and may be garbage for a while."""
        self.letting.drop(self.value)
        self.value = type(self.value)()

    def _join(self, delta: L) -> None:
        before = self.value
        self._become(before.join(delta))
        self.on_part(delta)
        if self.on_join is not None:
            self.on_join(before, self.value, delta)

    def _become(self, value: L) -> None:
        self.value = value
        self.version += 1

    def _written(self, context: Context, done: "Future[int]", then: Lasting) -> None:
        error = _error(done)
        if error is None:
            self.saved = self.saved.join(context)
        then(error)


def _error(done: "Future[int]") -> BaseException | None:
    return asyncio.CancelledError() if done.cancelled() else done.exception()
