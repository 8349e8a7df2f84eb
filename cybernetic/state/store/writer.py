"""Group commit: one thread writes, and what is asked for while it does is committed together in its next turn.

The event loop gathers; the thread sees one whole group at a time, so that they share nothing and need no lock.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from cybernetic.state.store.errors import StoreError, StoreFull, StoreInUse, WriteUndone, again, named
from cybernetic.state.store.fault import spent
from cybernetic.state.store.lent import Lent
from cybernetic.state.store.work import BEGIN, COMMIT, ROLLBACK, Apart, Raised, Work

Pending = dict[Work, tuple[list[Any], "list[asyncio.Future[Any]]"]]
Group = list[tuple[Work, list[Any]]]


class Writer:
    """Writes to the store at `path`, on a thread of its own; used on one event loop.

    After an error that leaves open what the disk holds, everything is refused with the same error.
    """

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, apart: Apart) -> None:
        self.refused: StoreError | None = None  # why nothing more is accepted
        self.refusing: list[Callable[[StoreError], None]] = []  # who is told that nothing more is
        self._path = path
        self._loop = loop
        self._watch = apart.watching
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cybernetic store writer")
        self._connect: Callable[[], Lent]
        self._connection: Lent | None = None  # None: the next write makes one
        self._pending: Pending = {}
        self._broken: StoreError | None = None  # the error after which nobody knows what the disk holds
        self._last: StoreError | None = None  # the same, as the thread knows it
        self._busy = False  # a group is being written, or about to be
        self._closed: asyncio.Future[None] | None = None  # what `close` waits for

    async def open(
        self, prepare: Callable[[], None], connect: Callable[[], Lent], settle: Callable[[Lent], None]
    ) -> None:
        """Begin, on the writer's thread: `prepare` the file, `connect`, and `settle` what a process before has left.

        Raises what they raise. `connect` is called again where a connection was made unfit for use.
        """
        self._connect = connect
        await self._loop.run_in_executor(self._thread, self._open, prepare, settle)

    def submit(self, work: Work, item: Any) -> "asyncio.Future[Any]":
        """Have `item` done by `work` in the next group; the future has its result once that is committed.

        Cancelling the future takes nothing back. Raises why nothing more is accepted.
        """
        if self.refused is not None:
            raise again(self.refused)
        place = self._pending.get(work)
        if place is None:
            place = self._pending[work] = ([], [])
            if not self._busy:  # first let everything run that is ready to, and may have more to write
                self._busy = True
                self._loop.call_soon(self._begin)
        future = self._loop.create_future()
        place[0].append(item)
        place[1].append(future)
        return future

    def refuse(self, error: StoreError) -> None:
        """Accept nothing more from now on, and say `error` why, unless there is a reason already."""
        if self.refused is None:
            self.refused = error
            for tell in self.refusing:
                tell(error)

    async def close(self) -> None:
        """Let what was accepted be committed, and end the thread; refuse before. To cancel this takes nothing back."""
        self._closed = self._loop.create_future()
        if not self._busy:
            self._finish(self._closed)
        await self._closed

    def _finish(self, closed: "asyncio.Future[None]") -> None:
        """Close the connection and end the thread, for there is nothing more to write."""
        job = self._loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
        job.add_done_callback(lambda job: _pass_on(job, closed))

    def _open(self, prepare: Callable[[], None], settle: Callable[[Lent], None]) -> None:
        prepare()
        self._connection = self._connect()
        settle(self._connection)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _begin(self) -> None:
        group, self._pending = self._pending, {}
        work = [(kind, items) for kind, (items, _) in group.items()]
        job = self._loop.run_in_executor(self._thread, self._write, work)
        job.add_done_callback(partial(self._written, group))

    def _write(self, work: Group) -> list[Sequence[Any]]:
        """On the thread: one transaction for all of `work`; where one item made SQLite undo that, more of them."""
        try:
            return self._together(work)
        except Exception as error:
            if _many(work) == 1 or named(self._path, error):
                raise
        return [self._apart(kind, items) for kind, items in work]

    def _apart(self, kind: Work, items: list[Any]) -> Sequence[Any]:
        """The results of one kind, in a transaction of its own, or one for each item; `Failed` where that failed."""
        if self._last is not None:  # nothing after it is to be written
            return [Failed(again(self._last), None) for _ in items]
        try:
            return self._together([(kind, items)])[0]
        except Exception as error:
            found = self._meant(error)
            if found.final:
                self._last = found
            elif len(items) > 1 and not named(self._path, error):
                return [result for item in items for result in self._apart(kind, [item])]
            return [Failed(again(found), error) for _ in items]

    def _together(self, work: Group) -> list[Sequence[Any]]:
        """One transaction; on a new connection, once, where what others left on the old one may be why it failed."""
        new = self._connection is None
        try:
            return self._tried(work)
        except Exception as error:
            if new or self._connection is not None or self._meant(error).final:
                raise
        return self._tried(work)

    def _tried(self, work: Group) -> list[Sequence[Any]]:
        connection = self._connection = self._connection or self._connect()
        try:
            connection.execute(BEGIN)
            results = [kind.run(connection, items) for kind, items in work]
            connection.execute(COMMIT)
        except BaseException as error:
            found = self._meant(error)
            if not _fit(connection):
                self._drop(connection)
                if isinstance(found, StoreInUse):  # by a statement that a function has left unfinished
                    raise WriteUndone(self._path, found.why) from error
            elif isinstance(found, StoreFull):
                with suppress(sqlite3.Error):  # what went wrong before says more
                    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()  # the log may take it
                    if self._is_spent(connection, work):
                        raise OverflowError("a table with AUTOINCREMENT has no number left") from error
            elif isinstance(found, WriteUndone) and found is not error:  # the store's own statement failed
                self._drop(connection)
            raise
        return results

    def _drop(self, connection: Lent) -> None:
        self._connection = None
        with suppress(sqlite3.Error):
            connection.close()

    def _is_spent(self, connection: Lent, work: Group) -> bool:
        """Whether `work` writes to a table without a number left until it finds no space: done again to be seen."""
        without = spent(connection)
        if not without:
            return False
        with self._watch(connection) as inserted:
            try:
                connection.execute(BEGIN)
                for kind, items in work:
                    kind.run(connection, items)
            except Exception as error:
                return isinstance(named(self._path, error), StoreFull) and not without.isdisjoint(inserted)
            finally:
                if connection.in_transaction:
                    connection.execute(ROLLBACK)
        return False

    def _written(self, group: Pending, job: "asyncio.Future[list[Sequence[Any]]]") -> None:
        """On the loop again: tell everybody, and go on with what has come meanwhile."""
        error = job.exception()
        if error is None:
            for (kind, (items, futures)), results in zip(group.items(), job.result(), strict=True):
                _settle(kind, items, results)
                _answer(futures, results)
            self._end(self._last)
        else:
            found = self._meant(error)
            self._end(found)
            _fail(group, found, error)
        if self._pending and self._broken is not None:
            group, self._pending = self._pending, {}
            _fail(group, self._broken, error)
        if self._pending:
            self._begin()
            return
        self._busy = False
        if self._closed is not None:
            self._finish(self._closed)

    def _meant(self, error: BaseException) -> StoreError:
        if isinstance(error, WriteUndone):
            return error
        return named(self._path, error) or WriteUndone(self._path, f"{type(error).__name__}: {error}")

    def _end(self, error: StoreError | None) -> None:
        """After an error that is the store's last word, nothing more is accepted."""
        if error is not None and error.final:
            self._broken = error
            self.refuse(error)


def _pass_on(job: "asyncio.Future[None]", to: "asyncio.Future[None]") -> None:
    """The end of a job is that of another future too."""
    if to.done():
        return  # whoever waited was cancelled
    if (error := job.exception()) is not None:
        to.set_exception(error)
    else:
        to.set_result(None)


def _fit(connection: Lent) -> bool:
    """Whether a connection, once nothing is left of its transaction, does what it is told."""
    try:
        if connection.in_transaction:
            connection.execute(ROLLBACK)
        connection.execute("BEGIN")
        connection.execute("END")  # refused where a statement that writes was left unfinished
    except sqlite3.Error:
        return False
    return True


def _many(work: Group) -> int:
    return sum(len(items) for _, items in work)


class Failed:
    """The result of an item whose transaction failed with `error`, for the reason `cause`."""

    __slots__ = ("cause", "error")

    def __init__(self, error: StoreError, cause: BaseException | None) -> None:
        self.error, self.cause = error, cause


def _settle(kind: Work, items: list[Any], results: Sequence[Any]) -> None:
    """Tell what became of its items: of each alone, where each was written alone."""
    if not any(type(result) is Failed for result in results):
        kind.settle(items, results)
        return
    for item, result in zip(items, results, strict=True):
        kind.settle([item], None if type(result) is Failed else [result])


def _answer(futures: "list[asyncio.Future[Any]]", results: Sequence[Any]) -> None:
    for future, result in zip(futures, results, strict=True):
        if future.done():  # whoever waited was cancelled
            continue
        if type(result) is Raised:
            future.set_exception(result.error)
        elif type(result) is Failed:
            result.error.__cause__ = result.cause
            future.set_exception(result.error)
        else:
            future.set_result(result)


def _fail(group: Pending, found: StoreError, cause: BaseException | None) -> None:
    for kind, (items, futures) in group.items():
        kind.settle(items, None)
        for future in futures:
            if not future.done():
                error = again(found)
                error.__cause__ = cause
                future.set_exception(error)
