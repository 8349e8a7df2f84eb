"""The agent that keeps the store of a gateway open."""

import logging
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cybernetic.core import Reason
from cybernetic.gateways.events import FILLING, InboxFilling
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Agent
from cybernetic.state import Inbox, Store, StoreError

_log = logging.getLogger("cybernetic.gateways")

LOOK = 30.0  # seconds between two looks at how full the inbox is
NEARLY_FULL, MARGIN = 0.8, 0.1  # shares of it


class Storage(Agent):
    """Opens the store before those who use it start, and closes it after they ended. A store that fails ends it.

    Args:
        path: the store's file; its folder must be there.
        shelf: where the others find it.
        schema: statements that make the program's own tables; they must do nothing where these are there.
    """

    def __init__(self, path: Path, shelf: Shelf, schema: Sequence[str] = ()) -> None:
        self._path, self._shelf, self._schema = path, shelf, tuple(schema)
        self._inbox: Inbox
        self._filling = False

    async def setup(self) -> None:
        """Open the file. Raises a `StoreError` that says why it cannot be."""
        left, self._shelf.store = self._shelf.store, None
        if left is not None:  # the agent before was killed
            await left.close()
        store = self._shelf.store = await Store.open(self._path)
        self._inbox = await Inbox.open(store, self._shelf.remember.limits)
        self.ref.every(LOOK).cast(Storage.look)
        for statement in self._schema:
            await store.write(partial(_execute, statement))
        ref = self.ref
        self._shelf.broken = lambda error: ref.cast(Storage.broken, error)

    def look(self) -> None:
        """Say so, once, when the store has room for few more effects, and again after there was room."""
        inbox, was = self._inbox, self._filling
        self._filling = inbox.share >= (NEARLY_FULL - MARGIN if was else NEARLY_FULL)
        if self._filling and not was:
            _log.warning(
                "%s remembers %d effects, %.0f %% of what it may: when it is full, nothing is handled until the "
                "oldest have expired; give the gateway `remember` with larger limits, or its queues a TTL",
                self._path,
                inbox.count,
                100 * inbox.share,
            )
            if FILLING.listeners:
                FILLING.emit(InboxFilling(str(self._path), inbox.count, inbox.share))

    def broken(self, error: StoreError) -> None:
        """What is in memory is not to be trusted any more: end, and be started anew with all who use it."""
        raise error

    async def terminate(self, reason: Reason) -> None:
        """Commit what was accepted, and close the file."""
        self._shelf.broken = None
        store, self._shelf.store = self._shelf.store, None
        if store is not None:
            await store.close()


def _execute(statement: str, connection: sqlite3.Connection) -> None:
    connection.execute(statement)
