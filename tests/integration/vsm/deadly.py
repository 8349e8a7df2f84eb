"""A company with units in processes of their own, which some tasks end."""

import asyncio
import os
from pathlib import Path
from typing import Any, ClassVar

from cybernetic.vsm import Operation, Outcome, Port, Task, ViableSystem, unit


async def outside(file: str) -> int:
    """Notes the process in which it is done."""
    with Path(file).open("a") as notes:
        notes.write(f"{os.getpid()}\n")
    await asyncio.sleep(0.3)
    return os.getpid()


class Hand(Operation):
    """Does one thing; then some tasks end its process."""

    async def handle(self, task: Task) -> Outcome:
        """As the kind says."""
        used = await self.use("outside", outside, task.body)
        if task.kind == "end":
            os._exit(9)
        return Outcome(used.value, evidence=[used.receipt])


class Division(ViableSystem):
    """Of two hands."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Hand, id=f"h{n}") for n in range(2)]


class Deadly(ViableSystem):
    """A hand in a process of its own, and a level on a node of its own."""

    ports: ClassVar[Any] = {"outside": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Hand, id="hand", isolate=True), unit(Division, id="division", node="worker-1")]
