"""The file of a store: made whole or not at all, looked through before it is used, never quietly replaced."""

import os
import sqlite3
from datetime import UTC, datetime
from urllib.parse import quote

from cybernetic.core import wall
from cybernetic.state.store.errors import StoreDamaged, WrongStore, named
from cybernetic.state.store.lent import Lent
from cybernetic.state.store.schema import APPLICATION, TABLES, VERSION

MAGIC = b"SQLite format 3\0"
LEAST_BYTES = 512
BUSY_SECONDS = 5.0  # how long a lock that a foreign program holds on the file is waited for
WAL_PAGES = 4000  # of 4 KiB: how far the log grows before its content is moved into the file
WAL_KEPT = 64 * 1024 * 1024  # bytes of log that are kept for reuse


def prepare(path: str, *, aside: bool) -> str | None:
    """See that there is a sound store at `path`: look through the one there is, or make a new one.

    With `aside` a damaged one is moved out of the way, and the name it has now is returned; None otherwise.
    Raises `StoreDamaged`, `WrongStore` and `OSError`.
    """
    moved = None
    try:
        _inspect(path)
    except StoreDamaged:
        if not aside:
            raise
        moved = _move_aside(path)
    if not os.path.lexists(path):
        _make(path)
    return moved


def connect(path: str, *, synchronous: str, max_bytes: int | None) -> Lent:
    """A connection that may write to the store at `path`; transactions are begun and ended by hand."""
    connection = _connected(path, check_same_thread=True)
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}").fetchone()
    connection.execute(f"PRAGMA journal_size_limit={WAL_KEPT}").fetchone()
    if max_bytes is not None:
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute(f"PRAGMA max_page_count={max(1, max_bytes // page)}").fetchone()
    return connection


def settle_log(connection: sqlite3.Connection) -> None:
    """Move the log's content into the file, synced, before anything is added.

    After a sync that failed, the kernel may count pages of the log as written that are not on the disk; what is built
    on them would be lost with the power, although it is synced.
    """
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:  # what is there can be read, and sent
            raise


def connect_reader(path: str) -> Lent:
    """A connection that only reads."""
    connection = _connected(path, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _connected(path: str, *, check_same_thread: bool) -> Lent:
    """A connection to the file that is there: none is made."""
    return sqlite3.connect(
        f"file:{quote(path)}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=check_same_thread,
        timeout=BUSY_SECONDS,
        cached_statements=256,
        factory=Lent,
    )


def _inspect(path: str) -> None:
    """Raises if what is at `path` is no store, or not in good order; nothing is fine. Changes nothing."""
    if not os.path.lexists(path):
        if os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal"):
            raise _damaged(path, "a log without its database")
        return
    with open(path, "rb") as file:
        head = file.read(LEAST_BYTES)
    if not head.startswith(MAGIC):
        what = f"a file that begins with {head[: len(MAGIC)]!r}" if head else "an empty file"
        raise _damaged(path, f"{what}, where a database begins with {MAGIC!r}")
    if len(head) < LEAST_BYTES:  # SQLite would take it for a new database
        raise _damaged(path, f"a file of {len(head)} bytes, where a database has at least {LEAST_BYTES}")
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _check_kind(path, application, version)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(path, verdict)
    except sqlite3.DatabaseError as error:
        found = named(path, error)
        if isinstance(found, StoreDamaged):
            raise _damaged(path, found.why) from error
        raise found or error from error
    finally:
        connection.close()


def _check_kind(path: str, application: int, version: int) -> None:
    if application != APPLICATION:
        raise WrongStore(path, f"a database of another program (application id {application:#x})")
    if version != VERSION:
        raise WrongStore(path, f"version {version}, where this library knows version {VERSION}")


def _damaged(path: str, why: str) -> StoreDamaged:
    return StoreDamaged(
        path,
        f"{why}. The file was left untouched; recover from it what you can (`sqlite3 {path} .recover`), "
        f"then put a good copy in its place, or open it with aside=True to keep it beside a new, empty store",
    )


def _move_aside(path: str) -> str:
    """Rename the file, and what belongs to it, to a name that nobody has; return it."""
    stamp = datetime.fromtimestamp(wall(), UTC).strftime("%Y%m%dT%H%M%SZ")
    place, count = f"{path}.damaged-{stamp}", 1
    while os.path.lexists(place):
        count += 1
        place = f"{path}.damaged-{stamp}-{count}"
    for tail in ("-wal", "-shm", ""):  # the database last: as long as it is there, it is refused
        if os.path.lexists(path + tail):
            os.rename(path + tail, place + tail)
    _sync_folder(path)
    return place


def _make(path: str) -> None:
    """Make an empty store under another name, and give it its own when it is whole: no crash leaves half of one."""
    new = f"{path}.new"
    for tail in ("", "-wal", "-shm", "-journal"):
        if os.path.lexists(new + tail):
            os.unlink(new + tail)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # what is in it is nobody else's
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(
            f"BEGIN; PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; {TABLES} COMMIT;"
        )
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.Error as error:
        raise named(path, error) or error from error
    finally:
        connection.close()
    os.rename(new, path)
    _sync_folder(path)


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
