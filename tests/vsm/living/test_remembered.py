"""What was begun, and who did it, is remembered: by the successor of who gave a task as well."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Intervention, Port, Rung, Stuck, Task, TaskUnknown, ViableSystem, now, unit
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.operations.progress import Circling
from tests.vsm.living.company import TOOL, Company, Worker, done, started


class Pair(Company):
    """Two workers."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"tool": Port(timeout=60.0)}

    def units(self) -> list[Any]:
        """Alike."""
        return [unit(Worker, id="a"), unit(Worker, id="b")]


def kill(system: Any, name: str) -> None:
    """It is."""
    ref = system.whereis(name, Agent)
    assert ref is not None
    ref.exit(Kill())


async def test_of_what_a_predecessor_had_given_the_outcome_is_unknown_when_its_unit_is_taken_out() -> None:
    async with started(Pair) as (system, pair):
        await asyncio.sleep(2.0)
        TOOL.takes = 20.0
        job = asyncio.ensure_future(done(pair))
        await asyncio.sleep(1.0)
        kill(system, "pair:environment")
        await asyncio.sleep(1.0)
        load = (await pair.call(ViableSystem.status)).load
        (at,) = (path for path, tasks in load.items() if tasks)
        kill(system, at)  # its successor has not begun it when it is taken out
        one = Intervention(Rung.DISSOLVE, "to see", now() + 300.0)
        await system.named("pair:control", Control).call(Control.intervene, at, one)
        with pytest.raises(TaskUnknown, match="had begun it"):
            await asyncio.wait_for(job, 60.0)
        assert len(TOOL.asked) == 1


async def test_where_a_predecessor_cannot_know_whether_a_task_was_begun_nobody_else_begins_it() -> None:
    async with started(Pair) as (system, pair):
        await asyncio.sleep(2.0)
        TOOL.takes = 20.0
        jobs = [asyncio.ensure_future(done(pair)) for _ in range(2)]
        await asyncio.sleep(1.0)
        assert len(TOOL.asked) == 2
        kill(system, "pair:environment")
        await asyncio.sleep(0.0)
        await system.named("pair:control", Control).call(
            Control.intervene, "pair/a", Intervention(Rung.DISSOLVE, "to see", now() + 300.0)
        )
        found = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 90.0)
        assert sorted(type(one).__name__ for one in found) == ["Performed", "TaskUnknown"]
        assert len(TOOL.asked) == 2


async def test_a_task_that_was_done_and_comes_again_is_for_the_unit_that_did_it() -> None:
    async with started(Pair) as (_, pair):
        await asyncio.sleep(2.0)
        ids = [f"task {n}" for n in range(4)]
        first = [await pair.within(None).call(ViableSystem.submit, Task("job", id=id)) for id in ids]
        for id, before in zip(reversed(ids), reversed(first), strict=True):
            again = await pair.within(None).call(ViableSystem.submit, Task("job", id=id))
            assert again.receipts == before.receipts
        assert len(TOOL.asked) == 4


async def test_an_operation_is_not_ended_because_of_a_loop_in_a_task_that_is_over() -> None:
    async with started(Pair) as (system, pair):
        await asyncio.sleep(2.0)
        TOOL.takes = 5.0
        job = asyncio.ensure_future(done(pair, "pair/a"))
        await asyncio.sleep(1.0)
        known = system.whereis("pair/a", Agent)
        system.named("pair/a:management", Agent).send(Circling("another", Stuck("pair/a", "tool", 5)))
        assert (await job).outcome.good
        assert system.whereis("pair/a", Agent) == known
        assert len(TOOL.asked) == 1
