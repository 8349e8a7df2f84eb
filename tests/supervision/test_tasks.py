"""`TaskSupervisor.run` and `run_nolink` (statements TK-1, TK-5 to TK-8, TK-13, TK-14)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    CallFailed,
    Done,
    DynamicSupervisor,
    Exit,
    Failed,
    Job,
    Kill,
    Killed,
    MaxChildren,
    NoProc,
    OptionError,
    Refusal,
    Refused,
    Shutdown,
    SpecError,
    System,
    TaskAgent,
    TaskFailed,
    TaskSupervisor,
    child,
)
from cybernetic.core import ArgumentsError, Crash, attach
from cybernetic.supervision import ChildStarted
from tests.supervision.agents import Worker, family, moment
from tests.supervision.work import BOOM, Owner, boom, double, stubborn, supervise


async def test_tk_1_a_task_is_linked_to_its_owner_supervised_and_gives_its_result() -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner)
        await owner.call(Owner.begin, tasks, double, 21, 1.0)
        (job,) = (await owner.inspect().get_state())["jobs"]
        task = await job.started()
        assert set(task.inspect().info().links) == {tasks, owner}
        assert [info.ref for info in await tasks.call(TaskSupervisor.which_children)] == [task]
        assert [info.restart for info in await tasks.call(TaskSupervisor.which_children)] == ["temporary"]
        assert await job == 42
        await moment()
        assert not system.alive(task)
        assert owner.inspect().info().links == ()
        assert await tasks.call(TaskSupervisor.which_children) == []


@pytest.mark.parametrize("address", ["ref", "named"])
async def test_tk_1_plain_functions_and_outside_callers_are_welcome(address: str) -> None:
    async with System() as system:
        tasks: Any = await supervise(system)
        if address == "named":
            tasks = system.named("tasks", TaskSupervisor)
        assert await TaskSupervisor.run(tasks, max, 3, 4) == 4
        assert await TaskSupervisor.run(tasks, partial(double, value=4)) == 8
        assert await asyncio.gather(*(TaskSupervisor.run(tasks, double, i, 1.0) for i in range(50))) == [
            2 * i for i in range(50)
        ]
        assert asyncio.get_running_loop().time() == pytest.approx(1.0, abs=0.1)


async def test_tk_1_a_handler_may_await_its_task_and_a_good_end_sends_no_message() -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner, None, True)
        assert await owner.call(Owner.whole, tasks, double, 1, 0.5) == 2
        await moment()
        assert await owner.call(Owner.messages) == []


async def test_tk_5_a_task_dies_with_an_owner_that_crashes_and_outlives_one_that_is_done() -> None:
    async with System() as system:
        tasks = await supervise(system)
        for way, alive in ((Owner.crash, False), (Owner.leave, True)):
            jobs: list[Job[Any]] = []
            owner = await system.start(Owner, jobs)
            owner.cast(Owner.begin, tasks, double, 1, 3.0)
            await moment()
            owner.cast(way)
            await moment()
            assert jobs[0].ref is not None
            assert system.alive(jobs[0].ref) == alive
            assert await jobs[0].wait() == (Done(2) if alive else Failed(Crash("RuntimeError", "the owner")))


@pytest.mark.parametrize("awaited", [False, True])
async def test_tk_6_a_crashing_task_takes_its_owner_along_awaited_or_not(awaited: bool) -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner)
        ended = asyncio.ensure_future(system.wait(owner))
        owner.cast(Owner.whole if awaited else Owner.begin, tasks, boom, 1.0)
        await asyncio.sleep(2)
        assert await ended == BOOM


async def test_tk_6_an_owner_that_traps_exits_gets_a_message_and_the_error() -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner, None, True)
        await owner.call(Owner.begin, tasks, boom, 1.0)
        await asyncio.sleep(2)
        (message,) = await owner.call(Owner.messages)
        assert isinstance(message, Exit)
        assert message.reason == BOOM


async def test_tk_7_without_a_link_a_crash_is_in_the_job_and_the_owners_end_does_not_matter() -> None:
    async with System() as system:
        jobs: list[Job[Any]] = []
        tasks = await supervise(system)
        owner = await system.start(Owner, jobs)
        owner.cast(Owner.begin_nolink, tasks, boom, 1.0)
        owner.cast(Owner.begin_nolink, tasks, double, 1, 3.0)
        await asyncio.sleep(2)
        assert system.alive(owner)
        owner.cast(Owner.crash)
        with pytest.raises(TaskFailed) as caught:
            await jobs[0]
        assert caught.value.reason == BOOM
        assert await jobs[1] == 2


async def test_tk_7_max_children_is_raised_by_the_job_and_by_start_child() -> None:
    async with System() as system:
        tasks = await supervise(system, max_children=1)
        first, second = TaskSupervisor.run(tasks, double, 1, 1.0), TaskSupervisor.run(tasks, double, 2)
        for wait in (second.result, second.started, second.wait, second.shutdown):
            with pytest.raises(MaxChildren):
                await wait()
        with pytest.raises(MaxChildren):
            await tasks.call(TaskSupervisor.start_child, child(TaskAgent, double, 1))
        assert await first == 2


async def test_tk_7_start_child_is_fire_and_forget_and_may_be_restarted() -> None:
    calls: list[str] = []

    async def once(text: str) -> None:
        calls.append(text)
        if len(calls) < 3:
            raise RuntimeError("again")

    async with System() as system:
        tasks = await supervise(system)
        spec = child(TaskAgent, once, "x", restart="transient", shutdown=1.0)
        ref = await tasks.call(DynamicSupervisor.start_child, spec)
        assert ref is not None
        await moment()
        assert calls == ["x", "x", "x"]
        assert await tasks.call(TaskSupervisor.which_children) == []


async def test_tk_7_any_supervisor_may_have_such_a_child() -> None:
    calls: list[int] = []
    async with System() as system:
        top = await family(system, child(TaskAgent, calls.append, 1, restart="transient"), child(Worker))
        await moment()
        assert calls == [1]
        assert system.alive(top)


async def test_tk_8_a_task_does_not_begin_before_its_owner_has_taken_note_of_it() -> None:
    began: list[bool] = []
    async with System() as system:
        tasks = await supervise(system)
        job: Job[Any] = TaskSupervisor.run(tasks, lambda: began.append(job.ref is not None))
        await job
        assert began == [True]


@pytest.mark.parametrize("begin", [Owner.begin, Owner.begin_nolink])
async def test_tk_8_if_the_owner_ends_before_that_the_task_never_runs(begin: Any) -> None:
    ran: list[int] = []
    async with System() as system:
        jobs: list[Job[Any]] = []
        tasks = await supervise(system)
        owner = await system.start(Owner, jobs)
        await tasks.inspect().suspend()
        owner.cast(begin, tasks, ran.append, 1)
        await moment()
        owner.exit(Kill())
        await tasks.inspect().resume()
        with pytest.raises(TaskFailed) as caught:
            await jobs[0]
        assert caught.value.reason == Shutdown()
        await moment()
        assert ran == []
        assert await tasks.call(TaskSupervisor.which_children) == []


async def test_tk_8_nor_if_it_ends_when_the_task_is_up_but_has_not_been_told_to_begin() -> None:
    ran: list[int] = []
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner)
        detach = attach(ChildStarted, lambda _: owner.exit(Kill()))
        owner.cast(Owner.begin_nolink, tasks, ran.append, 1)
        await moment()
        detach()
        assert not system.alive(owner)
        assert ran == []
        assert list(system.agents()) == [tasks]


class Declined(Refusal):
    """No."""


async def test_a_refusal_is_an_answer_and_no_crash(caplog: pytest.LogCaptureFixture) -> None:
    async def decline() -> None:
        raise Declined("no")

    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner)
        with pytest.raises(Declined):
            await owner.call(Owner.whole, tasks, decline)
        assert system.alive(owner)
        outcome = await TaskSupervisor.run(tasks, decline).wait()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.reason, Refused)
    assert caplog.records == []


async def test_tasks_end_with_their_supervisor_within_their_limits() -> None:
    async with System() as system:
        tasks = await supervise(system)
        job = TaskSupervisor.run(tasks, double, 1, 100.0)
        slow = TaskSupervisor.run(tasks, stubborn, shutdown=2.0)
        await moment()
        begun = asyncio.get_running_loop().time()
        await tasks.stop()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(2.0)
        assert await job.wait() == Failed(Shutdown())
        assert await slow.wait() == Failed(Killed())


async def test_tk_13_wrong_options_are_errors_at_the_line() -> None:
    async with System() as system:
        tasks, worker = await supervise(system), system.spawn(Worker)
        with pytest.raises(OptionError, match="tasks: expected the address of a TaskSupervisor"):
            TaskSupervisor.run(worker, double, 1)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="function: expected a function"):
            TaskSupervisor.run(tasks, 7)  # type: ignore[call-overload]
        with pytest.raises(ArgumentsError):
            TaskSupervisor.run(tasks, double)  # type: ignore[call-arg,arg-type]
        with pytest.raises(SpecError, match="shutdown"):
            TaskSupervisor.run(tasks, double, 1, shutdown=-1)
        with pytest.raises(CallFailed) as caught:
            TaskSupervisor.run(system.named("nobody", TaskSupervisor), double, 1)
        assert caught.value.reason == NoProc()
        job = TaskSupervisor.run(tasks, double, 1)
        with pytest.raises(OptionError):
            await job.result(-1)
        with pytest.raises(OptionError):
            await job.shutdown("gently")  # type: ignore[arg-type]
        await job


async def test_a_supervisor_that_has_ended_fails_the_job() -> None:
    async with System() as system:
        tasks = await supervise(system)
        await tasks.stop()
        with pytest.raises(CallFailed):
            await TaskSupervisor.run(tasks, double, 1)


async def test_tk_14_an_abnormal_end_is_logged_with_starter_function_arguments_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with System() as system:
        tasks, owner = await supervise(system), await system.start(Owner, None, True)
        await owner.call(Owner.whole, tasks, double, 1)
        assert caplog.records == []
        owner.cast(Owner.begin, tasks, boom, 0.25)
        await asyncio.sleep(1)
        (crash,) = [r.getMessage() for r in caplog.records if r.name == "cybernetic.agent"]
        for part in ("boom", "0.25", repr(owner), "RuntimeError"):
            assert part in crash
