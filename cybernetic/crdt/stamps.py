"""The stamps in a value: one too far in the future is refused by who receives it, and mended by who wrote it."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeVar

from cybernetic.crdt.awmap import AWMap
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.context import Context
from cybernetic.crdt.hlc import Stamp
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.registers import LWW

L = TypeVar("L", bound=Lattice)


def latest_stamp(value: Lattice) -> Stamp | None:
    """The greatest stamp of all writes in `value`, those in maps inside maps included; None if there are none.

    For `Hlc.merge`, before `value` is joined. Looks at every leaf: meant for deltas and pieces.
    """
    return max(_stamps(value.kind, value.store), default=None)


def redated(value: L, part: L, replica: str, limit: int, stamp: Callable[[], Stamp]) -> L:
    """The delta in the name of `replica` that writes anew, with stamps of now, what has a stamp beyond `limit`.

    The new writes have seen those that they replace, so they count though their stamps are earlier. Empty if there is
    nothing to do.

    Args:
        value: the value.
        part: a slice of it, or a delta: only what is at the places that this has is looked at.
        replica: whose writes they are.
        limit: milliseconds since 1970.
        stamp: gives the stamps.
    """
    first = value.context.next(replica)
    numbers = count(first)

    def again(kind: str, store: Any, within: Any) -> Any:
        if store is None:
            return None
        if kind == LWW.kind:
            latest = max([write[2] for write in store.live], key=lambda payload: payload[0], default=None)
            if latest is None or latest[0].millis <= limit:
                return None
            return store.write(replica, next(numbers), (stamp(), latest[1]))
        if kind != AWMap.kind:
            return None
        found = {}
        for slot, inner in within.trie.items():
            there = again(slot[0], store.trie.get(slot), inner)
            if there is not None:
                found[slot] = there
        return Branch.of(found) if found else None

    store = again(value.kind, value.store, part.store)
    end = next(numbers)
    return value.from_store(store, Context({replica: (first, end)} if end > first else None))


def _stamps(kind: str, store: Any) -> Iterator[Stamp]:
    if kind == LWW.kind:
        for _, _, (stamp, _) in store.live:
            yield stamp
    elif kind == AWMap.kind:
        for (inner, _), part in store.trie.items():
            yield from _stamps(inner, part)
