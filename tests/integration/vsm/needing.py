"""A division in a process of its own, one of whose units needs a database to begin: a file says that it is away."""

import os
from pathlib import Path
from typing import Any

from cybernetic.vsm import Operation, Outcome, Task, ViableSystem, unit


class Clerk(Operation):
    """Tells in which process it is."""

    def __init__(self, away: str | None = None) -> None:
        self._away = away

    def setup(self) -> None:
        """Connect."""
        if self._away is not None and Path(self._away).exists():
            raise ConnectionError("no database")

    async def handle(self, task: Task) -> Outcome:
        """Its number."""
        return Outcome(os.getpid(), good=False)


class Desk(ViableSystem):
    """One clerk with a database, and one without."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Clerk, os.environ["CYBERNETIC_TEST_AWAY"], id="needing"), unit(Clerk, id="other")]


class House(ViableSystem):
    """A desk in a process of its own."""

    human = ()

    def units(self) -> list[Any]:
        """It alone."""
        return [unit(Desk, id="desk", isolate=True)]
