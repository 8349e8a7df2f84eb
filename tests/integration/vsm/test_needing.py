"""A process is killed while a unit in it cannot begin: the others work on, in a new one."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.vsm import Task, ViableSystem
from tests.integration.vsm import needing


async def _process(house: Any, unit: str) -> int:
    """In which one that works."""
    done = await house.within(60.0).call(ViableSystem.submit, Task("job", to=f"house/desk/{unit}"))
    process: int = done.outcome.value
    return process


async def test_who_can_begin_works_where_another_of_its_process_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"
    monkeypatch.setenv("CYBERNETIC_TEST_AWAY", str(away))
    async with System() as system:
        house = await system.start(needing.House)
        before = await _process(house, "other")
        away.touch()
        os.kill(before, signal.SIGKILL)
        waits = asyncio.ensure_future(_process(house, "needing"))
        now = await _process(house, "other")
        assert now not in (before, os.getpid())
        assert not waits.done()
        away.unlink()
        assert await waits == now
