"""The stamps in a value: who receives one refuses it where they are too far in the future."""

from collections.abc import Iterator
from typing import Any

from cybernetic.crdt.awmap import AWMap
from cybernetic.crdt.hlc import Stamp
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.registers import LWW


def latest_stamp(value: Lattice) -> Stamp | None:
    """The greatest stamp of all writes in `value`, those in maps inside maps included; None if there are none.

    For `Hlc.merge`, before `value` is joined. Looks at every leaf: meant for deltas and pieces.
    """
    return max(_stamps(value.kind, value.store), default=None)


def _stamps(kind: str, store: Any) -> Iterator[Stamp]:
    if kind == LWW.kind:
        for _, _, (stamp, _) in store.live:
            yield stamp
    elif kind == AWMap.kind:
        for (inner, _), part in store.trie.items():
            yield from _stamps(inner, part)
