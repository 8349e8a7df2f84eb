"""Functions that tests run as tasks, and an agent that owns some."""

import asyncio
from functools import partial
from typing import Any

from cybernetic import (
    Agent,
    Job,
    Ref,
    System,
    TaskSupervisor,
)
from cybernetic.core import Crash

BOOM = Crash("RuntimeError", "boom")


async def double(value: int, seconds: float = 0.0) -> int:
    await asyncio.sleep(seconds)
    return 2 * value


async def boom(seconds: float = 0.0) -> int:
    await asyncio.sleep(seconds)
    raise RuntimeError("boom")


async def supervise(system: System, **settings: Any) -> Ref[TaskSupervisor]:
    """A task supervisor whose end does not concern the system."""
    return await system.start(partial(TaskSupervisor, **settings), name="tasks", type="temporary")


class Owner(Agent):
    """Starts tasks, and keeps their jobs in a list that outlives it."""

    def __init__(self, jobs: list[Job[Any]] | None = None, traps: bool = False) -> None:
        self.jobs = [] if jobs is None else jobs
        self.trap_exit = traps
        self.got: list[Any] = []

    def receive(self, message: Any) -> None:
        self.got.append(message)

    def messages(self) -> list[Any]:
        return self.got

    def begin(self, tasks: Ref[TaskSupervisor], fn: Any, *args: Any) -> None:
        self.jobs.append(TaskSupervisor.run(tasks, fn, *args))

    def begin_nolink(self, tasks: Ref[TaskSupervisor], fn: Any, *args: Any) -> None:
        self.jobs.append(TaskSupervisor.run_nolink(tasks, fn, *args))

    async def whole(self, tasks: Ref[TaskSupervisor], fn: Any, *args: Any) -> Any:
        return await TaskSupervisor.run(tasks, fn, *args)

    async def shut(self, index: int) -> Any:
        return await self.jobs[index].shutdown()

    def let_be(self, index: int) -> None:
        self.jobs[index].ignore()

    def leave(self) -> None:
        self.stop()

    def crash(self) -> None:
        raise RuntimeError("the owner")


async def stubborn() -> None:
    try:
        await asyncio.sleep(100)
    finally:
        await asyncio.sleep(3)
