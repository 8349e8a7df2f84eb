"""Overruns: calls that took more than was set aside for them hurt once, and are answered for where that can be."""

from typing import Any

from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.control.aches import Aches
from cybernetic.vsm.control.bargaining import Bargaining
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.inspection.messages import Audited
from cybernetic.vsm.operations.messages import Accountability, Unblocked
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.timing import now


class Overruns:
    """The overruns of the units of a level, and of its audits.

    Args:
        control: who speaks for it.
        commands: how it speaks to units.
        bargaining: lends those that are blocked what they have used so far, if the level has it.
    """

    def __init__(self, control: Any, commands: Interventions, bargaining: Bargaining) -> None:
        self._control, self._commands, self._bargaining = control, commands, bargaining
        self._auditor = f"{control.path}:audit"
        self._aches, self._audits = Aches(control, "overrun"), Aches(control, "audit overrun")
        self._used: dict[str, Vector] = {}  # by those that are blocked
        bargaining.owed = self._used

    def begin(self, charter: Charter) -> None:
        """Where nothing audits, or nothing is counted, no audit takes too much any more, and nobody else says so."""
        if charter.audit is None or charter.per is None:
            self._audits.over(self._control.path)

    async def take(self, account: Accountability, lease: Vector) -> None:
        """A unit has accounted, that holds a `lease`: one that is blocked hurts until it is not.

        When the level has lent it what it took, the level answers for it; where it has nothing left the block stands to
        the end of the epoch.
        """
        if await self._answered(account.path, account, lease, self._aches, account.path):
            self._control.task(self._commands.command(account.path, Unblocked(account.overrun)))

    async def take_audits(self, audited: Audited) -> None:
        """The auditor has accounted: it hurts in the level."""
        lease = self._bargaining.lease(self._auditor)
        if await self._answered(self._auditor, audited, lease, self._audits, self._control.path):
            self._control.tell(Channel.AUDIT, Role.AUDIT, Unblocked(audited.overrun))

    async def _answered(
        self, path: str, account: Accountability | Audited, lease: Vector, aches: Aches, where: str
    ) -> bool:
        """Whether the level answers for what whoever has accounted took too much."""
        if not account.overrun:
            self._used.pop(path, None)
            aches.over(where)
            return False
        self._used[path] = account.spent
        if aches.felt(where, now()):
            await self._control.jot("overrun", {"unit": path, "took": account.overrun.as_dict()})
        return account.spent <= lease
