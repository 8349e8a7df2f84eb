"""A branch: places by slot, each a leaf or another branch; and what all stores, leaf or branch, are asked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, Self

from cybernetic.crdt.context import Context, Dot
from cybernetic.crdt.trie import Trie


class Store(Protocol):
    """What a value is made of. Immutable; joins with stores of its own kind."""

    @property
    def seen(self) -> Iterable[Dot]:
        """The last change of each replica in it."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it shows: neither empty nor wholly removed."""
        ...

    def join(self, other: Self, ours: Context, theirs: Context) -> Self:
        """Both in one; the states they are of know `ours` and `theirs`."""
        ...

    def arriving(self, ours: Context) -> Self | None:
        """What of it is new to a state that knows `ours` and has nothing there."""
        ...

    def forget(self, stable: Context) -> Self | None:
        """It, without what is dead and known to all."""
        ...

    def retire(self, whole: Context) -> Self | None:
        """It, without what a state that has nothing there knows."""
        ...


_NONE: Trie[Any] = Trie()


class Branch:
    """Stores by slot. Immutable. `shown` is how many of them are alive. What is made of one is of its type."""

    __slots__ = ("shown", "trie")

    def __init__(self, trie: Trie[Any] | None = None, shown: int = 0) -> None:
        self.trie: Trie[Any] = _NONE if trie is None else trie
        self.shown = shown

    @classmethod
    def of(cls, stores: Mapping[object, Store]) -> "Branch":
        """The branch of these stores by slot."""
        if len(stores) == 1:
            ((slot, store),) = stores.items()
            return cls(Trie.of(slot, store), int(store.alive))
        edit = _NONE.edit()
        for slot, store in stores.items():
            edit.set(slot, store)
        return cls(edit.done(), sum([store.alive for store in stores.values()]))

    @property
    def seen(self) -> Iterable[Dot]:
        """The highest number of each replica in it, or in what it has forgotten."""
        return self.trie.top

    @property
    def alive(self) -> bool:
        """Whether any store in it is."""
        return self.shown > 0

    def living(self) -> Iterator[tuple[Any, Any]]:
        """Slots and stores that are alive, in no particular order."""
        return (pair for pair in self.trie.items() if pair[1].alive)

    def join(self, other: "Branch", ours: Context, theirs: Context) -> "Branch":
        """Both in one, at a price in proportion to `other`."""
        edit, shown = self.trie.edit(), self.shown
        for slot, new in other.trie.items():
            old = edit.get(slot)
            both = new.arriving(ours) if old is None else old.join(new, ours, theirs)
            if both is None or both is old:
                continue
            edit.set(slot, both)
            shown += both.alive - (old is not None and old.alive)
        return type(self)(edit.done(), shown)

    def arriving(self, ours: Context) -> "Branch | None":
        """What of it is new to a state that knows `ours` and has nothing there."""
        new = type(self)().join(self, ours, ours)
        return new if new.trie.size else None

    def forget(self, stable: Context, part: "Branch | None" = None) -> "Branch | None":
        """It, without what is dead and known to all; looking only at the places that `part` has, if given."""
        edit, shown = self.trie.edit(), self.shown
        for slot, within in (self if part is None else part).trie.items():
            old = edit.get(slot)
            if old is None:
                continue
            if part is not None and isinstance(old, Branch):
                left: Any = old.forget(stable, within)
            else:
                left = old.forget(stable)
            shown += _change(edit, slot, old, left)
        return type(self)(edit.done(), shown) if len(edit) else None

    def retire(self, whole: Context) -> "Branch | None":
        """It, without what a state that has nothing there knows."""
        return self.without(Branch(), whole)

    def without(self, other: "Branch", whole: Context, part: "Branch | None" = None) -> "Branch | None":
        """It, without what `other`, of a whole state that knows `whole`, knows but has no more."""
        edit, shown = self.trie.edit(), self.shown
        for slot, within in (self if part is None else part).trie.items():
            old, has = edit.get(slot), other.trie.get(slot)
            if old is None or (has is not None and not isinstance(has, Branch)):
                continue  # where both have a leaf, joining tells
            if isinstance(old, Branch):
                left: Any = old.without(has or Branch(), whole, None if part is None else within)
            else:
                left = old.retire(whole)
            shown += _change(edit, slot, old, left)
        return type(self)(edit.done(), shown) if len(edit) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Branch):
            return NotImplemented
        if self.trie.size != other.trie.size:
            return False
        return all(other.trie.get(slot) == store for slot, store in self.trie.items())

    __hash__ = None  # type: ignore[assignment] # what it holds has none

    def __repr__(self) -> str:
        return f"Branch({dict(self.trie.items())})"


def _change(edit: Any, slot: object, old: Any, left: Any) -> int:
    """Put what is left of `old` in its place; by how much more shows."""
    if left is old:
        return 0
    if left is None:
        edit.remove(slot)
    else:
        edit.set(slot, left)
    return int(left is not None and left.alive) - int(old.alive)
