"""Overruns: calls that took more than was set aside for them hurt once, and are answered for where that can be."""

from typing import Any

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.operations.messages import Accountability, Unblocked
from cybernetic.vsm.timing import now


class Overruns:
    """The overruns of the units of a level. `control`: who speaks for it; `commands`: how it speaks to units.

    Attributes:
        units: what those that are blocked have used so far: system 3 lends them that much, if it has it.
    """

    def __init__(self, control: Any, commands: Interventions) -> None:
        self._control, self._commands = control, commands
        self._felt: set[str] = set()
        self._well: set[str] = set()  # of whom it was said that nothing hurts, or hurts any more
        self.units: dict[str, Vector] = {}

    async def take(self, account: Accountability, lease: Vector) -> None:
        """A unit has accounted, that holds a `lease`: one that is blocked hurts until it is not.

        When the level has lent it what it took, the level answers for it; where it has nothing left the block stands to
        the end of the epoch.
        """
        path = account.path
        if not account.overrun:
            self.units.pop(path, None)
            if path not in self._well:
                self._felt.discard(path)
                self._well.add(path)
                self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(_pain(path).key))
            return
        self.units[path] = account.spent
        if path not in self._felt:
            pain = _pain(path)
            self._well.discard(path)
            self._felt.add(path)
            self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))
            body = {"unit": path, "took": account.overrun.as_dict()}
            await self._control.jot("overrun", body)
        if account.spent <= lease:
            self._control.task(self._commands.command(path, Unblocked(account.overrun)))


def _pain(path: str) -> Pain:
    return Pain(path, "overrun", Cause.INVARIANT, Severity.ALERT, 1.0, now())
