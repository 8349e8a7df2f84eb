"""Keys that are remembered until they expire: what the inbox and the nonces have in common."""

import sqlite3

from cybernetic.state.store.errors import NoRoom
from cybernetic.state.store.room import StoreLimits, ageless
from cybernetic.state.store.store import Store

GRACE = 3600.0  # seconds beyond its expiry that a key is kept: a clock set forward by so much forgets none too early
SWEEP_EVERY = 32  # additions between two sweeps
SWEEP = 64  # expired keys that a sweep deletes at most: twice what came since, so that they cannot pile up

Gone = tuple[int, int]  # how many, and their bytes


class Memory:
    """Keys in a table of the store, each with a result and a time when it expires, in seconds since the epoch.

    The rule: a key is remembered until an hour after it expires, and swept some time after that, a few at a time, as
    others come. When there is no room, what can be swept is swept; then additions are refused. No key that has not
    expired is ever forgotten.
    """

    def __init__(self, store: Store, table: str, what: str, error: type[NoRoom]) -> None:
        self.store = store
        self.room = store.room(what, StoreLimits(), error)
        self._table = f"cybernetic_{table}"
        self._turn = 0
        self._expected = self._expected_bytes = 0  # room held for keys that may be added

    @property
    def share(self) -> float:
        """How full it is, from 0 to 1: of how many it may remember, or how many bytes, whichever is fuller."""
        room = self.room
        return max(room.count / room.limits.count, room.bytes / room.limits.bytes)

    @classmethod
    async def open(
        cls, store: Store, table: str, what: str, limits: StoreLimits, error: type[NoRoom]
    ) -> "Memory":
        """The memory that all of one store share; `limits`, not of age, hold from now on.

        Raises `OptionError`, `StoreError`.
        """
        ageless(limits)
        key = ("memory", table)
        if key not in store.shared:
            query = f"SELECT count(*), ifnull(sum(length(key) + length(result)), 0) FROM cybernetic_{table}"
            count, size = await store.write(lambda connection: connection.execute(query).fetchone())
            if key not in store.shared:
                made = cls(store, table, what, error)
                made.room.count, made.room.bytes = count, size
                store.shared[key] = made
        memory: Memory = store.shared[key]
        memory.room.limit(limits)
        return memory

    async def enter(self, count: int, size: int) -> None:
        """Hold room for keys that are about to be added, sweeping if need be. Raises the error of the room."""
        now = self.store.now()
        while not self.room.fits(count, size):
            if not await self.sweep():
                break
        self.room.enter(count, size, now)

    async def expect(self, size: int) -> None:
        """Hold room for a key that may be added, sweeping if need be, until `expected`. Raises the error of the room.

        Whoever holds room finds it when the key is added, as long as all who add keys hold room before.
        """
        while not self.room.fits(self._expected + 1, self._expected_bytes + size):
            if not await self.sweep():
                raise self.room.full(f"{self.room.limits.count} items, {self.room.limits.bytes} bytes")
        self._expected += 1
        self._expected_bytes += size

    def expected(self, size: int) -> None:
        """Let go of room that was held: the key was added, or will not be."""
        self._expected -= 1
        self._expected_bytes -= size

    def leave(self, gone: Gone) -> None:
        """Give room back: of what was swept, or not added after all."""
        self.room.leave(*gone)

    def add(self, connection: sqlite3.Connection, key: bytes, expires: float, result: bytes) -> bytes | None:
        """On the writer's thread: remember `key`. The result it is known with, if it is known; else None."""
        added = connection.execute(
            f"INSERT OR IGNORE INTO {self._table} VALUES (?, ?, ?)", (key, expires, result)
        ).rowcount
        return None if added else self.find(connection, key)

    def renew(self, connection: sqlite3.Connection, key: bytes, expires: float, result: bytes) -> None:
        """On the writer's thread: remember a `key` that is known with another result, and for as long as a new one."""
        query = f"UPDATE {self._table} SET expires = max(expires, ?), result = ? WHERE key = ?"
        connection.execute(query, (expires, result, key))

    def find(self, connection: sqlite3.Connection, key: bytes) -> bytes | None:
        """The result that `key` is known with; None if it is not known."""
        found = connection.execute(f"SELECT result FROM {self._table} WHERE key = ?", (key,)).fetchone()
        return None if found is None else bytes(found[0])

    def begins(self, connection: sqlite3.Connection, prefix: bytes) -> bool:
        """Whether any key begins with `prefix`; with an empty one, whether there is any key."""
        query, rest = f"SELECT 1 FROM {self._table} WHERE key >= ?", prefix.rstrip(b"\xff")
        bounds = [prefix]
        if rest:  # nothing comes after what begins with 255 alone
            query, bounds = f"{query} AND key < ?", [prefix, rest[:-1] + bytes([rest[-1] + 1])]
        return connection.execute(f"{query} LIMIT 1", bounds).fetchone() is not None

    def tidy(self, connection: sqlite3.Connection, now: float) -> Gone:
        """On the writer's thread, with each addition: now and then, forget a few that have expired."""
        self._turn = (self._turn + 1) % SWEEP_EVERY
        return (0, 0) if self._turn else self.forget(connection, now)

    def forget(self, connection: sqlite3.Connection, now: float) -> Gone:
        """On the writer's thread: forget a few that have expired, the oldest first."""
        rows = connection.execute(
            f"DELETE FROM {self._table} WHERE key IN (SELECT key FROM {self._table} WHERE expires < ?"
            " ORDER BY expires LIMIT ?) RETURNING length(key) + length(result)",
            (now - GRACE, SWEEP),
        ).fetchall()
        return len(rows), sum(size for (size,) in rows)

    async def sweep(self) -> int:
        """Forget a few that have expired, now; how many. Raises `StoreError`."""
        return (await self.store.commit(_Sweep(self)))[0]


class _Sweep:
    """A slice of forgetting, by itself."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def admit(self) -> None:
        """There is always room for less."""

    def apply(self, connection: sqlite3.Connection) -> Gone:
        return self._memory.forget(connection, self._memory.store.now())

    def settle(self, done: Gone | None) -> None:
        if done is not None:
            self._memory.leave(done)
