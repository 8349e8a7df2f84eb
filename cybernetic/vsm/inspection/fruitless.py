"""Looks at a unit that come to nothing, one after another: who cannot see has to say so."""

from dataclasses import replace
from enum import Enum
from typing import Any

from cybernetic.vsm.audit.record import Standing
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.inspection.files import Files

MOST = 5  # in a row; evidence may be gone after a restart, so one or two mean nothing


class Look(Enum):
    """What a unit is looked at by, and what hurts where that comes to nothing."""

    AUDIT = "unaudited"
    INSPECTION = "uninspected"


class Fruitless:
    """The looks at the units of a level that came to nothing. A verifier that is not believed hurts by itself, and one
    that is refused its means (a budget, a policy) has been told why: neither is counted.

    Args:
        auditor: who feels it.
        files: where it is noted, so that a successor goes on counting.
    """

    def __init__(self, auditor: Any, files: Files) -> None:
        self._auditor, self._files = auditor, files

    def after(self, unit: str, look: Look, seen: bool, note: Why | None) -> None:
        """A look at a unit, because of a `note`, has, or has not, come to something."""
        before = self._files.of(unit).fruitless.get(look.value, 0)
        times = 0 if seen else before + 1
        if times == before:
            return
        self._files.change(unit, lambda one: replace(one, fruitless={**one.fruitless, look.value: times}))
        if times >= MOST:
            self._auditor.feel(unit, look.value, note=note)
        elif before >= MOST:
            self._auditor.relieve(unit, look.value, note)

    def standing(self, unit: str, standing: Standing, blind: bool) -> Standing:
        """What a unit may be called that would be called that: who cannot see it, or is `blind`, calls none clean."""
        unseen = blind or self._files.of(unit).fruitless.get(Look.AUDIT.value, 0) >= MOST
        return Standing.UNAUDITED if unseen and standing is Standing.CLEAN else standing
