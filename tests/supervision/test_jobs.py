"""What a `Job` can do for its owner (statements TK-2 to TK-4)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    CallTimeout,
    Done,
    Failed,
    Killed,
    Normal,
    Shutdown,
    Stop,
    System,
    TaskFailed,
    TaskSupervisor,
)
from tests.supervision.agents import moment
from tests.supervision.work import BOOM, Owner, boom, double, stubborn, supervise


async def test_tk_2_a_result_is_waited_for_five_seconds_and_the_task_runs_on() -> None:
    async with System() as system:
        job = TaskSupervisor.run(await supervise(system), double, 1, 8.0)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(CallTimeout):
            await job
        assert asyncio.get_running_loop().time() - begun == pytest.approx(5.0)
        with pytest.raises(CallTimeout):
            await job.result(1.0)
        assert await job.result(None) == 2


@pytest.mark.parametrize(("reason", "expected"), [(Normal(), Normal()), (Shutdown("x"), Shutdown("x"))])
async def test_tk_2_an_end_without_a_result_is_a_failure_even_if_it_was_orderly(
    reason: Any, expected: Any
) -> None:
    async def leave() -> None:
        raise Stop(reason)

    async with System() as system:
        with pytest.raises(TaskFailed) as caught:
            await TaskSupervisor.run(await supervise(system), leave)
        assert caught.value.reason == expected


async def test_tk_2_many_may_wait_again_and_again_and_giving_up_does_not_end_the_task() -> None:
    async with System() as system:
        job = TaskSupervisor.run(await supervise(system), double, 1, 2.0)
        waiter = asyncio.ensure_future(job.result())
        other = asyncio.ensure_future(job.result())
        await moment()
        waiter.cancel()
        assert await other == 2
        assert await job == 2


async def test_tk_3_wait_tells_how_it_ended_or_nothing_yet_and_may_be_repeated() -> None:
    async with System() as system:
        tasks = await supervise(system)
        good, bad = TaskSupervisor.run(tasks, double, 1, 3.0), TaskSupervisor.run(tasks, boom, 3.0)
        assert await good.wait(1.0) is None
        assert await good.wait(0) is None
        assert await good.wait(5.0) == Done(2)
        assert await bad.wait() == Failed(BOOM)
        assert await good.wait() == Done(2)


async def test_tk_3_gather_waits_for_all_or_fails_with_the_first() -> None:
    async with System() as system:
        tasks = await supervise(system)
        jobs = [TaskSupervisor.run_nolink(tasks, double, 1, 3.0), TaskSupervisor.run_nolink(tasks, boom, 1.0)]
        with pytest.raises(TaskFailed):
            await asyncio.gather(*jobs)
        assert asyncio.get_running_loop().time() == pytest.approx(1.0, abs=0.1)
        assert await jobs[0] == 2


@pytest.mark.parametrize(
    ("fn", "limit", "takes", "outcome"),
    [
        (partial(double, 1, 100.0), 5.0, 0.0, None),
        (partial(double, 1, 100.0), "brutal_kill", 0.0, None),
        (stubborn, "brutal_kill", 0.0, None),
        (stubborn, 2.0, 2.0, Failed(Killed())),
    ],
)
async def test_tk_4_shutdown_ends_a_task_and_says_how_that_went(
    fn: Any, limit: Any, takes: float, outcome: Any
) -> None:
    async with System() as system:
        job = TaskSupervisor.run(await supervise(system), fn)
        await asyncio.sleep(1)
        begun = asyncio.get_running_loop().time()
        assert await job.shutdown(limit) == outcome
        assert asyncio.get_running_loop().time() - begun == pytest.approx(takes, abs=0.01)
        assert job.ref is not None
        assert not system.alive(job.ref)
        with pytest.raises(TaskFailed):
            await job


async def test_tk_4_shutdown_of_a_task_that_has_ended_tells_how() -> None:
    async with System() as system:
        tasks = await supervise(system)
        good, bad = TaskSupervisor.run(tasks, double, 1), TaskSupervisor.run(tasks, boom)
        await moment()
        assert await good.shutdown() == Done(2)
        assert await bad.shutdown() == Failed(BOOM)


async def test_tk_4_shutdown_before_the_start_works_too() -> None:
    async with System() as system:
        tasks = await supervise(system)
        assert await TaskSupervisor.run(tasks, double, 1, 100.0).shutdown() is None
        await moment()
        assert await tasks.call(TaskSupervisor.which_children) == []


@pytest.mark.parametrize("traps", [False, True])
async def test_tk_4_neither_shutdown_nor_a_later_crash_of_an_ignored_task_concerns_the_owner(
    traps: bool,
) -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner, None, traps)
        await owner.call(Owner.begin, tasks, double, 1, 100.0)
        await owner.call(Owner.begin, tasks, boom, 3.0)
        await moment()
        assert await owner.call(Owner.shut, 0) is None
        await owner.call(Owner.let_be, 1)
        await asyncio.sleep(4)
        assert await owner.call(Owner.messages) == []
