"""Reading beside the writer: a few threads, each read on a connection of its own, in one snapshot."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from cybernetic.core import OptionError
from cybernetic.state.store.errors import named
from cybernetic.state.store.file import connect_reader
from cybernetic.state.store.lent import Lent

R = TypeVar("R")

THREADS = 2  # reads of one store that run at once


class Readers:
    """Reads of the store at `path`; used on one event loop."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cybernetic store reader")
        self._idle: list[Lent] = []
        self._running: set[asyncio.Future[Any]] = set()

    async def read(self, fn: Callable[[sqlite3.Connection], R]) -> R:
        """Call `fn` with a connection that sees what is committed now, and none of what comes meanwhile."""
        job = self._loop.run_in_executor(self._threads, partial(self._read, fn))
        self._running.add(job)
        job.add_done_callback(self._running.discard)
        return await job

    async def close(self) -> None:
        """End when the last read has; whoever reads must have been refused before."""
        if self._running:
            await asyncio.wait(self._running)
        await self._loop.run_in_executor(self._threads, self._close)
        self._threads.shutdown(wait=False)

    def _read(self, fn: Callable[[sqlite3.Connection], R]) -> R:
        connection = self._taken()
        try:
            connection.execute("BEGIN")
            result = connection.lend(fn)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except BaseException as error:
            said = connection.has_said(error)
            connection.close()  # nobody is to suffer from what may have been done to it
            found = named(self._path, error) if said else None
            writes = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY  # `fn` tries to
            if found is None or writes:
                raise
            raise found from error
        self._idle.append(connection)
        if isinstance(result, sqlite3.Cursor):  # it belongs to this thread
            raise OptionError("what `fn` returns", "values, such as a cursor's fetchall()", result)
        return result

    def _taken(self) -> Lent:
        try:
            idle = self._idle.pop()
        except IndexError:
            idle = None
        try:
            if idle is None:
                return connect_reader(self._path)
            idle.execute("PRAGMA query_only=ON")  # who had it may have turned it off
            return idle
        except sqlite3.Error as error:
            raise named(self._path, error) or error from error

    def _close(self) -> None:
        while self._idle:
            self._idle.pop().close()
