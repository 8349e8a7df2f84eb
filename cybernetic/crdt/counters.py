"""Counters: everyone counts in a share of one's own, and the value is the sum."""

from typing import Self

from cybernetic.core import OptionError, whole
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.keys import replica_name
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.share import Share, begun

MOST = 2**63 - 1  # that one replica counts in one counter: what a message carries cheaply


class Counter(Lattice):
    """What both counters share.

    Removed from a map, a counter starts again from what the remover had not seen: counts made meanwhile
    elsewhere stay, to the last one.
    """

    __slots__ = ()

    @property
    def value(self) -> int:
        """The sum of all that was counted."""
        return sum([share.value for _, share in self._store.trie.items()])

    def increment(self, replica: str, by: int = 1) -> Self:
        """The delta that adds `by`, a whole number >= 0. Raises `OptionError`, also beyond 2**63 - 1 in all."""
        return self._counted(replica, whole("by", by), 0)

    def _counted(self, replica: str, up: int, down: int) -> Self:
        replica_name(replica)
        if not up and not down:
            return type(self)()
        n = self._next(replica)
        share: Share = (self._store.trie.get(replica) or begun(replica, n)).counted(replica, n, up, down)
        if max(share.up, share.down) > MOST:
            raise OptionError("by", f"at most {MOST} counted in all", max(up, down))
        return self.from_store(Branch.of({replica: share}), Context.of([(replica, n)]))

    def _shown(self) -> str:
        return str(self.value)


class GCounter(Counter):
    """A counter that only grows."""

    __slots__ = ()

    kind = "gcounter"


class PNCounter(Counter):
    """A counter that goes up and down."""

    __slots__ = ()

    kind = "pncounter"

    def decrement(self, replica: str, by: int = 1) -> Self:
        """The delta that takes `by` away, a whole number >= 0. Raises `OptionError` as `increment` does."""
        return self._counted(replica, 0, whole("by", by))
