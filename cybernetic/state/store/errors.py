"""What can go wrong with a store. Each error names the file, what was expected of it, and what came."""

import sqlite3

from cybernetic.core import CyberneticError, Refusal


class StoreError(CyberneticError):
    """Root of what goes wrong with the file of a store. `path` is the file, `why` what came.

    Nothing is acknowledged by a call that raises one of these. Those with `final` true are the store's last word:
    it has to be opened anew.
    """

    final = False
    expected = "a store that works"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: expected {self.expected}, got: {why}")
        self.path, self.why = path, why


class StoreInUse(StoreError):
    """Another process, or another store of this one, holds the file."""

    expected = "a file that nobody else has open"


class StoreDamaged(StoreError):
    """The file is damaged. It stays where it is, untouched, and is refused until a person decides what to do."""

    final = True
    expected = "a store in good order"


class WrongStore(StoreError):
    """The file is a sound database, but no store, or one that a newer version of the library has made."""

    expected = "a store of this version"


class StoreFull(StoreError):
    """There was no space left for what was written. The store lives on: it may fit once there is space again."""

    expected = "space for what was written"


class WriteUndone(StoreError):
    """What was written made SQLite undo its whole transaction. The store lives on."""

    expected = "writes that leave the transaction to the store"


class StoreFailed(StoreError):
    """Writing or syncing failed, so nobody knows what the disk holds: the store accepts nothing more."""

    final = True
    expected = "a disk that writes and syncs"


class StoreClosed(StoreError):
    """The store was used after `close`."""

    final = True
    expected = "an open store"


class NoRoom(Refusal):
    """A bounded part of a store is full. It names how much it holds and its limits.

    `count` is how many items there are, `bytes` their size, `age` of the oldest one in seconds (None where age
    does not count).
    """

    def __init__(self, what: str, limit: str, count: int, bytes: int, age: float | None) -> None:
        old = "" if age is None else f", the oldest {age:.0f} s old"
        super().__init__(
            f"{what} is full: expected at most {limit}, got: {count} items of {bytes} bytes{old}"
        )
        self.what, self.limit, self.count, self.bytes, self.age = what, limit, count, bytes, age


class OutboxFull(NoRoom):
    """The outbox takes no more until some of what it holds is confirmed."""


class InboxFull(NoRoom):
    """The inbox remembers as many keys as it may, and none of them has expired."""


class JournalFull(NoRoom):
    """The journal takes no more until some of it is trimmed or closed."""


class NoncesFull(NoRoom):
    """As many nonces are remembered as may be, and none of them has expired."""


# By SQLite's primary result codes; https://www.sqlite.org/rescode.html
_NAMED: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreInUse,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
    sqlite3.SQLITE_IOERR: StoreFailed,
    sqlite3.SQLITE_READONLY: StoreFailed,
    sqlite3.SQLITE_CANTOPEN: StoreFailed,
    sqlite3.SQLITE_PERM: StoreFailed,
    sqlite3.SQLITE_NOMEM: StoreFailed,
}


def again(error: StoreError) -> StoreError:
    """The same error for another who has to hear of it: each raises an exception of its own."""
    return type(error)(error.path, error.why)


def named(path: str, error: BaseException) -> StoreError | None:
    """The named error for one of SQLite's that is about the file; None for any other, such as a constraint's."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int) or code == sqlite3.SQLITE_CORRUPT_VTAB:  # of a virtual table's content
        return None
    kind = _NAMED.get(code & 0xFF)
    return None if kind is None else kind(path, f"{error} ({getattr(error, 'sqlite_errorname', 'SQLite')})")
