"""Agents that fail to start, or take their time, and one that starts them."""

import asyncio
from typing import Any

from cybernetic import (
    Agent,
    StartFailed,
)

WHERE = ("init", "setup", "async setup", "parked setup")


class Starting(Agent):
    """Raises what it is given at one place of its start; tells of `terminate`."""

    def __init__(self, where: str, error: Any, told: list[Any] | None = None) -> None:
        self.where, self.error, self.told = where, error, told if told is not None else []
        if where == "init":
            raise error

    def setup(self) -> Any:
        if self.where == "setup":
            raise self.error
        return self._later()

    async def _later(self) -> None:
        if self.where == "parked setup":
            await asyncio.sleep(1)
        raise self.error

    def terminate(self, reason: Any) -> None:
        self.told.append(reason)


class Slow(Agent):
    """Takes its time to start."""

    def __init__(self, seconds: float, told: list[Any] | None = None) -> None:
        self.seconds, self.told = seconds, told if told is not None else []

    async def setup(self) -> None:
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.told.append("unwound")


class Starter(Agent):
    """Starts another from a handler, linked, and tells what came of it."""

    def __init__(self, traps: bool) -> None:
        self.trap_exit = traps
        self.got: list[Any] = []

    async def begin(self, cls: Any, *args: Any, limit: float | None = None, name: str | None = None) -> Any:
        try:
            return await self.start(cls, *args, link=True, start_timeout=limit, name=name)
        except StartFailed as failed:
            return failed

    def receive(self, message: Any) -> None:
        self.got.append(message)

    def read(self) -> list[Any]:
        return self.got
