"""Agents on other nodes: the address of one, as far as the runtime of this node is concerned with it."""

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from cybernetic.core import CannotTravel, Reason
from cybernetic.runtime.cell import Entry, Ref, dead_letter, function_name
from cybernetic.runtime.flags import FOREIGN
from cybernetic.runtime.life import deliver
from cybernetic.runtime.mailbox import inside
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.timers import due

A_co = TypeVar("A_co", covariant=True)

_log = logging.getLogger("cybernetic.nodes")


class Foreign(Ref[A_co]):
    """The address of an agent on another node, and what is known of it here: its links, and who watches it.

    The room above says how things get there. What this node's runtime would do to a record of its own it asks for
    by these methods. When its end is heard of, `depart` makes it an ordinary dead address. `_way` leads to its node,
    and has its `name`; `_methods` are the words by which methods are named there.
    """

    __slots__ = ()

    def __init__(self, engine: Any, protocol: Protocol, serial: int, way: Any) -> None:
        super().__init__(engine, protocol, serial)
        self._methods = protocol.words  # type: ignore[assignment]
        self._flags = FOREIGN
        self._way = way

    def put(self, entry: Entry) -> None:
        """Send what the runtime itself delivers: what `tell` said, or what a timer carried."""
        fn, args, kwargs = inside(entry)
        if fn is deliver:
            self.told(args[0], entry[3])
        elif entry[0] is not due:
            raise CannotTravel(function_name(fn), fn)
        else:
            try:
                self._admit((fn, args, kwargs or None, entry[3], None))
            except CannotTravel as error:  # nobody is there to be told but the log
                _log.error("a timer's message for %r was dropped: %s", self, error)
                dead_letter(self._engine, self, args, entry[3], "cannot travel")

    put_first = put_control = put

    def length(self) -> int:
        """Nothing is known of its mailbox here."""
        return 0

    @abstractmethod
    def told(self, message: object, sender: Any) -> None:
        """Have `message` delivered to `receive`, past any limit of the mailbox."""

    @abstractmethod
    def signalled(self, reason: Reason, sender: Any) -> None:
        """Send an exit signal."""

    @abstractmethod
    def asked_to_stop(self, reason: Reason, sender: Any) -> None:
        """Send a request to stop (CALL-11)."""

    @abstractmethod
    def linked_with(self, cell: Any) -> None:
        """An agent of this node has linked to it: its node is to know, and to tell of its end."""

    @abstractmethod
    def unlinked_from(self, cell: Any) -> None:
        """The link was undone."""

    @abstractmethod
    def watched(self) -> None:
        """Somebody here wants to know of its end: its node is to tell, once."""

    if not TYPE_CHECKING:

        @abstractmethod
        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""

        async def call(self, method, /, *args, **kwargs):
            """As `Address.call`."""
            return await self._request(method, args, kwargs or None, self._seconds())
