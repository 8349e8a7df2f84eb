"""A number for what a value shows, to tell whether two replicas that should agree do."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from cybernetic.crdt.branch import Branch
from cybernetic.crdt.keys import key_of
from cybernetic.crdt.lattice import Lattice
from cybernetic.crdt.leaf import Leaf
from cybernetic.crdt.opaque import OpaqueTypes, Sealed
from cybernetic.crdt.share import Share
from cybernetic.wire import Codec

_BYTES = 16
_STEP = 50  # places of one step
_LONG = 250  # bytes in a place that take as long as another place


class Digests:
    """Makes digests, and remembers those of parts: after a change that of a large value costs little more.

    A digest is 0 to 2**128 - 1, equal on all replicas that know of the same changes, and the types of values in them.
    Marks of what was removed do not count, so it does not matter who has forgotten them. It guards against mistakes,
    not against forgery.

    Arguments:
        codec: a canonical one, for values of types that one codec alone lets travel; None: one that knows the
            registered types, and any other as `Opaque`.
    """

    __slots__ = ("_codec", "_done", "carries")

    carries: bool
    """Whether anything of a type unknown here was in what digests were made of. Who knows the type has another digest
    of the same changes; and what is carried cannot be removed, so it stays so.
    """

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec = Codec(OpaqueTypes(), canonical=True) if codec is None else codec
        self.carries = False
        self._done = 0

    def of(self, value: Lattice) -> int:
        """The digest of `value`. Raises `CannotTravel` for what the codec does not know."""
        store = value.store
        return store.trie.total(self) if isinstance(store, Branch) else self(None, store)

    def steps(self, value: Lattice) -> Iterator[None]:
        """Do what `of` does in short steps, one for each item taken; then `of` takes no time. Raises as `of` does.

        A step is some fifty places, or fewer where much is in them.
        """
        if isinstance(value.store, Branch):
            for _ in value.store.trie.totals(self, lambda store: getattr(store, "trie", None)):
                if self._done >= _STEP:
                    self._done = 0
                    yield

    def __call__(self, slot: Any, store: Any) -> int:
        """What a store in a slot adds to the digest of the branch it is in."""
        content: Any
        self._done += 1
        if isinstance(store, Branch):
            inner = store.trie.total(self)
            if not inner:
                return 0
            content = inner.to_bytes(_BYTES, "big")
        elif isinstance(store, Sealed):
            self.carries = True
            content = sorted(store.bodies)
        elif not store.alive:
            return 0
        elif isinstance(store, Leaf):
            content = [list(write) for write in store.live]
        elif isinstance(store, Share):
            content = list(store[:-1])  # who has seen it does not show
        else:
            content = repr(store)  # numbers and names
        data = self._codec.encode([_place(slot), content])
        self._done += len(data) // _LONG
        return int.from_bytes(blake2b(data, digest_size=_BYTES).digest(), "big")


_digests = Digests()


def digest(value: Lattice) -> int:
    """The digest of `value` by `Digests()`: what it shows, as a number from 0 to 2**128 - 1."""
    return _digests.of(value)


def _place(slot: Any) -> Any:
    """What stands for a slot: of a map, the kind and the key."""
    if type(slot) is tuple and type(slot[0]) is str:
        return slot[0], key_of(slot[1])
    return key_of(slot)
