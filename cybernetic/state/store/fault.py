"""Whose fault an error of SQLite's was: the store's file's, or only that of the function that met with it."""

import sqlite3

from cybernetic.state.store.schema import VERSION

LAST = 2**63 - 1  # the highest number of a row
INDEXED = ("cybernetic_boxes", "cybernetic_inbox", "cybernetic_streams", "cybernetic_nonces")

_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}


def is_at_fault(connection: sqlite3.Connection, code: int) -> bool:
    """Whether the store's file shows what an error of this primary result code says, which may be about another file.

    What says that it cannot be read is looked for as it is when a store is opened, and in the indexes of the store's
    own tables. What says that it cannot be written shows when the transaction is committed: it has something to write
    from here on.
    """
    try:
        connection.execute(f"PRAGMA user_version={VERSION}")
        return code in _UNREADABLE and not _in_order(connection)
    except sqlite3.Error:
        return True


def spent(connection: sqlite3.Connection) -> set[str]:
    """The tables that have given the last number there is: SQLite says of them what it says of a full disk."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
        return set()
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_sequence WHERE seq = ?", (LAST,))}


def _in_order(connection: sqlite3.Connection) -> bool:
    looks = ["quick_check(1)", *(f"integrity_check({table})" for table in INDEXED)]
    return all(connection.execute(f"PRAGMA {look}").fetchone() == ("ok",) for look in looks)
