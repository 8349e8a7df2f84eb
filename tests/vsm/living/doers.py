"""Operations that hand tasks on as their bodies say, and what they called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from cybernetic import System
from cybernetic.vsm import Operation, Outcome, Task, ViableSystem

CALLED: list[Any] = []


async def tool(what: Any, takes: float = 0.2) -> Any:
    """Takes a moment."""
    CALLED.append(what)
    await asyncio.sleep(takes)
    return what


class Doer(Operation):
    """Hands on what its body says: (kind, further body), or the same ticket; says by whom all was done."""

    async def handle(self, task: Task) -> Outcome:
        """With one use of the tool before it."""
        used = await self.use("tool", tool, task.id, key=task.id)
        who = [self.ref.name]
        match task.body:
            case ("again", kind):
                who += (await self.hand_on(replace(task, kind=kind, body=None))).outcome.value
            case ("as", id, kind, body):
                who += (await self.hand_on(Task(kind, body, id=id))).outcome.value
            case (kind, body):
                who += (await self.hand_on(Task(kind, body))).outcome.value
        return Outcome(who, evidence=[used.receipt])


@asynccontextmanager
async def started(cls: Any) -> AsyncIterator[tuple[System, Any]]:
    """It, with nothing called yet."""
    CALLED.clear()
    async with System() as system:
        level = await system.start(cls)
        await asyncio.sleep(2.0)
        yield system, level


async def asked(level: Any, kind: str, body: Any = None, **marks: Any) -> Any:
    """Who has done a task; within ten minutes at the most."""
    job = level.within(600.0).call(ViableSystem.submit, Task(kind, body, **marks))
    return (await job).outcome.value
