"""Nodes that keep one graph and hear each other only when told to: each as its agent has it, without the agent."""

from collections.abc import Sequence
from itertools import count, permutations
from typing import Any

from cybernetic.crdt import Context, Digests, Leaf, Stamp
from cybernetic.state.graph.book import Book
from cybernetic.state.graph.edits import Edit, adding, dropping, loading, removing, sweeping
from cybernetic.state.graph.entries import (
    ENDED,
    Key,
    State,
    exported,
    is_put_in,
    key_for,
    keys_among,
    leaf_of,
    touched,
)
from cybernetic.state.graph.facts import Assertion, Fact
from cybernetic.state.graph.outliving import outlived
from cybernetic.state.graph.pen import Pen
from cybernetic.state.graph.records import UNSTAMPED, Record, record_of, recorded
from cybernetic.state.replica.diff import difference
from cybernetic.state.replica.editing import check_dots
from tests.state.graph.worlds import drawn

NOW = 1_700_000_000.0
WHO = "clerk"

_digests = Digests()


class Node:
    """One of them. `skew` is how many milliseconds its clock is ahead; `ticks` numbers the stamps of all."""

    def __init__(self, name: str, ticks: "count[int]", skew: int = 0) -> None:
        self.name, self._ticks, self._skew = name, ticks, skew
        self.time = NOW
        self.state = State()
        self.start(name)

    def start(self, replica: str) -> None:
        """Begin under another id with what it had."""
        self.replica, self.book = replica, Book(replica)
        list(self.book.follow(self.state, touched(self.state), self.time))

    def stamp(self) -> Stamp:
        return Stamp(int(self.time * 1000) + self._skew, next(self._ticks), self.name)

    def now(self) -> float:
        return self.time

    # what is asked of it

    def say(self, fact: Fact, cause: str | None = None, until: float | None = None) -> Assertion:
        said = Assertion(fact, WHO, UNSTAMPED, cause, until=until)
        made: Assertion = self.write(adding(said, (), self.book.ended))[0]
        return made

    def remove(self, fact: Fact) -> list[Any]:
        return self.write(removing(self.book.keys(fact), "judge", None, self.book.ended))

    def load(self, records: Sequence[Record], again: bool = False) -> list[str]:
        """What came of each record."""
        return [
            came
            for _, came in self.write(
                loading([recorded(one, "import") for one in records], again, self.book.ended)
            )
        ]

    def export(self, names_changes: bool = True) -> list[Record]:
        found = [record_of(*one) for one in exported(self.state, self.time) if one is not None]
        return [
            {name: part for name, part in one.items() if names_changes or name != "change"} for one in found
        ]

    # what it does by itself

    def tend(self) -> bool:
        """Take out what is over, as the pulse of a graph does; whether that wrote anything."""
        self.book.state = self.state
        list(self.book.look())
        before = self.state.context
        self.write(dropping(list(self.book.outlived()), self.book.ended))
        return self.state.context != before

    def wait(self, seconds: float) -> None:
        """Let time pass, and what expires by then; it is taken out as the pulse of a graph does."""
        self.time += seconds
        list(self.book.expire(self.time))
        self.write(sweeping(drawn(self.book.spent()), (), self.time))

    def forget_past(self) -> None:
        """Take out all that is kept of the past, as once it is too old."""
        keys = [key for key in self.state if len(key) == ENDED]
        pen = Pen(self.state, self.replica, self.stamp)
        pen.erase(keys)
        self.take(pen.delta)

    def forget(self, stable: Context) -> None:
        """Drop the marks of what is gone and known to all."""
        self.state = self.state.forget(stable)

    def hear(self, other: "Node") -> None:
        """Learn all that another knows."""
        self.take(other.state.since(self.state.context))

    def hear_some(self, other: "Node", which: int) -> None:
        """Learn a part of what another knows: the places whose bit is set."""
        for at, piece in enumerate(other.state.split(1, self.state.context)):
            if which >> at & 1:
                self.take(piece)

    def write(self, edit: Edit) -> list[Any]:
        made: list[Any] = []
        delta = edit(self.state, self, made)  # type: ignore[arg-type] # it is the writer as well
        check_dots(delta, self.state.context, self.replica)
        self.take(delta)
        return made

    def take(self, delta: State) -> None:
        """Join a delta, and follow what the replica would tell of it."""
        before, self.state = self.state, self.state.join(delta)
        diff = difference("world", before, self.state, delta, _digests)
        keys = keys_among([*[key for key, _ in diff.put], *diff.gone])
        list(self.book.follow(self.state, keys, self.time))

    # what is looked at

    def standing(self, fact: Fact) -> dict[Stamp, bool]:
        """The assertions of a fact that are not over, by stamp, and whether each was said and not only put in."""
        key = key_for(fact, WHO)
        gone = outlived(self.state, key, self.book.ended)
        found: dict[Stamp, bool] = {}
        for replica, n, (at, value) in (leaf_of(self.state, key) or Leaf()).live:
            if (replica, n) not in gone:
                found[at] = found.get(at, False) or not is_put_in(value)
        return found

    def writes(self) -> dict[Key, Any]:
        """All that is written, over or not."""
        return {key: leaf_of(self.state, key).live for key in self.state}  # type: ignore[union-attr]


def meet(nodes: Sequence[Node]) -> None:
    """Let all hear all, so that they know of the same changes."""
    for _ in range(2):
        for one, other in permutations(nodes, 2):
            one.hear(other)


def heal(nodes: Sequence[Node]) -> None:
    """Let all hear all, take out what is over, and hear of that; then they are the same, and nothing is left to do."""
    meet(nodes)
    for node in nodes:
        node.tend()
    meet(nodes)
    assert [node.tend() for node in nodes] == [False] * len(nodes)
    for node in nodes:
        assert node.writes() == nodes[0].writes()
