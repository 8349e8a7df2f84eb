"""What system 5 requires passes through system 3: policies down to every unit, questions of units up."""

import asyncio
from collections.abc import Collection
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.governance.messages import Acting, PolicyKnown, PolicyUpdate, Referral
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.timing import now

SOON = 1e-3  # seconds: a timer is no more exact


class Requirements:
    """The requirements of one level. `control`: who speaks; `units`: their paths; `audited`: whether it has audits."""

    def __init__(self, control: Any, units: Collection[str], commands: Interventions, audited: bool) -> None:
        self._control, self._units, self._commands, self._audited = control, units, commands, audited
        self._last: Edition | None = None  # of the policies that were to be distributed

    async def distribute(self, update: PolicyUpdate) -> dict[str, Edition]:
        """Policies for every unit; under which each acts since."""
        self._last = update.edition
        if self._audited:
            self._control.tell(Channel.AUDIT, Role.AUDIT, update)  # the verifier acts under them, too
        answers = await asyncio.gather(*(self._commands.command(unit, update) for unit in self._units))
        return {known.path: known.edition for known in answers if isinstance(known, PolicyKnown)}

    async def distributed(self, update: PolicyUpdate, answer: Deferred[dict[str, Edition]]) -> None:
        """The same, for who waits for the answer."""
        answer.reply(await self.distribute(update))

    def heard(self, unit: str, acting: Edition) -> None:
        """A unit says under which policies it acts: system 5 hears of others than it has distributed."""
        if acting != self._last:
            self._control.tell(Channel.METASYSTEM, Role.POLICY, Acting(unit, acting))

    async def refer(self, referral: Referral, note: Note, answer: Deferred[Any]) -> None:
        """What a unit may not decide: system 5's word goes back to it. Who refers it knows how long to wait."""
        left = None if note.deadline is None else max(SOON, note.deadline - now())
        try:
            verdict = await self._control.ask(
                Channel.METASYSTEM, Role.POLICY, referral, cause=note, patience=left
            )
        except Exception as error:
            answer.fail(error)
        else:
            answer.reply(verdict)
