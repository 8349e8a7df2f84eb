"""Names that all nodes know, as the runtime sees them: what it enters is told, what other nodes tell is found."""

import logging
from collections.abc import ItemsView, Iterator, MutableMapping
from typing import Any

from cybernetic.core import NameConflict
from cybernetic.nodes.directory.entries import Changed, Claim, Lost
from cybernetic.nodes.directory.wide import Wide
from cybernetic.nodes.events import NAME_LOST, NameLost
from cybernetic.runtime import DEAD, signal

_log = logging.getLogger("cybernetic.nodes")


class Names(MutableMapping[str, Any]):
    """The table of names: what the runtime enters is written into the directory, and what that says is found here.

    A name is taken on its own node at once, and known elsewhere when its news arrives; so two nodes that are apart,
    or do it in the same moment, may both give it. Then the later holder keeps it on all nodes, and the other is sent
    an exit signal with `NameConflict`. Agents that serve one node only, as those behind registries do, hold their
    names on that node alone.

    The addresses of agents of other nodes are made when somebody asks for them, and kept. So a node that has very many
    names costs little until they are used, and when it is lost there is nothing to do for the others.
    """

    def __init__(self, exchange: Any) -> None:
        self._exchange, self._directory = exchange, exchange.directory
        self._here: dict[str, Any] = {}  # the agents of this node that names lead to
        self._own: dict[str, Any] = {}  # the agents of this node that claim a name
        self._there = Wide[Any]()  # the agents of other nodes; None: nobody has asked for that one yet

    def begin(self) -> None:
        """Enter what was taken while there was one node only."""
        for name, cell in self._exchange.engine.names.items():
            self[name] = cell

    def get(self, name: str, default: Any = None) -> Any:
        """Who holds a name."""
        cell = self._here.get(name)
        if cell is None and name in self._there:
            cell = self._there.get(name)
            if cell is None or cell._flags & DEAD or cell._way.lost:
                cell = self._find(name)
        return default if cell is None else cell

    def __getitem__(self, name: str) -> Any:
        cell = self.get(name)
        if cell is None:
            raise KeyError(name)
        return cell

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.items()))

    def __len__(self) -> int:
        return len(self.items())

    def items(self) -> ItemsView[str, Any]:
        """Names and who holds them, as they are now."""
        found = {}
        for name, cell in self._there.items():
            if cell is None or cell._flags & DEAD or cell._way.lost:
                cell = self._find(name)
            if cell is not None:
                found[name] = cell
        return (found | self._here).items()

    # What the runtime of this node does.

    def __setitem__(self, name: str, cell: Any) -> None:
        self._here[name] = cell
        if cell._protocol.cls._local_name:
            return
        self._own[name] = cell
        exchange = self._exchange
        exchange.follow(self._directory.claim(name, exchange.stamp(), cell._serial, exchange.path(cell)))

    def __delitem__(self, name: str) -> None:
        if name in self._here:  # one that is on another node frees its name there
            cell = self._here.pop(name)
            if name in self._own and self._own[name] is cell:
                del self._own[name]
                self._exchange.follow(self._directory.release(name, cell._serial))

    # What the directory says.

    def show(self, change: Changed) -> None:
        """A name has another holder, or none."""
        name, holder = change.name, change.holder
        if holder is not None and holder.source == self._directory.me:
            self._there.pop(name)
            return
        cell = self._here.get(name)
        if cell is not None and not cell._protocol.cls._local_name:
            del self._here[name]
        if holder is None:
            self._there.pop(name)
            return
        ref = self._there[name] = self._exchange.seen(holder.source, holder.serial)
        if ref is not None and not ref.gone:
            ref.details().name = name

    def concede(self, lost: Lost) -> None:
        """An agent of this node has lost its name to one of another."""
        name, cell, winner = lost.claim.name, self._own.pop(lost.claim.name), self._whose(lost.winner)
        _log.warning("%r has lost the name %r to %r, which took it later", cell, name, winner)
        if NAME_LOST.listeners:
            NAME_LOST.emit(NameLost(name, cell, winner))
        if self._here.get(name) is cell:
            del self._here[name]
        if not cell.gone:
            cell.details().name = None
            signal(cell, NameConflict(name, winner), None)

    def _find(self, name: str) -> Any:
        """The agent of another node that holds a name; None: it is free, or that this is so is on its way."""
        claim = self._directory.holder(name)
        if claim is None or claim.source == self._directory.me:
            return None
        cell = self._whose(claim)
        if cell.gone:
            return None
        self._there[name] = cell
        return cell

    def _whose(self, claim: Claim) -> Any:
        """The agent of another node that claims a name."""
        ref = self._exchange.ref(claim.source, claim.serial, claim.path)
        if not ref.gone:
            ref.details().name = claim.name
        return ref
