"""Registers: one place, one value. Of writes made at once the latest shows (`LWW`), or all of them (`MV`)."""

from typing import Any, Generic, Self, TypeVar

from cybernetic.core import OptionError
from cybernetic.crdt.context import Context
from cybernetic.crdt.hlc import Stamp
from cybernetic.crdt.keys import replica_name
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.leaf import Leaf, Write

T = TypeVar("T")


class Register(Lattice, Generic[T]):
    """What both registers share. A write replaces those it has seen; writing nothing does too."""

    __slots__ = ()

    @classmethod
    def _empty(cls) -> Leaf[Any]:
        return Leaf()

    def clear(self, replica: str) -> Self:
        """The delta that takes away all values known here; values written meanwhile elsewhere stay."""
        replica_name(replica)
        if not self._store.alive:
            return type(self)()
        n = self._next(replica)
        return self.from_store(self._store.bury(replica, n), Context({replica: (n, n + 1)}))

    def _written(self, replica: str, payload: object) -> Self:
        n = self._next(replica)
        return self.from_store(self._store.write(replica, n, payload), Context({replica: (n, n + 1)}))


class LWW(Register[T]):
    """A register where the latest write wins: that of the greatest stamp.

    A write that meets a removal made at once survives it (add-wins). Values are not to be changed once written.
    """

    __slots__ = ()

    kind = "lww"

    def set(self, replica: str, stamp: Stamp, value: T) -> Self:
        """The delta that writes `value` as of `stamp` (an `Hlc` gives them); empty if a later one is here.

        Raises `OptionError` for what is no stamp.
        """
        if type(stamp) is not Stamp:
            raise OptionError("stamp", "a Stamp", stamp)
        latest = self._latest()
        if latest is not None and latest[2][0] > stamp:
            return type(self)()
        return self._written(replica, (stamp, value))

    @property
    def value(self) -> T | None:
        """What was written last; None if nothing was, or it was cleared."""
        latest = self._latest()
        return None if latest is None else latest[2][1]

    @property
    def stamp(self) -> Stamp | None:
        """When `value` was written."""
        latest = self._latest()
        return None if latest is None else latest[2][0]

    def _latest(self) -> Write[tuple[Stamp, T]] | None:
        live: tuple[Write[tuple[Stamp, T]], ...] = self._store.live
        if len(live) < 2:
            return live[0] if live else None
        return max(live, key=lambda write: (write[2][0], write[:2]))

    def _shown(self) -> str:
        return repr(self.value)


class MV(Register[T]):
    """A register that shows every value written at once; the next write, which sees them, replaces them all."""

    __slots__ = ()

    kind = "mv"

    def set(self, replica: str, value: T) -> Self:
        """The delta that writes `value` in place of all that are here."""
        return self._written(replica, value)

    @property
    def values(self) -> tuple[T, ...]:
        """The values that stand, in the same order everywhere: none, one, or those written at once."""
        return tuple([write[2] for write in self._store.live])

    def _shown(self) -> str:
        return repr(self.values)
