"""A system that has ended is let go of, with all that was in it."""

import asyncio
import gc
from typing import Any
from weakref import ref

from cybernetic.vsm import Task, ViableSystem
from tests.vsm.living.company import Company, started


async def _ended() -> "ref[Any]":
    async with started(Company) as (system, company):
        company.cast(ViableSystem.submit, Task("job", {}))
        await asyncio.sleep(2.0)
        return ref(system)


async def test_nothing_keeps_a_system_that_has_ended() -> None:
    ended = await _ended()
    await asyncio.sleep(3600.0)  # timers that nobody waits for hold who set them
    gc.collect()
    assert ended() is None
