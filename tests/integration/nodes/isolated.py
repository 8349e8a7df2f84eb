"""Agents that misbehave as processes do."""

import asyncio
import ctypes
import os
import resource
import signal
from typing import Any

from cybernetic import Agent, DynamicSupervisor, Limits, Supervisor, child


class Wild(Agent):
    """Does to its process what it is told."""

    def pid(self) -> int:
        return os.getpid()

    def spin(self) -> None:
        while True:
            pass

    def stop_itself(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def fault(self) -> None:
        ctypes.string_at(0)

    def hold(self, seconds: float) -> str:
        end = os.times().elapsed + seconds
        while os.times().elapsed < end:
            pass
        return "done"

    def limits(self) -> tuple[int, int]:
        return resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0]

    def grab(self, size: int) -> int:
        return len(bytearray(size))

    async def work(self) -> str:
        await asyncio.sleep(0)
        return "worked"


class Cage(Supervisor):
    """One agent in a process of its own, one on a shared node, one at home."""

    max_restarts = 20

    def children(self) -> Any:
        return [
            child(Wild, id="alone", name="alone", isolate=True),
            child(Wild, id="shared", name="shared", node="worker-1"),
            child(Wild, id="home", name="home"),
        ]


class Bounded(Supervisor):
    """An agent that may use so much only."""

    def children(self) -> Any:
        limits = Limits(address_space=2**30, cpu_seconds=60)
        return [child(Wild, id="bounded", name="bounded", isolate=limits)]


class Nursery(DynamicSupervisor):
    """For children by request."""
