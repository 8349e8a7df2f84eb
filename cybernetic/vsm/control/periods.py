"""Units whose epochs last longer or shorter than those of the level that lends to them: nothing is lent to them."""

from typing import Any

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.bargain.refusals import AnotherPeriod
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.timing import now


class Periods:
    """Whether units count epochs as their level does: one elsewhere is told by hand. `control`: who speaks for it."""

    def __init__(self, control: Any) -> None:
        self._control = control
        self._hurts: dict[str, bool] = {}  # whether a unit does not, as far as that was said

    async def refused(self, path: str, error: AnotherPeriod) -> None:
        """A unit cannot take a contract, as its epochs are others: a person has to see to it."""
        if not self._hurts.get(path):
            self._hurts[path] = True
            self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(_pain(path)))
            await self._control.jot("another period", {"unit": path, "why": str(error)})

    def agreed(self, path: str) -> None:
        """It has taken one."""
        if self._hurts.get(path, True):
            self._hurts[path] = False
            self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(_pain(path).key))


def _pain(path: str) -> Pain:
    return Pain(path, "another period", Cause.INVARIANT, Severity.ALERT, 1.0, now())
