"""A storm of restarts: hundreds of units die at once, come back so many a second, and a human gets one page."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Clocks, Operation, Outcome, Port, Task, Unit, ViableSystem, unit
from cybernetic.vsm.coordination.restarts import BURST, RATE, Gate, Turnstile
from tests.vsm.living.company import PAGER, done, started

COUNT = 200
BORN: list[float] = []


async def tool(what: str) -> str:
    """Answers."""
    return what


class Mayfly(Operation):
    """Notes when it is born."""

    def __init__(self) -> None:
        BORN.append(asyncio.get_running_loop().time())

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        return Outcome(evidence=[(await self.use("tool", tool, task.id)).receipt])


class Swarm(ViableSystem):
    """Two hundred."""

    clocks = Clocks(ack=1.0, recovery=30.0)
    human = (PAGER,)
    pulse = 5.0
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}

    def units(self) -> Sequence[Unit]:
        """All alike."""
        return [unit(Mayfly, id=f"m{n}") for n in range(COUNT)]


def most(times: Sequence[float], window: float) -> int:
    """The most that fall into any such window."""
    ordered = sorted(times)
    return max(bisect_right(ordered, at + window) - place for place, at in enumerate(ordered))


async def test_a_restart_storm_of_200_units_is_one_page_and_paced_restarts() -> None:
    async with started(Swarm) as (system, swarm):
        await asyncio.sleep(1.0)
        BORN.clear()
        began = asyncio.get_running_loop().time()
        for n in range(COUNT):
            found: Any = system.whereis(f"swarm/m{n}")
            found.exit(Kill())
        await asyncio.sleep(COUNT / RATE + 2.0)
        assert len(BORN) == COUNT  # each once
        assert most(BORN, 1.0) <= RATE + BURST + 1
        assert max(BORN) - began >= (COUNT - BURST) / RATE - 0.5
        gaps = {round(b - a, 3) for a, b in zip(sorted(BORN)[100:150], sorted(BORN)[101:151], strict=True)}
        assert len(gaps) > 20  # jittered, and not in step
        assert (await done(swarm, "swarm/m7")).outcome.good
        await asyncio.sleep(20.0)
        assert len(PAGER.pages) <= 1


async def test_one_that_dies_alone_is_back_at_once() -> None:
    async with started(Swarm) as (system, _):
        await asyncio.sleep(1.0)
        BORN.clear()
        found: Any = system.whereis("swarm/m7")
        found.exit(Kill())
        await asyncio.sleep(0.01)
        assert len(BORN) == 1


async def test_after_a_storm_the_turns_are_free_again() -> None:
    gate = Turnstile(Gate())
    waits = [gate.delay(0) for _ in range(100)]
    assert waits[: int(BURST)] == [0.0] * int(BURST)
    assert waits[-1] == pytest.approx((100 - BURST) / RATE)
    await asyncio.sleep(waits[-1] + BURST / RATE)
    assert [gate.delay(0) for _ in range(int(BURST))] == [0.0] * int(BURST)
