"""A shop, and its catalogue in a process of its own, met over RabbitMQ. Run as a program it is the catalogue, and waits
to be killed. Arguments: URL and folder."""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from cybernetic import System
from cybernetic.gateways import AmqpBroker
from cybernetic.vsm import Abroad, Budget, Cost, Operation, Outcome, Port, Task, ViableSystem, remote, unit
from tests.vsm.living.posts import UNIT
from tests.vsm.living.posts import post as way

PER = 86400.0


async def outside(what: Any) -> int:
    """The process in which it is done."""
    return os.getpid()


class Hand(Operation):
    """Does one thing, for a dollar."""

    async def handle(self, task: Task) -> Outcome:
        """Say where."""
        used = await self.use("outside", outside, task.id, upper=Cost(usd=1.0))
        return Outcome(used.value, evidence=[used.receipt])


class Catalogue(ViableSystem):
    """Of two hands, with books on the disk."""

    ports: ClassVar[Any] = {"outside": Port()}
    data: ClassVar[str | None] = sys.argv[2] if len(sys.argv) == 3 else None
    human = ()

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Hand, id=f"h{n}", floor=0.1) for n in range(2)]


class Shop(ViableSystem):
    """Its only unit is elsewhere."""

    budget = Budget(usd=10, per=PER)
    human = ()

    def units(self) -> list[Any]:
        """One."""
        return [remote("catalogue", outlet=f"amqp to {UNIT}", pain=f"pain to {UNIT}")]


def post(url: str, folder: Path, path: str, peer: str) -> Any:
    """One half's way to the other, with a connection of its own for pain."""
    return way(AmqpBroker(url), AmqpBroker(url), folder, path, peer, (0.3, 4.0))


async def main() -> None:
    """The catalogue."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    async with System() as system:
        await system.start(post(url, folder, UNIT, "shop"))
        await system.start(partial(Abroad, Catalogue, UNIT, "amqp to shop", PER, pain="pain to shop"))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
