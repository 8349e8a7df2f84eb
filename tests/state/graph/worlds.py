"""What the tests of the graph share: small worlds of facts, oracles that look at everything, and clocks."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from hypothesis import strategies as st

from cybernetic.crdt.keys import key_of, slot_of
from cybernetic.state import Stamp
from cybernetic.state.graph.book import Book, Change
from cybernetic.state.graph.entries import State, touched
from cybernetic.state.graph.facts import Fact
from cybernetic.state.graph.patterns import Var
from cybernetic.state.graph.pen import Pen
from cybernetic.state.graph.triples import Triples

THINGS = ("a", "b", "c", "d", "e")
RELATIONS = ("knows", "likes", "a")
VALUES: tuple[Any, ...] = (*THINGS, 1, 1.0, True, 0, False)
NOW = 1_700_000_000.0

facts = st.builds(Fact, st.sampled_from(THINGS), st.sampled_from(RELATIONS), st.sampled_from(VALUES))
FEW = st.builds(
    Fact, st.sampled_from("abc"), st.sampled_from(("knows", "a")), st.sampled_from(("a", "b", "c", 1, True))
)
"""Facts of so few things that they meet each other: of what is drawn from all there are, hardly any do."""

crowds = st.lists(FEW, min_size=6, max_size=12, unique_by=lambda fact: triple(fact))


@st.composite
def queries(draw: Any, known: list[Fact]) -> list[Any]:
    """One to three patterns, each a fact there is, seldom another, with parts made variables.

    What stands for one value is mostly one variable wherever it is met, so that most queries have an answer.
    """
    names = st.sampled_from("vwxyz").map(Var)
    held: dict[Any, Var] = {}
    found = []
    for _ in range(draw(st.integers(1, 3))):
        fact = draw(FEW if draw(st.integers(0, 7)) == 7 else st.sampled_from(known))
        pattern = []
        for part in fact:
            if draw(st.booleans()):
                pattern.append(part)
            else:
                pattern.append(held.setdefault(slot_of(part), draw(names)))
        found.append(tuple(pattern))
    return found


def triple(fact: Any) -> Any:
    return fact[0], fact[1], slot_of(fact[2])


def triples_of(known: Any) -> Triples:
    made = Triples()
    for one in {triple(fact) for fact in known}:
        made.add(one)
    return made


def answers(known: Any, query: Any) -> set[Any]:
    """Every way to choose a fact for each pattern, kept if the variables agree: the slots by variables' order."""
    names = list(dict.fromkeys(part.name for pattern in query for part in pattern if isinstance(part, Var)))
    found = set()
    for chosen in product([triple(fact) for fact in known], repeat=len(query)):
        row: dict[str, Any] = {}
        if all(
            row.setdefault(part.name, slot) == slot if isinstance(part, Var) else slot_of(part) == slot
            for pattern, one in zip(query, chosen, strict=True)
            for part, slot in zip(pattern, one, strict=True)
        ):
            found.add(tuple(row[name] for name in names))
    return found


def drawn(keys: Iterable[Any]) -> list[Any]:
    """All of them, without the breaths."""
    return [key for key in keys if key is not None]


class Site:
    """A replica of a graph, as its agent would have it: a state, a book, and a clock that is moved by hand."""

    def __init__(self, name: str) -> None:
        self.name, self.state, self.book = name, State(), Book(name)
        self.now, self.ticks = NOW, 0

    def tick(self) -> Stamp:
        self.ticks += 1
        return Stamp(int(self.now * 1000), self.ticks, self.name)

    def pen(self) -> Pen:
        return Pen(self.state, self.name, self.tick)

    def take(self, delta: State) -> Iterator[Change | None]:
        """Join a delta; the changes are told lazily, and must be drawn."""
        self.state = self.state.join(delta)
        return self.book.follow(self.state, touched(delta), self.now)

    def write(self, pen: Pen) -> State:
        list(self.take(pen.delta))
        return pen.delta

    def add(self, *fact: Any, who: str = "me", **rest: Any) -> State:
        pen = self.pen()
        pen.add(Fact(*fact), who, **rest)
        return self.write(pen)

    def remove(self, *fact: Any, who: str | None = None, how: str = "removed", by: str = "me") -> State:
        pen = self.pen()
        pen.remove(self.book.keys(Fact(*fact), who) or [(*fact, "me")], how, by)
        return self.write(pen)

    def shown(self) -> set[Any]:
        return set(self.book.triples.match(None, None, None))

    def shown_facts(self) -> list[Any]:
        return [(s, p, key_of(o)) for s, p, o in self.shown()]
