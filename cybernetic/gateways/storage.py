"""The agent that keeps the store of a gateway open."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cybernetic.core import Reason
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Agent
from cybernetic.state import Store, StoreError


class Storage(Agent):
    """Opens the store before those who use it start, and closes it after they ended. A store that fails ends it.

    Args:
        path: the store's file; its folder must be there.
        shelf: where the others find it.
        schema: statements that make the program's own tables; they must do nothing where these are there.
    """

    def __init__(self, path: Path, shelf: Shelf, schema: Sequence[str] = ()) -> None:
        self._path, self._shelf, self._schema = path, shelf, tuple(schema)

    async def setup(self) -> None:
        """Open the file. Raises a `StoreError` that says why it cannot be."""
        left, self._shelf.store = self._shelf.store, None
        if left is not None:  # the agent before was killed
            await left.close()
        store = self._shelf.store = await Store.open(self._path)
        for statement in self._schema:
            await store.write(partial(_execute, statement))
        ref = self.ref
        self._shelf.broken = lambda error: ref.cast(Storage.broken, error)

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
