"""Who is told of changes of what shows."""

import logging
from typing import Any

from cybernetic.core import CannotTravel
from cybernetic.runtime import Agent, Ref
from cybernetic.state.replica.diff import Diff
from cybernetic.state.replica.telling import tell

_log = logging.getLogger("cybernetic.state")


class Subscribers:
    """The agents that have subscribed to the replica `agent`, each monitored by it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._monitors: dict[Ref[Any], Any] = {}

    def __len__(self) -> int:
        return len(self._monitors)

    def add(self, subscriber: Ref[Any]) -> None:
        """Tell one more, if it is not told already."""
        if subscriber not in self._monitors:
            self._monitors[subscriber] = self._agent.monitor(subscriber)

    def drop(self, subscriber: Any) -> bool:
        """Tell one no more; whether it was told before."""
        monitor = self._monitors.pop(subscriber, None)
        if monitor is None:
            return False
        self._agent.demonitor(monitor, flush=True)
        return True

    def tell(self, diff: Diff) -> None:
        """Send a diff to all: to whom it cannot travel in parts, and where one of these cannot, that there are no more.

        It is the subscriber that is too far away, and no fault of whoever made the change.
        """
        for subscriber in list(self._monitors):
            try:
                tell(subscriber, diff)
            except CannotTravel as error:
                _log.warning("%r is told no more of %r: %s", subscriber, diff.name, error)
                self.drop(subscriber)
                subscriber.send(Diff(diff.name, (), (), str(error)))
