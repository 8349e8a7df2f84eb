"""A dot: which message of which node it is. What messages name as their causes."""

from typing import NamedTuple


class Dot(NamedTuple):
    """One message among all: the `sequence`-th that this incarnation of this node made.

    Attributes:
        node: the node's name, not empty.
        incarnation: which node of that name, unlike any before; not empty.
        sequence: 0 to 2**63 - 1, greater for each message.

    The constructor checks nothing; every envelope does.
    """

    node: str
    incarnation: str
    sequence: int
