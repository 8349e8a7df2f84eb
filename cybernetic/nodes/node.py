"""A node, as programs see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cybernetic.nodes.plan.membership import Member


@dataclass(frozen=True, slots=True)
class Node:
    """What a system knows of one node.

    Attributes:
        name: what it is called.
        incarnation: which of the nodes of that name it is.
        kind: "node", where children may be placed; "door", a process that only makes nodes; "isolated", the process
            of one agent.
        host: the host it runs on.
        capabilities: what it offers.
        pid: its process, if this system made it.
        here: whether it is this one.
    """

    name: str
    incarnation: str
    kind: str
    host: str
    capabilities: Mapping[str, Any]
    pid: int | None
    here: bool

    @classmethod
    def of(cls, member: Member, pid: int | None, here: bool) -> "Node":
        """What a node has said of itself, with its process."""
        return cls(member.name, member.incarnation, member.kind, member.host, member.capabilities, pid, here)
