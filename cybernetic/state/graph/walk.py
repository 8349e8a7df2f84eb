"""Walks from fact to fact: what is around a thing, and the shortest way from one to another.

A walk goes through texts. A number, True or False may end it, but nothing goes on from there: who shares the
number 5 with somebody is no neighbour of theirs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cybernetic.core import OptionError, one_of, whole
from cybernetic.state.graph.solve import STRIDE
from cybernetic.state.graph.terms import Slot, text
from cybernetic.state.graph.triples import Triple, Triples

DIRECTIONS = ("out", "in", "both")
MOST_HOPS = 64
MOST_PREDICATES = 16
_BACK = {"out": "in", "in": "out", "both": "both"}


@dataclass(frozen=True, slots=True)
class Way:
    """Which facts a walk may take; `way_of` checks it.

    Arguments:
        direction: "out" from subjects to objects, "in" from objects to subjects, "both".
        predicates: only these, each once; None: any.
    """

    direction: str = "both"
    predicates: tuple[str, ...] | None = None

    def back(self) -> "Way":
        """The same way walked from its end."""
        return Way(_BACK[self.direction], self.predicates)


def way_of(direction: str, predicates: Sequence[str] | None) -> Way:
    """The way of these parts: at most 16 predicates, in a list or tuple. Raises `OptionError`."""
    one_of("direction", direction, DIRECTIONS)
    if predicates is None:
        return Way(direction)
    if not isinstance(predicates, list | tuple) or len(predicates) > MOST_PREDICATES:
        raise OptionError("predicates", f"a list of at most {MOST_PREDICATES} texts, or None", predicates)
    return Way(direction, tuple(dict.fromkeys([text("predicates", one) for one in predicates])))


def hops_of(value: object) -> int:
    """`value` as a number of steps, 1 to 64. Raises `OptionError`."""
    hops = whole("hops", value, least=1)
    if hops > MOST_HOPS:
        raise OptionError("hops", f"1 to {MOST_HOPS}", value)
    return hops


def around(triples: Triples, start: Slot, hops: int, way: Way) -> Iterator[tuple[int, Triple] | None]:
    """The facts within so many steps of `start`, each once with its step from 1, the nearest first.

    None is a breath, every `STRIDE` things and facts looked at. `triples` must not change meanwhile.
    """
    met, told = {start}, set()
    frontier, looked = [start], 0
    for step in range(1, hops + 1):
        beyond = []
        for node in frontier:
            looked += 1
            if looked % STRIDE == 0:
                yield None
            for triple, other in _from(triples, node, way):
                looked += 1
                if looked % STRIDE == 0:
                    yield None
                if other not in met:
                    met.add(other)
                    if type(other) is str:
                        beyond.append(other)
                if triple not in told:
                    told.add(triple)
                    yield step, triple
        frontier = beyond


def path(
    triples: Triples, start: Slot, goal: Slot, hops: int, way: Way
) -> Iterator[tuple[Triple, ...] | None]:
    """One of the shortest chains of at most `hops` facts from `start` to `goal`; none comes if there is none.

    Searched from both ends, a step at a time where fewer are waiting; nothing goes on from what is no thing, so the
    searches do not meet there. Breaths as in `around`.
    """
    if start == goal:
        yield ()
        return
    here, there = _Search(start, way), _Search(goal, way.back())
    looked = 0
    for _ in range(hops):
        near, far = (here, there) if len(here.frontier) <= len(there.frontier) else (there, here)
        beyond = []
        for node in near.frontier:
            looked += 1
            if looked % STRIDE == 0:
                yield None
            for triple, other in _from(triples, node, near.way):
                looked += 1
                if looked % STRIDE == 0:
                    yield None
                if other in near.reached:
                    continue
                near.reached[other] = (node, triple)
                if other in far.reached and (type(other) is str or other in (start, goal)):
                    yield (*reversed(here.chain(other)), *there.chain(other))
                    return
                if type(other) is str:
                    beyond.append(other)
        near.frontier = beyond


class _Search:
    """One end of a search: what it has reached, each with the node and the fact it came by."""

    def __init__(self, start: Slot, way: Way) -> None:
        self.way = way
        self.frontier = [start]
        self.reached: dict[Slot, tuple[Slot, Triple] | None] = {start: None}

    def chain(self, node: Slot) -> list[Triple]:
        """The facts from `node` back to where the search began."""
        found = []
        came = self.reached[node]
        while came is not None:
            found.append(came[1])
            came = self.reached[came[0]]
        return found


def _from(triples: Triples, node: Slot, way: Way) -> Iterator[tuple[Triple, Slot]]:
    """The facts at `node` that the way may take, and where each leads."""
    for predicate in (None,) if way.predicates is None else way.predicates:
        if way.direction != "in":
            for triple in triples.match(node, predicate, None):
                yield triple, triple[2]
        if way.direction != "out":
            for triple in triples.match(None, predicate, node):
                yield triple, triple[0]
