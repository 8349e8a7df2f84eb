"""Shows the evidence of a level within to the audit above it: past its metasystem, as a porter past the management."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.bargain.vector import total
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears, line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, note_id
from cybernetic.vsm.inspection.messages import Evidence, Inspect, Inspected, Probe
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.ports.notices import Served
from cybernetic.vsm.recursion.handing import boundary
from cybernetic.vsm.timing import now

PATIENCE = 4.0  # seconds for each unit within


class Custodian(Member):
    """Stands where the porter of a unit would stand whose inside is a viable system.

    What the audit of the level above asks goes in by the level's own audit channel, to the ports of its units and,
    through those of their kind, to any depth; so what is above sees no more than evidence (the law of cohesion), and
    nobody within who manages has a hand in it. To system 4 above it tells, as a porter would, how ports served the
    level, by the word of the level's own system 4.
    """

    role = Role.PORTER
    period = 1.0

    async def cycle(self) -> None:
        """Tell how ports have served the level."""
        inner = self.system.named(f"{self.path}:{Role.INTELLIGENCE.value}", Intelligence)
        with suppress(CallError, Refusal):
            ports = await inner.within(self.pulse / 2).call(Intelligence.passed)
            if ports:
                self.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Served(ports))

    @hears(Probe)
    def _probed(self, probe: Probe, note: Note) -> Deferred[Evidence | None]:
        answer: Deferred[Evidence | None] = self.defer()
        self.task(self._found(probe, note, answer))
        return answer

    async def _found(self, probe: Probe, note: Note, answer: Deferred[Evidence | None]) -> None:
        shown = [one for one in await self._asked(probe, note) if isinstance(one, Evidence)]
        answer.reply(replace(shown[0], path=self.path) if shown else None)

    @hears(Inspect)
    def _inspected(self, inspect: Inspect, note: Note) -> Deferred[Inspected]:
        answer: Deferred[Inspected] = self.defer()
        self.task(self._stands(inspect, note, answer))
        return answer

    async def _stands(self, inspect: Inspect, note: Note, answer: Deferred[Inspected]) -> None:
        shown = [one for one in await self._asked(inspect, note) if isinstance(one, Inspected)]
        answer.reply(together(self.path, shown))

    async def _asked(self, body: object, note: Note) -> list[Any]:
        """What the units within have to say, those that answer."""
        units = boundary(self.system, self.path)
        return await asyncio.gather(*(self._one(body, note, unit) for unit in units))

    async def _one(self, body: object, note: Note, unit: str) -> Any:
        id = note_id()
        inside = Note(
            Channel.AUDIT,
            Role.AUDIT,
            self.path,
            Role.PORTER,
            unit,
            body,
            id,
            id,
            sent_at=now(),
            deadline=now() + PATIENCE,
        ).because(note)
        line = self.system.named(line_name(self.path, Channel.AUDIT), Line)
        try:
            return await line.within(PATIENCE).call(Line.relay, inside)
        except (CallError, Refusal):
            return None


def together(path: str, shown: list[Inspected]) -> Inspected:
    """How the ports of several units stand, as one; the revision is the oldest that any of them acts under."""
    return Inspected(
        path,
        total(one.spent for one in shown),
        total(one.grant for one in shown),
        {kind: round(count) for kind, count in _summed([one.tasks for one in shown]).items()},
        _summed([one.seconds for one in shown]),
        _summed([one.costs for one in shown]),
        min((one.revision for one in shown), default=0),
        " ".join(one.last for one in shown if one.last),
    )


def _summed(tables: list[Any]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for table in tables:
        for kind, much in table.items():
            found[kind] = found.get(kind, 0) + much
    return found
