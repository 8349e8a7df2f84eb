"""Who watches which query of a graph, and what they are sent."""

import logging
from collections.abc import Iterator
from itertools import count
from typing import Any

from cybernetic.core import CannotTravel, token
from cybernetic.runtime import Agent, Ref
from cybernetic.state.graph.answers import Changed, Found
from cybernetic.state.graph.book import Change
from cybernetic.state.graph.patterns import Query
from cybernetic.state.graph.solve import STRIDE
from cybernetic.state.graph.triples import Triples
from cybernetic.state.graph.watching import Watches
from cybernetic.state.replica.telling import tell

_log = logging.getLogger("cybernetic.state")


class Lookout:
    """The watches that agents have on the graph of `agent`, each monitored."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._watches = Watches()
        self._watchers: dict[str, tuple[Ref[Any], Any]] = {}  # and the monitors of them

    def __len__(self) -> int:
        return len(self._watchers)

    def add(self, watcher: Ref[Any], query: Query) -> str:
        """Watch a query for an agent; returns the token of the watch."""
        watch = token()
        self._watches.add(watch, query)
        self._watchers[watch] = watcher, self._agent.monitor(watcher)
        return watch

    def drop(self, watch: str) -> bool:
        """End a watch; whether there was one."""
        found = self._watchers.pop(watch, None)
        if found is None:
            return False
        self._agent.demonitor(found[1], flush=True)
        self._watches.drop(watch)
        return True

    def ended(self, monitor: Any) -> None:
        """The agent of this monitor has ended: drop its watch."""
        for watch in [one for one, (_, mark) in self._watchers.items() if mark == monitor]:
            self.drop(watch)

    def react(self, triples: Triples, change: Change) -> Iterator[None]:
        """Find what a change does to answers, see `Watches.react`."""
        return self._watches.react(triples, change) if self._watchers else iter(())

    def tell(self) -> Iterator[None]:
        """Send what has come and gone since last time, and why watches have ended; a step is a breath, to be drawn out.

        Nothing may change meanwhile.
        """
        looked = count(1)
        for watch, *news in self._watches.take():
            query = self._watches.query(watch)
            told: tuple[list[Found], list[Found]] = [], []
            for rows, found in zip(news, told, strict=True):
                for row in rows:
                    found.append(query.told(row))
                    if next(looked) % STRIDE == 0:
                        yield
            self._tell(watch, Changed(watch, tuple(told[0]), tuple(told[1])))
        for watch, why in self._watches.failed.items():
            self._end(watch, why)
        self._watches.failed.clear()

    def _tell(self, watch: str, news: Changed) -> None:
        """That an answer cannot travel to who watches is not the fault of who has changed the graph."""
        try:
            tell(self._watchers[watch][0], news)
        except CannotTravel as error:
            _log.warning("%r is told no more of a query: %s", self._watchers[watch][0], error)
            self._end(watch, str(error))

    def _end(self, watch: str, why: str) -> None:
        self._watchers[watch][0].send(Changed(watch, (), (), why))
        self.drop(watch)
