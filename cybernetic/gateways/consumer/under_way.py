"""Messages that are on their way round: one that is sent again meanwhile takes the place of the copy, and its tries."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from cybernetic.core import wall
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.consumer.tries import read, written
from cybernetic.state import Batch, Store

TABLES = (
    """
CREATE TABLE IF NOT EXISTS gateway_copies (
    message TEXT PRIMARY KEY,
    copy TEXT NOT NULL,
    ticket BLOB NOT NULL,
    due REAL NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID
""",
    "CREATE TABLE IF NOT EXISTS gateway_passed (copy TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
)
EXPIRED = (
    "DELETE FROM gateway_copies WHERE until < ?",
    "DELETE FROM gateway_passed WHERE until < ?",
)
BEHIND = 3600.0  # seconds for which one that comes back may be waiting behind others
TIDY = 1000  # messages beyond which those are looked for that did not come back


class _Known(NamedTuple):
    """The copy that is under way; when it is to come back, and until when it may."""

    copy: str
    due: float
    until: float


class UnderWay:
    """Which messages wait in a delay queue, or behind it, and by which copy.

    A message counts as under way until it rests, or an hour after it was to come back. Nobody can tell whether its
    copy is still there: a broker may have lost it. So one that came anew, and failed, is not dropped for that: its
    copy takes the place of the one under way, which is passed over if it does come back.

    Args:
        store: where it is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, _Known] = {}  # as committed; nobody is asked for the disk at each message
        self._passed: dict[str, float] = {}  # copies in whose place others went, and until when they may come
        self._tidy_at = TIDY

    async def open(self) -> None:
        """Make the tables, if they are not there, forget who did not come back, and read the others."""
        now = self._store.now()

        def prepare(connection: sqlite3.Connection) -> tuple[dict[str, _Known], dict[str, float]]:
            for table in TABLES:
                connection.execute(table)
            for expired in EXPIRED:
                connection.execute(expired, (now,))
            known = connection.execute("SELECT message, copy, due, until FROM gateway_copies")
            passed = connection.execute("SELECT copy, until FROM gateway_passed")
            return {message: _Known(*rest) for message, *rest in known}, dict(passed.fetchall())

        self._known, self._passed = await self._store.write(prepare)

    def copy(self, message: str) -> str:
        """The name of its copy that is under way; "" for none. `message` names it, as `same_of` does."""
        known = self._known.get(message)
        return "" if known is None or known.until < self._store.now() else known.copy

    def is_passed(self, copy: str) -> bool:
        """Whether another copy of the same message took the place of this one."""
        return copy in self._passed

    async def resumed(self, message: str, ticket: Ticket) -> Ticket:
        """The ticket of what came anew and failed: it goes on from where its copy is that is under way, if one is.

        Its failure counts as the try which that copy is due for, if it is due. Before that it counts as none: many
        that come at once use up no tries.
        """
        known, copy = self._known.get(message), self.copy(message)
        if known is None or not copy:
            return ticket
        query = "SELECT ticket FROM gateway_copies WHERE message = ? AND copy = ?"
        row = await self._store.read(lambda connection: connection.execute(query, (message, copy)).fetchone())
        if row is None:
            return ticket
        before: Ticket = read(row[0])
        retries = before.retries - (self._store.now() < known.due)
        if retries <= ticket.retries:
            return ticket
        why = f"while a copy of it was under way, after {before.retries} retries, whose place it takes"
        return replace(ticket, history=before.history).noted(wall(), "came anew", why, retries=retries)

    def begin(
        self, message: str, copy: str, ticket: Ticket, wait: float, batch: Batch, instead: str = ""
    ) -> Callable[[], None]:
        """A copy of it goes into a delay queue, for `wait` seconds, with the batch that sends it there.

        Args:
            message: names the message.
            copy: names the copy.
            ticket: that of the copy.
            wait: seconds.
            batch: what this is written with. Call what is returned when that is committed.
            instead: names the copy under way in whose place it goes. Default "": it goes in nobody's.
        """
        now, before = self._store.now(), self._known.get(message)
        due = before.due if instead and before is not None and before.due > now else now + wait
        known = _Known(copy, due, now + wait + BEHIND)
        row = (message, copy, written(ticket), known.due, known.until)
        batch.execute("INSERT OR REPLACE INTO gateway_copies VALUES (?, ?, ?, ?, ?)", row)
        batch.execute("DELETE FROM gateway_passed WHERE copy = ?", (copy,))  # of another of the same name
        passed = self._pass(message, instead, batch) if instead != copy else {}
        tidy = len(self._known) + len(self._passed) >= self._tidy_at
        if tidy:
            for expired in EXPIRED:
                batch.execute(expired, (now,))
        return partial(self._began, message, known, passed, tidy)

    def end(self, message: str, batch: Batch, instead: str = "") -> Callable[[], None]:
        """It is not any more: it rests, perhaps `instead` of this copy. Call what is returned when it is committed."""
        batch.execute("DELETE FROM gateway_copies WHERE message = ?", (message,))
        return partial(self._ended, message, self._pass(message, instead, batch))

    def _pass(self, message: str, copy: str, batch: Batch) -> dict[str, float]:
        """Note that a copy is passed over, for as long as it may still come."""
        known = self._known.get(message)
        if not copy or known is None:
            return {}
        batch.execute("INSERT OR REPLACE INTO gateway_passed VALUES (?, ?)", (copy, known.until))
        return {copy: known.until}

    def _began(self, message: str, known: _Known, passed: dict[str, float], tidy: bool) -> None:
        self._passed.pop(known.copy, None)
        self._passed |= passed
        self._known[message] = known
        if tidy:
            now = self._store.now()
            self._known = {name: known for name, known in self._known.items() if known.until >= now}
            self._passed = {name: until for name, until in self._passed.items() if until >= now}
            self._tidy_at = 2 * (len(self._known) + len(self._passed)) + TIDY

    def _ended(self, message: str, passed: dict[str, float]) -> None:
        self._passed |= passed
        self._known.pop(message, None)
