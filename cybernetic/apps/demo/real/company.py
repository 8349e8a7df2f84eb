"""The company that lives in real time: three divisions, each of which may be in a process of its own.

Its work is made up (a pause instead of a model); the processes, the channels between levels, the ledgers and the deaths
are real.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any, ClassVar

from cybernetic.gateways import outlet_of, pain_outlet_of
from cybernetic.vsm import (
    Budget,
    Clocks,
    Cost,
    Index,
    Operation,
    Outcome,
    Port,
    Rate,
    Task,
    Unit,
    ViableSystem,
    remote,
    unit,
)

NAME = "acme"
DIVISIONS = ("support", "catalogue", "orders")
CLERKS = 2
PRICE = 0.01  # dollars of a job
PAUSE = 0.2  # seconds of a job
PER = 3600.0
DATA = "CYBERNETIC_DEMO_DATA"  # the variable that says where books are kept; processes inherit it
PORTS = {"model": Port(rate=Rate(60, per=1.0, burst=10), timeout=10.0)}
CLOCKS = Clocks(ack=2.0, recovery=30.0)


async def written(what: str) -> int:
    """What stands for a model: after a while, the process in which it was done."""
    await asyncio.sleep(PAUSE)
    return os.getpid()


class Clerk(Operation):
    """Does a job."""

    indices = (Index("cycle_time", limits=(0.0, 10.0), cost=True),)

    async def handle(self, task: Task) -> Outcome:
        """Through the port of the model."""
        used = await self.use("model", written, task.id, upper=Cost(usd=PRICE))
        return Outcome(used.value, evidence=[used.receipt])


class Division(ViableSystem):
    """A level of its own on a node; it uses the ports of the company."""

    purpose = "do every job"
    clocks = CLOCKS
    data = os.environ.get(DATA)
    human = ()

    def units(self) -> Sequence[Unit]:
        """Clerks."""
        return [unit(Clerk, id=f"clerk-{n}", floor=1.0 / (2 * CLERKS)) for n in range(CLERKS)]


class Branch(Division):
    """A division in a program of its own, where nothing but the broker connects it: it has ports of its own."""

    ports = PORTS


class Acme(ViableSystem):
    """The company, with each division on the node that `homes` names for it.

    Args:
        homes: the node of each division.
    """

    purpose = "serve customers within what it may spend"
    budget = Budget(usd=100, per=PER)
    ports = PORTS
    clocks = CLOCKS
    human: ClassVar[Any] = ()

    def __init__(self, homes: dict[str, str]) -> None:
        super().__init__()
        self._homes = homes

    def units(self) -> Sequence[Unit]:
        """The divisions."""
        return [unit(Division, id=id, floor=0.1, node=node) for id, node in self._homes.items()]


class Merchants(ViableSystem):
    """The same company, with its divisions elsewhere, met over a broker."""

    purpose = Acme.purpose
    budget = Acme.budget
    ports = PORTS
    clocks = CLOCKS
    human: ClassVar[Any] = ()

    def units(self) -> Sequence[Unit]:
        """The divisions."""
        return [
            remote(id, floor=0.1, outlet=outlet_of(f"{NAME}/{id}"), pain=pain_outlet_of(f"{NAME}/{id}"))
            for id in DIVISIONS
        ]
