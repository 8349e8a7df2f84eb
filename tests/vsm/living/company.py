"""A small company for tests: what its units do is told by the task, and a tool records what reached it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from cybernetic import System
from cybernetic.runtime import Agent, Ref
from cybernetic.vsm import (
    Budget,
    Cost,
    Operation,
    Outcome,
    Page,
    PainKey,
    Performed,
    Port,
    Rate,
    RateLimited,
    Task,
    ViableSystem,
    unit,
)


class Tool:
    """A tool outside: what it was asked, and what it is told to do."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.refuse = 0
        self.retry_after = 1.0
        self.takes = 0.5
        self.hangs = False

    async def __call__(self, what: Any, key: str | None = None, fence: int | None = None) -> Any:
        self.asked.append((what, key, fence))
        if self.hangs:
            await asyncio.Event().wait()
        if self.refuse:
            self.refuse -= 1
            raise RateLimited(self.retry_after)
        await asyncio.sleep(self.takes)
        return ["done", what]


TOOL = Tool()


class Pager:
    """A human who is paged, and what came."""

    def __init__(self) -> None:
        self.pages: list[tuple[float, Page]] = []
        self.over: list[PainKey] = []

    def page(self, page: Page) -> None:
        """Note it."""
        self.pages.append((asyncio.get_running_loop().time(), page))

    def resolve(self, key: PainKey) -> None:
        """Note it."""
        self.over.append(key)


PAGER = Pager()


class Worker(Operation):
    """Does what the task's body says: {"uses": n, "usd": each, ...}."""

    async def handle(self, task: Task) -> Outcome:
        """As often as is said."""
        body = task.body or {}
        receipts = []
        if body.get("crash"):
            raise ValueError("as told")
        for n in range(body.get("uses", 1)):
            used = await self.use(
                body.get("port", "tool"),
                TOOL,
                body.get("same") or (task.id, n),
                upper=Cost(usd=body.get("usd", 0.1)),
                key=f"{task.id}/{n}",
            )
            receipts.append(used.receipt)
        return Outcome(len(receipts), evidence=receipts[: body.get("shown", 99)])


class Division(ViableSystem):
    """A level within the company, of two workers."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}", floor=0.1) for n in range(2)]


class Company(ViableSystem):
    """Two levels: a division, and a worker of its own."""

    budget = Budget(usd=10, per=60)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0), "paced": Port(rate=Rate(60, per=60), timeout=5.0)}
    human = (PAGER,)

    def units(self) -> list[Any]:
        """A division and a worker."""
        return [
            unit(Division, id="division", floor=0.2, share=0.5),
            unit(Worker, id="solo", floor=0.1, share=0.5),
        ]


@asynccontextmanager
async def started(cls: type[ViableSystem] = Company) -> AsyncIterator[tuple[System, Ref[Any]]]:
    """A company that runs, with a tool and a pager that know nothing."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with System() as system:
        yield system, await system.start(cls)


async def done(company: Ref[Any], to: str | None = None, kind: str = "job", **body: Any) -> Performed:
    """Have one task done."""
    return await company.within(None).call(ViableSystem.submit, Task(kind, body, to=to))


async def hang(system: Any, name: str, seconds: float = 1e9) -> None:
    """Whoever bears that name hangs, and whoever is started in its place."""
    ends, known = asyncio.get_running_loop().time() + seconds, None
    while asyncio.get_running_loop().time() < ends:
        one = system.whereis(name, Agent)
        if one is not None and one != known:
            known = one
            await one.inspect().suspend()
        await asyncio.sleep(0.05)
    if known is not None and system.alive(known):
        await known.inspect().resume()
