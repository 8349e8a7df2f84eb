"""A replica on the disk: a snapshot in pieces, a journal of what came after it, and who it is."""

import asyncio
import os
import sqlite3
from asyncio import Future
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, NamedTuple, Self, TypeVar

from cybernetic.core import OptionError
from cybernetic.crdt import Context, Lattice, OpaqueTypes, Stamp, latest_stamp
from cybernetic.state.replica.marks import in_a_row, marked, read_marked, replica_damaged
from cybernetic.state.replica.plan import Member
from cybernetic.state.store.journal import Journal
from cybernetic.state.store.store import Store
from cybernetic.wire import Codec

L = TypeVar("L", bound=Lattice)

TABLES = (
    "CREATE TABLE IF NOT EXISTS cybernetic_replicas (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS cybernetic_replica_pieces (name TEXT NOT NULL, generation INTEGER NOT NULL,"
    " number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (name, generation, number))",
)
_TOGETHER = 8  # pieces of one write, or one read


class Record(NamedTuple):
    """Who a replica is, and what of it is where.

    Attributes:
        kind: the type of the value.
        site: the name of this store among all stores, and `starts` how often it was started.
        generation: of the snapshot, 0 for none; `position`: of the last change that is in it.
        floor: what must be known to do without the marks that are not in the snapshot.
        members: site, starts, replica, context, time, kept of those who are waited for.
        absent: of those given up on id, site, whether it is kept.
        former: ids of the starts of this store that may have left rights to spend: this one is the last of all.
        line: ids of the latest starts of this store, this one the last of all.
        place: the file it is in, by file system and number: a copy has another.
        pieces: of the snapshot, how many; -1: nobody counted them.
    """

    kind: str
    site: str
    starts: int = 0
    generation: int = 0
    position: int = 0
    floor: Context = Context()
    members: tuple[tuple[Any, ...], ...] = ()
    absent: tuple[tuple[str, str, bool], ...] = ()
    former: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    place: str = ""
    pieces: int = -1

    def known(self) -> dict[str, Member]:
        """The members by site."""
        return {site: Member(*rest) for site, *rest in self.members}


class Archive(Generic[L]):
    """Keeps one replica's value in a store. Made by `open`; `load` brings what is there.

    `journaled` and `snapshot` are the bytes of the journal since the snapshot, and of that; `loaded` is the position
    of the last change that `load` has brought, `latest` the greatest stamp; `moved` whether the file is another than at
    the start before.
    """

    def __init__(self, store: Store, journal: Journal, name: str, kind: type[L], record: Record) -> None:
        self._store, self._journal, self._name, self._kind = store, journal, name, kind
        self._stream = f"replica/{name}"
        self._codec = Codec(OpaqueTypes())
        self.record = record
        self.journaled = self.snapshot = 0
        self.loaded = record.position
        self.latest: Stamp | None = None
        self.moved = False
        self._busy, self._noting = asyncio.Lock(), asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, name: str, kind: type[L], site: str) -> Self:
        """The replica `name` of `store`, started once more; `site` is its site if it is the first time.

        Raises `OptionError` where a value of another type is kept under the name; `StoreError`, among them
        `StoreDamaged` where what is read is not what was written.
        """

        def begin(connection: sqlite3.Connection) -> tuple[Any, bool, str]:
            for table in TABLES:
                connection.execute(table)
            row = connection.execute(
                "SELECT body FROM cybernetic_replicas WHERE name = ?", (name,)
            ).fetchone()
            left = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM cybernetic_replica_pieces WHERE name = ?)", (name,)
            ).fetchone()
            return None if row is None else row[0], bool(left[0]), _place(store.path)

        body, left, place = await store.write(begin)
        codec = Codec(OpaqueTypes())
        record = Record(kind.kind, site)
        if body is not None:
            record = Record(*read_marked(store.path, name, codec, body, name))
        elif left:
            raise replica_damaged(store.path, name, "without its record")
        if record.kind != kind.kind:
            raise OptionError(f"the type of {name!r} in {store.path}", record.kind, kind.kind)
        archive = cls(store, await Journal.open(store), name, kind, record)
        archive.moved = record.place not in ("", place)
        await archive.note(starts=record.starts + 1, place=place)
        return archive

    async def load(self) -> L:
        """The value as it was when the last change was acknowledged. Gives the loop back after each piece."""
        value = self._kind()
        number, path, record = 0, self._store.path, self.record
        while pieces := await self._store.read(self._fetch(number)):
            for at, body in pieces:
                in_a_row(path, self._name, at, number, "piece")
                value = value.join(self._read(body, self._name, record.generation, number))
                self.snapshot += len(body)
                number += 1
                await asyncio.sleep(0)
        if record.pieces >= 0:
            in_a_row(path, self._name, record.pieces, number, "piece")
        after = record.position
        while notes := await self._journal.read(self._stream, after):
            for noted in notes:
                in_a_row(path, self._name, noted.position, after + 1, "change")
                value = value.join(self._read(noted.event, self._stream))
                self.journaled += len(noted.event)
                after = self.loaded = noted.position
                await asyncio.sleep(0)
        return value

    def append(self, delta: L, body: bytes = b"") -> "Future[int]":
        """Note a change; done when it is on the disk. Raises `JournalFull`, `CannotTravel`, `StoreError`.

        `body`: its bytes, if they are known.
        """
        body = marked(body or self._codec.encode(delta), self._stream)
        done = self._journal.append(self._stream, body)
        self.journaled += len(body)
        return done

    async def note(self, **changes: Any) -> None:
        """Change the record: what else it says stays as it is when this is written, one after the other."""
        async with self._noting:
            record = self.record._replace(**changes)
            body = marked(self._codec.encode(tuple(record)), self._name)
            await self._store.write(
                lambda connection: connection.execute(
                    "INSERT INTO cybernetic_replicas VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                    (self._name, body),
                )
            )
            self.record = record

    async def keep(self, value: L, position: int, leaves: int, floor: Context) -> None:
        """Make `value` the snapshot, in which are all changes up to `position`, and the marks above `floor`.

        A crash meanwhile leaves the one before. Who is who is for `note`, which may come meanwhile. Gives the loop back
        after each piece of `leaves` leaves.
        """
        async with self._busy:
            generation, number, size = self.record.generation + 1, 0, 0
            before = self.journaled
            await self._drop(generation)
            bodies = self._bodies(value, leaves)
            while True:
                batch = []
                for body in islice(bodies, _TOGETHER):
                    place = self._name, generation, number
                    batch.append((*place, marked(body, *place)))
                    number, size = number + 1, size + len(batch[-1][-1])
                    await asyncio.sleep(0)
                if not batch:
                    break
                await self._store.write(_insert(batch))
            await self.note(generation=generation, position=position, floor=floor, pieces=number)
            await self._drop(generation - 1)
            await self._journal.trim(self._stream, position + 1)
            self.snapshot, self.journaled = size, max(0, self.journaled - before)

    def _read(self, body: bytes, *place: object) -> L:
        part: L = read_marked(self._store.path, self._name, self._codec, body, *place)
        stamp = latest_stamp(part)
        if stamp is not None and (self.latest is None or self.latest < stamp):
            self.latest = stamp
        return part

    def _bodies(self, value: L, leaves: int) -> Iterator[bytes]:
        return (self._codec.encode(piece) for piece in value.slices(leaves))

    async def _drop(self, generation: int) -> None:
        await self._store.write(
            lambda connection: connection.execute(
                "DELETE FROM cybernetic_replica_pieces WHERE name = ? AND generation = ?",
                (self._name, generation),
            )
        )

    def _fetch(self, number: int) -> Any:
        query = (
            "SELECT number, body FROM cybernetic_replica_pieces WHERE name = ? AND generation = ? AND number >= ?"
            " ORDER BY number LIMIT ?"
        )
        values = (self._name, self.record.generation, number, _TOGETHER)
        return lambda connection: connection.execute(query, values).fetchall()


def _place(path: str) -> str:
    """Which file is at `path`, whatever it is called: what was copied, or put back as another file, differs."""
    return f"{os.statvfs(path).f_fsid}:{os.stat(path).st_ino}"


def _insert(rows: list[tuple[str, int, int, bytes]]) -> Any:
    return lambda connection: connection.executemany(
        "INSERT INTO cybernetic_replica_pieces VALUES (?, ?, ?, ?)", rows
    )
