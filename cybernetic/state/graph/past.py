"""What has ended of each fact, as far as it is kept: in the order in which it was said, and what is too much of it."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, TypeAlias

from cybernetic.crdt import Stamp
from cybernetic.state.graph.entries import ASSERTED, Key
from cybernetic.state.graph.triples import Triple

MOST_PAST = 16
"""Ended assertions kept of a fact, those that ended last: the others are taken out, soon."""

AT_ONCE = 25
"""Of these one edit takes out so many at most."""

_Entry: TypeAlias = tuple[Stamp, Key]  # when it ended, and where it is


class Past:
    """Knows by fact the keys of seven of what has ended, and when that was."""

    def __init__(self) -> None:
        self._said: dict[Triple, list[_Entry]] = {}
        self._ended: dict[Triple, list[_Entry]] = {}  # of the facts that have too much, by its end

    def __contains__(self, triple: object) -> bool:
        """Whether anything is kept of a fact."""
        return triple in self._said

    def put(self, triple: Triple, key: Key, end: Stamp) -> None:
        """From now on what is under a key has ended at `end`."""
        self.drop(triple, key)
        said, entry = self._said.setdefault(triple, []), (end, key)
        insort(said, entry, key=_by_word)
        if triple in self._ended:
            insort(self._ended[triple], entry, key=_by_end)
        elif len(said) > MOST_PAST:
            self._ended[triple] = sorted(said, key=_by_end)

    def drop(self, triple: Triple, key: Key) -> bool:
        """Nothing that has ended is under a key; whether that is news."""
        said = self._said.get(triple, [])
        place = bisect_left(said, _word(key), key=_by_word)
        if place == len(said) or said[place][1] != key:
            return False
        entry = said.pop(place)
        if not said:
            del self._said[triple]
        if triple in self._ended:
            ended = self._ended[triple]
            del ended[bisect_left(ended, _by_end(entry), key=_by_end)]
            if len(ended) <= MOST_PAST:
                del self._ended[triple]
        return True

    def keys(self, triple: Triple) -> list[Key]:
        """Where what has ended of a fact is, the first that was said first."""
        return [key for _, key in self._said.get(triple, ())]

    def latest(self, triple: Triple, who: str) -> Stamp | None:
        """The latest stamp of what has ended of a source; None if nothing has."""
        said = self._said.get(triple, ())
        return next((stamp_of(key) for _, key in reversed(said) if key[3] == who), None)

    def surplus(self, triple: Triple) -> tuple[Key, ...]:
        """What is too much of a fact: what ended first, as much as one edit may take out."""
        return tuple([key for _, key in self._ended.get(triple, ())[:-MOST_PAST][:AT_ONCE]])

    def crowding(self) -> Iterator[Key]:
        """What is too much, of all facts."""
        for ended in self._ended.values():
            for _, key in ended[:-MOST_PAST]:
                yield key


def stamp_of(key: Key) -> Stamp:
    """When what has ended under a key of seven was said."""
    return Stamp(*key[ASSERTED:])


def _word(key: Key) -> Any:
    return key[ASSERTED:], key[3]


def _by_word(entry: _Entry) -> Any:
    """In the order in which it was said: of one fact each has a place of its own."""
    return _word(entry[1])


def _by_end(entry: _Entry) -> Any:
    return entry[0], *_by_word(entry)
