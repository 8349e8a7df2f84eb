"""How far a wall clock is believed where what is done does not come back, as taking out what has expired.

It may be wrong from the start, or step. What bounds it is the loop's clock, which does neither, from what is known:
what the wall clock said at the start, or for hours since, and stamps, as the time they were given at has come. A stamp
may be old when it is heard, so it bounds for some hours only, or for as long as others are there: who is silent, or has
said nothing since the start, tells nothing.
"""

from math import inf

DOUBT = 6 * 3600.0
"""Seconds for which a word bounds the clock, and for which a step forward has to stand before it is believed."""

TOLERANCE = 60.0
"""Seconds that a clock may be ahead: those of others may differ so much."""


class Belief:
    """The moment that has certainly come. All arguments are seconds: `at` on the loop's clock, the others since 1970.

    Args:
        at: the start.
        now: what the wall clock says.
        latest: the latest stamp of what was known before, whoever said it; None if nothing was.
    """

    def __init__(self, at: float, now: float, latest: float | None = None) -> None:
        # seconds that the wall clock is before the loop's: as far as it is believed, and at least since then
        self._own = self._least = now - at
        self._since = at
        self._word = self._until = -inf  # the same by the words of others, and until when that bounds
        self._latest = -inf
        if latest is not None:
            self._own = max(self._own, latest - at)  # it was later than that before the start
            self._bound(at, latest)

    def hear(self, at: float, latest: float) -> None:
        """The latest stamp of what others have said since the start is this."""
        if latest > self._latest:
            self._latest = latest
            self._bound(at, latest)

    def present(self, at: float) -> None:
        """Others are there, if only with nothing new to say: what they have said since the start bounds on."""
        if self._latest > -inf:
            self._until = at + DOUBT

    def sure(self, at: float, now: float) -> float:
        """What `now` is believed; to be asked often, so that steps are seen."""
        ahead = now - at
        self._least = min(self._least, ahead)
        if at - self._since >= DOUBT:  # a step before that has stood all the while
            self._own, self._least, self._since = self._least, ahead, at
        bound = self._own if at >= self._until else min(self._own, self._word)
        return min(now, at + bound + TOLERANCE)

    def _bound(self, at: float, stamp: float) -> None:
        self._word = max(self._word, stamp - at)  # one that is older than those before tells nothing
        self._until = at + DOUBT
