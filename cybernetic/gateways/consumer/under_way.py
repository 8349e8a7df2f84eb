"""Messages that are on their way round: one that is sent again meanwhile is a duplicate, not sent anew."""

import sqlite3
from collections.abc import Callable
from functools import partial

from cybernetic.state import Batch, Store

TABLE = """
CREATE TABLE IF NOT EXISTS gateway_under_way (
    message TEXT PRIMARY KEY,
    until REAL NOT NULL
) WITHOUT ROWID
"""
BEHIND = 3600.0  # seconds for which one that comes back may be waiting behind others
TIDY = 1000  # messages beyond which those are looked for that did not come back


class UnderWay:
    """Which messages wait in a delay queue, or behind it.

    A message counts as under way until it rests, or an hour after it was to come back: then its broker has lost it.

    Args:
        store: where it is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._until: dict[str, float] = {}  # as committed; nobody is asked for the disk at each message
        self._tidy_at = TIDY

    async def open(self) -> None:
        """Make the table, if it is not there, forget who did not come back, and read the others."""
        now = self._store.now()

        def prepare(connection: sqlite3.Connection) -> list[tuple[str, float]]:
            connection.execute(TABLE)
            connection.execute("DELETE FROM gateway_under_way WHERE until < ?", (now,))
            return connection.execute("SELECT message, until FROM gateway_under_way").fetchall()

        self._until = dict(await self._store.write(prepare))

    def has(self, message: str) -> bool:
        """Whether it is under way. `message` names it, as `same_of` does."""
        return self._until.get(message, 0.0) >= self._store.now()

    def begin(self, message: str, wait: float, batch: Batch) -> Callable[[], None]:
        """It goes into a delay queue, for `wait` seconds, with the batch that sends it there.

        Call what is returned when that is committed.
        """
        until = self._store.now() + wait + BEHIND
        batch.execute("INSERT OR REPLACE INTO gateway_under_way VALUES (?, ?)", (message, until))
        return partial(self._began, message, until)

    def end(self, message: str, batch: Batch) -> Callable[[], None]:
        """It is not any more. Call what is returned when the batch is committed."""
        batch.execute("DELETE FROM gateway_under_way WHERE message = ?", (message,))
        return partial(self._ended, message)

    def _began(self, message: str, until: float) -> None:
        self._until[message] = until
        if len(self._until) > self._tidy_at:
            now = self._store.now()
            self._until = {name: known for name, known in self._until.items() if known >= now}
            self._tidy_at = 2 * len(self._until) + TIDY

    def _ended(self, message: str) -> None:
        self._until.pop(message, None)
