"""Names that all nodes know: the runtime's table of names, which shows what the directory says."""

import logging
from typing import Any

from cybernetic.core import NameConflict
from cybernetic.nodes.directory.entries import Changed, Claim, Lost
from cybernetic.nodes.events import NAME_LOST, NameLost
from cybernetic.runtime import signal

_log = logging.getLogger("cybernetic.nodes")


class Names(dict[str, Any]):
    """The table of names: what the runtime enters is written into the directory, and what that says is entered.

    A name is taken on its own node at once, and known elsewhere when its news arrives; so two nodes that are apart,
    or do it in the same moment, may both give it. Then the later holder keeps it on all nodes, and the other is sent
    an exit signal with `NameConflict`. Agents that serve one node only, as those behind registries do, hold their
    names on that node alone.
    """

    def __init__(self, exchange: Any) -> None:
        super().__init__()
        self._exchange, self._directory = exchange, exchange.directory
        self._own: dict[str, Any] = {}  # the agents of this node that claim a name

    def begin(self) -> None:
        """Enter what was taken while there was one node only."""
        for name, cell in self._exchange.engine.names.items():
            self[name] = cell

    # What the runtime of this node does.

    def __setitem__(self, name: str, cell: Any) -> None:
        super().__setitem__(name, cell)
        if cell._protocol.cls._local_name:
            return
        self._own[name] = cell
        exchange = self._exchange
        exchange.follow(self._directory.claim(name, exchange.stamp(), cell._serial, exchange.path(cell)))

    def __delitem__(self, name: str) -> None:
        cell = self[name]
        super().__delitem__(name)
        if name in self._own and self._own[name] is cell:
            del self._own[name]
            self._exchange.follow(self._directory.release(name, cell._serial))
        elif cell._protocol.cls._local_name:
            self.show(Changed(name, self._directory.holder(name)))

    # What the directory says.

    def show(self, change: Changed) -> None:
        """A name has another holder, or none."""
        now = self.get(change.name)
        if now is not None and now._protocol.cls._local_name:
            return
        if change.holder is not None:
            super().__setitem__(change.name, self._whose(change.holder))
        elif now is not None:
            super().__delitem__(change.name)

    def concede(self, lost: Lost) -> None:
        """An agent of this node has lost its name to one of another."""
        name, cell, winner = lost.claim.name, self._own.pop(lost.claim.name), self._whose(lost.winner)
        _log.warning("%r has lost the name %r to %r, which took it later", cell, name, winner)
        if NAME_LOST.listeners:
            NAME_LOST.emit(NameLost(name, cell, winner))
        if self.get(name) is cell:
            super().__delitem__(name)
            self.show(Changed(name, lost.winner))
        if not cell.gone:
            cell.details().name = None
            signal(cell, NameConflict(name, winner), None)

    def _whose(self, claim: Claim) -> Any:
        """The agent that claims a name."""
        if claim.source == self._directory.me:
            return self._own[claim.name]
        ref = self._exchange.ref(claim.source, claim.serial, claim.path)
        ref.details().name = claim.name
        return ref
