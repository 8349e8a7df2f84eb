"""What groups and topics share between nodes: each node tells the others who of its own agents is in which."""

from typing import Any

from cybernetic.core import Kill
from cybernetic.naming import SharedHost
from cybernetic.nodes.remote import ops
from cybernetic.runtime import FOREIGN, signal, spawn

Told = tuple[object, Any]  # key, agent


class Spread:
    """The hosts of this node, and what other nodes have told of theirs.

    A service is known by its name and its agent's class. `find` makes a host for one that only other nodes have
    started; it ends with the last of theirs.
    """

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        agents = [cell._agent for cell in cluster.engine.agents.values()]
        found = [agent for agent in agents if isinstance(agent, SharedHost)]
        self._hosts: dict[str, Any] = {host.service.name: host for host in found}  # started here, by name
        self._stands: dict[str, Any] = {}  # made here because another node has one
        self._making = False
        self._elsewhere: dict[str, dict[Any, list[Told]]] = {}  # name -> node -> who it said is in

    # What hosts of this node say.

    def started(self, host: Any) -> None:
        """A host has started: it learns what is known, and other nodes learn of it."""
        name = host.service.name
        if not self._making:
            self._hosts[name] = host
            self._put_away(name)
            self._cluster.everyone((ops.SERVICE, name, True))
        for told in self._elsewhere.get(name, {}).values():
            for key, ref in told:
                host.learn(key, ref, True)

    def ended(self, host: Any) -> None:
        """A host has ended, and with it all its entries."""
        name = host.service.name
        if self._stands.get(name) is host:
            del self._stands[name]
        elif self._hosts.get(name) is host:
            del self._hosts[name]
            self._cluster.everyone((ops.SERVICE, name, False))

    def told(self, host: Any, key: object, ref: Any, entered: bool) -> None:
        """A host has entered an agent of this node, or removed one. Raises `CannotTravel`."""
        for peer in self._cluster.linked():
            self._tell(peer, host.service.name, key, ref, entered)

    def find(self, service: Any) -> Any:
        """The host of a service that other nodes have; None if none has it."""
        name = service.name
        if name not in self._elsewhere:
            return None
        if name not in self._stands:
            self._making = True
            try:
                ref = spawn(self._cluster.engine, service.agent, (service,), now=True)
            finally:
                self._making = False
            if ref._agent is None:
                return None
            self._stands[name] = ref._agent
        return self._stands[name]

    # What other nodes say.

    def heard(self, peer: Any, name: str, running: bool) -> None:
        """A host of that name has started or ended on another node."""
        if running:
            self._elsewhere.setdefault(name, {}).setdefault(peer, [])
            return
        told = self._elsewhere.get(name, {}).pop(peer, [])
        for key, ref in told:
            self._learn(name, key, ref, False)
        self._unneeded(name)

    def changed(self, peer: Any, name: str, key: object, ref: Any, entered: bool) -> None:
        """An agent of another node has come or gone."""
        told = self._elsewhere.setdefault(name, {}).setdefault(peer, [])
        if entered:
            told.append((key, ref))
        elif (key, ref) in told:
            told.remove((key, ref))
        self._learn(name, key, ref, entered)

    def lost(self, peer: Any) -> None:
        """A node is out of reach; its agents are forgotten as any that end."""
        for name in tuple(self._elsewhere):
            self._elsewhere[name].pop(peer, None)
            self._unneeded(name)

    def tell_all(self, peer: Any) -> None:
        """Tell a new node all there is."""
        for name, host in (*self._hosts.items(), *self._stands.items()):
            if name in self._hosts:
                peer.post((ops.SERVICE, name, True))
            for entry in host.table:
                if getattr(entry.ref, "_way", None) is None:
                    self._tell(peer, name, entry.key, entry.ref, True)

    # Inside.

    def _tell(self, peer: Any, name: str, key: object, ref: Any, entered: bool) -> None:
        peer.post((ops.MEMBER, name, key, ref._serial, peer.kind(ref._protocol), entered))

    def _learn(self, name: str, key: object, ref: Any, entered: bool) -> None:
        host = self._hosts.get(name) or self._stands.get(name)
        if host is not None:
            host.learn(key, ref, entered)

    def _unneeded(self, name: str) -> None:
        """The last other node has ended its host: what was made here because of it ends too."""
        if name in self._elsewhere and not self._elsewhere[name]:
            del self._elsewhere[name]
            self._put_away(name)

    def _put_away(self, name: str) -> None:
        host = self._stands.pop(name, None)
        if host is not None:
            for entry in host.table:
                if not entry.ref._flags & FOREIGN:
                    self.told(host, entry.key, entry.ref, False)
            signal(host.ref, Kill(), None)
