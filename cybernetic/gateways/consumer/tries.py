"""Retries of what waits in place, with its history: counted on the disk, so that a restart does not begin them anew."""

import sqlite3
from typing import NamedTuple

from cybernetic.gateways.consumer.ticket import Line, Ticket
from cybernetic.state import Batch, Store
from cybernetic.wire import Codec

TABLE = """
CREATE TABLE IF NOT EXISTS gateway_tries (
    key TEXT PRIMARY KEY,
    ticket BLOB NOT NULL,
    due REAL NOT NULL,
    wait REAL NOT NULL
) WITHOUT ROWID
"""
KEEP = 7 * 86400.0  # seconds: whoever was not seen again for so long was handled elsewhere

_codec = Codec()


class Tried(NamedTuple):
    """What is known of one: its ticket, and in how many seconds it is to be tried again."""

    ticket: Ticket
    left: float


class Tries:
    """How often messages were tried that wait here for the next try, not in a delay queue.

    Args:
        store: where it is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> None:
        """Make the table, if it is not there, and forget who was not seen for long."""
        before = self._store.now() - KEEP

        def prepare(connection: sqlite3.Connection) -> None:
            connection.execute(TABLE)
            connection.execute("DELETE FROM gateway_tries WHERE due < ?", (before,))

        await self._store.write(prepare)

    async def keep(self, key: str, ticket: Ticket, wait: float) -> None:
        """It was tried, as `ticket` says, and is tried again in `wait` seconds."""
        row = key, written(ticket), self._store.now() + wait, wait
        query = "INSERT OR REPLACE INTO gateway_tries VALUES (?, ?, ?, ?)"

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(query, row)

        await self._store.write(write)

    async def read(self, key: str) -> Tried | None:
        """What is known of `key`. A clock that was set back does not make it wait for longer than it was to."""
        query = "SELECT ticket, due, wait FROM gateway_tries WHERE key = ?"
        row = await self._store.read(lambda connection: connection.execute(query, (key,)).fetchone())
        if row is None:
            return None
        ticket, due, wait = row
        return Tried(read(ticket), min(wait, max(0.0, due - self._store.now())))

    def forget(self, key: str, batch: Batch) -> None:
        """It was handled: forget it, in the transaction of what became of it."""
        batch.execute("DELETE FROM gateway_tries WHERE key = ?", (key,))


def written(ticket: Ticket) -> bytes:
    """A ticket as it is kept."""
    t = ticket
    lines = tuple((line.at, line.what, line.why) for line in t.history)
    return _codec.encode(
        (t.queue, t.exchange, t.routing_key, t.since, t.retries, t.parked, t.requeued, lines)
    )


def read(kept: bytes) -> Ticket:
    """The ticket that was kept."""
    queue, exchange, routing_key, since, retries, parked, requeued, lines = _codec.decode(kept)
    history = tuple(Line(*line) for line in lines)
    return Ticket(queue, exchange, routing_key, since, retries, parked, requeued, history)
