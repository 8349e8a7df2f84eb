"""Where in a replica's value there are counters of rights to spend: it is one, or there are some in maps, at any depth.

They are found once, when the value has been loaded, and then in what is joined to it: none is ever removed.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

from cybernetic.crdt import AWMap, Escrow, Lattice, key_of, slot_of

Place = tuple[Any, ...]
"""The keys under which a counter is, that of the outermost map first; none where the value itself is the counter."""

_TOGETHER = 1000  # places looked at between which the loop is not given back


def counter(value: Lattice, place: Place) -> Escrow:
    """The counter at a place."""
    for key in place[:-1]:
        value = _map(value).at(key, AWMap)
    return _map(value).at(place[-1], Escrow) if place else cast(Escrow, value)


def put(value: Lattice, place: Place, delta: Lattice) -> Lattice:
    """The delta of `value` for a `delta` of the counter at a place."""
    if not place:
        return delta
    inner = _map(value)
    return inner.put(place[0], delta if len(place) == 1 else put(inner.at(place[0], AWMap), place[1:], delta))


class Escrows:
    """The counters in one replica's value of type `kind`, by place: which are due for a look, and which not yet.

    `may_come`: whether others may have counters in it that are not known here yet.
    """

    def __init__(self, kind: type[Lattice]) -> None:
        self._looked: dict[Any, float | None] = {}  # by slot of the place: 1, 1.0 and True are three keys
        self._since = float("-inf")  # what was looked at until then is due
        self.may_come = issubclass(kind, AWMap)

    def __len__(self) -> int:
        return len(self._looked)

    def __iter__(self) -> Iterator[Place]:
        return map(key_of, list(self._looked))

    async def find(self, value: Lattice) -> None:
        """Find those of a whole value, in steps."""
        for n, place in enumerate(_places(value)):
            if place is not None:
                self._looked[slot_of(place)] = None
            if n % _TOGETHER == _TOGETHER - 1:
                await asyncio.sleep(0)

    def joined(self, part: Lattice) -> None:
        """Something was joined to the value: look at the counters in it soon."""
        for place in _places(part):
            if place is not None:
                self._looked[slot_of(place)] = None

    def again(self, now: float) -> None:
        """Look at all of them soon."""
        self._since = now

    def due(self, before: float) -> Iterator[Place | None]:
        """Those that have changed since the last look, or were looked at before `before`; None is a breath.

        To be drawn to its end, and only then begun again.
        """
        since = self._since
        for n, slot in enumerate(list(self._looked), 1):
            at = self._looked[slot]
            if at is None or at < before or at <= since:
                yield key_of(slot)
            if n % _TOGETHER == 0:
                yield None

    def looked(self, place: Place, now: float) -> None:
        """One has been looked at, and nothing is left to be done for it."""
        self._looked[slot_of(place)] = now


def _places(value: Lattice) -> Iterator[Place | None]:
    """The places of counters, and None for whatever else there is."""
    if isinstance(value, Escrow):
        yield ()
    elif isinstance(value, AWMap):
        yield from _inside(value.store, ())


def _inside(store: Any, place: Place) -> Iterator[Place | None]:
    for (kind, slot), inner in store.trie.items():
        if kind == Escrow.kind:
            yield *place, key_of(slot)
        elif kind == AWMap.kind:
            yield from _inside(inner, (*place, key_of(slot)))
        else:
            yield None


def _map(value: Lattice) -> AWMap[Any]:
    return cast(AWMap[Any], value)
