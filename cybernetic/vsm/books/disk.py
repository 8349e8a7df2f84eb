"""Books in a file: a store of their own, with tables of values, of the parts of large ones, and of the log.

What is asked for is done in the order in which it was asked, by the store's one writer, and answered when it is on the
disk; what is asked for while the disk is busy is done in one commit.
"""

import asyncio
import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from weakref import WeakKeyDictionary

from cybernetic.core import CannotTravel, OptionError, Refusal
from cybernetic.state import Store
from cybernetic.vsm.books.entry import Entry, Extent, Unreadable
from cybernetic.vsm.books.parts import Packed, Packer, unpack
from cybernetic.vsm.books.refusals import BooksRefused
from cybernetic.vsm.books.terms import passed
from cybernetic.wire import Codec, WireError

R = TypeVar("R")

READ_BYTES = 4 * 1024 * 1024  # of bodies that one `entries` brings, whatever it asks for

_CODEC = Codec()
_LONGEST = 240  # bytes of a file's name
_TABLES = (
    "CREATE TABLE IF NOT EXISTS books_values (key TEXT PRIMARY KEY, term INTEGER NOT NULL, value BLOB)",
    "CREATE TABLE IF NOT EXISTS books_parts (key TEXT NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (key, part))",
    "CREATE TABLE IF NOT EXISTS books_log (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL,"
    " at REAL NOT NULL, wall REAL NOT NULL, root TEXT NOT NULL, cause TEXT, body BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS books_log_kind ON books_log (kind, number)",
)
_COLUMNS = "kind, path, at, wall, root, cause, body, number"


def file_of(data: Path | str, path: str) -> Path:
    """The file in the folder `data` of the books of the level or unit at `path`. Raises `OptionError`."""
    name = f"{quote(path, safe=' ')}.books"
    if not path or len(name) > _LONGEST:
        raise OptionError("path", f"1 to {_LONGEST} bytes, as the name of a file", path)
    return Path(data).absolute() / name


class OnDisk:
    """Values and a log of the latest `keep` entries in the store of a file. Made by `open`."""

    def __init__(self, store: Store, keep: int) -> None:
        self._store, self._keep = store, keep
        self._work = _InOrder()
        self._terms: dict[str, int] = {}
        self._packer = Packer(1)

    @classmethod
    async def open(cls, file: Path, keep: int, alive: Callable[[], bool]) -> "OnDisk":
        """Open the file, which is made if it is not there, its folder too. Raises a `StoreError`.

        `alive` tells whether the agent that opens it lives: what one that was killed has left open is closed first, and
        what one that lives has open is in use.
        """
        here = _open_here.setdefault(asyncio.get_running_loop(), {})
        if file in here and not here[file][1]():
            await here[file][0].close()
        file.parent.mkdir(parents=True, exist_ok=True)
        store = await Store.open(file)
        here[file] = store, alive
        books = cls(store, keep)
        books._terms, last = await books._do(_made_ready)
        books._packer = Packer(last + 1)
        return books

    def save(
        self, key: str, value: Any, term: int, entries: Sequence[Entry] = (), wall: float = 0.0
    ) -> "Future[None]":
        """Keep `value`, and append `entries`. Raises `LeaseLost` for a term lower than the highest so far,
        `BooksRefused`.
        """
        rows = [_row(entry, wall) for entry in entries]
        term = passed(key, self._terms.get(key, 0), term)
        try:
            packed = None if value is None else self._packer.pack(key, value)
        except CannotTravel as error:
            raise BooksRefused(str(error)) from error
        if term:
            self._terms[key] = term
        done = self._do(partial(_save, key, packed, term, rows, self._keep))
        done.add_done_callback(partial(self._saved, key))
        return done

    def load(self, key: str) -> "Future[Any]":
        """What was kept last; None if nothing was."""
        return self._do(partial(_load, key))

    def note(self, entry: Entry, wall: float) -> "Future[int]":
        """Append, at that time by the wall; the entry's number. Raises `BooksRefused`."""
        return self._do(partial(_note, _row(entry, wall), self._keep))

    def entries(self, since: int, kind: str | None, most: int) -> "Future[tuple[Entry, ...]]":
        """The first of those after number `since`."""
        return self._do(partial(_entries, since, kind, most))

    def extent(self) -> "Future[Extent]":
        """Which entries there are."""
        return self._do(_extent)

    async def close(self) -> None:
        """Let what was asked for be done, and let go of the file."""
        await self._store.close()

    def _saved(self, key: str, done: "Future[None]") -> None:
        if done.exception() is not None or done.result() is not None:
            self._packer.forget(key)

    def _do(self, act: "Callable[[sqlite3.Connection], R]") -> "Future[R]":
        return self._store.submit(self._work, act)


class _InOrder:
    """Functions of a connection, done one after another. A `Refusal` that one raises is its result.

    Whoever asked makes an exception of it; all else that is raised undoes and fails the whole group.
    """

    def run(
        self, connection: sqlite3.Connection, items: Sequence[Callable[[sqlite3.Connection], Any]]
    ) -> list[Any]:
        """Do all of `items`; they raise a refusal before they have written anything."""
        return [self._one(connection, act) for act in items]

    def settle(self, items: Sequence[Any], results: Sequence[Any] | None) -> None:
        """Nothing is kept about them."""

    def _one(self, connection: sqlite3.Connection, act: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            return act(connection)
        except Refusal as refusal:
            return refusal


def _made_ready(connection: sqlite3.Connection) -> tuple[dict[str, int], int]:
    """Make the tables where they are not there. The terms of fenced keys, and the highest number of a part."""
    for statement in _TABLES:
        connection.execute(statement)
    terms = connection.execute("SELECT key, term FROM books_values WHERE term > 0").fetchall()
    return dict(terms), connection.execute("SELECT ifnull(max(part), 0) FROM books_parts").fetchone()[0]


def _save(
    key: str,
    packed: Packed | None,
    term: int,
    rows: Sequence[tuple[Any, ...]],
    keep: int,
    connection: sqlite3.Connection,
) -> None:
    data, made_of, new = packed or Packed(b"", frozenset(), ())
    known = {part for (part,) in connection.execute("SELECT part FROM books_parts WHERE key = ?", (key,))}
    if not made_of <= known | {part for part, _ in new}:
        raise BooksRefused(
            f"the value of {key!r}: expected what it is built on to be written, got: a failure"
        )
    connection.executemany(
        "DELETE FROM books_parts WHERE key = ? AND part = ?", [(key, part) for part in known - made_of]
    )
    connection.executemany(
        "INSERT INTO books_parts (key, part, data) VALUES (?, ?, ?)", [(key, *part) for part in new]
    )
    if packed is None and not term:
        connection.execute("DELETE FROM books_values WHERE key = ?", (key,))
    else:
        connection.execute(
            "INSERT INTO books_values (key, term, value) VALUES (?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET term = excluded.term, value = excluded.value",
            (key, term, data if packed else None),
        )
    for row in rows:
        _note(row, keep, connection)


def _load(key: str, connection: sqlite3.Connection) -> Any:
    row = connection.execute("SELECT value FROM books_values WHERE key = ?", (key,)).fetchone()
    if row is None or row[0] is None:
        return None
    parts = connection.execute("SELECT part, data FROM books_parts WHERE key = ?", (key,)).fetchall()
    try:
        return unpack(row[0], dict(parts))
    except WireError as error:
        raise BooksRefused(f"the value of {key!r}: {error}") from error


def _row(entry: Entry, wall: float) -> tuple[Any, ...]:
    body = _packed(entry.body, "the body")
    return entry.kind, entry.path, entry.at, wall, entry.root, entry.cause, body


def _note(row: tuple[Any, ...], keep: int, connection: sqlite3.Connection) -> int:
    number = _extent(connection).last + 1
    connection.execute(f"INSERT INTO books_log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, number))
    connection.execute("DELETE FROM books_log WHERE number <= ?", (number - keep,))
    return number


def _entries(since: int, kind: str | None, most: int, connection: sqlite3.Connection) -> tuple[Entry, ...]:
    of_kind, values = ("", (since, most)) if kind is None else ("kind = ? AND", (kind, since, most))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM books_log WHERE {of_kind} number > ? ORDER BY number LIMIT ?", values
    )
    found, size = [], 0
    for kind, path, at, wall, root, cause, body, number in rows:
        found.append(Entry(kind, path, _body(body), at, root, cause, wall, number))
        size += len(body)
        if size >= READ_BYTES:
            break
    return tuple(found)


def _extent(connection: sqlite3.Connection) -> Extent:
    query = (
        "SELECT (SELECT min(number) FROM books_log), (SELECT max(number) FROM books_log)"  # each by the index
    )
    first, last = connection.execute(query).fetchone()
    return Extent(1, 0) if first is None else Extent(first, last)


def _body(data: bytes) -> Any:
    try:
        return _CODEC.decode(data)
    except WireError as error:
        return Unreadable(str(error))


def _packed(value: Any, what: str) -> bytes:
    try:
        return _CODEC.encode(value, what)
    except CannotTravel as error:
        raise BooksRefused(str(error)) from error


_open_here: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Path, tuple[Store, Callable[[], bool]]]] = (
    WeakKeyDictionary()
)
