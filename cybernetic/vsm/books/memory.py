"""Books without a file: the same, for as long as their agent lives."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from cybernetic.runtime import registered_name
from cybernetic.vsm.books.entry import Entry, Extent
from cybernetic.vsm.books.terms import passed
from cybernetic.vsm.owned import Owned


class InMemory:
    """Values and a log of the latest `keep` entries, both as they were given."""

    def __init__(self, keep: int) -> None:
        self._values: dict[str, Any] = {}
        self._terms: dict[str, int] = {}
        self._log: deque[Entry] = deque(maxlen=keep)
        self._last = 0

    def save(self, key: str, value: Any, term: int, entries: Sequence[Entry] = (), wall: float = 0.0) -> None:
        """Keep `value`, and append `entries`. Raises `LeaseLost` for a term lower than the highest so far."""
        term = passed(key, self._terms.get(key, 0), term)
        if term:
            self._terms[key] = term
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        for entry in entries:
            self.note(entry, wall)

    def load(self, key: str) -> Any:
        """What was kept last; None if nothing was."""
        return self._values.get(key)

    def note(self, entry: Entry, wall: float) -> int:
        """Append, at that time by the wall; the entry's number."""
        self._last += 1
        self._log.append(replace(entry, wall=wall, number=self._last))
        return self._last

    def entries(self, since: int, kind: str | None, most: int) -> tuple[Entry, ...]:
        """The first of those after number `since`."""
        return tuple(islice(self._after(since, kind), most))

    def extent(self) -> Extent:
        """Which entries there are."""
        return Extent(self._last - len(self._log) + 1, self._last)

    def _after(self, since: int, kind: str | None) -> Iterator[Entry]:
        later = islice(self._log, max(0, since + 1 - self.extent().first), None)
        return (entry for entry in later if kind is None or entry.kind == kind)


_memories: Owned[dict[str, tuple[Any, InMemory]]] = Owned(dict)
_kept_in: Owned[dict[str | None, tuple[Any, Any]]] = Owned(dict)


def opened(system: Any, books: Any, kept_in: Any) -> None:
    """Books (their address) of this process begin to keep what they are told in a file, or in a memory."""
    _kept_in.of(system)[registered_name(books)] = books, kept_in


def remembered(system: Any, path: str, beside: Any, keep: int) -> InMemory:
    """What books at `path` held that were here before while those others (their address) that stand `beside` them knew
    what they do now: the same ones, or in this process successors that go on with the same memory; else nothing.

    What a unit has of its level is void where the level does not know any more what it lent.
    """
    who, kept_in = _kept_in.of(system).get(registered_name(beside), (None, None))
    level = kept_in if who == beside else beside
    known = _memories.of(system)
    if path not in known or known[path][0] != level:
        known[path] = level, InMemory(keep)
    return known[path][1]
