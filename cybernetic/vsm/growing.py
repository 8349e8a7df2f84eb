"""A mapping as a value that is cheap to add to: what ledgers keep thousands of entries in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SMALL = 16  # entries that are copied without a second thought


class Growing(Mapping[K, V], Generic[K, V]):
    """A mapping that nobody changes; `added` makes another, with one entry more, and shares nearly all with it.

    Its entries lie in layers, each at least twice as large as the one above it, and the upper one counts (a
    logarithmic structure, after O'Neil et al., "The Log-Structured Merge-Tree", 1996). So to add to n entries copies
    about log n of them on average, and to look one up looks into log n dicts at most. It equals any mapping with the
    same entries.
    """

    __slots__ = ("_size", "layers")

    layers: tuple[Mapping[K, V], ...]
    """Its layers, the oldest and largest first. Nobody changes one; two values that share one share its identity."""

    def __init__(self, entries: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        whole = dict(entries)
        self.layers = (whole,) if whole else ()
        self._size = len(whole)

    @classmethod
    def of_layers(cls, layers: Iterable[Mapping[K, V]]) -> "Growing[K, V]":
        """The mapping of such layers, of which the later count: the inverse of `layers`."""
        made = cls()
        made.layers = tuple(layer for layer in layers if layer)
        made._size = len({key for layer in made.layers for key in layer})
        return made

    def added(self, key: K, value: V) -> "Growing[K, V]":
        """The mapping with `value` for `key`, in place of what was there."""
        layers, top = list(self.layers), {key: value}
        while layers and len(layers[-1]) < max(2 * len(top), SMALL):
            top = {**layers.pop(), **top}
        made: Growing[K, V] = type(self)()
        made.layers = (*layers, top)
        made._size = self._size + (key not in self)
        return made

    def __getitem__(self, key: K) -> V:
        for layer in reversed(self.layers):
            if key in layer:
                return layer[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self.layers)

    def __iter__(self) -> Iterator[K]:
        for at, layer in enumerate(self.layers):
            above = self.layers[at + 1 :]
            yield from (key for key in layer if not any(key in other for other in above))

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"


def added(table: Mapping[K, V], key: K, value: V) -> Growing[K, V]:
    """`table` with `value` for `key`, as a value that is cheap to add to again."""
    grown = table if isinstance(table, Growing) else Growing(table)
    return grown.added(key, value)


def layers_of(table: Mapping[K, V]) -> tuple[Mapping[K, V], ...]:
    """The layers of `table`, the oldest first, of which the later count; one that is no `Growing` is one. To look
    through all of it is quicker so.
    """
    return table.layers if isinstance(table, Growing) else (table,)
