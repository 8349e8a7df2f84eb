"""What a change has changed, as those who subscribe are told: only what shows otherwise than before (EX-5)."""

from dataclasses import dataclass, replace
from typing import Any

from cybernetic.crdt import KINDS, AWMap, AWSet, Branch, Digests, Lattice, Leaf, key_of
from cybernetic.state.replica.telling import halved
from cybernetic.wire import travels


@travels(name="state.Diff")
@dataclass(frozen=True, slots=True)
class Diff:
    """A change of the value `name`, as it is sent to subscribers.

    Attributes:
        put: of a map, keys and their new values; of a set, added elements, each with None; of any other type,
            None with the new value.
        gone: keys or elements that are not there any more. A key that held values of several types may still
            hold others.
        ended: None; or why there are no more: a change was too large to travel to the subscriber, and so were its
            parts. What has changed then is not told: subscribe again.
    """

    name: str
    put: tuple[tuple[Any, Any], ...]
    gone: tuple[Any, ...]
    ended: str | None = None

    def __bool__(self) -> bool:
        return bool(self.put or self.gone)

    def halves(self) -> "tuple[Diff, ...]":
        """Two that tell together what this does; none, if it tells of one thing."""
        return tuple([replace(self, put=put, gone=gone) for put, gone in halved(self.put, self.gone)])


def difference(name: str, before: Lattice, after: Lattice, delta: Lattice, digests: Digests) -> Diff:
    """What `delta` changed; `after` is `before` and `delta` joined. The price is in proportion to `delta`."""
    if not isinstance(after, AWMap | AWSet):
        changed = digests.of(before) != digests.of(after)
        return Diff(name, ((None, after),) if changed else (), ())
    put: list[tuple[Any, Any]] = []
    gone: list[tuple[Any, Any]] = []
    for slot, part in delta.store.trie.items():
        old, new = before.store.trie.get(slot), after.store.trie.get(slot)
        here = new is not None and new.alive
        if not _differ(slot, old, new, part, digests, isinstance(after, AWSet)):
            continue
        if isinstance(after, AWSet):
            (put if here else gone).append((key_of(slot), None))
        elif slot[0] in KINDS:
            key = key_of(slot[1])
            (put if here else gone).append((key, KINDS[slot[0]].from_store(new, after.context)))
    return Diff(name, tuple(put), tuple([key for key, _ in gone]))


def _differ(slot: Any, old: Any, new: Any, part: Any, digests: Digests, elements: bool = False) -> bool:
    """Whether two stores, which are the same but for the places of `part`, show something else; an element of a set is
    there or not, whoever added it.
    """
    if old is new:
        return False
    was, here = old is not None and old.alive, new is not None and new.alive
    if was != here or elements or not here:
        return bool(was != here)
    if isinstance(old, Leaf) and isinstance(new, Leaf):  # a change has written one thing, so its name will do
        return [write[:2] for write in old.live] != [write[:2] for write in new.live]
    if isinstance(part, Branch):
        before, after = old.trie, new.trie
        return any(_differ(at, before.get(at), after.get(at), one, digests) for at, one in part.trie.items())
    return digests(slot, old) != digests(slot, new)
