"""What system 3* holds against units, told to the world as long as it does."""

from collections.abc import Iterable, Set
from math import inf
from typing import Any

from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import Knowing
from cybernetic.vsm.world.telling import Telling

FOUND, DISCREPANT = "is found", "discrepant"
"""The fact is (the unit's path, "is found", "discrepant")."""

LASTS = 60  # rounds that a finding is known without being told again: its auditor may have died
RENEWED = 20  # rounds after which it is told again


class Findings:
    """The cases that stand, as facts by `<level>:audit`. Where no world is declared it does nothing.

    Args:
        auditor: whose they are.
        units: those it audits; an auditor before it may have told of any.
    """

    def __init__(self, auditor: Any, units: Iterable[str]) -> None:
        self._auditor = auditor
        self._world = Knowing(auditor, auditor.path, f"{auditor.path}:audit")
        self._telling = Telling(auditor, self._world)
        self._told = dict.fromkeys(units, -inf)  # when, by unit

    def show(self, standing: Set[str]) -> None:
        """These are the units against which a case stands: called in each round."""
        if not (standing or self._told) or not self._world.declared:
            return
        round = self._auditor.pulse
        for unit in standing:
            if now() >= self._told.get(unit, -inf) + RENEWED * round:
                self._told[unit] = now()
                self._telling.tell((unit, FOUND, DISCREPANT), now() + LASTS * round)
        for unit in self._told.keys() - standing:
            del self._told[unit]
            self._telling.take_back((unit, FOUND, DISCREPANT), now() + LASTS * round)
