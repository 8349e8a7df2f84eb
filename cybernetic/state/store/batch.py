"""`Batch`: the writes of one effect, recorded while it is worked out, and executed whole or not at all."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeVar

from cybernetic.core import OptionError
from cybernetic.state.store.box import Row
from cybernetic.state.store.checks import as_key, blob, expiry, measure
from cybernetic.state.store.errors import OutboxFull
from cybernetic.state.store.inbox import Inbox
from cybernetic.state.store.journal import Journal
from cybernetic.state.store.lent import Lent
from cybernetic.state.store.outbox import Outbox
from cybernetic.state.store.room import Room
from cybernetic.state.store.rows import insert
from cybernetic.state.store.schema import ROWS
from cybernetic.state.store.store import Store
from cybernetic.state.store.streams import Note, append, close, note

R = TypeVar("R")

Parameters = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a batch.

    `seen`: its key was known already, so that nothing of it took effect; `result` is then what the key is known with,
    and empty otherwise. `numbers` are those of the messages it sent, `positions` those of the events it noted.
    """

    seen: bool = False
    result: bytes = b""
    numbers: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()


class Batch:
    """Writes to `store` that take effect together, in one commit: `await store.commit(batch)`.

    Recording holds no lock and waits for nothing. Executed are: `once`; what `execute` and `run` have recorded, in
    their order; then the messages, then the events. `outbox`, `inbox` and `journal` are what `send`, `once`, and
    `note` and `close` are about; each default None. Used on the store's event loop, and committed once: again only
    where that has failed.
    """

    def __init__(
        self,
        store: Store,
        *,
        outbox: Outbox | None = None,
        inbox: Inbox | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._store, self._outbox, self._inbox, self._journal = store, outbox, inbox, journal
        self._key: tuple[bytes, bytes, float] | None = None
        self._anyway = False  # whether it takes effect also where the key is known
        self._calls: list[Callable[[sqlite3.Connection], object]] = []
        self._messages: list[tuple[int, tuple[str, str, bytes, bytes]]] = []
        self._notes: list[Note] = []
        self._rows: list[Row] = []  # the messages, as soon as they have their numbers
        self._closed: list[str] = []
        self._size = self._noted = 0  # bytes of the messages, and of the events
        self._held: list[tuple[Room, int, int, float | None]] = []  # room held for what will come to be
        self._gone: list[tuple[Room, int, int]] = []  # and what will be deleted: how many, of how many bytes
        self._over = False

    def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Execute one statement, on the program's own tables. What SQLite says of it, `commit` raises."""
        values = dict(parameters) if isinstance(parameters, Mapping) else tuple(parameters)
        self._calls.append(partial(_execute, sql, values))

    def run(self, fn: Callable[[sqlite3.Connection], object]) -> None:
        """Call `fn(connection)` on the writer's thread, to decide and write there; see `Store.write`.

        Where others made SQLite undo what was written with it, it is called again, several times even; only what it
        wrote is undone before. Raises `OptionError` for an async function or a generator function, of which nothing
        would run.
        """
        kinds = iscoroutinefunction, isgeneratorfunction, isasyncgenfunction
        whole: Any = fn
        if not callable(whole) or any(is_one(whole) or is_one(whole.__call__) for is_one in kinds):
            raise OptionError("fn", "a function that has done its work when it returns", fn)
        self._calls.append(fn)

    def send(
        self, exchange: str, routing_key: str, body: bytes, headers: bytes = b"", *, late: bool = False
    ) -> None:
        """Put a message into the outbox.

        Raises `OutboxFull` if it does not fit now, and `OptionError` for what is no text or bytes or could never fit.
        With `late` (default False) only that it never could: whether it fits is seen when the batch is committed.
        """
        outbox = _given("outbox", self._outbox)
        size = measure(exchange, routing_key, body, headers)
        try:
            outbox.box.room.check(len(self._messages) + 1, self._size + size)
        except OutboxFull:
            if not late:
                raise
        self._messages.append((size, (exchange, routing_key, body, headers)))
        self._size += size

    def note(self, stream: str, event: bytes, kind: str = "") -> None:
        """Append an event to a stream of the journal. Raises `JournalFull` and `OptionError` as `send` does."""
        journal = _given("journal", self._journal)
        item = note(stream, event, kind, self._store.now())
        journal.account.check(len(self._notes) + 1, self._noted + item[4])
        self._notes.append(item)
        self._noted += item[4]

    def close(self, stream: str) -> None:
        """End a stream of the journal, before the batch's own events are appended."""
        _given("journal", self._journal)
        self._closed.append(stream)

    def once(
        self, key: str | bytes, result: bytes = b"", expires: float | None = None, *, anyway: bool = False
    ) -> None:
        """Have the batch take effect only if `key` is not known; it is known from then on, with `result`.

        `expires`, in seconds since the epoch: until then it must be remembered; default None, as long as the inbox
        keeps one. With `anyway` it takes effect also if the key is known, and gives it another result. Called again, it
        replaces the key. Raises `OptionError`.
        """
        inbox = _given("inbox", self._inbox)
        until = expiry(expires, self._store.now() + inbox.keep)
        self._key, self._anyway = (as_key(key), blob("result", result), until), anyway

    async def read(self, fn: Callable[[sqlite3.Connection], R]) -> R:
        """Call `fn(connection)` on a reader's thread; it sees what is committed, and nothing of this batch."""
        return await self._store.read(fn)

    async def admit(self) -> None:
        """For `Store.commit`: hold room for all of it. Raises `InboxFull`, `OutboxFull`, `JournalFull`."""
        if self._over:
            raise OptionError("batch", "one that was not committed before", self)
        now = self._store.now()
        if self._inbox and self._key:
            size = len(self._key[0]) + len(self._key[1])
            await self._inbox.memory.enter(1, size)
            self._held.append((self._inbox.memory.room, 1, size, None))
        try:
            if self._outbox and self._messages:
                self._enter(self._outbox.box.room, len(self._messages), self._size, now)
            if self._journal and self._notes:
                self._enter(self._journal.account, len(self._notes), self._noted, now)
        except BaseException:
            self._let_go()
            raise
        if self._outbox:
            self._rows = [self._outbox.box.row(size, now, *message) for size, message in self._messages]
        self._over = True

    def apply(self, connection: Lent) -> Committed:
        """For `Store.commit`, on the writer's thread: execute it; again, where that was undone."""
        self._gone.clear()
        if self._inbox and self._key:
            key, result, expires = self._key
            known = self._inbox.memory.add(connection, key, expires, result)
            if known is not None and not self._anyway:
                return Committed(seen=True, result=known)
            if known is not None:  # it takes the place of what was known
                self._inbox.memory.renew(connection, key, expires, result)
                self._gone.append((self._inbox.memory.room, 1, len(key) + len(known)))
            self._gone.append(
                (self._inbox.memory.room, *self._inbox.memory.tidy(connection, self._store.now()))
            )
        for call in self._calls:
            connection.lend(call)
        connection.check()
        for stream in self._closed:
            _, count, size = close(connection, stream)
            self._gone.append((_given("journal", self._journal).account, count, size))
        insert(connection, "cybernetic_outbox", self._rows)
        positions = append(connection, self._notes) if self._notes else ()
        return Committed(numbers=tuple(row[0] % ROWS for row in self._rows), positions=tuple(positions))

    def settle(self, done: Committed | None) -> None:
        """For `Store.commit`: count out what was deleted, or what was not written after all."""
        if done is None:  # it may be committed again
            self._over = False
        if done is None or done.seen:
            self._let_go()
        else:
            for room, count, size in self._gone:
                if count:
                    room.leave(count, size)
            if self._outbox and self._rows:
                self._outbox.box.room.came(self._rows[0][2])

    def _enter(self, room: Room, count: int, size: int, now: float) -> None:
        room.enter(count, size, now)
        self._held.append((room, count, size, now))

    def _let_go(self) -> None:
        while self._held:
            room, count, size, at = self._held.pop()
            room.leave(count, size, at)


def _execute(sql: str, values: Any, connection: sqlite3.Connection) -> None:
    try:
        connection.execute(sql, values)
    except sqlite3.Error as error:
        error.add_note(f"in the statement: {sql}")
        raise


def _given(name: str, part: R | None) -> R:
    if part is None:
        raise OptionError(name, "one that the batch was made with", part)
    return part
