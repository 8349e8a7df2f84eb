"""Restart intensity: how many restarts in how many seconds are too many (RI-1 to RI-3)."""

from math import inf

from cybernetic.core import OptionError, number, whole


class Intensity:
    """The restarts of one supervisor, and whether it may make another.

    OTP keeps the times of restarts younger than the period, adds the new one and gives up when there are more
    than `max_restarts`. That is so exactly when the last `max_restarts + 1` times all lie in the window; so
    only these are kept, in a ring, and only the oldest of them is looked at: constant time, bounded memory,
    the same answers.

    Args:
        max_restarts: restarts allowed within the window, >= 0. With 0 the first one is too many.
        max_seconds: length of the window, > 0. A restart exactly this long ago still counts (RI-3).

    Raises:
        OptionError: an argument is outside of these limits.
    """

    __slots__ = ("_next", "_times", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts = whole("max_restarts", max_restarts)
        self.max_seconds = number("max_seconds", max_seconds, above=0)
        self._times: list[float] = []  # a ring once it is full; until then it grows as restarts come
        self._next = 0  # the place of the oldest time, which the next one takes

    def add(self, now: float) -> bool:
        """Count a restart at `now`, seconds on a monotonic clock. True: go on; False: give up.

        Raises `OptionError` if `now` lies before the restart counted last.
        """
        self._check(now)
        times, place = self._times, self._next
        if len(times) <= self.max_restarts:
            times.append(now)
            if len(times) <= self.max_restarts:
                return True
        else:
            times[place] = now
            self._next = place = place + 1 if place < self.max_restarts else 0
        return times[place] < now - self.max_seconds

    def remaining(self, now: float) -> int:
        """How many restarts could be made at `now` before giving up. Raises `OptionError` as `add` does."""
        self._check(now)
        edge = now - self.max_seconds
        return max(0, self.max_restarts - sum(time >= edge for time in self._times))

    def _check(self, now: float) -> None:
        last = self._times[self._next - 1] if self._times else -inf
        if not now >= last:  # NaN is never so
            raise OptionError("now", f"a time not before the last restart, at {last} s", now)
