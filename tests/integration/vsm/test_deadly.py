"""A task that ends the process in which it is done is given up after five of them, and takes no other along."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.vsm import Performed, Task, TaskGivenUp, ViableSystem
from tests.integration.vsm import deadly


async def _done(company: Any, kind: str, file: Path, unit: str) -> Performed:
    task = Task(kind, str(file), to=f"deadly/{unit}", id=file.name)
    performed: Performed = await company.within(300.0).call(ViableSystem.submit, task)
    return performed


async def _ended(company: Any, folder: Path, unit: str) -> None:
    """A unit is given what ends its process, with work beside it."""
    before, end, after = (
        asyncio.ensure_future(_done(company, kind, folder / f"{unit} {name}", unit))
        for kind, name in (("job", "before"), ("end", "end"), ("job", "after"))
    )
    said = f"deadly/{unit} ended before it answered task '{unit} end': NoConnection"
    with pytest.raises(TaskGivenUp, match=said):
        await end
    assert all([(await job).outcome.good for job in (before, after)])
    processes = (folder / f"{unit} end").read_text().split()
    assert len(processes) == len(set(processes)) == 5


async def test_a_task_that_ends_its_process_is_tried_five_times_in_all_and_what_is_beside_it_is_done(
    tmp_path: Path,
) -> None:
    async with System(nodes=1) as system:
        company = await system.start(deadly.Deadly)
        await asyncio.gather(*(_ended(company, tmp_path, unit) for unit in ("hand", "division")))
