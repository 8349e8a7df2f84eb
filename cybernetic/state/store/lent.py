"""A connection that functions are lent: what they leave open on it, or set, goes when they return."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import isasyncgen, iscoroutine, isgenerator
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakSet

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=sqlite3.Cursor)


class Lent(sqlite3.Connection):
    """A connection that is as it was after a function has had it, save for what that wrote in its transaction.

    What is the connection's own (temporary tables, functions for SQL) stays for as long as the connection lives.
    """

    _open: "WeakSet[Any] | None" = None  # cursors and blobs that were opened while it is lent
    _said: BaseException | None = None

    def lend(self, fn: Callable[["Lent"], R]) -> R:
        """What `fn(self)` returns. What it left open is closed then; row and text factory and handlers are reset.

        Raises what `fn` raises; `RuntimeError` in place of what no future can carry (`SystemExit`, a cancellation,
        `StopIteration`); `TypeError` where it returned what has yet to run. While it is lent, it cannot be closed, and
        does nothing once its transaction is gone.
        """
        self._open = WeakSet()
        try:
            result = _finished(fn(self))
        except StopIteration as error:
            raise RuntimeError(f"the function raised {error!r}") from error
        except Exception:
            raise
        except BaseException as error:
            raise RuntimeError(f"the function raised {error!r}") from error
        finally:
            self._take_back()
            self._open = None
        self._said = None
        return result

    def has_said(self, error: BaseException) -> bool:
        """Whether `error` is the last that a statement of this connection raised; it is forgotten then."""
        said, self._said = self._said, None
        return said is error

    def say(self, error: BaseException) -> None:
        """Remember an error as one of this connection's statements."""
        self._said = error

    def check(self) -> None:
        """Raise if its transaction is gone: what is written now would take effect by itself."""
        if not self.in_transaction:
            raise sqlite3.OperationalError("expected no more statements after one that undid the transaction")

    def cursor(self, factory: Any = None) -> Any:
        """A cursor, which is closed when the connection is given back."""
        made = super().cursor(Cursor if factory is None else factory)
        if self._open is not None:
            self._open.add(made)
        return made

    def blobopen(self, *place: Any, **options: Any) -> Any:
        """An open blob, which is closed likewise."""
        made = super().blobopen(*place, **options)
        if self._open is not None:
            self._open.add(made)
        return made

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """As always, with a cursor of `cursor`."""
        return cast(sqlite3.Cursor, self.cursor().execute(sql, *values))

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """As always, with a cursor of `cursor`."""
        return cast(sqlite3.Cursor, self.cursor().executemany(sql, *values))

    def executescript(self, script: str) -> sqlite3.Cursor:
        """As always, with a cursor of `cursor`."""
        return cast(sqlite3.Cursor, self.cursor().executescript(script))

    def close(self) -> None:
        """Close it. Raises `sqlite3.ProgrammingError` while it is lent."""
        self._refuse("closes")
        super().close()

    def set_authorizer(self, *callback: Any, **options: Any) -> None:
        """As always. Raises `sqlite3.ProgrammingError` while it is lent."""
        self._refuse("sets the authorizer of")
        super().set_authorizer(*callback, **options)

    def setlimit(self, category: int, limit: int, /) -> int:
        """As always. Raises `sqlite3.ProgrammingError` while it is lent."""
        self._refuse("sets a limit of")
        return super().setlimit(category, limit)

    def deserialize(self, data: Any, /, **options: Any) -> None:
        """As always. Raises `sqlite3.ProgrammingError` while it is lent."""
        self._refuse("replaces the content of")
        super().deserialize(data, **options)

    def _refuse(self, what: str) -> None:
        if self._open is not None:
            raise sqlite3.ProgrammingError(f"the store alone {what} its connection")

    def _take_back(self) -> None:
        """Close and reset. A connection that was closed all the same shows that when it is used next."""
        self.row_factory, self.text_factory = None, str
        for one in tuple(self._open or ()):
            with suppress(sqlite3.Error):
                one.close()
        with suppress(sqlite3.Error):
            self.set_progress_handler(None, 0)
            self.set_trace_callback(None)


def _telling(method: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """A method of a cursor whose errors its connection knows again, and which does nothing without a transaction."""

    @wraps(method)
    def call(self: C, /, *args: P.args, **options: P.kwargs) -> R:
        connection = cast(Lent, self.connection)
        if connection._open is not None:
            connection.check()
        try:
            return method(self, *args, **options)
        except sqlite3.Error as error:
            connection.say(error)
            raise

    return call


class Cursor(sqlite3.Cursor):
    """A cursor of a lent connection."""

    __slots__ = ()

    execute = _telling(sqlite3.Cursor.execute)
    executemany = _telling(sqlite3.Cursor.executemany)
    executescript = _telling(sqlite3.Cursor.executescript)
    fetchone = _telling(sqlite3.Cursor.fetchone)
    fetchmany = _telling(sqlite3.Cursor.fetchmany)
    fetchall = _telling(sqlite3.Cursor.fetchall)
    __next__ = _telling(sqlite3.Cursor.__next__)


def _finished(result: R) -> R:
    """`result`, if it is one. Raises `TypeError` for a coroutine or generator, of which nothing has run."""
    if isgenerator(result) or iscoroutine(result):
        result.close()
    elif not isasyncgen(result):
        return result
    raise TypeError(f"expected a function that has done its work when it returns, got: {result!r}")
