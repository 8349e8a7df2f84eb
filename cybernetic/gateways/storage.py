"""The agent that keeps the store of a gateway open."""

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
    """

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self._path, self._shelf = path, shelf

    async def setup(self) -> None:
        """Open the file. Raises a `StoreError` that says why it cannot be."""
        self._shelf.store = await Store.open(self._path)
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
