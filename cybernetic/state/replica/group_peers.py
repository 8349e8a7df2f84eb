"""Peers on all nodes of the system: a group has them, and messages to agents carry what they say."""

from collections.abc import Collection
from typing import Any

from cybernetic.core import AlreadyStarted, OptionError
from cybernetic.naming import Groups
from cybernetic.runtime import LocalSystem
from cybernetic.state.replica.peers import Peer

REPLICAS = Groups("cybernetic.replicas")


class GroupPeers:
    """The replicas of a name on all nodes, by the group `replica.<name>` of the scope `REPLICAS`."""

    def __init__(self) -> None:
        self._agent: Any = None
        self._group = ""

    async def open(self, agent: Any, name: str) -> None:
        """Join the group; the scope is begun by the first who needs it."""
        self._agent, self._group = agent, f"replica.{name}"
        system = agent.system
        if isinstance(system, LocalSystem) and system.whereis(REPLICAS.name) is None:
            try:
                await REPLICAS.start(system)
            except AlreadyStarted:
                pass  # by another replica, meanwhile
        REPLICAS.join(agent, self._group)
        REPLICAS.monitor(agent, self._group)

    def others(self) -> Collection[Peer]:
        """Who else is in the group; nobody while the scope is being started again."""
        try:
            members = REPLICAS.members(self._agent, self._group)
        except OptionError:
            return ()
        return [ref for ref in dict.fromkeys(members) if ref != self._agent.ref]

    def send(self, to: Peer, frame: bytes) -> None:
        """Cast the frame to the agent."""
        ref: Any = to
        ref.cast(type(self._agent).hear, frame, self._agent.ref)

    async def close(self) -> None:
        """Nothing: who ends has left."""
