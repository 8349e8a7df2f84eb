"""A sound start that takes minutes is one pain, in the level where it is slow, and over when that is there."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Cause, PainKey, unit
from tests.vsm.living.company import PAGER, Worker
from tests.vsm.living.pain.test_ends import Firm
from tests.vsm.living.pain.test_start import Inner, Loads


class Outer(Firm):
    """What is slow is within."""

    def units(self) -> list[Any]:
        """One before it, and one after."""
        return [unit(Worker, id="first"), unit(Inner, id="inner"), unit(Worker, id="last")]


@pytest.mark.parametrize("victim", [None, "outer:algedonode", "outer/inner:algedonode"])
async def test_a_slow_start_within_is_one_pain(victim: str | None) -> None:
    PAGER.__init__()  # type: ignore[misc]
    Loads.takes = 150.0
    async with System() as system:
        starting = asyncio.ensure_future(system.start(Outer, name="outer"))
        await asyncio.sleep(100.0)
        if victim is not None:
            who: Any = system.whereis(victim, Agent)
            who.exit(Kill())
        await asyncio.sleep(100.0)
        assert starting.done()
        start = PainKey("outer/inner", "start", Cause.HEARTBEAT.value)
        assert {page.pain.key for _, page in PAGER.pages} == {start}
        assert set(PAGER.over) == {start}
        for level in ("outer", "outer/inner"):
            assert await system.named(f"{level}:algedonode", Algedonode).call(Algedonode.alarms) == ()


async def test_one_that_is_slow_itself_says_so_itself() -> None:
    PAGER.__init__()  # type: ignore[misc]
    Loads.takes = 100.0

    class Slow(Firm):
        def units(self) -> list[Any]:
            return [unit(Loads, id="loads"), unit(Worker, id="one")]

    async with System() as system:
        starting = asyncio.ensure_future(system.start(Slow, name="slow"))
        await asyncio.sleep(59.0)
        assert PAGER.pages == []
        await asyncio.sleep(60.0)
        assert starting.done()
        assert {(page.pain.path, page.pain.index) for _, page in PAGER.pages} == {("slow", "start")}
        await asyncio.sleep(60.0)
        assert PAGER.over
