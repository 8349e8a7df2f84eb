"""What a unit's own process may use is enforced while the level lives; what the machine does not offer is refused."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import StartFailed
from cybernetic.vsm import Task, ViableSystem
from tests.integration.vsm.confined import MIB, Caged, Confined

OFFERED = Path("/sys/fs/cgroup/cgroup.controllers").exists()


async def _had(company: Any, to: str, **body: Any) -> Any:
    """What came of a task: the process, and what it says."""
    async with asyncio.timeout(200):
        performed = await company.within(None).call(ViableSystem.submit, Task("take", body, to=to))
    return performed.outcome.value


async def test_a_unit_has_no_more_memory_or_time_of_a_processor_than_its_process_may_use(
    tmp_path: Path,
) -> None:
    async with System() as system:
        company = await system.start(Confined)
        pid, said = await _had(company, "confined/small", bytes=4096 * MIB)
        assert (pid != os.getpid(), said) == (True, "no memory")
        assert await _had(company, "confined/small", bytes=64 * MIB) == (pid, "had it")
        assert await _had(company, "confined/free", bytes=4096 * MIB) == (os.getpid(), "had it")
        before, _ = await _had(company, "confined/short")
        after, said = await _had(company, "confined/short", burn=str(tmp_path / "burnt"))
        assert said == "had it"  # given again, in another process: the system has ended the first
        assert after not in (before, os.getpid())
        assert (await _had(company, "confined/small"))[0] == pid  # bystanders are not restarted
        assert (await _had(company, "confined/free"))[0] == os.getpid()


async def test_a_quota_of_memory_and_processors_holds_or_is_refused_with_what_is_missing() -> None:
    async with System() as system:
        if not OFFERED or not os.access("/sys/fs/cgroup", os.W_OK):
            with pytest.raises(StartFailed, match="not offered here"):
                await system.start(Caged, type="temporary")
            return
        company = await system.start(Caged, type="temporary")
        pid, said = await _had(company, "caged/caged", bytes=32 * MIB, write=True)
        assert said == "had it"
        with pytest.raises(Exception, match="caged"):
            await _had(company, "caged/caged", bytes=1024 * MIB, write=True)
        assert (await _had(company, "caged/caged"))[0] != pid
