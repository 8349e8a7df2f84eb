"""Tables that are one on all nodes: the agents behind groups and topics tell each other who has come and gone.

On a node where nobody has started such an agent, one is made when it is needed, as long as another node has one.
"""

from typing import Any

from cybernetic.naming.host import Host
from cybernetic.runtime import FOREIGN


class SharedHost(Host):
    """A host whose table has agents of other nodes as well; each node tells of its own."""

    def __init__(self, service: Any) -> None:
        super().__init__(service)
        if self._nodes is not None:
            self._nodes.started(self)

    @property
    def _nodes(self) -> Any:
        """What tells other nodes; None as long as there is one only."""
        return self._ref._engine.spread

    def enter(self, key: object, ref: Any) -> None:
        """Enter an agent of this node. Raises `CannotTravel` if other nodes cannot be told of the key."""
        if self._nodes is not None:
            self._nodes.told(self, key, ref, True)
        self._add(key, ref)

    def leave(self, key: object, ref: Any, most: int | None = None) -> bool:
        """Remove entries of an agent; returns whether there was one."""
        gone = self.table.remove(key, ref, most=most)
        if gone and self._nodes is not None and not ref._flags & FOREIGN:
            for entry in gone:
                self._nodes.told(self, entry.key, ref, False)
        return bool(gone)

    def learn(self, key: object, ref: Any, entered: bool) -> None:
        """Another node tells of one of its agents."""
        if ref.gone:
            return
        if entered:
            self._watch_entry(key, ref)
        elif self.table.remove(key, ref, most=1):
            self._settle(ref)

    def _watch_entry(self, key: object, ref: Any) -> None:
        bound, self.bound = self.bound, False  # its own node's host is linked with it
        try:
            self._add(key, ref)
        finally:
            self.bound = bound

    def _removed(self, ref: Any, gone: list[Any]) -> None:
        super()._removed(ref, gone)
        if self._nodes is not None and not ref._flags & FOREIGN:
            for entry in gone:
                self._nodes.told(self, entry.key, ref, False)

    def _close(self, ref: Any) -> None:
        super()._close(ref)
        if self._nodes is not None:
            self._nodes.ended(self)
