"""Streams of the journal inside: appending, trimming and closing, on the writer's thread."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cybernetic.state.store.checks import blob, text
from cybernetic.state.store.room import Room
from cybernetic.state.store.rows import insert, place, reach

SLICE = 5000  # events that one write deletes at most

_COUNT_ON = "ON CONFLICT (name) DO UPDATE SET last = last + excluded.last RETURNING name, id, last"

Note = tuple[str, str, bytes, float, int]  # stream, kind, event, at, size


def note(stream: str, event: bytes, kind: str, at: float) -> Note:
    """An event to append. Raises `OptionError` for what a row cannot hold."""
    text("stream", stream)
    return stream, kind, blob("event", event), at, len(event) + text("kind", kind)


def append(connection: sqlite3.Connection, notes: Sequence[Note]) -> list[int]:
    """Append all of `notes`, making streams as needed; the position of each."""
    first = {stream: kind for stream, kind, *_ in reversed(notes)}
    counts = Counter(stream for stream, *_ in notes)
    streams = [(stream, first[stream], many) for stream, many in counts.items()]
    found = insert(connection, "cybernetic_streams (name, kind, last)", streams, _COUNT_ON)
    ends = {
        stream: [id, last - counts[stream]] for stream, id, last in found
    }  # with the position before its next
    rows: list[tuple[Any, ...]] = []
    positions = []
    for stream, kind, event, at, size in notes:
        end = ends[stream]
        end[1] += 1
        positions.append(end[1])
        rows.append((place(*end), size, at, kind, event))
    insert(connection, "cybernetic_journal", rows)
    return positions


def find(connection: sqlite3.Connection, stream: str) -> int | None:
    """The id of a stream; None if there is none such."""
    found = connection.execute("SELECT id FROM cybernetic_streams WHERE name = ?", (stream,)).fetchone()
    return None if found is None else int(found[0])


def close(connection: sqlite3.Connection, stream: str) -> tuple[bool, int, int]:
    """End a stream. Whether there was one; how many events went with it, and their bytes."""
    id = find(connection, stream)
    if id is None:
        return False, 0, 0
    connection.execute("DELETE FROM cybernetic_streams WHERE id = ?", (id,))
    return True, *_delete(connection, *reach(id))


def _delete(connection: sqlite3.Connection, first: int, last: int) -> tuple[int, int]:
    count, size = connection.execute(
        "SELECT count(*), ifnull(sum(size), 0) FROM cybernetic_journal WHERE place BETWEEN ? AND ?",
        (first, last),
    ).fetchone()
    connection.execute("DELETE FROM cybernetic_journal WHERE place BETWEEN ? AND ?", (first, last))
    return count, size


class Appends:
    """Appending; each item's result is its position."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def run(self, connection: sqlite3.Connection, items: Sequence[Note]) -> list[int]:
        """Append all of `items`."""
        return append(connection, items)

    def settle(self, items: Sequence[Note], results: Sequence[int] | None) -> None:
        """Count out what was not written after all."""
        if results is None:
            self._room.leave(len(items), total(items))


class Trimming:
    """The deletion of the oldest events of a stream, one slice of them. Its result: how many, and their bytes."""

    def __init__(self, room: Room, stream: str, before: int) -> None:
        self._room, self._stream, self._before = room, stream, before

    async def admit(self) -> None:
        """There is always room for less."""

    def apply(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Delete them."""
        id = find(connection, self._stream)
        if id is None or self._before <= 1:
            return 0, 0
        (first,) = connection.execute(
            "SELECT min(place) FROM cybernetic_journal WHERE place BETWEEN ? AND ?", reach(id)
        ).fetchone()
        end = reach(id, self._before - 1)[0] - 1
        if first is None or first > end:
            return 0, 0
        return _delete(connection, first, min(first + SLICE - 1, end))

    def settle(self, done: tuple[int, int] | None) -> None:
        """Count out what was deleted."""
        if done is not None:
            self._room.leave(*done)


class Closing:
    """The end of a stream. Its result: whether there was one."""

    def __init__(self, room: Room, stream: str) -> None:
        self._room, self._stream = room, stream
        self._gone = (0, 0)

    async def admit(self) -> None:
        """There is always room for less."""

    def apply(self, connection: sqlite3.Connection) -> bool:
        """Delete it with all that is in it."""
        there, *gone = close(connection, self._stream)
        self._gone = gone[0], gone[1]
        return there

    def settle(self, done: bool | None) -> None:
        """Count out what was deleted."""
        if done:
            self._room.leave(*self._gone)


def total(notes: Iterable[Note]) -> int:
    """The bytes of `notes`."""
    return sum(size for *_, size in notes)
