"""What makes and ends the processes that are nodes, as a port: drivers fulfil `Host`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cybernetic.supervision import Limits

BY_ITSELF, ON_REQUEST = (
    "its program ended",
    "it was killed on request",
)  # how a node ends that ends as it should


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """A node to be made.

    Attributes:
        name: what it is called; of all nodes of a name one runs at a time.
        incarnation: counts the nodes of this name: a number that none before had.
        program: `"module:function"` of an `async def function(context: NodeContext)`: what runs on its event loop.
            When it returns the node ends.
        settings: bytes for the program; the host does not look into them.
        limits: what its process may use.
    """

    name: str
    incarnation: int
    program: str
    settings: bytes = b""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class NodeUp:
    """A node's program has said that it is ready: `address` is what it gave, `pid` its process."""

    name: str
    incarnation: int
    pid: int
    address: str


@dataclass(frozen=True, slots=True)
class NodeEnded:
    """A node has ended, or could not be made: told once for each order. `how` says it in words."""

    name: str
    incarnation: int
    how: str


@dataclass(frozen=True, slots=True)
class HostEnded:
    """The host itself has failed: each of its nodes has ended, which is told before; it may be opened anew."""

    how: str


News = NodeUp | NodeEnded | HostEnded


class NodeContext(Protocol):
    """What the program of a node gets.

    Attributes:
        name: the node's name.
        incarnation: its incarnation.
        settings: the order's.
        directory: a directory of mode 0700 that belongs to this run, for sockets.
        ending: set when the node is asked to end; the program is expected to return soon.
    """

    name: str
    incarnation: int
    settings: bytes
    directory: Path
    ending: asyncio.Event

    def ready(self, address: str) -> None:
        """Say that the node may be talked to at `address`."""


class Host(Protocol):
    """Makes nodes on this machine, tells of their ends, ends them. Used from one event loop."""

    @property
    def directory(self) -> Path:
        """The run's own directory, of mode 0700. Known once it is open."""

    async def open(self, told: Callable[[News], object]) -> None:
        """Begin; `told` is called on the event loop with what happens. Raises `HostFailed` if it cannot."""

    def create(self, order: NodeOrder) -> None:
        """Make a node; `NodeUp` or `NodeEnded` will tell."""

    def end(self, name: str, incarnation: int) -> None:
        """Ask a node to end; `NodeEnded` will tell. Nothing if there is none."""

    def kill(self, name: str, incarnation: int) -> None:
        """End a node at once, whatever it does; `NodeEnded` will tell. Nothing if there is none."""

    async def close(self) -> None:
        """End all nodes in order, those that do not within 2 seconds by force; then nothing is left on the machine."""
