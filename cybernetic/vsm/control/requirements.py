"""What system 5 requires passes through system 3: policies down to every unit, questions of units up."""

import asyncio
from collections.abc import Collection
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.commands import ROUND
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.governance.messages import Acting, PolicyKnown, PolicyUpdate, Referral
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.timing import now

SOON = 1e-3  # seconds: a timer is no more exact


class Requirements:
    """The requirements of one level. `control`: who speaks; `units`: their paths; `audited`: whether it has audits."""

    def __init__(self, control: Any, units: Collection[str], commands: Interventions, audited: bool) -> None:
        self._control, self._units, self._commands, self._audited = control, units, commands, audited
        self._under_way: dict[str, Edition] = {}  # policies that a unit is being told
        self._said: dict[str, Edition] = {}  # under which each acts, as system 5 was told last

    async def distribute(self, update: PolicyUpdate) -> dict[str, Edition]:
        """Policies for every unit; under which each acts since. Who takes longer for his answer than a round keeps
        nobody waiting: system 5 is told when it comes.
        """
        if self._audited:
            self._control.tell(Channel.AUDIT, Role.AUDIT, update)  # the verifier acts under them, too
        units = [unit for unit in self._units if self._under_way.get(unit) != update.edition]
        tasks = [self._control.task(self._put(unit, update)) for unit in units]
        for unit in self._units:
            self._said.pop(unit, None)
        if tasks:
            await asyncio.wait(tasks, timeout=ROUND)
        known = {one.path: one.edition for one in map(_result, tasks) if isinstance(one, PolicyKnown)}
        self._said |= known
        return known

    async def _put(self, unit: str, update: PolicyUpdate) -> Any:
        self._under_way[unit], began = update.edition, now()
        known = await self._commands.command(unit, update)
        if self._under_way.get(unit) == update.edition:
            del self._under_way[unit]
        if isinstance(known, PolicyKnown) and now() - began >= ROUND:
            self.heard(unit, known.edition)
        return known

    async def distributed(self, update: PolicyUpdate, answer: Deferred[dict[str, Edition]]) -> None:
        """The same, for who waits for the answer."""
        answer.reply(await self.distribute(update))

    def heard(self, unit: str, acting: Edition) -> None:
        """A unit says under which policies it acts: system 5 is told where it does not know that."""
        if acting != self._said.get(unit):
            self._said[unit] = acting
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


def _result(task: Any) -> Any:
    return task.result() if task.done() else None
