"""The journal: streams of events that must last, in order; what a wait for a human is kept in."""

import sqlite3
from asyncio import Future
from typing import NamedTuple

from cybernetic.core import whole
from cybernetic.state.store.errors import JournalFull
from cybernetic.state.store.room import Room, StoreLimits, ageless
from cybernetic.state.store.rows import reach
from cybernetic.state.store.schema import ROWS
from cybernetic.state.store.store import Store
from cybernetic.state.store.streams import Appends, Closing, Trimming, find, note

LIMITS = StoreLimits(count=10_000_000, bytes=4 * 1024**3)
READ_BYTES = 8 * 1024 * 1024  # of events that one `read` brings, whatever its limit


class Noted(NamedTuple):
    """An event in a stream. `at` is when it was appended, in seconds since the epoch."""

    position: int
    kind: str
    event: bytes
    at: float


class Stream(NamedTuple):
    """A stream of the journal: its name, the kind of its first event, and the position of its last."""

    name: str
    kind: str
    last: int


class Journal:
    """Streams of events, each opaque bytes with a `kind`. Made by `open`.

    A stream begins with its first event and is there until it is closed. Positions in it are 1, 2, 3 and so on.
    What waits for something, such as a person's answer, is a stream of its own: begun with what must be known to
    resume, closed in the transaction (`Batch.close`) that resumes it, found after a restart by `streams`.
    """

    def __init__(self, store: Store, room: Room) -> None:
        self.store, self.account = store, room
        self._appends = Appends(room)

    @classmethod
    async def open(cls, store: Store, limits: StoreLimits = LIMITS) -> "Journal":
        """The journal of `store`; `limits` (default: 10 million events, 4 GiB; no age) hold from now on.

        Raises `OptionError` where they limit age, and `StoreError`.
        """
        ageless(limits)
        key = ("journal", "")
        if key not in store.shared:
            query = "SELECT count(*), ifnull(sum(size), 0) FROM cybernetic_journal"
            held = await store.write(lambda connection: connection.execute(query).fetchone())
            if key not in store.shared:
                room = store.room("the journal", limits, JournalFull)
                room.count, room.bytes = held
                store.shared[key] = cls(store, room)
        journal: Journal = store.shared[key]
        journal.account.limit(limits)
        return journal

    @property
    def count(self) -> int:
        """How many events it holds, those on their way into it as well."""
        return self.account.count

    @property
    def size(self) -> int:
        """The bytes of what it holds: of events and their kinds."""
        return self.account.bytes

    def append(self, stream: str, event: bytes, kind: str = "") -> "Future[int]":
        """Append to a stream, which begins with it if it is not there; the future has its position when it lasts.

        Raises `JournalFull`, `OptionError` for what is no text or bytes or could never fit, and `StoreError`, which
        the future may raise, too.
        """
        self.store.check()
        item = note(stream, event, kind, self.store.now())
        self.account.enter(1, item[4], item[3])
        return self.store.submit(self._appends, item)

    async def room(self, size: int = 0) -> None:
        """Wait until an event of `size` bytes fits; then append it before anything else is awaited."""
        self.store.check()
        await self.account.wait(size)

    async def read(self, stream: str, after: int = 0, limit: int = 256) -> list[Noted]:
        """The first events of a stream at positions above `after`: at most `limit`, and some 8 MiB.

        Empty only when there are none. Raises `StoreError`.
        """
        whole("limit", limit, least=1)

        def fetch(connection: sqlite3.Connection) -> list[Noted]:
            id = find(connection, stream)
            if id is None:
                return []
            rows = connection.execute(
                "SELECT place, kind, event, at FROM cybernetic_journal WHERE place BETWEEN ? AND ?"
                " ORDER BY place LIMIT ?",
                (*reach(id, after), limit),
            )
            found, total = [], 0
            for at, kind, event, when in rows:
                found.append(Noted(at % ROWS, kind, event, when))
                total += len(event)
                if total >= READ_BYTES:
                    break
            return found

        return await self.store.read(fetch)

    async def streams(
        self, prefix: str = "", *, kind: str | None = None, after: str = "", limit: int = 256
    ) -> list[Stream]:
        """The first `limit` streams by name whose name begins with `prefix` and comes after `after`.

        `kind`: only those whose first event was of this kind; default None, all. Raises `StoreError`.
        """
        whole("limit", limit, least=1)
        query = (
            "SELECT name, kind, last FROM cybernetic_streams WHERE name > ? AND name >= ?"
            " AND substr(name, 1, ?) = ? AND (? IS NULL OR kind = ?) ORDER BY name LIMIT ?"
        )
        values = (after, prefix, len(prefix), prefix, kind, kind, limit)
        rows = await self.store.read(lambda connection: connection.execute(query, values).fetchall())
        return [Stream(*row) for row in rows]

    async def trim(self, stream: str, before: int) -> int:
        """Delete the events of a stream at positions below `before`, a few thousand at a time; how many.

        The stream stays, and counts on. Raises `StoreError`.
        """
        total = 0
        while (gone := await self.store.commit(Trimming(self.account, stream, before)))[0]:
            total += gone[0]
        return total

    async def close(self, stream: str) -> bool:
        """End a stream: its events are deleted with it. False if there is none such. Raises `StoreError`."""
        return await self.store.commit(Closing(self.account, stream))
