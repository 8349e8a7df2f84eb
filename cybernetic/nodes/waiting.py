"""What waits at a node: for others to be linked or lost, and for this node to leave."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from cybernetic.nodes.remote.peer import Peer


class Waiting:
    """The part of a cluster that lets others wait for its peers.

    Attributes:
        peers: the nodes linked or about to be, by name.
    """

    engine: Any

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def is_linked(self, name: str) -> bool:
        """Whether a node of that name is linked with this one."""
        peer = self.peers.get(name)
        return peer is not None and peer.link is not None

    def linked(self) -> list[Peer]:
        """The nodes that are linked with this one."""
        return [peer for peer in self.peers.values() if peer.link is not None]

    def settled(self) -> "asyncio.Future[None]":
        """A future that is done when every node known of is linked, and has told whom it knows."""
        return self.when(lambda: all(peer.link and peer.introduced for peer in self.peers.values()))

    def when(self, true: Callable[[], bool]) -> "asyncio.Future[None]":
        """A future that is done when `true()` is, looked at whenever a node is linked or lost."""
        future: asyncio.Future[None] = self.engine.loop.create_future()
        self._waits.append((true, future))
        self.look()
        return future

    def lost(self, name: str) -> "asyncio.Future[None]":
        """A future that is done when there is no node of that name."""
        return self.when(lambda: name not in self.peers)

    def look(self) -> None:
        """See whether what somebody waits for is so now."""
        for wait in tuple(self._waits):
            true, future = wait
            if future.done():
                self._waits.remove(wait)
            elif true():
                self._waits.remove(wait)
                future.set_result(None)

    def task(self, work: Coroutine[Any, Any, object]) -> "asyncio.Task[Any]":
        """Do some work, at the latest until this node leaves."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
