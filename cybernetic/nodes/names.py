"""Names that all nodes know: the runtime's table of names, kept alike on every node."""

import logging
from typing import Any, NamedTuple

from cybernetic.core import NameConflict, wall
from cybernetic.nodes.events import NAME_LOST, NameLost
from cybernetic.nodes.remote import ops
from cybernetic.runtime import signal

_log = logging.getLogger("cybernetic.nodes")


class Held(NamedTuple):
    """One agent's hold of a name. Of several the greatest wins: the later, then by node and serial (EX-4)."""

    stamp: float
    node: str
    serial: int
    ref: Any


class Names(dict[str, Any]):
    """The table of names: what the runtime enters is told to all nodes, and what they tell is entered.

    A name is taken on its own node at once, and known elsewhere when its news arrives; so two nodes that are apart,
    or do it in the same moment, may both give it. Then the later holder keeps it on all nodes, and the other is sent
    an exit signal with `NameConflict`. Agents that serve one node only, as those behind registries do, hold their
    names on that node alone.
    """

    def __init__(self, cluster: Any) -> None:
        super().__init__()
        self._cluster = cluster
        self._held: dict[str, dict[str, Held]] = {}  # name -> node -> who holds it there

    # What the runtime of this node does.

    def __setitem__(self, name: str, cell: Any) -> None:
        super().__setitem__(name, cell)
        if cell._protocol.cls._local_name:
            return
        held = Held(wall(), self._cluster.name, cell._serial, cell)
        self._held.setdefault(name, {})[held.node] = held
        for peer in self._cluster.peers.values():
            self._tell(peer, name, held)

    def __delitem__(self, name: str) -> None:
        cell = self[name]
        super().__delitem__(name)
        self._let_go(name, cell)

    # What other nodes tell.

    def learned(self, peer: Any, name: str, ref: Any, stamp: float) -> None:
        """An agent of another node has taken a name."""
        ref.details().name = name
        held = Held(stamp, peer.name, ref._serial, ref)
        self._held.setdefault(name, {})[peer.name] = held
        self._settle(name)

    def released(self, peer: Any, name: str, serial: int) -> None:
        """An agent of another node has given up a name, or ended."""
        here = self._held.get(name, {})
        held = here.get(peer.name)
        if held is not None and held.serial == serial:
            del here[peer.name]
            self._settle(name)

    def lost(self, peer: Any) -> None:
        """A node is out of reach: the names its agents held are free."""
        for name in [name for name, here in self._held.items() if peer.name in here]:
            del self._held[name][peer.name]
            self._settle(name)

    def tell_all(self, peer: Any) -> None:
        """Tell a new node which names agents of this one hold."""
        for name, here in self._held.items():
            if self._cluster.name in here:
                self._tell(peer, name, here[self._cluster.name])

    # Inside.

    def _tell(self, peer: Any, name: str, held: Held) -> None:
        kind = peer.kind(held.ref._protocol)
        peer.post((ops.CLAIM, name, held.serial, kind, held.stamp))

    def _let_go(self, name: str, cell: Any) -> None:
        """An agent of this node holds a name no more."""
        here = self._held.get(name, {})
        held = here.get(self._cluster.name)
        if held is not None and held.ref is cell:
            del here[self._cluster.name]
            self._cluster.everyone((ops.RELEASE, name, cell._serial))
            self._settle(name)

    def _settle(self, name: str) -> None:
        """See who holds a name after a change; one of this node that does not any more is told."""
        here = self._held.get(name, {})
        if not here:
            self._held.pop(name, None)
        best = max(here.values(), key=lambda held: held[:3], default=None)
        now = self.get(name)
        if now is not None and now._protocol.cls._local_name:
            return
        if best is None:
            if now is not None:
                super().__delitem__(name)
            return
        super().__setitem__(name, best.ref)
        own = here.get(self._cluster.name)
        if own is not None and own is not best:
            self._concede(name, own, best.ref)

    def _concede(self, name: str, own: Held, winner: Any) -> None:
        """An agent of this node has lost its name to one of another."""
        _log.warning("%r has lost the name %r to %r, which took it later", own.ref, name, winner)
        if NAME_LOST.listeners:
            NAME_LOST.emit(NameLost(name, own.ref, winner))
        self._let_go(name, own.ref)
        own.ref.details().name = None
        signal(own.ref, NameConflict(name, winner), None)
