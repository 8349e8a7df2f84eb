"""What a unit may take beside money: agents, tasks a second, and memory and processors of a process of its own."""

from dataclasses import dataclass, replace
from typing import Any

from cybernetic.core import OptionError, attach, number, whole
from cybernetic.runtime import AgentStarted
from cybernetic.supervision import Limits
from cybernetic.wire import travels


@travels(name="vsm.Quota")
@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of one unit: `unit(Crawl, id="crawl", quota=Quota(agents=20, messages=5))`; None: no limit of that.

    Args:
        agents: how many its operation may have started and alive at once, >= 0: by itself, by way of the system, or by
            agents that it started, though these have ended. The youngest beyond it are ended, and that hurts.
        messages: tasks it is given in a second, > 0; those beyond it wait.
        memory: bytes, > 0.
        cpus: processors it may keep busy, > 0, such as 0.5.

    Memory and processors can only be taken from a process: they need `isolate=` or `node=`, and are enforced there.
    Raises `OptionError`.
    """

    agents: int | None = None
    messages: float | None = None
    memory: int | None = None
    cpus: float | None = None

    def __post_init__(self) -> None:
        if self.agents is not None:
            whole("agents", self.agents)
        for name in ("messages", "memory", "cpus"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), above=0.0)

    def isolated(self, isolate: bool | Limits, node: str | None) -> bool | Limits:
        """How the unit is to be isolated: with these limits too. Raises `OptionError` where it shares its process."""
        if self.memory is None and self.cpus is None:
            return isolate
        if isolate is False and node is None:
            raise OptionError("quota", "isolate= or node= beside memory and cpus", self)
        limits = isolate if isinstance(isolate, Limits) else Limits()
        memory = limits.memory if self.memory is None else self.memory
        return replace(limits, memory=memory, cpus=limits.cpus if self.cpus is None else self.cpus)


UNLIMITED = Quota()


class Crew:
    """The agents that an operation has started, or had the system start, or that any of them has, though those in
    between have ended. It looks at each agent that starts in the process until `close`.

    Args:
        system: where they are.
        path: of the operation.
        owner: who wants to know (its address): with it that ends as well.
    """

    def __init__(self, system: Any, path: str, owner: Any) -> None:
        self._system, self._path, self._owner = system, path, owner
        self._known: set[Any] = set()  # of them, and who has started one of them
        self.close = attach(AgentStarted, self._started)

    def alive(self) -> list[Any]:
        """Those that live; the oldest first."""
        found = [ref for ref in self._system.agents() if self._is_one(ref)]
        self._known = {*found, *map(_starter, found)}  # who else is gone starts nobody
        return found

    def _started(self, event: AgentStarted) -> None:
        if self._owner.inspect().info() is None:
            self.close()
        else:
            self._is_one(event.ref)

    def _is_one(self, ref: Any) -> bool:
        """Who started another is older than that one, so it is known by then."""
        starter = _starter(ref)
        one = starter is not None and (starter in self._known or starter == self._system.whereis(self._path))
        if one:
            self._known.add(ref)
        return one


def _starter(ref: Any) -> Any:
    """Who started it, or had the system do so; None: nobody."""
    info = ref.inspect().info()
    return None if info is None else info.parent or info.asker
