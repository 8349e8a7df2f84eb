"""`Store`: one SQLite file in which what must last is kept, used from the event loop."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from cybernetic.core import OptionError, flag, one_of, wall, whole
from cybernetic.state.store.errors import NoRoom, StoreClosed, StoreError, StoreFailed, again, named
from cybernetic.state.store.file import connect, prepare, settle_log
from cybernetic.state.store.lent import Lent
from cybernetic.state.store.lock import FileLock
from cybernetic.state.store.readers import Readers
from cybernetic.state.store.room import Room, StoreLimits
from cybernetic.state.store.work import Apart, Calls, Transaction, Transactions, Work
from cybernetic.state.store.writer import Writer

R = TypeVar("R")
S = TypeVar("S")

_log = logging.getLogger("cybernetic.state")

LEAST_BYTES = 1024 * 1024


class Store:
    """What must last, in one file. Made by `open`; one process, one store, one event loop.

    Writes are done by one thread, many in one commit, and answered when they are on the disk. The store's own
    tables begin with `cybernetic_`; any others are the program's.

    `path` is the file; `aside` is where a damaged one was put, if one was.
    """

    path: str
    aside: str | None

    def __init__(self, path: str, lock: FileLock, loop: asyncio.AbstractEventLoop) -> None:
        self.path, self.aside = path, None
        self.shared: dict[tuple[str, str], Any] = {}  # what its parts know of it, by kind and name, made once
        self._lock, self._loop = lock, loop
        self._apart = Apart(path)
        self._calls, self._transactions = Calls(self._apart), Transactions(self._apart)
        self._writer = Writer(path, loop, self._apart)
        self._readers = Readers(path, loop)
        self._ending: asyncio.Task[None] | None = None
        self._since = wall() - loop.time()

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str],
        *,
        synchronous: str = "full",
        max_bytes: int | None = None,
        aside: bool = False,
    ) -> "Store":
        """Open the store in the file `path`, which is made if it is not there; its folder must be.

        Args:
            path: the file. Beside it stand `<path>-wal`, `<path>-shm` and `<path>.lock`, which belong to it.
            synchronous: "full" (default): what was answered survives a loss of power. "normal": it survives the
                death of the process, but a loss of power may take the last commits; several times as fast.
            max_bytes: how large the file may become; at least 1 MiB. Default None: as large as the disk.
            aside: where the file is damaged, rename it and begin with an empty store; `store.aside` has its new
                name. Default False.

        Raises:
            OptionError: an argument is outside of these limits.
            StoreInUse: another process, or another store of this one, has it open.
            StoreDamaged: the file is damaged. It is left as it is.
            WrongStore: it is another program's database, or a newer version's.
            StoreFull, StoreFailed: it cannot be read or written.
        """
        one_of("synchronous", synchronous, ("full", "normal"))
        if max_bytes is not None:
            whole("max_bytes", max_bytes, least=LEAST_BYTES)
        flag("aside", aside)
        place = os.path.realpath(os.fspath(path))
        if not isinstance(place, str):
            raise OptionError("path", "a path of text", path)
        try:
            store = cls(place, FileLock(place), asyncio.get_running_loop())
        except OSError as error:
            raise StoreFailed(place, str(error)) from error
        try:
            await store._writer.open(
                partial(store._prepare, aside), partial(store._connect, synchronous, max_bytes), settle_log
            )
        except BaseException as error:
            await store.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise named(place, error) or StoreFailed(place, str(error)) from error
            raise
        if store.aside is not None:
            _log.warning(
                "%s was damaged: it is now %s, and an empty store is in its place", place, store.aside
            )
        return store

    async def write(self, fn: Callable[[sqlite3.Connection], R]) -> R:
        """Call `fn` with a connection on the writer's thread; answers with its result when that is on the disk.

        `fn` runs in a savepoint: if it raises, what it wrote is undone, and the exception is raised here. It must
        be quick, for every other write waits for it, and must not begin or end transactions
        (`sqlite3.DatabaseError`). It is called again, several times even, where another's statement (an OR ROLLBACK)
        made SQLite undo what was written with it. What it leaves open on the connection is closed, and row and text
        factory and handlers are reset; temporary tables and functions for SQL last until a connection is made anew. A
        cursor does not leave its thread: the answer is None then. Cancelling takes nothing back.

        Raises `RuntimeError` where `fn` raises `SystemExit` or a cancellation, and `TypeError` where it returns a
        coroutine or a generator: nothing of it took effect.
        Raises a `StoreError` when the commit failed: nothing of it took effect, as far as anybody can know.
        """
        return await self._writer.submit(self._calls, fn)  # type: ignore[no-any-return]

    async def read(self, fn: Callable[[sqlite3.Connection], R]) -> R:
        """Call `fn` with a connection on a reader's thread; it sees one state, that of the last commit.

        Raises what `fn` raises: `sqlite3.OperationalError` if it writes; `OptionError` if it returns a cursor; and
        `StoreError` when the store is closed or has failed.
        """
        self.check()
        return await self._readers.read(fn)

    async def commit(self, transaction: Transaction[S]) -> S:
        """Execute `transaction` (a `Batch`), whole or not at all; answers when it is on the disk.

        Raises what it has raised in being admitted or executed, and `StoreError`; then nothing of it took effect.
        Cancelling takes nothing back.
        """
        await transaction.admit()
        try:
            done = self._writer.submit(self._transactions, transaction)
        except StoreError:
            transaction.settle(None)
            raise
        return await done  # type: ignore[no-any-return]

    def submit(self, work: Work, item: Any) -> "asyncio.Future[Any]":
        """For the parts of a store: have `item` done by `work`, together with all others of its kind."""
        return self._writer.submit(work, item)

    def check(self) -> None:
        """Raise why nothing is accepted any more, if so."""
        if self._writer.refused is not None:
            raise again(self._writer.refused)

    def room(self, what: str, limits: StoreLimits, error: type[NoRoom]) -> Room:
        """For the parts of a store: an account of how much one of them holds, which ends with the store."""
        room = Room(f"{what} of {self.path}", limits, error, clock=self.now, loop=self._loop)
        self._writer.refusing.append(room.end)
        return room

    def now(self) -> float:
        """Seconds since the epoch as of the opening, then by the loop's clock: a step of the wall's does not show."""
        return self._since + self._loop.time()

    async def close(self) -> None:
        """Accept nothing more, commit what was accepted, and let go of the file; again does nothing."""
        if self._ending is None:
            self._ending = self._loop.create_task(self._end(), name=f"closing {self.path}")
        await asyncio.shield(self._ending)

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _prepare(self, aside: bool) -> None:
        self._lock.cover()
        self.aside = prepare(self.path, aside=aside)

    def _connect(self, synchronous: str, max_bytes: int | None) -> Lent:
        self._lock.cover()
        connection = connect(self.path, synchronous=synchronous, max_bytes=max_bytes)
        connection.set_authorizer(self._apart.guard)
        return connection

    async def _end(self) -> None:
        self._writer.refuse(StoreClosed(self.path, "one that was closed"))
        try:
            await self._readers.close()
            await self._writer.close()
        finally:
            self._lock.release()
