"""A supervisor of a level that is killed outright in the middle of a task: contained, like any crash."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, SystemStopped
from cybernetic.runtime import Agent
from cybernetic.vsm import BudgetExhausted, Performed, TaskUnknown, ViableSystem
from tests.vsm.living.company import TOOL, Company, done, started

BEGUN = (
    Performed,
    TaskUnknown,
    BudgetExhausted,
)  # done anew, or told by name: what it held may count as spent


class Plain(Company):
    """Nothing is counted."""

    budget = None


@pytest.mark.parametrize("cls", [Company, Plain])
@pytest.mark.parametrize(
    "who",
    ["level", "operations", "metasystem", "channels", "division", "division:level", "division:operations"],
)
async def test_it_comes_back_and_who_waits_is_answered(who: str, cls: type[Company]) -> None:
    async with started(cls) as (system, top):
        TOOL.takes = 4.0
        path = f"{cls.__name__.lower()}/{who}" if "division" in who else f"{cls.__name__.lower()}:{who}"
        places = [f"{cls.__name__.lower()}/{name}" for name in ("solo", "division", "division")]
        waiting = [asyncio.ensure_future(done(top, place)) for place in places]
        await asyncio.sleep(1.0)
        killed: Any = system.whereis(path, Agent)
        killed.exit(Kill())
        came = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60.0)
        assert all(isinstance(one, BEGUN if cls is Company else (Performed, TaskUnknown)) for one in came)
        if who in ("metasystem", "division", "division:level", "division:operations"):
            assert isinstance(came[0], Performed)  # what is beside it is not concerned
        assert system.whereis(path, Agent) not in (None, killed)
        assert len(await top.call(ViableSystem.levels)) == 2
        if cls is Plain:
            again = [await done(top, place) for place in places]
            assert all(one.outcome.good for one in again)


async def kill_it_again_and_again() -> None:
    async with started(Plain) as (system, _):
        for _ in range(4):
            level = system.whereis("plain:level", Agent)
            if level is not None:
                level.exit(Kill())
            await asyncio.sleep(0.7)
        await asyncio.sleep(30.0)


async def test_killed_again_and_again_it_ends_as_any_child_does() -> None:
    with pytest.raises(SystemStopped):
        await kill_it_again_and_again()
