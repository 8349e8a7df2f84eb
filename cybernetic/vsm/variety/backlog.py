"""What waits in a queue, as a value that is cheap to add to at one end and to take from at the other."""

from collections.abc import Iterable, Sequence
from typing import overload

SMALL = 64  # times that are copied without a second thought


class Backlog(Sequence[float]):
    """Times, the oldest first. Nobody changes one; `sent` and `served` make others, in constant time on average.

    All that come of one another share a list, of which each sees a part; it only grows at its end, by who sees all of
    it: whoever adds to an older one gets a copy. It equals any sequence of the same times.
    """

    __slots__ = ("_from", "_times", "_to")

    def __init__(self, times: Iterable[float] = ()) -> None:
        self._times = list(times)
        self._from, self._to = 0, len(self._times)

    def sent(self, now: float) -> "Backlog":
        """With one that was sent at `now`, seconds."""
        if self._to < len(self._times):
            return Backlog(self).sent(now)
        self._times.append(now)
        return self._part(self._from, self._to + 1)

    def served(self, count: int) -> "Backlog":
        """Without the oldest `count` (>= 0)."""
        begin = min(self._from + count, self._to)
        if begin > max(SMALL, self._to - begin):
            return Backlog(self._times[begin : self._to])
        return self._part(begin, self._to)

    def _part(self, begin: int, end: int) -> "Backlog":
        part = Backlog.__new__(Backlog)
        part._times, part._from, part._to = self._times, begin, end
        return part

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[float]: ...
    def __getitem__(self, at: int | slice) -> float | Sequence[float]:
        places = range(self._from, self._to)[at]
        return self._times[places] if isinstance(places, int) else tuple(self._times[one] for one in places)

    def __len__(self) -> int:
        return self._to - self._from

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"
