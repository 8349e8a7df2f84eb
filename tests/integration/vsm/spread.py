"""A company whose division lives on another node, with books on the disk."""

import os
from typing import Any, ClassVar

from cybernetic.vsm import Budget, Cost, Operation, Outcome, Port, Task, ViableSystem, unit


async def outside(what: Any) -> tuple[int, Any]:
    """The process in which it is done."""
    return os.getpid(), what


class Hand(Operation):
    """Does one thing, for a dollar."""

    async def handle(self, task: Task) -> Outcome:
        """Say where."""
        used = await self.use("outside", outside, task.id, upper=Cost(usd=1.0))
        return Outcome(used.value[0], evidence=[used.receipt])


class Division(ViableSystem):
    """Of two hands."""

    data: ClassVar[str | None] = os.environ.get("SPREAD_DATA")

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Hand, id=f"h{n}", floor=0.1) for n in range(2)]


class Spread(ViableSystem):
    """A division elsewhere, a hand here."""

    budget = Budget(usd=20, per=3600)
    ports: ClassVar[Any] = {"outside": Port()}
    data: ClassVar[str | None] = os.environ.get("SPREAD_DATA")
    human = ()

    def units(self) -> list[Any]:
        """Two."""
        return [
            unit(Division, id="division", floor=0.1, node="worker-1"),
            unit(Hand, id="here", floor=0.1),
        ]
