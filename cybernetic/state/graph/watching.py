"""Queries that are watched: which answers come and go with each change of a fact, found from that fact alone.

An answer gives every variable a value, so it says which facts it rests on: it comes with the last of them, and goes
with the first. What a change adds are the answers that meet one pattern by it, looked up after it has come; what it
takes away, those looked up before it goes.
"""

from collections.abc import Iterator
from itertools import count

from cybernetic.state.graph.book import Change
from cybernetic.state.graph.patterns import Query, Row
from cybernetic.state.graph.solve import STRIDE, solve_with
from cybernetic.state.graph.triples import Triples

MOST_BREATHS = 500
"""Breaths that one change may cost one query: 100,000 facts looked at."""

MOST_NEWS = 10_000
"""Answers of one query that may have come and gone since they were last taken."""


class Watches:
    """Watched queries by token, and what has come (True) and gone (False) of the answers of each.

    A query that costs too much, or has too much to tell, is given up: `failed` says so.
    """

    def __init__(self) -> None:
        self._queries: dict[str, Query] = {}
        self._by_predicate: dict[object, list[tuple[str, int]]] = {}  # None: any
        self._news: dict[str, dict[Row, bool]] = {}
        self._looked = count(1)  # patterns and facts, over all changes: many small ones come to a large one
        self.failed: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._queries)

    def query(self, token: str) -> Query:
        """The query that is watched under a token."""
        return self._queries[token]

    def add(self, token: str, query: Query) -> None:
        """Watch a query."""
        self._queries[token] = query
        for at, pattern in enumerate(query.patterns):
            self._by_predicate.setdefault(pattern[1][0], []).append((token, at))

    def drop(self, token: str) -> bool:
        """Watch it no more; whether it was watched."""
        query = self._queries.pop(token, None)
        if query is None:
            return False
        self._news.pop(token, None)
        for predicate in {pattern[1][0] for pattern in query.patterns}:
            left = [entry for entry in self._by_predicate[predicate] if entry[0] != token]
            if left:
                self._by_predicate[predicate] = left
            else:
                del self._by_predicate[predicate]
        return True

    def react(self, triples: Triples, change: Change) -> Iterator[None]:
        """Find what a change adds to answers or takes away; to be drawn to its end before the next.

        A breath comes every `STRIDE` patterns and facts looked at, however many changes these are for.
        """
        triple, _ = change
        met: dict[str, set[Row]] = {}  # an answer may rest on the fact in several patterns
        entries = [*self._by_predicate.get(triple[1], ()), *self._by_predicate.get(None, ())]
        for token, at in entries:
            if next(self._looked) % STRIDE == 0:
                yield None
            if token in self._queries:
                yield from self._changed(triples, token, at, change, met.setdefault(token, set()))

    def take(self) -> Iterator[tuple[str, list[Row], list[Row]]]:
        """What has come and gone since last time, by token; answers that did both are left out."""
        news, self._news = self._news, {}
        for token, rows in news.items():
            if rows:
                yield (
                    token,
                    [row for row, came in rows.items() if came],
                    [r for r, c in rows.items() if not c],
                )

    def _changed(
        self, triples: Triples, token: str, at: int, change: Change, met: set[Row]
    ) -> Iterator[None]:
        triple, comes = change
        news = self._news.setdefault(token, {})
        breaths = 0
        for row in solve_with(triples, self._queries[token], at, triple, self._looked):
            if row is None:
                breaths += 1
                if breaths > MOST_BREATHS:
                    self._fail(token, f"a change whose answers are found among {MOST_BREATHS * STRIDE} facts")
                    return
                yield None
            elif row not in met:
                met.add(row)
                _tell(news, row, comes)
                if len(news) > MOST_NEWS:
                    self._fail(token, f"at most {MOST_NEWS} answers that come and go at once")
                    return

    def _fail(self, token: str, expected: str) -> None:
        self.drop(token)
        self.failed[token] = f"expected {expected}, got: more"


def _tell(news: dict[Row, bool], row: Row, comes: bool) -> None:
    if news.get(row, comes) != comes:
        del news[row]  # it has come and gone, or gone and come
    else:
        news[row] = comes
