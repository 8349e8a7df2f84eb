"""Who belongs to an operation: the agents that it has started, or had the system start, or that any of them has."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary, finalize, ref

from cybernetic.core import attach
from cybernetic.runtime import AgentStarted, registered_name
from cybernetic.vsm.owned import Owned


class Crews:
    """The crews of a system's operations. Each agent that starts in the process is looked up once, whoever asks; who
    has ended goes on to stand for those that it has started, so that these belong to the operation as well.
    """

    def __init__(self) -> None:
        self._system: Any = None
        self._crews: dict[str, WeakKeyDictionary[Any, str]] = {}  # agents, the oldest first
        self._all: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # the path of the operation of each

    def watch(self, system: Any, path: str) -> None:
        """From now on it is watched who belongs to the operation at a path of the system, as long as there is that."""
        if self._system is None:
            self._system = ref(system)
            finalize(system, attach(AgentStarted, self._started))
        if path not in self._crews:
            self._crews[path] = WeakKeyDictionary()
            for agent in system.agents():
                self._count_in(agent)

    def alive(self, path: str) -> list[Any]:
        """Those of the watched operation at a path that live; the oldest first."""
        system = self._system()
        return [agent for agent in self._crews[path] if system.alive(agent)]

    def _started(self, event: AgentStarted) -> None:
        self._count_in(event.ref)

    def _count_in(self, agent: Any) -> None:
        path = next((path for path in map(self._path, _starters(agent)) if path is not None), None)
        if path is not None:
            self._all[agent] = self._crews[path][agent] = path

    def _path(self, starter: Any) -> str | None:
        """The operation that who has started another belongs to, or is; None: none that is watched."""
        name = registered_name(starter)
        if name in self._crews and self._is_here(name, starter):
            return name
        return self._all.get(starter)

    def _is_here(self, name: str, agent: Any) -> bool:
        """Whether it is an agent of this system: others of the process have names of their own."""
        system = self._system()
        return system is not None and system.whereis(name) is agent


def _starters(agent: Any) -> Iterator[Any]:
    """Who has started it, who has started that one, and so on."""
    while (agent := agent.inspect().starter()) is not None:
        yield agent


crews: Owned[Crews] = Owned(Crews)
"""Those of the operations of a system in this process."""
