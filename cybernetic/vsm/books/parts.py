"""Large values in parts: of a mapping that grows, only what is new since the last time is written again."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cybernetic.vsm.growing import SMALL, Growing
from cybernetic.wire import Codec, Extension

_NAME = "books.Growing"

Layer = Mapping[Any, Any]


class Packed(NamedTuple):
    """A value as it is written: `data`, which names the parts it is `made_of`, and those of them that are `new`."""

    data: bytes
    made_of: frozenset[int]
    new: tuple[tuple[int, bytes], ...]


class Packer:
    """Packs the values of keys, one after another; knows which parts of each key are written already.

    Args:
        first: the number of the first part it makes, higher than any that is written.
    """

    def __init__(self, first: int) -> None:
        self._next = first
        self._written: dict[str, dict[int, tuple[Layer, int]]] = {}  # by key, and by identity of the layer
        self._codec = Codec(extensions=(Extension(_NAME, Growing, self._split, Growing),))
        self._before: dict[int, tuple[Layer, int]] = {}
        self._used: dict[int, tuple[Layer, int]] = {}
        self._new: list[tuple[int, bytes]] = []

    def pack(self, key: str, value: Any) -> Packed:
        """The value of `key`, built on what was packed for it before. Raises `CannotTravel`."""
        self._before, self._used, self._new = self._written.get(key, {}), {}, []
        data = self._codec.encode(value, f"the value of {key!r}")
        if self._used:
            self._written[key] = self._used
        else:
            self._written.pop(key, None)
        return Packed(data, frozenset(number for _, number in self._used.values()), tuple(self._new))

    def forget(self, key: str) -> None:
        """What was packed for `key` was not written, or not all of it: the next value of it is packed whole."""
        self._written.pop(key, None)

    def _split(self, table: Growing[Any, Any]) -> tuple[Any, ...]:
        return tuple(dict(layer) if len(layer) < SMALL else self._part(layer) for layer in table.layers)

    def _part(self, layer: Layer) -> int:
        found = self._used.get(id(layer)) or self._before.get(id(layer))
        if found is None:
            found = layer, self._next
            self._next += 1
            self._new.append((found[1], self._codec.encode(dict(layer), "a part of it")))
        # with the layer itself: as long as it is there, its identity is its own
        self._used[id(layer)] = found
        return found[1]


def unpack(data: bytes, parts: Mapping[int, bytes]) -> Any:
    """The value that `Packer.pack` has packed, `parts` those of its key. Raises `WireError`."""

    def join(*layers: Any) -> Growing[Any, Any]:
        return Growing.of_layers(codec.decode(parts[one]) if type(one) is int else one for one in layers)

    codec = Codec(extensions=(Extension(_NAME, Growing, tuple, join),))
    return codec.decode(data)
