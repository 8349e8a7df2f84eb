"""Overruns: calls that took more than was set aside for them hurt once, and are answered for where that can be."""

from typing import Any

from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.control.aches import Aches
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.operations.messages import Accountability, Unblocked
from cybernetic.vsm.timing import now


class Overruns:
    """The overruns of the units of a level. `control`: who speaks for it; `commands`: how it speaks to units.

    Attributes:
        units: what those that are blocked have used so far: system 3 lends them that much, if it has it.
    """

    def __init__(self, control: Any, commands: Interventions) -> None:
        self._control, self._commands = control, commands
        self._aches = Aches(control, "overrun")
        self.units: dict[str, Vector] = {}

    async def take(self, account: Accountability, lease: Vector) -> None:
        """A unit has accounted, that holds a `lease`: one that is blocked hurts until it is not.

        When the level has lent it what it took, the level answers for it; where it has nothing left the block stands to
        the end of the epoch.
        """
        path = account.path
        if not account.overrun:
            self.units.pop(path, None)
            self._aches.over(path)
            return
        self.units[path] = account.spent
        if self._aches.felt(path, now()):
            body = {"unit": path, "took": account.overrun.as_dict()}
            await self._control.jot("overrun", body)
        if account.spent <= lease:
            self._control.task(self._commands.command(path, Unblocked(account.overrun)))
