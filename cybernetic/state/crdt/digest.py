"""A number for what a value shows, to tell whether two replicas that should agree do."""

from hashlib import blake2b
from typing import Any

from cybernetic.state.crdt.keys import key_of
from cybernetic.state.crdt.lattice import Lattice
from cybernetic.state.crdt.leaf import Leaf
from cybernetic.state.crdt.opaque import OpaqueTypes, Sealed
from cybernetic.state.crdt.pieces import leaves_of
from cybernetic.wire import Codec

DIGESTS = 2**128
_codec = Codec(OpaqueTypes(), canonical=True)


def digest(value: Lattice, codec: Codec = _codec) -> int:
    """The digest of what `value` shows, 0 to 2**128 - 1: equal on all replicas that know of the same changes.

    Marks of what was removed do not count, so it does not matter who has forgotten them. The digests of all
    `slices` of a value add up to its own, modulo 2**128: so a large one can be had in steps.

    Arguments:
        value: any converging value.
        codec: a canonical one, where values are of types that one codec alone lets travel.

    Raises `CannotTravel` for a value that `codec` does not know.
    """
    total = 0
    for path, leaf in leaves_of(value.store):
        if leaf.alive or isinstance(leaf, Sealed):
            total += _of_leaf(path, leaf, codec)
    return total % DIGESTS


def _of_leaf(path: tuple[Any, ...], leaf: Any, codec: Codec) -> int:
    places = [_place(slot) for slot in path]
    if isinstance(leaf, Leaf):
        content: Any = [list(write) for write in leaf.live]
    elif isinstance(leaf, Sealed):
        content = sorted(leaf.bodies)
    else:
        content = repr(leaf)  # numbers and names
    data = codec.encode([places, content])
    return int.from_bytes(blake2b(data, digest_size=16).digest(), "big")


def _place(slot: Any) -> Any:
    """What stands for a slot: of a map, the kind and the key."""
    if type(slot) is tuple and type(slot[0]) is str:
        return slot[0], key_of(slot[1])
    return key_of(slot)
