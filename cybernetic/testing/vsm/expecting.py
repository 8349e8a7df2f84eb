"""What an invariant says when it is asked: that it does not hold, or that this system gave it nothing to try."""


class Untried(Exception):
    """An invariant cannot be tried on this system, or at this level of it; the text says why."""


class Idle(Untried):
    """Tasks were given, and none was done: nothing that is said of a level at work can be tried."""


def expect(holds: bool, found: object) -> None:
    """Raises `AssertionError` with what was found unless it `holds`."""
    if not holds:
        raise AssertionError(f"found: {found}")


def need(there: object, why: str) -> None:
    """Raises `Untried` unless what an invariant is tried on is `there`: without it, it would hold of nothing."""
    if not there:
        raise Untried(why)
