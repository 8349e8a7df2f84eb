"""Lives of who tells others what holds: one that begins without books comes after all before it."""

from cybernetic.vsm.timing import now

PER_SECOND = 1000

Edition = tuple[int, int]
"""Which version of what is told: in which life of who tells it, and its number within that life."""

UNTOLD: Edition = (0, 0)


def begun_now() -> int:
    """The life of who begins now and remembers nothing: milliseconds, so that it is later than all before it."""
    return max(1, int(now() * PER_SECOND))


def outbid(own: int, known: int) -> int:
    """A life for one whom somebody meets for the first time who goes by the word of `known`, at least as late as it.

    Clocks are set back, and hosts disagree about the time.
    """
    return max(own, known) + 1
