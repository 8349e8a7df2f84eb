"""Messages that may have killed the process that handled them: counted on disk, apart from retries.

What stands on the disk is how many crashes a message may have caused when it was begun last; when it comes again
after a crash, that is one more. So one less is written while it is not being handled, and two less while it is kept
apart, for a process that ends meanwhile speaks for it.
"""

import sqlite3
from collections.abc import Collection

from cybernetic.gateways.consumer.life import Life
from cybernetic.state import Batch, Store

TABLE = """
CREATE TABLE IF NOT EXISTS gateway_suspects (
    key TEXT PRIMARY KEY,
    crashes INTEGER NOT NULL,
    at REAL NOT NULL
) WITHOUT ROWID
"""
_FIND = "SELECT crashes, at FROM gateway_suspects WHERE key = ?"
KEEP = 7 * 86400.0  # seconds: whoever was not seen again for so long was handled elsewhere
BEGUN, RESTS, APART = 0, 1, 2  # how many fewer crashes stand on the disk than it may have caused


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

    def expect_nothing(self, key: str) -> None:
        """It came again, and is handled already."""
        self.life.come_again(key)

    async def look(self, key: str) -> int:
        """How many crashes it may have caused that comes again; 0: it only went back in an orderly way."""
        now, counted = self._store.now(), self.life.counted.get(key)
        another = key not in self.life.returned

        def look(connection: sqlite3.Connection) -> int | None:
            row = connection.execute(_FIND, (key,)).fetchone()
            if row is not None and counted is not None:
                return None  # one of this name may be handled at the moment
            known, at = (0, now) if row is None else row
            crashes = int(known) + another
            if crashes > 0:
                _write(connection, key, crashes - RESTS, at)
            else:
                connection.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))
            return crashes

        crashes = await self._store.write(look)
        if crashes is None and counted is not None:
            return counted.crashes
        if not crashes or crashes < 0:
            self.life.come_again(key)
            return 0
        self.life.count(key, crashes).tried = False
        return crashes

    async def apart(self, key: str, crashes: int) -> float:
        """It is not handled for a while; for how many seconds it had been, at most, when its process ended last."""
        now = self._store.now()

        def write(connection: sqlite3.Connection) -> float:
            known = connection.execute(_FIND, (key,)).fetchone()
            at = now if known is None else known[1]
            _write(connection, key, crashes - APART, at)
            return max(0.0, now - at)

        handled = await self._store.write(write)
        self.life.count(key, crashes)
        return handled

    async def begin(self, key: str, crashes: int) -> None:
        """It is handled now, and may have caused so many: that is on disk, and one more if this process ends now."""
        self.life.come_again(key)
        now = self._store.now()
        await self._store.write(lambda connection: _write(connection, key, crashes - BEGUN, now))
        self.life.count(key, crashes).tried = True

    async def rests(self, key: str) -> None:
        """It is not being handled any more: a process that ends now is no fault of it. Nothing if it is no suspect."""
        known = self.life.counted.get(key)
        if known is None:
            return
        query, row = "UPDATE gateway_suspects SET crashes = ? WHERE key = ?", (known.crashes - RESTS, key)
        await self._store.write(lambda connection: connection.execute(query, row))

    def tried(self, key: str) -> bool:
        """Whether it was begun in this life."""
        known = self.life.counted.get(key)
        return known is not None and known.tried

    def forget(self, key: str, batch: Batch) -> None:
        """It was handled: forget it, in the transaction of its effect."""
        batch.execute("DELETE FROM gateway_suspects WHERE key = ?", (key,))

    async def excuse(self, keys: Collection[str]) -> None:
        """These go back because this process ends in an orderly way: their next delivery is no sign of a crash."""
        query = (
            "INSERT INTO gateway_suspects VALUES (?, -1, ?) "
            "ON CONFLICT (key) DO UPDATE SET crashes = ifnull(?, crashes - 1)"
        )
        now, counted = self._store.now(), self.life.counted
        # of these it is known how many, whatever was being written of them
        rows = [(key, now, counted[key].crashes - RESTS if key in counted else None) for key in set(keys)]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(query, rows)

        await self._store.write(write)


def _write(connection: sqlite3.Connection, key: str, crashes: int, at: float) -> None:
    connection.execute("INSERT OR REPLACE INTO gateway_suspects VALUES (?, ?, ?)", (key, crashes, at))
