"""A set of triples that finds those that fit any parts given, however many there are."""

from collections.abc import Iterator
from typing import TypeAlias

from cybernetic.state.graph.pairs import Pairs
from cybernetic.state.graph.terms import Slot

Triple: TypeAlias = tuple[Slot, Slot, Slot]
"""Subject, predicate and object, each by its slot."""


class Triples:
    """Triples, indexed on each position and each pair of positions. None stands for any part."""

    __slots__ = ("_by_object", "_by_predicate", "_by_subject", "_size")

    def __init__(self) -> None:
        self._by_subject, self._by_predicate, self._by_object = Pairs(), Pairs(), Pairs()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, triple: Triple) -> bool:
        return self._by_subject.has(*triple)

    def add(self, triple: Triple) -> None:
        """Put in a triple that is not there yet."""
        s, p, o = triple
        self._by_subject.add(s, p, o)
        self._by_predicate.add(p, o, s)
        self._by_object.add(o, s, p)
        self._size += 1

    def remove(self, triple: Triple) -> None:
        """Take out a triple that is there."""
        s, p, o = triple
        self._by_subject.remove(s, p, o)
        self._by_predicate.remove(p, o, s)
        self._by_object.remove(o, s, p)
        self._size -= 1

    def match(self, s: Slot, p: Slot, o: Slot) -> Iterator[Triple]:
        """The triples that have these parts, None being any; each is found at the same price."""
        if s is not None:
            if p is not None:
                if o is not None:
                    return iter([(s, p, o)] if self._by_subject.has(s, p, o) else ())
                return ((s, p, third) for third in self._by_subject.thirds(s, p))
            if o is not None:
                return ((s, third, o) for third in self._by_object.thirds(o, s))
            return ((s, second, third) for second, third in self._by_subject.rest(s))
        if p is not None:
            if o is not None:
                return ((third, p, o) for third in self._by_predicate.thirds(p, o))
            return ((third, p, second) for second, third in self._by_predicate.rest(p))
        if o is not None:
            return ((second, third, o) for second, third in self._by_object.rest(o))
        return ((s, p, o) for s in self._by_subject.firsts() for p, o in self._by_subject.rest(s))

    def count(self, s: Slot, p: Slot, o: Slot) -> int:
        """How many triples `match` would find, without looking for them."""
        if s is not None:
            if p is not None:
                return self._by_subject.count_pair(s, p) if o is None else self._by_subject.has(s, p, o)
            return self._by_subject.count(s) if o is None else self._by_object.count_pair(o, s)
        if p is not None:
            return self._by_predicate.count(p) if o is None else self._by_predicate.count_pair(p, o)
        return self._size if o is None else self._by_object.count(o)
