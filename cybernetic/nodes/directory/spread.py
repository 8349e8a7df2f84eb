"""What groups and topics share between nodes: each node writes who of its own agents is in which."""

import logging
from typing import Any

from cybernetic.core import CannotTravel, Kill
from cybernetic.naming import SharedHost
from cybernetic.nodes.directory.entries import Closed, Entered, Left, Seat
from cybernetic.runtime import signal, spawn
from cybernetic.wire import WireError

_log = logging.getLogger("cybernetic.nodes")


class Spread:
    """The hosts of this node, the agents behind groups and topics, which show what the directory says.

    A service is known by its name and its agent's class. `find` makes a host for one that only other nodes have
    started; it ends with the last of theirs.
    """

    def __init__(self, exchange: Any) -> None:
        self._exchange, self._directory = exchange, exchange.directory
        self._hosts: dict[str, Any] = {}  # started here, by name
        self._stands: dict[str, Any] = {}  # made here because another node has one
        self._making = False

    def begin(self) -> None:
        """Write down what there was while there was one node only."""
        for cell in list(self._exchange.engine.agents.values()):
            host = cell._agent
            if isinstance(host, SharedHost):
                self._hosts[host.service.name] = host
                self._exchange.follow(self._directory.open(host.service.name))
                for entry in host.table:
                    self._begun(host, entry)

    # What hosts of this node say.

    def started(self, host: Any) -> None:
        """A host has started: it learns what is known, and other nodes learn of it."""
        name = host.service.name
        if not self._making:
            self._hosts[name] = host
            self._put_away(name)
            self._exchange.follow(self._directory.open(name))
        for seat in self._directory.seats(name):
            self._learn(host, seat, True)

    def ended(self, host: Any) -> None:
        """A host has ended, and with it all its entries."""
        name = host.service.name
        for hosts in (self._stands, self._hosts):
            if hosts.get(name) is host:
                del hosts[name]
                self._exchange.follow(self._directory.close(name))

    def told(self, host: Any, key: object, ref: Any, entered: bool) -> None:
        """A host is about to enter an agent of this node, or has removed one. Raises `CannotTravel`."""
        data = self._exchange.encode(key)
        if entered:
            effects = self._directory.enter(host.service.name, data, ref._serial, self._exchange.path(ref))
        else:
            effects = self._directory.leave(host.service.name, data, ref._serial)
        self._exchange.follow(effects)

    def find(self, service: Any) -> Any:
        """The host of a service that other nodes have; None if none has it."""
        name = service.name
        if not self._directory.served(name):
            return None
        if name not in self._stands:
            self._making = True
            try:
                ref = spawn(self._exchange.engine, service.agent, (service,), now=True)
            finally:
                self._making = False
            if ref._agent is None:
                return None
            self._stands[name] = ref._agent
        return self._stands[name]

    # What the directory says.

    def follow(self, effect: Entered | Left | Closed) -> None:
        """An agent of another node has come or gone, or the last host of a service elsewhere has ended."""
        if isinstance(effect, Closed):
            self._put_away(effect.service)
            return
        service = effect.seat.service
        host = self._hosts.get(service) or self._stands.get(service)
        if host is not None:
            self._learn(host, effect.seat, isinstance(effect, Entered))

    # Inside.

    def _begun(self, host: Any, entry: Any) -> None:
        try:
            self.told(host, entry.key, entry.ref, True)
        except CannotTravel as error:
            _log.warning("a member of %r is known on this node alone: %s", host.service.name, error)

    def _learn(self, host: Any, seat: Seat, entered: bool) -> None:
        try:
            key = self._exchange.decode(seat.key)
        except WireError as error:
            if entered:
                _log.warning("a member of %r is not known on this node: %s", seat.service, error)
            return
        ref = self._exchange.ref(seat.source, seat.serial, seat.path)
        host.learn(key, ref, entered)

    def _put_away(self, name: str) -> None:
        """What was made here because another node had a host is needed no more."""
        host = self._stands.get(name)
        if host is not None:
            self.ended(host)
            signal(host.ref, Kill(), None)
