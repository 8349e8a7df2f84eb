"""Surprise inspections: looks at how a unit stands, at times that nobody can foresee."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.posiwid import PosiwidGap, posiwid
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Why, incident
from cybernetic.vsm.inspection.files import Files
from cybernetic.vsm.inspection.fruitless import Fruitless, Look
from cybernetic.vsm.inspection.messages import Inspect, Inspected
from cybernetic.vsm.inspection.verifier import CannotTell

PURPOSE = (
    60.0  # seconds, on average, between two looks at a unit with purposes, unless inspections are declared
)


class Surprises:
    """The inspections of a level.

    Args:
        auditor: who makes them.
        audit: what was declared.
        units: by path, what each is chartered for.
        files: where it is noted.
        fruitless: where it is noted that one has come to nothing.
    """

    def __init__(
        self,
        auditor: Any,
        audit: Audit,
        units: Mapping[str, Mapping[str, float]],
        files: Files,
        fruitless: Fruitless,
    ) -> None:
        self._auditor, self._audit, self._units, self._files = auditor, audit, units, files
        self._fruitless = fruitless

    def due(self, unit: str) -> float | None:
        """Seconds to the next inspection of a unit; None: there is nothing to look for."""
        if self._audit.every is None and not self._units.get(unit):
            return None
        rate = 1 / (self._audit.every or PURPOSE)
        return self._files.sampler.inspection(unit, self._files.of(unit).inspections, rate)

    async def inspect(self, unit: str) -> None:
        """Look at a unit."""
        self._files.change(unit, lambda one: replace(one, inspections=one.inspections + 1))
        why = incident()
        try:
            state = await self._auditor.ask(Channel.AUDIT, Role.PORTER, Inspect(), unit, cause=why)
        except (CallError, Refusal):
            self._fruitless.after(unit, Look.INSPECTION, False, why)
            return
        self._look_at_purpose(unit, state, why)
        if self._audit.inspect is None or self._audit.every is None:
            self._fruitless.after(unit, Look.INSPECTION, True, why)
        else:
            await self._judge(unit, state, why)

    async def _judge(self, unit: str, state: Inspected, why: Why) -> None:
        assert self._audit.inspect is not None
        try:
            account = await self._auditor.judged(self._audit.inspect, state)
        except CannotTell as error:
            await self._files.jot("unverified", {"inspection": unit, "why": str(error)}, why)
            if error.failed:
                self._fruitless.after(unit, Look.INSPECTION, False, why)
            return
        self._fruitless.after(unit, Look.INSPECTION, True, why)
        was = self._files.of(unit).untrue
        self._files.change(unit, lambda one: replace(one, untrue=not account.good))
        if not account.good:
            body = {"unit": unit, "inspection": self._files.of(unit).inspections, "verified": False}
            await self._files.jot("finding", body, why)
            self._auditor.feel(unit, "inspection", note=why)
        elif was:
            self._auditor.relieve(unit, "inspection", why)

    def _look_at_purpose(self, unit: str, state: Inspected, why: Why) -> None:
        """POSIWID: what it spends its time and money on, against what it is chartered for."""
        gap = purpose_gap(self._units.get(unit, {}), state)
        if gap is None:
            return
        before = self._files.of(unit).gap
        self._files.change(unit, lambda one: replace(one, gap=gap, seen=state.last))
        if gap.bits > self._audit.drift:
            self._auditor.feel(unit, "purpose", gap.bits, why)
        elif before is not None and before.bits > self._audit.drift:
            self._auditor.relieve(unit, "purpose", why)


def purpose_gap(chartered: Mapping[str, float], state: Inspected) -> PosiwidGap | None:
    """The larger of the gaps in time and in money; None where nothing is chartered, or nothing was done."""
    actual = [shares for shares in (state.seconds, state.costs) if sum(shares.values()) > 0]
    if not chartered or not actual:
        return None
    return max((posiwid(chartered, shares) for shares in actual), key=lambda one: one.bits)
