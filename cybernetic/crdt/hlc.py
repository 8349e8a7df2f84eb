"""Hybrid logical clock: stamps near the wall clock that never go back and never contradict cause and effect."""

from collections.abc import Callable
from typing import NamedTuple

from cybernetic.core import CyberneticError, OptionError, number, whole
from cybernetic.wire import register

MOST_MILLIS = 2**48 - 1  # the year 10889
MOST_TICKS = 2**32 - 1  # stamps within one millisecond, before the clock borrows the next one
LONGEST_NODE = 200  # characters

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Stamp(NamedTuple):
    """When something happened, as its node's hybrid clock told it: totally ordered, unique if nodes are.

    Arguments:
        millis: milliseconds since 1970, 0 to 2**48 - 1: the largest wall clock seen, not the own one alone.
        counter: which stamp of that millisecond, 0 to 2**32 - 1.
        node: who gave the stamp, 1 to 200 characters; orders stamps given at once.

    The constructor checks nothing, for speed; `checked_stamp` does, and so does every stamp that arrives.
    """

    millis: int
    counter: int
    node: str


class FutureStamp(CyberneticError):
    """A stamp from too far in the future: `stamp`, `lead` seconds before the wall clock where `ahead` may be."""

    def __init__(self, stamp: Stamp, lead: float, ahead: float) -> None:
        super().__init__(f"stamp: expected at most {ahead:g} s in the future, got: {lead:.3f} s, {stamp!r}")
        self.stamp, self.lead, self.ahead = stamp, lead, ahead


class Hlc:
    """Gives stamps for one node, each greater than any it gave or merged before.

    It follows the wall clock while that moves forward, stands (and counts) while that is behind, and lets
    others' stamps pull it forward by at most `ahead`. So however the wall clock steps and whatever is merged,
    it leads the highest wall clock read here by at most `ahead`. Source: Kulkarni, Demirbas, Madappa, Avva,
    Leone, "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases", 2014, figure 5.

    Arguments:
        node: who stamps; nodes whose stamps meet need different names. 1 to 200 characters.
        now: the wall clock, seconds since 1970, at least 0 (`cybernetic.core.wall`; in tests any function).
        ahead: seconds that a merged stamp may be in the future, >= 0, finite.
        after: a stamp that all stamps are to be greater than, such as the last one before a restart; it is
            trusted however far in the future.

    Raises `OptionError` for an impossible argument. Not for several threads at once.
    """

    __slots__ = ("_counter", "_millis", "_now", "ahead", "node", "refused")

    def __init__(
        self, node: str, now: Callable[[], float], ahead: float = 60.0, *, after: Stamp | None = None
    ) -> None:
        self.node = _node(node)
        self.ahead = number("ahead", ahead, least=0.0)
        self.refused = 0
        """How many stamps `merge` has refused for being too far in the future."""
        self._now = now
        self._millis, self._counter = (0, 0) if after is None else checked_stamp(*after)[:2]

    def tick(self) -> Stamp:
        """A stamp for something that happens here now, greater than all before."""
        millis = int(self._now() * 1000)
        if millis > self._millis:
            self._millis, self._counter = millis, 0
        else:
            self._count()
        return _new(Stamp, (self._millis, self._counter, self.node))

    def merge(self, stamp: Stamp) -> Stamp:
        """A stamp for the arrival of what `stamp` was given to: greater than it, and than all before.

        Raises:
            FutureStamp: `stamp` is more than `ahead` seconds in the future; counted in `refused`, and nothing
                else changes.
            OptionError: `stamp` is none.
        """
        if not isinstance(stamp, Stamp):
            raise OptionError("stamp", "a Stamp", stamp)
        theirs, count, _ = checked_stamp(*stamp)
        now = self._now()
        lead = theirs / 1000 - now
        if lead > self.ahead:
            self.refused += 1
            raise FutureStamp(stamp, lead, self.ahead)
        millis = int(now * 1000)
        if (theirs, count) > (self._millis, self._counter):
            self._millis, self._counter = theirs, count
        if millis > self._millis:
            self._millis, self._counter = millis, 0
        else:
            self._count()
        return _new(Stamp, (self._millis, self._counter, self.node))

    def back_to(self, stamp: Stamp) -> None:
        """Give stamps greater than `stamp` from now on, though greater ones were given before.

        For one who knows that those stand nowhere any more (`redated`): else what is written with the next is lost.
        Raises `OptionError`.
        """
        self._millis, self._counter = checked_stamp(*stamp)[:2]

    def lead(self) -> float:
        """Seconds by which this clock is before the wall clock: 0 normally, large after that stepped back."""
        return max(0.0, self._millis / 1000 - self._now())

    def _count(self) -> None:
        if self._counter < MOST_TICKS:
            self._counter += 1
        else:
            self._millis, self._counter = self._millis + 1, 0


def checked_stamp(millis: object, counter: object, node: object) -> Stamp:
    """The stamp of these parts. Raises `OptionError` for a part that is out of bounds."""
    if whole("millis", millis) > MOST_MILLIS:
        raise OptionError("millis", f"at most {MOST_MILLIS}", millis)
    if whole("counter", counter) > MOST_TICKS:
        raise OptionError("counter", f"at most {MOST_TICKS}", counter)
    return _new(Stamp, (millis, counter, _node(node)))


def _node(node: object) -> str:
    if not isinstance(node, str) or not 0 < len(node) <= LONGEST_NODE:
        raise OptionError("node", f"text of 1 to {LONGEST_NODE} characters", node)
    return node


register(Stamp, "state.Stamp", encode=tuple, decode=checked_stamp)
