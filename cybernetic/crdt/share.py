"""One replica's share of a counter: what it has counted, and how much of that was reset by whoever saw it.

Both only grow, so a reset takes away exactly what it has seen, and counts made meanwhile stay.
"""

from typing import NamedTuple

from cybernetic.crdt.context import Context, Dot
from cybernetic.crdt.leaf import merged


class Share(NamedTuple):
    """A share. `born` is the number of its owner's change that began it: a later one replaces it wholly.

    `up` and `down` are the totals counted, `up_reset` and `down_reset` how much of them was reset, `seen` the
    last change of each replica here.
    """

    born: int
    up: int
    down: int
    up_reset: int
    down_reset: int
    seen: tuple[Dot, ...]

    @property
    def alive(self) -> bool:
        """Whether anything counted here was not reset."""
        return self.up > self.up_reset or self.down > self.down_reset

    @property
    def value(self) -> int:
        """What was counted since the last reset."""
        return self.up - self.up_reset - self.down + self.down_reset

    def counted(self, replica: str, n: int, up: int, down: int) -> "Share":
        """The share after its owner counted."""
        return self._replace(up=self.up + up, down=self.down + down, seen=merged(self.seen, ((replica, n),)))

    def bury(self, replica: str, n: int) -> "Share":
        """The share after a reset."""
        return self._replace(up_reset=self.up, down_reset=self.down, seen=merged(self.seen, ((replica, n),)))

    def join(self, other: "Share", ours: Context, theirs: Context) -> "Share":
        """The share of both."""
        if self.seen == other.seen:
            return self
        seen = merged(self.seen, other.seen)
        if self.born != other.born:
            return max(self, other)._replace(seen=seen)
        return Share(
            self.born,
            max(self.up, other.up),
            max(self.down, other.down),
            max(self.up_reset, other.up_reset),
            max(self.down_reset, other.down_reset),
            seen,
        )

    def arriving(self, ours: Context) -> "Share | None":
        """It, unless it is known where there is none: then it was reset and forgotten."""
        return None if ours.knows_all(self.seen) else self

    def forget(self, stable: Context) -> "Share | None":
        """None, once all replicas know that all of it was reset; its owner begins another."""
        return self if self.alive or not stable.knows_all(self.seen) else None

    def retire(self, whole: Context) -> "Share | None":
        """It, unless a state that has none knows it."""
        return self.arriving(whole)


def begun(replica: str, n: int) -> Share:
    """The share that `replica` begins with its change `n`."""
    return Share(n, 0, 0, 0, 0, ((replica, n),))
