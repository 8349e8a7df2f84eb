"""Units whose epochs are not those of the level that lends to them: of another length, or by a clock that is off."""

from typing import Any

from cybernetic.vsm.bargain.refusals import AnotherPeriod
from cybernetic.vsm.control.aches import Aches
from cybernetic.vsm.timing import now

FAR = 0.5  # of an epoch: who is ahead by so much is without what is lent for one half of the time


class Periods:
    """Whether units count epochs as their level does: one elsewhere is told by hand, and has a clock of its own.

    Args:
        control: who speaks for the level.
        per: seconds of its epochs; None: nothing is counted.
    """

    def __init__(self, control: Any, per: float | None) -> None:
        self._control, self._per = control, per
        self._lengths, self._clocks = Aches(control, "another period"), Aches(control, "another clock")

    async def refused(self, path: str, error: AnotherPeriod) -> None:
        """A unit cannot take a contract, as its epochs are others: a person has to see to it."""
        if self._lengths.felt(path, now()):
            await self._control.jot("another period", {"unit": path, "why": str(error)})

    def agreed(self, path: str) -> None:
        """It has taken one."""
        self._lengths.over(path)

    async def told(self, path: str, clock: float | None, asked: float) -> bool:
        """What a unit's `clock` said since it was `asked`, seconds; None: it did not say. Whether it is so far off that
        what is lent is of no use, or little: a person has to see to that as well.
        """
        if clock is None or self._per is None:
            return False
        off = off_by(clock, asked, now())
        if abs(off) < FAR * self._per:
            self._clocks.over(path)
            return False
        if self._clocks.felt(path, now()):
            body = {"unit": path, "off": round(off, 3), "why": _why(off, self._per)}
            await self._control.jot("another clock", body)
        return True


def off_by(clock: float, asked: float, answered: float) -> float:
    """Seconds that a clock is ahead at least (< 0: behind) which was at `clock` somewhen between two times."""
    return max(0.0, clock - answered) + min(0.0, clock - asked)


def _why(off: float, per: float) -> str:
    how = "ahead of" if off > 0 else "behind"
    return (
        f"its clock is {abs(off):.0f} s {how} this level's, where an epoch lasts {per:g} s, so what is lent for one "
        "is of no use there; a process goes by what the clock of its host said when it began: set that one right, "
        "then start the process anew"
    )
