"""The outbox: messages that must not be lost are in it before they are sent, and leave it when they are confirmed."""

import sqlite3
from asyncio import Future
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from cybernetic.core import OptionError, whole
from cybernetic.state.store.box import Box, keep_last, oldest
from cybernetic.state.store.checks import measure, text
from cybernetic.state.store.errors import OutboxFull
from cybernetic.state.store.room import StoreLimits
from cybernetic.state.store.rows import place, reach
from cybernetic.state.store.schema import ROWS
from cybernetic.state.store.store import Store

TAKEN_BYTES = 8 * 1024 * 1024  # of messages that one `take` brings, whatever its limit

_MESSAGE = "place, exchange, routing_key, headers, body, at"


class Outgoing(NamedTuple):
    """A message in an outbox. `at` is when it was put there, in seconds since the epoch."""

    number: int
    exchange: str
    routing_key: str
    headers: bytes
    body: bytes
    at: float


class SetAside(NamedTuple):
    """A message that was set aside for a person to look at, and `why`."""

    message: Outgoing
    why: str


class Outbox:
    """Messages on their way out, in the order of their numbers. Made by `open`; all of one name are one outbox.

    Numbers rise from 1, are never used twice, and leave a gap where a commit failed. Its limits count what waits; as
    much again may be set aside, which takes no room from what waits, and has no age.
    """

    def __init__(self, store: Store, name: str, box: Box) -> None:
        self.store, self.name, self.box = store, name, box

    @classmethod
    async def open(cls, store: Store, name: str = "outbox", limits: StoreLimits | None = None) -> "Outbox":
        """The outbox `name` of `store`, made if it is not there yet.

        `limits` (default `StoreLimits()`) hold from now on for whoever else has opened it, too.

        Raises `OptionError` where `name` is no text, and `StoreError`.
        """
        text("name", name)
        key = ("outbox", name)
        if key not in store.shared:
            id, last, held, apart = await store.write(lambda connection: _load(connection, name))
            if key not in store.shared:
                room = store.room(f"the outbox {name!r}", limits or StoreLimits(), OutboxFull)
                room.count, room.bytes, room.oldest = held
                aside = store.room(f"what the outbox {name!r} has set aside", StoreLimits(), OutboxFull)
                aside.count, aside.bytes = apart
                aside.limit(replace(room.limits, age=None))
                store.shared[key] = Box(id, last, room, aside)
        box: Box = store.shared[key]
        if limits is not None:
            box.room.limit(limits)
            box.aside.limit(replace(limits, age=None))
        return cls(store, name, box)

    @property
    def count(self) -> int:
        """How many messages it holds: on their way into it, waiting, and set aside."""
        return self.box.room.count + self.box.aside.count

    @property
    def aside(self) -> int:
        """How many of them were set aside."""
        return self.box.aside.count

    @property
    def size(self) -> int:
        """The bytes of what it holds: of exchange, routing key, headers and body."""
        return self.box.room.bytes + self.box.aside.bytes

    @property
    def age(self) -> float:
        """How long the oldest message has waited, in seconds; 0 when none does."""
        return self.box.room.age

    def put(self, exchange: str, routing_key: str, body: bytes, headers: bytes = b"") -> "Future[int]":
        """Put a message at the end; the future has its number as soon as it is on the disk.

        Raises `OutboxFull`, `OptionError` for what is no text or bytes or could never fit, and `StoreError`, which
        the future may raise, too.
        """
        self.store.check()
        box, size, now = self.box, measure(exchange, routing_key, body, headers), self.store.now()
        box.room.enter(1, size, now)
        return self.store.submit(box.puts, box.row(size, now, exchange, routing_key, body, headers))

    async def room(self, size: int = 0) -> None:
        """Wait until a message of `size` bytes fits; then put it before anything else is awaited.

        Those who wait are served in the order they came. Raises `StoreError` when the store ends meanwhile.
        """
        self.store.check()
        await self.box.room.wait(size)

    async def take(self, after: int = 0, limit: int = 256) -> list[Outgoing]:
        """The first messages that wait, of numbers above `after`, in order: at most `limit`, and some 8 MiB.

        They stay until they are confirmed. Empty only when there are none. Raises `StoreError`.
        """
        whole("limit", limit, least=1)
        query = f"SELECT {_MESSAGE} FROM cybernetic_outbox WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"
        span = (*reach(self.box.id, after), limit)
        return await self.store.read(lambda connection: list(_some(connection.execute(query, span))))

    def confirm(self, numbers: Iterable[int]) -> "Future[None]":
        """Delete the messages of these numbers; done when it is on the disk. One that is not there does no harm.

        Raises `OptionError` for what is no number of a message, and `StoreError`.
        """
        given = tuple(numbers)
        for number in given:
            if type(number) is not int or not 0 < number < ROWS:
                raise OptionError("number", "the number of a message", number)
        last = self.box.last
        return self.store.submit(self.box.deletions, [number for number in given if number <= last])

    async def fail(self, number: int, why: str) -> bool:
        """Set a message aside: it is kept with the reason, and not taken any more. False if it does not wait.

        Raises `OutboxFull` where as many are set aside as may be, and `StoreError`.
        """
        self.box.aside.check(1, 0)
        key, box = place(self.box.id, number), self.box

        def move(connection: sqlite3.Connection) -> tuple[int | None, float | None]:
            size = _size(connection, "cybernetic_outbox", key)
            connection.execute(
                "INSERT INTO cybernetic_failed SELECT *, ? FROM cybernetic_outbox WHERE place = ?", (why, key)
            )
            connection.execute("DELETE FROM cybernetic_outbox WHERE place = ?", (key,))
            return size, oldest(connection, box.id)

        size, since = await self.store.write(move)
        if size is not None:
            box.aside.count, box.aside.bytes = box.aside.count + 1, box.aside.bytes + size
            box.room.leave(1, size)
        box.room.since(since)
        return size is not None

    async def failed(self, after: int = 0, limit: int = 256) -> list[SetAside]:
        """The first messages set aside, of numbers above `after`, in order. Raises `StoreError`."""
        whole("limit", limit, least=1)
        query = f"SELECT {_MESSAGE}, why FROM cybernetic_failed WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"
        span = (*reach(self.box.id, after), limit)
        rows = await self.store.read(lambda connection: connection.execute(query, span).fetchall())
        return [SetAside(_message(row[:-1]), row[-1]) for row in rows]

    async def restore(self, number: int) -> int | None:
        """Put a message that was set aside back, at the end: its new number, or None if there is none such.

        A full outbox takes it, too. Raises `StoreError`.
        """
        self.store.check()
        key, box, now = place(self.box.id, number), self.box, self.store.now()
        box.last += 1
        new = box.last

        def move(connection: sqlite3.Connection) -> int | None:
            size = _size(connection, "cybernetic_failed", key)
            connection.execute(
                "INSERT INTO cybernetic_outbox SELECT ?, size, ?, exchange, routing_key, headers, body"
                " FROM cybernetic_failed WHERE place = ?",
                (place(box.id, new), now, key),
            )
            connection.execute("DELETE FROM cybernetic_failed WHERE place = ?", (key,))
            return size

        size = await self.store.write(move)
        if size is None:
            return None
        box.aside.leave(1, size)
        box.room.count, box.room.bytes = box.room.count + 1, box.room.bytes + size
        box.room.came(now)
        return new

    async def discard(self, number: int) -> bool:
        """Delete a message that was set aside; False if there is none such. Raises `StoreError`."""
        return await self.store.commit(_Discard(self.box, number))


class _Discard:
    """The deletion of a message set aside, which makes room."""

    def __init__(self, box: Box, number: int) -> None:
        self._box, self._number = box, number
        self._size = 0

    async def admit(self) -> None:
        """There is always room for less."""

    def apply(self, connection: sqlite3.Connection) -> bool:
        key = (place(self._box.id, self._number),)
        found = connection.execute("SELECT size FROM cybernetic_failed WHERE place = ?", key).fetchone()
        if found is None:
            return False
        self._size = found[0]
        keep_last(connection, self._box.id, self._number)
        connection.execute("DELETE FROM cybernetic_failed WHERE place = ?", key)
        return True

    def settle(self, done: bool | None) -> None:
        if done:
            self._box.aside.leave(1, self._size)


def _load(
    connection: sqlite3.Connection, name: str
) -> tuple[int, int, tuple[int, int, float | None], tuple[int, int]]:
    """The id of a box, made if need be; the last number it gave; how much waits, since when; how much is set aside."""
    connection.execute("INSERT OR IGNORE INTO cybernetic_boxes (name) VALUES (?)", (name,))
    id, last = connection.execute("SELECT id, last FROM cybernetic_boxes WHERE name = ?", (name,)).fetchone()
    held: list[tuple[int, int]] = []
    for table in ("cybernetic_outbox", "cybernetic_failed"):
        many, much, highest = connection.execute(
            f"SELECT count(*), ifnull(sum(size), 0), max(place) FROM {table} WHERE place BETWEEN ? AND ?",
            reach(id),
        ).fetchone()
        last = max(last, (highest or 0) % ROWS)
        held.append((many, much))
    return id, last, (*held[0], oldest(connection, id)), held[1]


def _size(connection: sqlite3.Connection, table: str, key: int) -> int | None:
    """The size of the message at this place; None: there is none."""
    found = connection.execute(f"SELECT size FROM {table} WHERE place = ?", (key,)).fetchone()
    return None if found is None else int(found[0])


def _some(rows: Iterator[tuple[int, str, str, bytes, bytes, float]]) -> Iterator[Outgoing]:
    """Messages until they are enough bytes."""
    total = 0
    for row in rows:
        yield _message(row)
        total += len(row[4])
        if total >= TAKEN_BYTES:
            return


def _message(row: tuple[int, str, str, bytes, bytes, float]) -> Outgoing:
    return Outgoing(row[0] % ROWS, *row[1:])
