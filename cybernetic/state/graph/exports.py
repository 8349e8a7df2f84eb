"""Exports of a graph, page by page: what stood when each began, however the graph changes meanwhile."""

from collections.abc import Iterator
from typing import TypeAlias

from cybernetic.state.graph.answers import GraphRefused
from cybernetic.state.graph.drawing import drawn
from cybernetic.state.graph.entries import Dots, State, exported
from cybernetic.state.graph.facts import Assertion
from cybernetic.state.graph.records import Record, record_of

PAGE = 150  # records: the longest of all fit into one answer of a program
MOST = 4  # exports at once: the oldest is given up for another

Rest: TypeAlias = Iterator[tuple[Assertion, Dots] | None]
"""What is left of an export; None is a breath."""


class Exports:
    """Exports under way, by the cursor of their next page."""

    def __init__(self) -> None:
        self._open: dict[int, Rest] = {}
        self._last = 0

    def begin(self, state: State, now: float) -> int:
        """The cursor of the first page of what stands in `state` at `now`."""
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        return self._put(exported(state, now))

    async def page(self, cursor: object) -> tuple[list[Record], int | None]:
        """The records of a page, and the cursor of the next, None at the end. Raises `GraphRefused`."""
        rest = self._open.pop(cursor, None) if isinstance(cursor, int) else None
        if rest is None:
            raise GraphRefused(f"cursor: expected the one given last, got: {cursor!r}; begin again with None")
        found, _ = await drawn(_first(rest), PAGE)
        if len(found) < PAGE:
            return [record_of(*one) for one in found], None
        return [record_of(*one) for one in found], self._put(rest)

    def _put(self, rest: Rest) -> int:
        self._last += 1
        self._open[self._last] = rest
        return self._last


def _first(rest: Rest) -> Rest:
    """What is left, up to the end of a page and no further: the next page goes on behind it."""
    count = 0
    for one in rest:
        yield one
        count += one is not None
        if count == PAGE:
            return
