"""What an outbox is inside: its numbers, its room, and the work of putting messages in and deleting them."""

import sqlite3
from collections.abc import Sequence

from cybernetic.state.store.room import Room
from cybernetic.state.store.rows import CHUNKS, insert, place, reach, spans
from cybernetic.state.store.schema import ROWS

Row = tuple[int, int, float, str, str, bytes, bytes]  # as the table has it


class Box:
    """The state that all who have opened one outbox share. `last` is the highest number given so far.

    `room` is that of what waits, `aside` that of what was set aside.
    """

    __slots__ = ("aside", "deletions", "id", "last", "puts", "room")

    def __init__(self, id: int, last: int, room: Room, aside: Room) -> None:
        self.id, self.last, self.room, self.aside = id, last, room, aside
        self.puts, self.deletions = Puts(self), Deletions(self)

    def row(self, size: int, now: float, exchange: str, routing_key: str, body: bytes, headers: bytes) -> Row:
        """The row of the next message; its number is taken by this."""
        self.last += 1
        return self.id * ROWS + self.last, size, now, exchange, routing_key, headers, body


class Puts:
    """Putting rows into the outbox; each one's result is its number."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def run(self, connection: sqlite3.Connection, items: Sequence[Row]) -> list[int]:
        """Insert all of `items`."""
        insert(connection, "cybernetic_outbox", items)
        base = self._box.id * ROWS
        return [row[0] - base for row in items]

    def settle(self, items: Sequence[Row], results: Sequence[int] | None) -> None:
        """Count out what was not written after all."""
        if results is None:
            self._box.room.leave(len(items), sum(row[1] for row in items), items[0][2])
        else:
            self._box.room.came(items[0][2])


class Deletions:
    """Deleting messages by their numbers, a list of them an item; those that are not there do no harm."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._gone: tuple[int, int, float | None] = (0, 0, None)  # count, bytes, and how old the rest is

    def run(self, connection: sqlite3.Connection, items: Sequence[Sequence[int]]) -> list[None]:
        """Delete all that `items` name."""
        numbers = {number for item in items for number in item}
        if numbers:
            keep_last(connection, self._box.id, max(numbers))
        count = total = 0
        for where, keys in _conditions(self._box.id, spans(numbers)):
            found, bytes = connection.execute(
                f"SELECT count(*), ifnull(sum(size), 0) FROM cybernetic_outbox WHERE {where}", keys
            ).fetchone()
            connection.execute(f"DELETE FROM cybernetic_outbox WHERE {where}", keys)
            count, total = count + found, total + bytes
        self._gone = count, total, oldest(connection, self._box.id)
        return [None] * len(items)

    def settle(self, items: Sequence[Sequence[int]], results: Sequence[None] | None) -> None:
        """Count out what was deleted."""
        if results is not None:
            count, bytes, oldest = self._gone
            self._box.room.leave(count, bytes)
            self._box.room.since(oldest)


def keep_last(connection: sqlite3.Connection, box: int, number: int) -> None:
    """See that no number up to `number` is given again, although its message will be gone."""
    connection.execute("UPDATE cybernetic_boxes SET last = max(last, ?) WHERE id = ?", (number, box))


def oldest(connection: sqlite3.Connection, box: int) -> float | None:
    """When the first message that waits in the box was put there; None if none waits."""
    found = connection.execute(
        "SELECT at FROM cybernetic_outbox WHERE place BETWEEN ? AND ? ORDER BY place LIMIT 1", reach(box)
    ).fetchone()
    return None if found is None else float(found[0])


def _conditions(box: int, ranges: Sequence[tuple[int, int]]) -> list[tuple[str, list[int]]]:
    """The fewest conditions on `place` that name all of `ranges`: one for each real range, few for the strays."""
    found = [
        ("place BETWEEN ? AND ?", [place(box, first), place(box, last)])
        for first, last in ranges
        if first < last
    ]
    strays, done = [place(box, first) for first, last in ranges if first == last], 0
    for many in CHUNKS:
        while len(strays) - done >= many:
            found.append((f"place IN ({','.join('?' * many)})", strays[done : done + many]))
            done += many
    return found
