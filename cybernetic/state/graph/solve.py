"""Answers a query: joins its patterns one after another, always the most selective next (index nested loops).

How many triples fit a pattern is known without looking, so which pattern comes next is decided anew for every
partial answer: what is rare there goes first.
"""

from collections.abc import Iterator
from itertools import count

from cybernetic.state.graph.patterns import Part, Parts, Query, Row
from cybernetic.state.graph.terms import Slot
from cybernetic.state.graph.triples import Triple, Triples

STRIDE = 200
"""Triples looked at between two breaths: well below a millisecond."""


def solve(triples: Triples, query: Query) -> Iterator[Row | None]:
    """Every answer once, in no particular order, lazily.

    None is a breath: it comes every `STRIDE` triples looked at, so that who draws may let others have a turn.
    `triples` must not change meanwhile.
    """
    return _joined(triples, query.patterns, (None,) * len(query.names), count(1))


def solve_with(
    triples: Triples, query: Query, at: int, triple: Triple, looked: Iterator[int]
) -> Iterator[Row | None]:
    """The answers in which the pattern numbered `at` is met by `triple`, with breaths as in `solve`.

    `looked` counts the triples looked at, of whatever is solved between two breaths.
    """
    row = unified(query.patterns[at], triple, (None,) * len(query.names))
    if row is None:
        return iter(())
    rest = query.patterns[:at] + query.patterns[at + 1 :]
    return _joined(triples, rest, row, looked) if rest else iter((row,))


def cheapest(triples: Triples, patterns: tuple[Parts, ...], row: Row) -> int:
    """The number of the pattern that the fewest triples fit, with what `row` has of the variables."""
    best, least = 0, -1
    for at, pattern in enumerate(patterns):
        count = triples.count(*_bound(pattern, row))
        if least < 0 or count < least:
            best, least = at, count
    return best


def unified(pattern: Parts, triple: Triple, row: Row) -> Row | None:
    """`row` with the variables that `triple` gives a value in `pattern`; None if it does not fit."""
    made: list[Slot] | None = None
    for (slot, number), value in zip(pattern, triple, strict=True):
        if number < 0:
            if slot != value:
                return None
            continue
        held = row[number] if made is None else made[number]
        if held is None:
            made = made or list(row)
            made[number] = value
        elif held != value:
            return None
    return row if made is None else tuple(made)


def _joined(
    triples: Triples, patterns: tuple[Parts, ...], row: Row, looked: Iterator[int]
) -> Iterator[Row | None]:
    frames = [_frame(triples, patterns, row)]
    while frames:
        found, pattern, rest, row = frames[-1]
        triple = next(found, None)
        if triple is None:
            frames.pop()
            continue
        if next(looked) % STRIDE == 0:
            yield None
        longer = unified(pattern, triple, row)
        if longer is None:
            continue
        if rest:
            frames.append(_frame(triples, rest, longer))
        else:
            yield longer


_Frame = tuple[Iterator[Triple], Parts, tuple[Parts, ...], Row]


def _frame(triples: Triples, patterns: tuple[Parts, ...], row: Row) -> _Frame:
    """Where a partial answer goes on: the triples of its cheapest pattern, and the patterns left."""
    at = cheapest(triples, patterns, row) if len(patterns) > 1 else 0
    pattern = patterns[at]
    return triples.match(*_bound(pattern, row)), pattern, patterns[:at] + patterns[at + 1 :], row


def _bound(pattern: Parts, row: Row) -> Triple:
    s, p, o = pattern
    return _value(s, row), _value(p, row), _value(o, row)


def _value(part: Part, row: Row) -> Slot:
    slot, number = part
    return slot if number < 0 else row[number]
