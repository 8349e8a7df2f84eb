"""A disk that fails as a test wants it."""

import sqlite3
from collections.abc import Callable
from typing import Any

from cybernetic.state.store.lent import Lent


class Faulty(Lent):
    """A connection whose statements fail as `fault` says: given the statement, the error or None."""

    fault: Callable[[str], Exception | None] = staticmethod(lambda sql: None)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        error = type(self).fault(sql)
        if error is not None:
            self.say(error)
            raise error
        return super().execute(sql, *values)

    @classmethod
    def fail(cls, word: str, name: str, times: int = 10**9) -> None:
        """Let statements that begin with `word` fail with SQLite's error `name`, so many times."""
        left = [times]

        def fault(sql: str) -> Exception | None:
            if not sql.startswith(word) or left[0] <= 0:
                return None
            left[0] -= 1
            error = sqlite3.OperationalError("as the test wants it")
            error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
            return error

        cls.fault = staticmethod(fault)

    @classmethod
    def heal(cls) -> None:
        cls.fault = staticmethod(lambda sql: None)
