"""What the agents behind registries, groups and topics share: they forget agents that end, in the same moment."""

from typing import Any

from cybernetic.core import Exit
from cybernetic.naming.table import Table
from cybernetic.runtime import Agent, off_death, on_death


class Host(Agent):
    """Keeps a table of agents, and is told of their ends by the runtime itself, before anybody else is (P-10).

    With `bound`, its end is an exit signal to those in the table, as if they were linked, so that they come back
    through their supervisors and enter themselves again (REG-10).

    Args:
        service: what it is the agent of.
        unique: whether a key of its table has one holder at most.
    """

    trap_exit = True
    _local_name = True
    bound = True

    def __init__(self, service: Any, unique: bool = False) -> None:
        self.service = service
        self.table = Table(unique)
        self._others: set[Any] = set()  # agents that matter, though they are not in the table
        on_death(self.ref, self._close)

    def receive(self, message: Any) -> None:
        """The end of an agent that was in the table: known already. Anything else is logged."""
        if not isinstance(message, Exit):
            super().receive(message)

    def _add(self, key: object, ref: Any, value: object = None) -> None:
        """Enter an agent. Raises `AlreadyRegistered`, `OptionError`, and `NotRunning` if it has ended."""
        on_death(ref, self._forget)
        try:
            self.table.add(key, ref, value)
        finally:
            self._settle(ref)
        if self.bound:
            self.link(ref)

    def _settle(self, ref: Any) -> None:
        """See whether an agent still matters; the link is dropped with its last key (REG-10)."""
        if self.table.holds(ref):
            return
        if self.bound:
            self.unlink(ref)
        if ref not in self._others:
            off_death(ref, self._forget)

    def _watch(self, ref: Any) -> None:
        """Be told of the end of an agent that is not in the table."""
        on_death(ref, self._forget)
        self._others.add(ref)

    def _unwatch(self, ref: Any) -> None:
        """Undo `_watch`."""
        self._others.discard(ref)
        self._settle(ref)

    def _forget(self, ref: Any) -> None:
        """Called by the runtime: an agent has ended."""
        self._others.discard(ref)
        self._removed(ref, self.table.forget(ref))

    def _removed(self, ref: Any, gone: list[Any]) -> None:
        """An agent has ended, and with it these entries."""

    def _close(self, _: Any) -> None:
        """Called by the runtime: this agent itself has ended, and forgets nobody any more."""
        for ref in (*self.table.refs(), *self._others):
            off_death(ref, self._forget)
