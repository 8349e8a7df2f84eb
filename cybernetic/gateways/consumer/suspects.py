"""Messages that may have killed the process that handled them: counted on disk, apart from retries.

What stands on the disk is how many crashes a message may have caused when it was begun last; when it comes again
after a crash, that is one more. So one less is written while it is not being handled, and two less while it is kept
apart, for a process that ends meanwhile speaks for it.
"""

import sqlite3

from cybernetic.gateways.consumer.life import Life
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


class Suspects:
    """Which messages were being handled when a process ended, and how often.

    Nothing is written for a message's first delivery. One that comes again is counted before it is handled, unless
    it is known that it went back in an orderly way, and forgotten with its effect. So what is left is what killed.

    Args:
        store: where they are counted.
        life: what is known for as long as this process lives. Default None: nothing yet.
    """

    def __init__(self, store: Store, life: Life | None = None) -> None:
        self._store = store
        self.life = life or Life()
        self._apart: set[str] = set()
        self._untried: set[str] = set()  # they wait for their turn, and the disk says what it is to say

    async def open(self) -> None:
        """Make the table, if it is not there, and forget who was not seen for long."""
        before = self._store.now() - KEEP

        def prepare(connection: sqlite3.Connection) -> None:
            connection.execute(TABLE)
            connection.execute("DELETE FROM gateway_suspects WHERE at < ?", (before,))

        await self._store.write(prepare)

    def returned(self, key: str) -> None:
        """The message goes back, and did nothing wrong: its connection was lost."""
        self.life.go_back(key)
        self._untried.discard(key)

    async def innocent(self, key: str) -> bool:
        """Whether it comes again only because it went back in an orderly way, and has killed nothing before."""
        expected = 0 if key in self.life.returned else -1

        def clear(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT crashes FROM gateway_suspects WHERE key = ?", (key,)).fetchone()
            if (0 if row is None else row[0]) > expected:
                return False
            connection.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))
            return True

        if not await self._store.write(clear):
            return False
        self.life.come_again(key)
        return True

    async def expected(self, key: str) -> int:
        """How many crashes it may have caused; it waits for its turn. Nothing is written."""
        query = "SELECT crashes FROM gateway_suspects WHERE key = ?"
        row = await self._store.read(lambda connection: connection.execute(query, (key,)).fetchone())
        if row is not None and key in self.life.counted:
            return self.life.counted[key]
        if key not in self.life.returned:
            self._untried.add(key)
        return (0 if row is None else int(row[0])) + (key not in self.life.returned)

    def expect_nothing(self, key: str) -> None:
        """It came again, and is handled already."""
        self.life.come_again(key)

    async def apart(self, key: str, crashes: int) -> float:
        """It is not handled for a while; for how many seconds it had been, at most, when its process ended last."""
        now = self._store.now()
        self._apart.add(key)
        self._untried.discard(key)
        self.life.count(key, crashes)

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
        self.life.come_again(key)
        self.life.count(key, crashes)
        self._untried.discard(key)
        row = key, crashes, self._store.now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO gateway_suspects VALUES (?, ?, ?)", row)

        await self._store.write(write)
        self._apart.discard(key)

    def forget(self, key: str, batch: Batch) -> None:
        """It was handled: forget it, in the transaction of its effect."""
        batch.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))
        self._apart.discard(key)
        self._untried.discard(key)

    async def excuse(self, keys: list[str]) -> None:
        """These go back because this process ends in an orderly way: their next delivery is no sign of a crash."""
        query = (
            "INSERT INTO gateway_suspects VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET crashes = crashes + excluded.crashes"
        )
        now, tried = self._store.now(), [key for key in keys if key not in self._untried]
        rows = [(key, 1 if key in self._apart else -1, now) for key in tried]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(query, rows)

        await self._store.write(write)
