"""Messages that may have killed the process that handled them: counted on disk, apart from retries.

What stands on the disk is how many crashes a message may have caused when it was begun last; when it comes again
after a crash, that is one more. So one less is written while it is not being handled, and two less while it is kept
apart, for a process that ends meanwhile speaks for it.
"""

import sqlite3
from collections import OrderedDict

from cybernetic.state import Batch, Store

TABLE = """
CREATE TABLE IF NOT EXISTS gateway_suspects (
    key TEXT PRIMARY KEY,
    crashes INTEGER NOT NULL,
    at REAL NOT NULL
) WITHOUT ROWID
"""
RESTS = "UPDATE gateway_suspects SET crashes = crashes - 1 WHERE key = ?"  # begun, and not being handled meanwhile
KEEP = 7 * 86400.0  # seconds: whoever was not seen again for so long was handled elsewhere
REMEMBERED = 10_000  # messages that came back without a crash


class Suspects:
    """Which messages were being handled when a process ended, and how often.

    Nothing is written for a message's first delivery. One that comes again is counted before it is handled, unless
    it is known that it went back in an orderly way, and forgotten with its effect. So what is left is what killed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._returned: OrderedDict[str, int] = OrderedDict()  # how many: messages without ids may be alike
        # in this life: there was one end of a process before it, whatever comes again
        self._counted: OrderedDict[str, None] = OrderedDict()
        self._apart: set[str] = set()

    async def open(self) -> None:
        """Make the table, if it is not there, and forget who was not seen for long."""
        before = self._store.now() - KEEP

        def prepare(connection: sqlite3.Connection) -> None:
            connection.execute(TABLE)
            connection.execute("DELETE FROM gateway_suspects WHERE at < ?", (before,))

        await self._store.write(prepare)

    def returned(self, key: str) -> None:
        """The message goes back, and did nothing wrong: its connection was lost."""
        self._returned[key] = self._returned.pop(key, 0) + 1
        while len(self._returned) > REMEMBERED:
            self._returned.popitem(last=False)

    async def innocent(self, key: str) -> bool:
        """Whether it comes again only because it went back in an orderly way, and has killed nothing before."""
        expected = 0 if key in self._returned else -1

        def clear(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT crashes FROM gateway_suspects WHERE key = ?", (key,)).fetchone()
            if (0 if row is None else row[0]) > expected:
                return False
            connection.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))
            return True

        if not await self._store.write(clear):
            return False
        self._take(key)
        return True

    async def expected(self, key: str) -> int:
        """How many crashes it may have caused. Nothing is written."""
        query = "SELECT crashes FROM gateway_suspects WHERE key = ?"
        row = await self._store.read(lambda connection: connection.execute(query, (key,)).fetchone())
        return (0 if row is None else int(row[0])) + (key not in self._returned and key not in self._counted)

    def expect_nothing(self, key: str) -> None:
        """It came again, and is handled already."""
        self._take(key)

    async def apart(self, key: str, crashes: int) -> float:
        """It is not handled for a while; for how many seconds it had been, at most, when its process ended last."""
        now = self._store.now()
        self._apart.add(key)

        def write(connection: sqlite3.Connection) -> float:
            known = connection.execute("SELECT at FROM gateway_suspects WHERE key = ?", (key,)).fetchone()
            at = now if known is None else known[0]
            connection.execute(
                "INSERT OR REPLACE INTO gateway_suspects VALUES (?, ?, ?)", (key, crashes - 2, at)
            )
            return max(0.0, now - at)

        return await self._store.write(write)

    async def begin(self, key: str, crashes: int) -> None:
        """It is handled now, and may have caused so many: that is on disk, and one more if this process ends now."""
        self._take(key)
        self._counted[key] = None
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)
        row = key, crashes, self._store.now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO gateway_suspects VALUES (?, ?, ?)", row)

        await self._store.write(write)
        self._apart.discard(key)

    def _take(self, key: str) -> bool:
        """Whether one of that key went back in an orderly way; then it has come again."""
        count = self._returned.pop(key, 0)
        if count > 1:
            self._returned[key] = count - 1
        return count > 0

    def forget(self, key: str, batch: Batch) -> None:
        """It was handled: forget it, in the transaction of its effect."""
        batch.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))
        self._apart.discard(key)

    async def excuse(self, keys: list[str]) -> None:
        """These go back because this process ends in an orderly way: their next delivery is no sign of a crash."""
        query = (
            "INSERT INTO gateway_suspects VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET crashes = crashes + excluded.crashes"
        )
        rows = [(key, 1 if key in self._apart else -1, self._store.now()) for key in keys]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(query, rows)

        await self._store.write(write)
