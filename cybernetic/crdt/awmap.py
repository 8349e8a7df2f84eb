"""A map of converging values, maps among them, where changing wins over removing."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Generic, Self, TypeVar

from cybernetic.core import OptionError
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.keys import key_of, replica_name, slot_of
from cybernetic.crdt.lattice import KINDS, Lattice
from cybernetic.crdt.leaf import Leaf
from cybernetic.crdt.registers import Register

K = TypeVar("K")
L = TypeVar("L", bound=Lattice)

_BLANK: Leaf[Any] = Leaf()


class AWMap(Lattice, Generic[K]):
    """A map from hashable keys to values that converge by themselves.

    Removing a key resets its value as far as the remover has seen it, all through (reset-remove): writes,
    elements and counts made meanwhile elsewhere stay, and with them the key; nothing that was seen comes back.
    A key may hold one value of each type, so those who use it differently at once do not harm each other.

        delta = users.put("ann", users.at("ann", LWW).set(replica, stamp, "admin"))
    """

    __slots__ = ()

    kind = "awmap"

    def at(self, key: K, kind: type[L]) -> L:
        """The value of type `kind` under `key`, empty if there is none.

        Raises `OptionError` for what cannot be a key.
        """
        return kind.from_store(self._store.trie.get((_kind(kind), slot_of(key))), self.context)

    def put(self, key: K, delta: Lattice) -> Self:
        """The delta of the map for a `delta` of the value under `key`, which `at` gave."""
        if not delta:
            return type(self)()
        return self.from_store(Branch.of({(_kind(type(delta)), slot_of(key)): delta.store}), delta.context)

    def write(self, replica: str, key: K, kind: type[Register[Any]], payload: object) -> Self:
        """The delta that writes into the register under `key`: as `put` with what its `set` gives, and quicker.

        `payload` is what the register keeps: of an `MV` the value, of an `LWW` (stamp, value), the latest there is.
        """
        n = self._next(replica)
        slot = kind.kind, slot_of(key)
        leaf = (self._store.trie.get(slot) or _BLANK).write(replica, n, payload)
        return self.from_store(Branch.of({slot: leaf}), Context({replica: (n, n + 1)}))

    def writes(self, replica: str, kind: type[Register[Any]], payloads: Mapping[K, object]) -> Self:
        """The delta that writes into the registers under many keys: as a `write` for each of them, and far quicker."""
        if not payloads:
            return type(self)()
        first = self._next(replica)
        trie, leaves = self._store.trie, dict[object, Any]()
        for n, (key, payload) in enumerate(payloads.items(), first):
            slot = kind.kind, slot_of(key)
            leaves[slot] = (trie.get(slot) or _BLANK).write(replica, n, payload)
        return self.from_store(Branch.of(leaves), Context({replica: (first, first + len(leaves))}))

    def written(self, replica: str, key: K, kind: type[Register[Any]], payload: object) -> tuple[Self, Self]:
        """The map after a `write`, and the delta: as joining it, and quicker, for one who writes very often."""
        delta = self.write(replica, key, kind, payload)
        ((slot, leaf),) = delta._store.trie.items()
        before, edit = self._store.trie.get(slot), self._store.trie.edit()
        edit.set(slot, leaf)
        shown = self._store.shown + (before is None or not before.alive)
        return self.from_store(Branch(edit.done(), shown), self._context.join(delta._context)), delta

    def remove(self, replica: str, *keys: K) -> Self:
        """The delta that removes keys with all that is under them; its size is that of what is removed.

        Raises `OptionError` where an `Escrow` is under a key: it can not be removed, as rights might be spent
        meanwhile. Values of types unknown here stay.
        """
        replica_name(replica)
        shown: dict[tuple[str, object], Any] = {}
        for slot in dict.fromkeys(map(slot_of, keys)):
            for kind in KINDS:
                store = self._store.trie.get((kind, slot))
                if store is not None and store.alive:
                    shown[kind, slot] = store
        if not shown:
            return type(self)()
        first = self._next(replica)
        numbers = count(first)
        found: dict[object, Any] = {}
        for (kind, slot), store in shown.items():
            try:
                found[kind, slot] = _buried(store, replica, numbers)
            except OptionError as error:  # who refuses does not know under which key it is
                raise OptionError(error.name, error.expected, key_of(slot)) from None
        return self.from_store(Branch.of(found), Context({replica: (first, next(numbers))}))

    def __contains__(self, key: object) -> bool:
        """Whether a value under `key` has anything to see."""
        return next(self.under(key), None) is not None

    def __iter__(self) -> Iterator[K]:
        """The keys, in no particular order; one that holds values of several types comes as often."""
        return (key for key, _ in self.items())

    def __len__(self) -> int:
        return int(self._store.shown)

    def under(self, key: object) -> Iterator[Lattice]:
        """The values under `key` that have anything to see."""
        slot = slot_of(key)
        for kind, cls in KINDS.items():
            store = self._store.trie.get((kind, slot))
            if store is not None and store.alive:
                yield cls.from_store(store, self.context)

    def items(self) -> Iterator[tuple[K, Lattice]]:
        """Keys and values that have anything to see, in no particular order."""
        for (kind, slot), store in self._store.living():
            cls = KINDS.get(kind)
            if cls is not None:
                yield key_of(slot), cls.from_store(store, self.context)

    def told(self) -> Iterator[tuple[K, type[Lattice]]]:
        """Keys, and types of the values under them, that this has anything of: of a delta, also what it removes."""
        for (kind, slot), _ in self._store.trie.items():
            cls = KINDS.get(kind)
            if cls is not None:
                yield key_of(slot), cls

    def in_order(self, keys: int = 500) -> Iterator[Self]:
        """As `slices`, of so many keys each, those first that have not changed for longest; for one writer's map.

        One that is small enough comes as it is.
        """
        if self._store.trie.size <= keys:
            yield self
            return
        rows = sorted(self._store.trie.items(), key=lambda row: max([n for _, n in row[1].seen], default=0))
        for at in range(0, len(rows), keys):
            yield self.from_store(Branch.of(dict(rows[at : at + keys])), Context())
        yield self.from_store(None, self.context)

    def _shown(self) -> str:
        return f"of {len(self)}"


def _kind(cls: type[Lattice]) -> str:
    if not cls.kind:
        raise OptionError(
            "kind", "one of " + ", ".join(sorted(each.__name__ for each in KINDS.values())), cls
        )
    return cls.kind


def _buried(store: Any, replica: str, numbers: Iterator[int]) -> Any:
    """What is left of a store that is removed: every leaf that shows, buried with a number of its own."""
    if not isinstance(store, Branch):
        return store.bury(replica, next(numbers))
    return Branch.of({slot: _buried(inner, replica, numbers) for slot, inner in store.living()})
