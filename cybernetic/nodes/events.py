"""What this room tells to whoever listens."""

from cybernetic.core import Event, event, feed


@event("nodes.joined", "nodes")
class NodeJoined(Event):
    """Another node can be reached from now on."""

    node: str
    incarnation: str


@event("nodes.lost", "nodes")
class NodeLost(Event):
    """Another node cannot be reached any more; `why` says how that showed."""

    node: str
    incarnation: str
    why: str


@event("nodes.lagging", "nodes", seconds="s")
class NodeLagging(Event):
    """Nothing was heard from another node for `seconds`; 0: it is heard again."""

    node: str
    seconds: float


@event("nodes.stopped", "nodes")
class NodeStopped(Event):
    """The process of a node of this host has ended; `how` says it in words."""

    node: str
    how: str


@event("nodes.name_lost", "nodes")
class NameLost(Event):
    """Of two agents that held the name `taken` on nodes that were apart, the one on this node lost it."""

    taken: str
    loser: object
    winner: object


JOINED, LOST, LAGGING = feed(NodeJoined), feed(NodeLost), feed(NodeLagging)
STOPPED, NAME_LOST = feed(NodeStopped), feed(NameLost)
