"""What stands in the directory, and what follows when it changes: values."""

from dataclasses import dataclass
from typing import NamedTuple

from cybernetic.crdt import AWMap, Stamp

Source = tuple[str, str]
"""A node and its incarnation."""

Part = AWMap[str | tuple[str, bytes, int]]
"""What one node says of its own agents: the form is that of `parts`."""


class Claim(NamedTuple):
    """An agent's claim to a name.

    Attributes:
        name: the name.
        source: the node of the agent.
        stamp: when the name was taken, by the hybrid clock of its node.
        serial: the agent's number on its node.
        path: the agent's class.
    """

    name: str
    source: Source
    stamp: Stamp
    serial: int
    path: str

    @property
    def rank(self) -> tuple[Stamp, Source, int]:
        """Of several claims to a name the greatest wins: the later, then that of the greater node (EX-4)."""
        return self.stamp, self.source, self.serial


class Seat(NamedTuple):
    """That an agent is in a group, once; one that joined twice has two.

    Attributes:
        number: which change of its node it came with, so that earlier ones have smaller numbers.
        service: the name of the groups or topics it belongs to.
        key: the group, encoded: a node may not know the type of what another groups by.
        source: the node of the agent.
        serial: the agent's number on its node.
        path: the agent's class.
    """

    number: int
    service: str
    key: bytes
    source: Source
    serial: int
    path: str


@dataclass(frozen=True, slots=True)
class Tell:
    """The other nodes are to be told: `delta` is what is new of this node's part."""

    delta: Part


@dataclass(frozen=True, slots=True)
class Lost:
    """An agent of this node has lost its name, and is to be told by a signal."""

    claim: Claim
    winner: Claim


@dataclass(frozen=True, slots=True)
class Changed:
    """On this node a name has another holder from now on; None: it is free."""

    name: str
    holder: Claim | None


@dataclass(frozen=True, slots=True)
class Entered:
    """An agent of another node is in a group."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Left:
    """An agent of another node is in a group no more."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Closed:
    """No other node runs the agent behind a service any more."""

    service: str


Effect = Tell | Lost | Changed | Entered | Left | Closed
