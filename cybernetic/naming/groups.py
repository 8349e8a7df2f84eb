"""`Groups`: agents join groups, as often as they like; anybody sees who is in them (PG-1 to PG-7)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from cybernetic.core import NotJoined, OptionError, Token
from cybernetic.naming.agents import SCOPE, GroupsAgent
from cybernetic.naming.messages import Joined, Left
from cybernetic.naming.service import Service, Where, running, system_of
from cybernetic.naming.table import strictly
from cybernetic.runtime import FOREIGN, Agent, Ref, take_back

Members = list[Ref[Any]]


@dataclass(frozen=True)
class Groups(Service[GroupsAgent]):
    """A scope of groups: `teams = Groups("teams")`; `teams.child()` is its agent, for a supervisor's children.

    A group is named by any hashable value (1, 1.0 and True are three) and exists while it has members. Who ends
    has left all groups before anybody learns of its end. Scopes with different names are independent.

    While the agent of the scope is not running, operations raise `OptionError`. When it ends, members live on and
    are in no group any more; those who monitor one are sent a `Down` with their token.

    Attributes:
        name: the name its agent is registered under.
    """

    agent: ClassVar[type[GroupsAgent]] = GroupsAgent

    def join(self, where: Where, group: object, *refs: Ref[Any]) -> None:
        """Have agents join a group; by default `where` itself. Who joins twice is in it twice (PG-2).

        Agents that have ended are left out. Raises `OptionError` for what is no agent of this node (PG-7).
        """
        host = self._host(where)
        strictly(group)
        joined = tuple(ref for ref in _whom(where, refs) if host.system.alive(ref))
        for ref in joined:
            host.enter(group, ref)
        if joined:
            host._tell(Joined, group, joined)

    def leave(self, where: Where, group: object, *refs: Ref[Any]) -> None:
        """Have agents leave a group once; by default `where` itself. Those who are not in it do not matter.

        Raises `NotJoined` if none of them was in it (PG-3).
        """
        host = self._host(where)
        left = tuple(ref for ref in _whom(where, refs) if host.leave(group, ref, most=1))
        if not left:
            raise NotJoined(group)
        for ref in left:
            host._settle(ref)
        host._tell(Left, group, left)

    def members(self, where: Where, group: object) -> Members:
        """Who is in a group, on whatever node, in the order of joining and as often as they joined; maybe nobody."""
        return [entry.ref for entry in self._host(where).table.entries(group)]

    def local_members(self, where: Where, group: object) -> Members:
        """Who is in a group and on this node."""
        return [ref for ref in self.members(where, group) if not ref._flags & FOREIGN]

    def which_groups(self, where: Where) -> list[Any]:
        """The groups that have members."""
        return self._host(where).table.keys()

    def monitor(self, agent: Agent, group: object) -> tuple[Token, Members]:
        """Have `Joined` and `Left` sent to `agent`, which is `self` of the caller, for every change (PG-6).

        Returns the token they will carry, and who is in the group now.
        """
        strictly(group)
        token = self._watch(agent, ("group", group))
        return token, self.members(agent, group)

    def monitor_scope(self, agent: Agent) -> tuple[Token, list[tuple[Any, Members]]]:
        """As `monitor`, for all groups: returns the token, and each group with its members."""
        token = self._watch(agent, SCOPE)
        return token, [(group, self.members(agent, group)) for group in self.which_groups(agent)]

    def demonitor(self, agent: Agent, token: Token) -> bool:
        """Undo `monitor`, and take back what is still in the mailbox; False if `agent` has no such token (PG-6)."""
        if not isinstance(token, Token):
            raise OptionError("token", "what `monitor` returned", token)
        host, ref = self._host(agent), running(agent)
        watch = next((entry for entry in host.watchers.of(ref) if entry.value is token), None)
        if watch is None:
            return False
        host.watchers.remove(watch.key, ref, lambda value: value is token)
        agent.demonitor(token, flush=True)
        take_back(ref, lambda message: isinstance(message, Joined | Left) and message.token is token)
        if not host.watchers.holds(ref):
            host._unwatch(ref)
        return True

    def _watch(self, agent: Agent, key: object) -> Token:
        """Note who wants to know; the token is that of a monitor of the scope's agent."""
        host, ref = self._host(agent), running(agent)
        token = agent.monitor(host.ref)
        host._watch(ref)
        host.watchers.add(key, ref, token)
        return token


def _whom(where: Where, refs: tuple[Any, ...]) -> tuple[Ref[Any], ...]:
    """The agents that are meant. Raises `OptionError`."""
    if not refs:
        if isinstance(where, Agent):
            return (where.ref,)
        raise OptionError("refs", "the agents that are meant", refs)
    engine = _engine(system_of(where))
    for ref in refs:
        if not isinstance(ref, Ref) or ref._engine is not engine or ref._flags & FOREIGN:
            raise OptionError("refs", "agents of this node", ref)
    return refs


def _engine(system: Any) -> Any:
    return system._engine
