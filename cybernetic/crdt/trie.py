"""A persistent mapping: a change makes a new one in a few microseconds, and the old one stays as it was.

A tree of 16 branches a level, by bits of the key's hash, with dicts of up to `MOST` entries as its leaves: reading is
nearly a dict's, and a change copies one small dict and the way to it (Bagwell, "Ideal Hash Trees", 2001, with wide
leaves). Each part of the tree keeps the highest number of each replica in it, so that those who look for what
somebody does not know yet pass over what has nothing new.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from cybernetic.crdt.context import Context, Dot

MOST = 48  # entries of a leaf before it is divided
_BITS = 4
_MASK = (1 << _BITS) - 1
_TOTALS = 2**128
_DEEPEST = 15  # beyond this the hash has no more bits, and a leaf takes whatever comes


class Seen(Protocol):
    """What a trie holds: values that know the changes they are the result of."""

    @property
    def seen(self) -> Iterable[Dot]:
        """The last change of each replica that is in it."""
        ...


V = TypeVar("V", bound=Seen)


class Node(Generic[V]):
    """A part of the tree. `owner` is the editor that made it and may change it; `total` is the last one asked for."""

    __slots__ = ("items", "owner", "parts", "top", "total")

    def __init__(
        self, owner: object, top: dict[str, int], items: dict[object, V], parts: "list[Node[V]]"
    ) -> None:
        self.owner, self.top, self.items, self.parts = owner, top, items, parts
        self.total: tuple[object, int] | None = None

    def copy(self, owner: object) -> "Node[V]":
        """The same, for `owner` to change."""
        return Node(owner, self.top.copy(), self.items.copy(), self.parts.copy())

    def divide(self, depth: int) -> None:
        """Make a leaf that has grown too large a branch of 16 leaves."""
        parts: list[Node[V]] = [Node(self.owner, {}, {}, []) for _ in range(_MASK + 1)]
        for slot, value in self.items.items():
            part = parts[hash((slot,)) >> _BITS * depth & _MASK]
            part.items[slot] = value
            _raise(part.top, value.seen)
        self.items, self.parts = {}, parts


class Trie(Generic[V]):
    """An immutable mapping from hashable slots to values. `edit` gives the means to make another."""

    __slots__ = ("_root", "size")

    def __init__(self) -> None:
        self._root: Node[V] = Node(None, {}, {}, [])
        self.size = 0

    @classmethod
    def of(cls, slot: object, value: V) -> "Trie[V]":
        """The trie of one value."""
        trie: Trie[V] = cls.__new__(cls)
        trie._root, trie.size = Node(None, dict(value.seen), {slot: value}, []), 1
        return trie

    @property
    def top(self) -> Iterable[Dot]:
        """The highest number of each replica that any value has, or had, seen."""
        return self._root.top.items()

    @property
    def root(self) -> Node[V]:
        """The part that holds all others."""
        return self._root

    def get(self, slot: object) -> V | None:
        """The value in `slot`, or None."""
        return _find(self._root, slot)

    def items(self) -> Iterator[tuple[object, V]]:
        """Slots and values, in no particular order. What is made of the trie meanwhile does not show."""
        root = self._root
        return self.unknown(None) if root.parts else iter(root.items.items())

    def unknown(self, context: Context | None) -> Iterator[tuple[object, V]]:
        """Those of `items` that may have something `context` does not know: no fewer, and not many more."""
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if context is not None and _all_known(node.top, context):
                continue
            yield from node.items.items()
            waiting += node.parts

    def total(self, measure: Callable[[object, V], int]) -> int:
        """The sum of what `measure` gives for slots and values, modulo 2**128; remembered for each part."""
        return _total(self._root, measure)

    def totals(
        self, measure: Callable[[object, V], int], inside: Callable[[V], "Trie[V] | None"]
    ) -> Iterator[None]:
        """Make `total` of every part, in steps of one value; before that of the tries that `inside` finds in values."""
        waiting = [(self._root, False)]
        while waiting:
            node, ready = waiting.pop()
            if node.total is not None and node.total[0] is measure:
                continue
            if node.parts and not ready:
                waiting.append((node, True))
                waiting += [(part, False) for part in node.parts]
                continue
            total = sum([_total(part, measure) for part in node.parts])
            for slot, value in node.items.items():
                within = inside(value)
                if within is not None:
                    yield from within.totals(measure, inside)
                total += measure(slot, value)
                yield
            node.total = measure, total % _TOTALS

    def edit(self) -> "Editor[V]":
        """An editor that begins with this trie."""
        return Editor(self._root, self.size)


class Editor(Generic[V]):
    """Makes a trie of another: many changes cost less than one by one. `done` ends it."""

    __slots__ = ("_owner", "_root", "_size")

    def __init__(self, root: Node[V], size: int) -> None:
        self._owner = object()
        self._root, self._size = root, size

    def get(self, slot: object) -> V | None:
        """The value in `slot`, or None."""
        return _find(self._root, slot)

    def __len__(self) -> int:
        return self._size

    def set(self, slot: object, value: V) -> None:
        """Put `value` into `slot`."""
        seen = value.seen
        node = self._root = self._owned(self._root)
        _raise(node.top, seen)
        bits, depth = hash((slot,)), 0
        while node.parts:
            at = bits & _MASK
            node.parts[at] = node = self._owned(node.parts[at])
            _raise(node.top, seen)
            bits >>= _BITS
            depth += 1
        before = len(node.items)
        node.items[slot] = value
        self._size += len(node.items) - before
        if before >= MOST and depth < _DEEPEST:
            node.divide(depth)

    def remove(self, slot: object) -> None:
        """Empty `slot`, which holds a value."""
        node = self._root = self._owned(self._root)
        bits = hash((slot,))
        while node.parts:
            at = bits & _MASK
            node.parts[at] = node = self._owned(node.parts[at])
            bits >>= _BITS
        del node.items[slot]
        self._size -= 1

    def done(self) -> Trie[V]:
        """The trie. The editor changes nothing of it any more."""
        self._owner = object()
        trie: Trie[V] = Trie.__new__(Trie)
        trie._root, trie.size = self._root, self._size
        return trie

    def _owned(self, node: Node[V]) -> Node[V]:
        return node if node.owner is self._owner else node.copy(self._owner)


def _find(node: Node[V], slot: object) -> V | None:
    if node.parts:
        bits = hash((slot,))
        while node.parts:
            node = node.parts[bits & _MASK]
            bits >>= _BITS
    return node.items.get(slot)


def _total(node: Node[V], measure: Callable[[object, V], int]) -> int:
    if node.total is not None and node.total[0] is measure:
        return node.total[1]
    total = sum([_total(part, measure) for part in node.parts])
    total += sum([measure(slot, value) for slot, value in node.items.items()])
    node.total = measure, total % _TOTALS
    return node.total[1]


def _raise(top: dict[str, int], seen: Iterable[Dot]) -> None:
    for replica, n in seen:
        if top.get(replica, 0) < n:
            top[replica] = n


def _all_known(top: dict[str, int], context: Context) -> bool:
    for replica, n in top.items():  # noqa: SIM110 - a generator would cost more than the search
        if not context.knows_up_to(replica, n):
            return False
    return True
