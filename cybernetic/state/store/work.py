"""What the writer is given to do: kinds of work, and the two whose items each take effect alone."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from traceback import clear_frames
from typing import Any, Protocol, TypeVar

from cybernetic.state.store.errors import StoreFull, WriteUndone, named
from cybernetic.state.store.fault import is_at_fault
from cybernetic.state.store.lent import Lent

# With words of their own: a function's "COMMIT" must not find a statement that was prepared without the guard.
BEGIN = "BEGIN IMMEDIATE /* group */"
COMMIT = "COMMIT /* group */"
ROLLBACK = "ROLLBACK /* group */"
SAVE = "SAVEPOINT one /* group */"
UNDO = "ROLLBACK TO one /* group */"
RELEASE = "RELEASE one /* group */"

R_co = TypeVar("R_co", covariant=True)

Call = Callable[[Lent], Any]


class Work(Protocol):
    """A kind of write. What is asked for while the writer is busy is done together in one transaction, kind by kind.

    `run` is called on the writer's thread, inside the transaction that all of a group share. It returns a result
    for each item, `Raised` for one that did not take effect; what it raises undoes the whole group. Where the file is
    not at fault it is called again, for its own items together, and then for each.

    `settle` is called on the event loop when the group is over, with None if it did not take effect.
    """

    def run(self, connection: Lent, items: Sequence[Any]) -> Sequence[Any]:
        """Do all of `items`; one result for each."""

    def settle(self, items: Sequence[Any], results: Sequence[Any] | None) -> None:
        """The group is over."""


class Raised:
    """The result of an item that raised `error`, and of which nothing took effect."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Apart:
    """Runs functions of a connection, each in a savepoint of its own: one that raises is undone alone.

    What it raises about a file is its own fault, for it may have used another; unless a statement of the store's
    connection said so, and the file is found to be at fault: no space left is believed. A cursor that one returns is
    closed, and its result is None. A function must not begin or end a transaction, attach a file or set how the file
    is written: that raises `sqlite3.DatabaseError` ("not authorized").
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._strangers = False  # whether what is prepared now is a caller's
        self._inserted: set[str] | None = None  # what is inserted into, while somebody wants to know

    def call(self, connection: Lent, fn: Call) -> Any:
        """What `fn(connection)` returns; `Raised` where it raised."""
        connection.execute(SAVE)
        try:
            result = self._watched(connection, fn)
            connection.execute(RELEASE)
        except Exception as error:
            self._undo(connection, error)
            return Raised(_told(error))
        return None if isinstance(result, sqlite3.Cursor) else result  # it belongs to this thread

    def _watched(self, connection: Lent, fn: Call) -> Any:
        self._strangers = True
        try:
            return fn(connection)
        finally:
            self._strangers = False

    def _undo(self, connection: Lent, error: Exception) -> None:
        """Undo what a function wrote that raised `error`; raise where all has to be undone."""
        found = named(self._path, error) if connection.has_said(error) else None
        if isinstance(found, StoreFull):
            raise error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF if found is not None else 0
        clear_frames(error.__traceback__)  # what is held there, such as another file, is let go
        if connection.in_transaction:
            connection.execute(UNDO)
            connection.execute(RELEASE)
            if found is not None and is_at_fault(connection, code):
                raise error
            return
        if code == sqlite3.SQLITE_IOERR:  # that is why SQLite gave the whole transaction up
            raise error
        if found is not None and is_at_fault(connection, code):
            raise error
        raise WriteUndone(self._path, f"{type(error).__name__}: {error}") from error

    @contextmanager
    def watching(self, connection: sqlite3.Connection) -> Iterator[set[str]]:
        """The tables that are inserted into meanwhile."""
        self._inserted = found = set[str]()
        connection.set_authorizer(self.guard)  # so that SQLite prepares anew what it had prepared, and asks
        try:
            yield found
        finally:
            self._inserted = None

    def guard(self, action: int, first: str | None, second: str | None, *where: str | None) -> int:
        """SQLite asks, whenever it prepares a statement, whether it may do this."""
        if self._inserted is not None and action == sqlite3.SQLITE_INSERT and first is not None:
            self._inserted.add(first)
        if not self._strangers or action not in _GUARDED:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and (second is None or str(first).lower() in _HARMLESS):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


class Calls:
    """Functions of a connection."""

    def __init__(self, apart: Apart) -> None:
        self._apart = apart

    def run(self, connection: Lent, items: Sequence[Call]) -> list[Any]:
        """Call each of `items` with the connection, in order."""
        return [self._apart.call(connection, partial(Lent.lend, fn=fn)) for fn in items]

    def settle(self, items: Sequence[Call], results: Sequence[Any] | None) -> None:
        """Nothing is kept about them."""


class Transaction(Protocol[R_co]):
    """What `Store.commit` executes: whole, or not at all."""

    async def admit(self) -> None:
        """On the loop, before: raise if there is no room for it, and hold what it needs."""

    def apply(self, connection: Lent) -> R_co:
        """On the writer's thread: write. What it raises undoes it."""

    def settle(self, done: Any) -> None:
        """On the loop, after: with what `apply` returned, or None if nothing took effect."""


class Transactions:
    """Transactions that were admitted."""

    def __init__(self, apart: Apart) -> None:
        self._apart = apart

    def run(self, connection: Lent, items: Sequence[Transaction[Any]]) -> list[Any]:
        """Apply each of `items`, in order."""
        return [self._apart.call(connection, item.apply) for item in items]

    def settle(self, items: Sequence[Transaction[Any]], results: Sequence[Any] | None) -> None:
        """Tell each what became of it."""
        for item, result in zip(items, results or [None] * len(items), strict=True):
            item.settle(None if type(result) is Raised else result)


def _told(error: Exception) -> Exception:
    """What `fn` has raised, with a word where SQLite's own are too few."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
        error.add_note("the store begins and ends transactions, and alone decides how its file is written")
    return error


_GUARDED = {
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_PRAGMA,
}
_HARMLESS = {"table_info", "table_xinfo", "index_info", "index_xinfo", "index_list", "foreign_key_list"}
