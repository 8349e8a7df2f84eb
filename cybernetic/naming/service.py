"""What a registry, groups and topics have in common: a name, and behind it one agent in every system."""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from cybernetic.core import OptionError
from cybernetic.naming.host import Host
from cybernetic.runtime import Agent, LocalSystem, Ref, SystemFace
from cybernetic.supervision import Child, child

H = TypeVar("H", bound=Host)
Where = Agent | LocalSystem


@dataclass(frozen=True)
class Service(Generic[H]):
    """A value that may stand anywhere, at the top of a module for example; the agent behind it keeps the table.

    Start that agent under a supervisor, before those who use it: `rooms.child()` among its children. Operations
    act at once, without a message, on the agent found by name in the system that their first argument tells: an
    agent (`self`) or a `System`. They belong on the event loop's own thread.

    Attributes:
        name: the name its agent is registered under.
    """

    name: str

    agent: ClassVar[type[Host]]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise OptionError(f"name of a {type(self).__name__}", "a string that is not empty", self.name)

    def child(self) -> Child[Any]:
        """The agent behind it as a child for a supervisor: permanent, its id is the name."""
        return child(self.agent, self, id=self.name, name=self.name)

    async def start(self, system: LocalSystem) -> Ref[Any]:
        """Start the agent behind it outside of any tree. Raises what `System.start` does, and `OptionError`."""
        if not isinstance(system, LocalSystem):
            raise OptionError("the first argument", "a System", system)
        return await system.start(self.agent, self, name=self.name)

    def _host(self, where: Where) -> H:
        """The agent behind it. Raises `OptionError` if there is none, or it is one of another service (REG-14)."""
        found = self._found(system_of(where))
        if found is None:
            expected = f"{self.name!r} to be running in this system: is {self!r}.child() among the children?"
            raise OptionError(type(self).__name__, expected, "nothing")
        return found

    def _found(self, system: SystemFace) -> H | None:
        """The agent behind it, or None while there is none. Raises `OptionError` for one of another service."""
        engine: Any = system._engine  # type: ignore[attr-defined]
        ref = engine.names.get(self.name)
        agent = ref._agent if ref is not None else None
        if agent is None:
            return engine.spread.find(self) if engine.spread is not None else None
        if not isinstance(agent, self.agent) or agent.service != self:
            raise OptionError(f"the agent named {self.name!r}", f"that of {self!r}", _shown(agent))
        return agent  # type: ignore[return-value]


def _shown(agent: Any) -> Any:
    return agent.service if isinstance(agent, Host) else agent.ref


def system_of(where: Where) -> SystemFace:
    """The system that an agent belongs to, or the system itself. Raises `OptionError`, `NotRunning`."""
    if isinstance(where, LocalSystem):
        return cast("SystemFace", where)  # its methods ask for classes of agents, which a face does not
    if isinstance(where, Agent):
        return where.system
    raise OptionError("the first argument", "an agent (self) or a System", where)


def running(agent: Agent) -> Ref[Any]:
    """The address of an agent that asks something for itself. Raises `OptionError`, `NotRunning`."""
    if not isinstance(agent, Agent):
        raise OptionError("the first argument", "the agent itself (self)", agent)
    return agent.ref
