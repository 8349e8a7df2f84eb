"""In whose name a change is made, and when."""

from collections.abc import Callable

from cybernetic.crdt import Hlc, Stamp


class Writer:
    """What an edit is given to make its delta with: `value.add(by.replica, "x")`.

    Attributes:
        replica: the id in whose name the change is made.
    """

    __slots__ = ("_clock", "_now", "replica")

    def __init__(self, replica: str, clock: Hlc, now: Callable[[], float]) -> None:
        self.replica, self._clock, self._now = replica, clock, now

    def stamp(self) -> Stamp:
        """A stamp for a write that happens now, greater than all that were given or arrived here."""
        return self._clock.tick()

    def now(self) -> float:
        """Seconds since 1970, for what expires and for leases."""
        return self._now()
