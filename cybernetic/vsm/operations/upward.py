"""A task that is handed on: to the level of who does so, then to the levels above it, one after another."""

import asyncio
from collections.abc import Collection
from math import inf
from typing import Any

from cybernetic.core import CallFailed, Crash
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.operations.environment import AGAIN, Environment
from cybernetic.vsm.operations.refusals import NoSuchKind, NoSuchUnit, TaskGivenUp
from cybernetic.vsm.operations.task import Performed, Task
from cybernetic.vsm.operations.tries import AWAY
from cybernetic.vsm.timing import now


async def handed_on(system: Any, level: str, task: Task, by: Collection[str]) -> Performed:
    """What comes of a task that a unit hands on. A level that is away for a moment is asked again: it knows the task by
    its id.

    Args:
        system: in which.
        level: the path of the first that is asked.
        task: what it is.
        by: the paths of the units that wait for it.

    Raises what the task is refused with, `NoSuchKind` or `NoSuchUnit` where no level has anybody for it, `TaskGivenUp`
    where one is away for too long.
    """
    since = inf
    while True:
        asked = now()
        environment = system.named(f"{level}:environment", Environment).within(None)
        try:
            performed: Performed = await environment.call(Environment.submit, task, "", tuple(by))
        except (NoSuchKind, NoSuchUnit) as error:
            level = level_of(level)
            if error.begun or error.last or not level:
                raise
        except TaskGivenUp:
            raise
        except CallFailed as error:
            if isinstance(error.reason, Crash):
                raise
            since = min(since, now()) if now() < asked + AWAY else now()
            if now() >= since + AWAY:
                raise TaskGivenUp(task.id, level, error.reason) from error
            await asyncio.sleep(AGAIN)
        else:
            return performed
