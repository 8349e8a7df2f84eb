"""A set where adding wins: an element added and removed at once stays."""

from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar

from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.keys import key_of, replica_name, slot_of
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.leaf import Leaf

T = TypeVar("T")

_ABSENT: Leaf[None] = Leaf()


class AWSet(Lattice, Generic[T]):
    """A set of hashable elements. A removal removes what it has seen of an element, not what is added meanwhile.

    1, 1.0 and True are three elements; NaN is refused.
    """

    __slots__ = ()

    kind = "awset"

    def add(self, replica: str, *elements: T) -> Self:
        """The delta that adds elements. Raises `OptionError` for what cannot be one."""
        return self._changed(replica, {slot_of(element): True for element in elements})

    def remove(self, replica: str, *elements: T) -> Self:
        """The delta that removes elements, those that are not here left alone."""
        slots = map(slot_of, elements)
        return self._changed(replica, {slot: False for slot in slots if self._has(slot)})

    def clear(self, replica: str) -> Self:
        """The delta that removes every element that is here."""
        return self._changed(replica, {slot: False for slot, _ in self._store.living()})

    def __contains__(self, element: object) -> bool:
        return self._has(slot_of(element))

    def __iter__(self) -> Iterator[T]:
        """The elements, in no particular order."""
        return (key_of(slot) for slot, _ in self._store.living())

    def __len__(self) -> int:
        return int(self._store.shown)

    def _has(self, slot: object) -> bool:
        leaf = self._store.trie.get(slot)
        return leaf is not None and leaf.alive

    def _changed(self, replica: str, changes: dict[object, bool]) -> Self:
        replica_name(replica)
        if not changes:
            return type(self)()
        first = self._next(replica)
        leaves: dict[object, Any] = {}
        for n, (slot, stays) in enumerate(changes.items(), first):
            leaf = self._store.trie.get(slot) or _ABSENT
            leaves[slot] = leaf.write(replica, n, None) if stays else leaf.bury(replica, n)
        return self.from_store(Branch.of(leaves), Context({replica: (first, first + len(leaves))}))

    def _shown(self) -> str:
        return f"of {len(self)}"
