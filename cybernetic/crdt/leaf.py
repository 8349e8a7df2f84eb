"""A leaf: what was written at one place, as the writes that no other write has seen and replaced.

A write replaces every write it has seen, and leaves those standing that it has not: they are concurrent. Writing
nothing (`bury`) replaces too. A leaf travels whole, so it says of every change at its place whether it is known
(`seen`), and a change that arrives after the one that replaced it does not come back (dotted version vectors,
Preguiça et al. 2010).
"""

from typing import Generic, TypeVar

from cybernetic.crdt.context import Context, Dot

P = TypeVar("P")

Write = tuple[str, int, P]
"""A write that stands: the replica that made it, its number there, and what was written."""


class Leaf(Generic[P]):
    """The writes at one place. Immutable.

    `seen` has the last change of each replica here, in order of replicas; `live` the writes that stand, in order
    of dots.
    """

    __slots__ = ("live", "seen")

    def __init__(self, seen: tuple[Dot, ...] = (), live: tuple[Write[P], ...] = ()) -> None:
        self.seen, self.live = seen, live

    @property
    def alive(self) -> bool:
        """Whether any write stands."""
        return bool(self.live)

    def write(self, replica: str, n: int, payload: P) -> "Leaf[P]":
        """The leaf after a write, which replaces all that stand."""
        return Leaf(_with(self.seen, replica, n), ((replica, n, payload),))

    def bury(self, replica: str, n: int) -> "Leaf[P]":
        """The leaf after a write of nothing."""
        return Leaf(_with(self.seen, replica, n))

    def join(self, other: "Leaf[P]", ours: Context, theirs: Context) -> "Leaf[P]":
        """The leaf of both, whose states know the contexts `ours` and `theirs`."""
        if not other.seen or (other.seen == self.seen and len(other.live) == len(self.live)):
            return self  # it says nothing of this place, or the same
        if self._replaced_by(other, ours):
            return other
        stand = _standing(self.live, other, theirs)
        new = _standing(other.live, self, ours)
        if stand and new:
            here = [write[:2] for write in stand]
            stand += [write for write in new if write[:2] not in here]
            stand.sort(key=_dot)
        else:
            stand = stand or new
        return Leaf(merged(self.seen, other.seen), tuple(stand))

    def _replaced_by(self, other: "Leaf[P]", ours: Context) -> bool:
        """Whether `other` is one new write of who alone has written here: by far the most are."""
        if len(self.seen) != 1 or len(other.seen) != 1 or len(other.live) != 1:
            return False
        ((replica, n),) = other.seen
        return (
            self.seen[0][0] == replica
            and self.seen[0][1] < n == other.live[0][1]
            and not ours.knows(replica, n)
        )

    def arriving(self, ours: Context) -> "Leaf[P] | None":
        """What of it is new where there is no leaf and `ours` is known: what is known there is dead and forgotten."""
        live = tuple([write for write in self.live if not ours.knows(write[0], write[1])])
        if live or not ours.knows_all(self.seen):
            return self if len(live) == len(self.live) else Leaf(self.seen, live)
        return None

    def forget(self, stable: Context) -> "Leaf[P] | None":
        """It, without what is replaced, once all replicas know all its changes; None if nothing is left."""
        if not stable.knows_all(self.seen):
            return self
        if not self.live:
            return None
        last = dict([write[:2] for write in self.live])
        return self if len(last) == len(self.seen) else Leaf(tuple(last.items()), self.live)

    def retire(self, whole: Context) -> "Leaf[P] | None":
        """It, without the writes that a state that has no such leaf knows: they are dead there."""
        return self.arriving(whole)

    def __eq__(self, other: object) -> bool:
        return (
            self.seen == other.seen and self.live == other.live if isinstance(other, Leaf) else NotImplemented
        )

    __hash__ = None  # type: ignore[assignment] # payloads may be anything

    def __repr__(self) -> str:
        return f"Leaf({self.seen}, {self.live})"


def merged(ours: tuple[Dot, ...], theirs: tuple[Dot, ...]) -> tuple[Dot, ...]:
    """The last change of each replica in either, in order of replicas."""
    if ours == theirs:
        return ours
    last = dict(ours)
    for replica, n in theirs:
        if last.get(replica, 0) < n:
            last[replica] = n
    return tuple(sorted(last.items()))


def _with(seen: tuple[Dot, ...], replica: str, n: int) -> tuple[Dot, ...]:
    if not seen or (len(seen) == 1 and seen[0][0] == replica):
        return ((replica, n),)
    return merged(seen, ((replica, n),))


def _standing(live: tuple[Write[P], ...], other: Leaf[P], theirs: Context) -> list[Write[P]]:
    """Those of `live` that the other side has too, or does not know at all."""
    has = [write[:2] for write in other.live]
    last = dict(other.seen)
    return [
        write
        for write in live
        if write[:2] in has or not (write[1] <= last.get(write[0], 0) or theirs.knows(write[0], write[1]))
    ]


def _dot(write: Write[P]) -> Dot:
    return write[:2]
