"""A node's part of the directory as a converging map: who holds a name, what services run, who is in which group.

A map of registers, written by its own node alone: under a name an `LWW` of (serial, class), with the stamp of the
claim; under the name of a service an `MV`, while its agent runs there; under (service, group, serial) an `MV` of the
class and the numbers with which that agent joined. The functions that change it return deltas.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from cybernetic.crdt import LWW, MV, AWMap, Branch, Context, Leaf, Stamp
from cybernetic.nodes.directory.entries import Claim, Part, Source
from cybernetic.wire import DamagedMessage

Place = tuple[str, bytes, int]
"""A group of a service, and an agent by its number."""

Seating = tuple[str, tuple[int, ...]]
"""The class of an agent in a group, and the numbers with which it joined, ascending."""

WRITER = 200  # characters of a node's name that its changes are marked with

NONE: Part = AWMap()
_BLANK: Leaf[Any] = Leaf()


def writer(source: Source) -> str:
    """Whom the changes of a node's part are by; a part has one writer, so it need not be unlike all others."""
    return source[0][:WRITER]


class Claims:
    """Names taken one after another, beside the part until that is asked for: it is copied once for all of them."""

    def __init__(self, me: str) -> None:
        self._me = me
        self._fresh: dict[object, Leaf[Any]] = {}
        self._first = self._next = 0

    def __len__(self) -> int:
        return len(self._fresh)

    def take(self, part: Part, name: str, stamp: Stamp, serial: int, path: str) -> Part:
        """An agent takes a name, in place of any other of this node: the delta. `part` is without those before."""
        if not self._fresh:
            self._first = self._next = part.context.next(self._me)
        n, slot = self._next, (LWW.kind, name)
        leaf = _BLANK.write(self._me, n, (stamp, (serial, path)))  # nobody else writes there
        self._fresh[slot] = leaf
        self._next = n + 1
        return part.from_store(Branch.of({slot: leaf}), Context({self._me: (n, n + 1)}))

    def join(self, part: Part) -> Part:
        """The part with all of them; from then on there are none."""
        fresh, self._fresh = self._fresh, {}
        return part.join(part.from_store(Branch.of(fresh), Context({self._me: (self._first, self._next)})))


def released(part: Part, me: str, name: str) -> Part:
    """The delta by which a name is given up."""
    return part.put(name, part.at(name, LWW).clear(me))


def opened(part: Part, me: str, service: str) -> Part:
    """The delta by which the agent of a service runs."""
    return part.write(me, service, MV, True)


def joined(part: Part, me: str, place: Place, path: str) -> Part:
    """The delta by which an agent is in a group once more."""
    _, numbers = seating(part, place) or (path, ())
    return part.write(me, place, MV, (path, (*numbers, part.context.next(me))))


def left(part: Part, me: str, place: Place) -> Part:
    """The delta by which an agent is in a group once less: the earliest time does not count any more."""
    now = seating(part, place)
    if now is None or len(now[1]) < 2:
        return part.put(place, part.at(place, MV).clear(me))
    return part.write(me, place, MV, (now[0], now[1][1:]))


def closed(part: Part, me: str, service: str, places: Iterable[Place]) -> Part:
    """The delta by which the agent of a service has ended, if it ran, and with it who was in `places`."""
    delta = part.put(service, part.at(service, MV).clear(me))
    return delta.join(part.join(delta).remove(me, *places))


# What stands in it.


def claim(part: Part, source: Source, name: str) -> Claim | None:
    """Who has taken a name."""
    live = part.at(name, LWW).store.live
    if not live:
        return None
    stamp, (serial, path) = live[-1][2]
    return Claim(name, source, stamp, serial, path)


def runs(part: Part, service: str) -> bool:
    """Whether the agent of a service runs."""
    return bool(part.at(service, MV).values)


def seating(part: Part, place: Place) -> Seating | None:
    """How an agent is in a group."""
    values: tuple[Seating, ...] = part.at(place, MV).values
    return values[-1] if values else None


# What another node lacks.


class Digest:
    """A number from 0 to 2**64 - 1 for a part, the same for all that have the same of it.

    It is of the numbers of the changes that stand, for what a change has written never changes. After few changes it
    costs little.
    """

    def of(self, part: Part) -> int:
        """The digest."""
        return int(part.store.trie.total(self)) % 2**64

    def steps(self, part: Part) -> Iterator[None]:
        """Do what `of` does in short steps; then `of` takes no time."""
        yield from part.store.trie.totals(self, lambda store: None)

    def __call__(self, slot: Any, store: Any) -> int:
        """What a place adds to it."""
        live = getattr(store, "live", None)
        if live is None:  # of a kind that this version does not write
            return 0
        return sum([_mixed(n) for _, n, _ in live])


def _mixed(n: int) -> int:
    return int.from_bytes(blake2b((n % 2**64).to_bytes(8, "big"), digest_size=8).digest(), "big")


def known(part: Part, source: Source) -> tuple[int, ...]:
    """The numbers of the changes that are known, as first, last + 1, first, last + 1, ..."""
    return tuple(part.context.runs.get(writer(source), ()))


def upto(source: Source, bounds: tuple[int, ...]) -> Context:
    """The context that knows changes of these numbers. Raises `DamagedMessage` for what are none."""
    numbers = all(type(n) is int for n in bounds)
    if not numbers or len(bounds) % 2 or not all(a < b for a, b in pairwise((0, *bounds))):
        raise DamagedMessage("numbers of changes", f"{bounds!r:.80}")
    return Context({writer(source): bounds})
