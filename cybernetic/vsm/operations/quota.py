"""What a unit may take beside money: agents, tasks a second, and memory and processors of a process of its own."""

from dataclasses import dataclass, replace

from cybernetic.core import OptionError, number, whole
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
