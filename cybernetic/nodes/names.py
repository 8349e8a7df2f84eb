"""Names that all nodes know: the runtime's table of names, kept alike on every node."""

import logging
from typing import Any

from cybernetic.core import NameConflict, wall
from cybernetic.nodes.events import NAME_LOST, NameLost
from cybernetic.nodes.plan.claims import Changed, Claim, Claims, Effect, Lost, Source
from cybernetic.nodes.remote import ops
from cybernetic.runtime import signal

_log = logging.getLogger("cybernetic.nodes")


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
        self._claims = Claims(cluster.name, cluster.incarnation)
        self._agents: dict[Source, dict[str, Any]] = {}  # of each node, which agent claims a name
        for name, cell in cluster.engine.names.items():  # taken while there was one node only
            self[name] = cell

    # What the runtime of this node does.

    def __setitem__(self, name: str, cell: Any) -> None:
        super().__setitem__(name, cell)
        if cell._protocol.cls._local_name:
            return
        claim = self._claim(name, self._cluster, cell, wall())
        self._note(claim, cell)
        effects = self._claims.claim(claim)
        for peer in self._cluster.linked():
            self._tell(peer, claim)
        self._follow(effects)

    def __delitem__(self, name: str) -> None:
        cell = self[name]
        super().__delitem__(name)
        if getattr(cell, "_way", None) is None and not cell._protocol.cls._local_name:
            self._let_go(self._claim(name, self._cluster, cell), cell)

    # What other nodes tell.

    def learned(self, peer: Any, name: str, ref: Any, stamp: float) -> None:
        """An agent of another node has taken a name."""
        ref.details().name = name
        claim = self._claim(name, peer, ref, stamp)
        self._note(claim, ref)
        self._follow(self._claims.learn(claim))

    def released(self, peer: Any, name: str, ref: Any) -> None:
        """An agent of another node has given up a name, or ended."""
        claim = self._claim(name, peer, ref)
        effects = self._claims.forget(claim)
        self._drop(claim, ref)
        self._follow(effects)

    def lost(self, peer: Any) -> None:
        """A node is out of reach: the names its agents held are free."""
        effects = self._claims.lost(peer.name, peer.incarnation)
        self._agents.pop((peer.name, peer.incarnation), None)
        self._follow(effects)

    def tell_all(self, peer: Any) -> None:
        """Tell a new node which names agents of this one hold."""
        for claim in self._claims.all_local():
            self._tell(peer, claim)

    # Inside.

    def _claim(self, name: str, place: Any, ref: Any, stamp: float = 0.0) -> Claim:
        path = self._cluster.classes.path(ref._protocol)
        return Claim(name, place.name, place.incarnation, ref._serial, stamp, path)

    def _note(self, claim: Claim, ref: Any) -> None:
        self._agents.setdefault(claim.source, {})[claim.name] = ref

    def _drop(self, claim: Claim, ref: Any) -> None:
        """Forget whose claim it was, unless that node has claimed the name for another since."""
        agents = self._agents.get(claim.source, {})
        if agents.get(claim.name) is ref:
            del agents[claim.name]

    def _whose(self, claim: Claim) -> Any:
        return self._agents[claim.source][claim.name]

    def _tell(self, peer: Any, claim: Claim) -> None:
        kind = peer.kind(self._whose(claim)._protocol)
        peer.post((ops.CLAIM, claim.name, claim.serial, kind, claim.stamp))

    def _let_go(self, claim: Claim, cell: Any) -> None:
        """An agent of this node holds a name no more."""
        effects = self._claims.release(claim)
        self._drop(claim, cell)
        self._tell_release(claim, cell)
        self._follow(effects)

    def _tell_release(self, claim: Claim, cell: Any) -> None:
        for peer in self._cluster.linked():
            peer.post((ops.RELEASE, claim.name, claim.serial, peer.kind(cell._protocol)))

    def _follow(self, effects: list[Effect]) -> None:
        """Do what follows from a change."""
        for effect in effects:
            if isinstance(effect, Lost):
                self._concede(effect)
            else:
                self._enter(effect)

    def _enter(self, change: Changed) -> None:
        now = self.get(change.name)
        if now is not None and now._protocol.cls._local_name:
            return
        if change.holder is not None:
            super().__setitem__(change.name, self._whose(change.holder))
        elif now is not None:
            super().__delitem__(change.name)

    def _concede(self, lost: Lost) -> None:
        """An agent of this node has lost its name to one of another."""
        name, cell, winner = lost.claim.name, self._whose(lost.claim), self._whose(lost.winner)
        _log.warning("%r has lost the name %r to %r, which took it later", cell, name, winner)
        if NAME_LOST.listeners:
            NAME_LOST.emit(NameLost(name, cell, winner))
        self._drop(lost.claim, cell)
        self._tell_release(lost.claim, cell)
        if self.get(name) is cell:
            super().__delitem__(name)
        if not cell.gone:
            cell.details().name = None
            signal(cell, NameConflict(name, winner), None)
