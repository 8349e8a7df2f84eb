"""Units whose epochs last longer or shorter than those of the level that lends to them: nothing is lent to them."""

from typing import Any

from cybernetic.vsm.bargain.refusals import AnotherPeriod
from cybernetic.vsm.control.aches import Aches
from cybernetic.vsm.timing import now


class Periods:
    """Whether units count epochs as their level does: one elsewhere is told by hand. `control`: who speaks for it."""

    def __init__(self, control: Any) -> None:
        self._control, self._aches = control, Aches(control, "another period")

    async def refused(self, path: str, error: AnotherPeriod) -> None:
        """A unit cannot take a contract, as its epochs are others: a person has to see to it."""
        if self._aches.felt(path, now()):
            await self._control.jot("another period", {"unit": path, "why": str(error)})

    def agreed(self, path: str) -> None:
        """It has taken one."""
        self._aches.over(path)
