"""A company whose units all look the same things up, for tests of calls that are shared."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from cybernetic import System
from cybernetic.runtime import Ref
from cybernetic.vsm import (
    Budget,
    Cost,
    Operation,
    Outcome,
    OutcomeUnknown,
    Performed,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.channels.ear import level_of

ASKED: list[Any] = []
FAILS: list[BaseException] = []  # of the next calls
TAKES = [0.5]  # seconds


async def look_up(what: Any, key: str | None = None) -> Any:
    """As long as it takes, and as it is told."""
    ASKED.append(what)
    await asyncio.sleep(TAKES[0])
    if FAILS:
        raise FAILS.pop(0)
    return {"found": what}


class Reader(Operation):
    """Looks up what the task says, once or more, and says how that ended."""

    async def handle(self, task: Task) -> Outcome:
        """By the port that is named, with a `key` if one is."""
        body = task.body
        port, key = body.get("port", "books"), body.get("key")
        receipts, values = [], []
        for _ in range(body.get("times", 1)):
            try:
                upper = Cost(usd=body.get("usd", 0.1))
                used = await self.use(port, look_up, body.get("what", "whales"), upper=upper, key=key)
            except (ValueError, OutcomeUnknown) as error:
                return Outcome(type(error).__name__, good=False)
            receipts.append(used.receipt)
            values.append(used.value)
        return Outcome(values, evidence=receipts)


class Room(ViableSystem):
    """A level within."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Reader, id=name, floor=0.1) for name in "ab"]


class Library(ViableSystem):
    """Three readers, and two rooms of two each."""

    budget = Budget(usd=10, per=600)
    ports: ClassVar[Any] = {
        "books": Port(shared=30.0, timeout=5.0, cost=lambda value: Cost(usd=0.04)),
        "alone": Port(timeout=5.0),
    }

    def units(self) -> list[Any]:
        """Five."""
        rooms = [unit(Room, id=name, floor=0.1) for name in ("east", "west")]
        return [*(unit(Reader, id=name, floor=0.1) for name in "abc"), *rooms]


@asynccontextmanager
async def opened(cls: type[ViableSystem] = Library) -> AsyncIterator[tuple[System, Ref[Any]]]:
    """A library that runs; nothing was asked so far, nothing fails."""
    ASKED.clear()
    FAILS.clear()
    TAKES[0] = 0.5
    async with System() as system:
        yield system, await system.start(cls, name="library")


async def read(library: Ref[Any], *units: str, **body: Any) -> list[Performed]:
    """One task of each unit, all at once."""
    tasks = [Task("read", body, to=f"library/{name}") for name in units]
    return list(
        await asyncio.gather(*(library.within(None).call(ViableSystem.submit, task) for task in tasks))
    )


async def spent(library: Ref[Any]) -> float:
    """What all units have spent so far, and what is set aside, after a round or two."""
    await asyncio.sleep(2.5)
    accounts = (await library.call(ViableSystem.status)).accounts
    assert all(level_of(path) == "library" for path in accounts)
    return float(sum(one.spent.amount("usd") for one in accounts.values()))


class Apart(Library):
    """A reader here, one on another node, and a room there."""

    def units(self) -> list[Any]:
        """Three."""
        far = {"node": "worker-1"}
        return [
            unit(Reader, id="a", floor=0.1),
            unit(Reader, id="b", floor=0.1, **far),
            unit(Room, id="east", floor=0.1, **far),
        ]
