"""Which losses of nodes are one: those of one node, and those of several nodes that come together."""

from math import inf

TOGETHER = 1.0  # seconds within which nodes that are lost have failed together: their host, or the way to it
REMEMBERED = 64  # nodes whose loss is remembered


class Loss:
    """Something that has failed, with the nodes that were lost for it.

    Attributes:
        at: when the first of them was lost, in seconds of a monotonic clock.
        names: the names of these nodes.
        counted: whether it has been counted as a restart.
    """

    __slots__ = ("at", "counted", "names")

    def __init__(self, at: float) -> None:
        self.at, self.counted = at, False
        self.names: set[str] = set()

    def count(self) -> bool:
        """Count it; False if it has been counted before."""
        before, self.counted = self.counted, True
        return not before


class Losses:
    """What one supervisor knows of the nodes its children were lost with.

    Where a host fails, or what makes its processes, each of its nodes is lost, one after another in a moment: that is
    one failure, not as many as there were nodes.

    Args:
        within: seconds within which losses are one, as `together` says.
    """

    __slots__ = ("_latest", "_of", "_within")

    def __init__(self, within: float) -> None:
        self._within = within
        self._latest: Loss | None = None
        self._of: dict[str, Loss] = {}

    def known(self, node: str) -> bool:
        """Whether a child has been lost with this node before."""
        return node in self._of

    def of(self, node: str, now: float, since: float = -inf) -> Loss:
        """What the loss of a node belongs to: that of another one shortly before, or one of its own.

        It is one of its own where a node of the same name was lost shortly before, for it was made again since.

        Args:
            node: which node it was, as `NoConnection` says: its name, "#", and which of that name.
            now: when that is told, in seconds of a monotonic clock.
            since: when the node was made, if that is known.
        """
        found = self._of.get(node)
        if found is None:
            name, found = node.partition("#")[0], self._latest
            if found is None or now - found.at > self._within or since > found.at or name in found.names:
                found = self._latest = Loss(now)
            found.names.add(name)
            self._of[node] = found
            if len(self._of) > REMEMBERED:
                del self._of[next(iter(self._of))]
        return found


def together(max_restarts: int, max_seconds: float) -> float:
    """Within how many seconds losses are one: so few that losing node after node still exhausts the budget."""
    return min(TOGETHER, max_seconds / (max_restarts + 1))
