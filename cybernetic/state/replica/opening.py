"""Opening the store that is a replica's own, and closing it however the replica ends."""

import asyncio
import os
from pathlib import Path
from typing import Any

from cybernetic.runtime import Ref, off_death, on_death
from cybernetic.state.store.errors import StoreInUse
from cybernetic.state.store.store import Store

_TRIES, _WAIT = 50, 0.1  # an agent that was killed may need a moment to let go of its store


class Opening:
    """The store of the replica `agent`: one that is open, one of its own in the file at a path, or none."""

    def __init__(self, agent: Ref[Any], place: Store | str | os.PathLike[str] | None) -> None:
        self._agent, self._place = agent, place
        self._own: Store | None = None
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> Store | None:
        """The store, opened if it is its own. Raises `StoreError`."""
        if self._place is None or isinstance(self._place, Store):
            return self._place
        for n in range(_TRIES):
            try:
                self._own = await Store.open(Path(os.fspath(self._place)))
                break
            except StoreInUse:
                if n + 1 == _TRIES:
                    raise
                await asyncio.sleep(_WAIT)
        on_death(self._agent, self._killed)
        return self._own

    async def close(self) -> None:
        """Let go of it, if it is its own."""
        if self._own is not None:
            off_death(self._agent, self._killed)
            await self._own.close()

    def _killed(self, _: Any) -> None:
        if self._own is not None:
            self._closing = asyncio.get_running_loop().create_task(self._own.close())
