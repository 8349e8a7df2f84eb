"""An operation that gives no sign while it is at a task is ended: its task fails by name, and it hurts."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import (
    Cause,
    Clocks,
    Index,
    Operation,
    Outcome,
    Port,
    Stuck,
    Task,
    TaskHung,
    TaskLate,
    ViableSystem,
    WaitsForItself,
    now,
    unit,
)
from cybernetic.vsm.operations.progress import LONG, Progress, limit_of
from tests.vsm.living.company import PAGER, TOOL, Company, started

TRIES: list[int] = []
TOP: list[Any] = []


class Moody(Operation):
    """Hangs, goes in circles, or hands on, as the task's kind says."""

    async def handle(self, task: Task) -> Outcome:
        """As told."""
        match task.kind:
            case "hang":
                await asyncio.Event().wait()
            case "circle":
                while len(TRIES) < 1000:
                    TRIES.append(1)
                    try:
                        await self.use("tool", TOOL, "the same")
                    except Stuck:
                        continue
            case "hand on":
                await TOP[0].within(None).call(ViableSystem.submit, Task("job", to=task.body))
            case "leave for later":
                TOP[0].cast(ViableSystem.submit, Task("job", to=task.body))
            case "crash":
                TRIES.append(1)
                for _ in range(2):
                    used = await self.use("tool", TOOL, "the same")
                if len(TRIES) < 4:
                    raise ValueError("as told")
                return Outcome(1, evidence=[used.receipt])
        used = await self.use("tool", TOOL, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Quick(Moody):
    """May take five seconds."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 5.0), cost=True)]


class Desk(Company):
    """Two units, one of which has no limit."""

    budget: ClassVar[Any] = None
    ports: ClassVar[Any] = {"tool": Port(timeout=60.0)}
    clocks = Clocks(ack=1.0, recovery=5.0)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Quick, id="quick"), unit(Moody, id="other")]


def asked(desk: Any, *args: Any, **keywords: Any) -> "asyncio.Future[Any]":
    """A task is submitted."""
    call = desk.within(2.0 * LONG).call(ViableSystem.submit, Task(*args, **keywords))
    return asyncio.ensure_future(call)


async def indices(desk: Any) -> list[tuple[str, Cause]]:
    """What hurts, and why."""
    return [(one.pain.index, one.pain.cause) for one in await desk.call(ViableSystem.alarms)]


async def test_an_operation_that_gives_no_sign_is_ended_and_its_task_fails_by_name_and_it_hurts_until_it_is_well() -> (
    None
):
    async with started(Desk) as (_, desk):
        hung, behind = asked(desk, "hang", to="desk/quick"), asked(desk, "job", to="desk/quick")
        with pytest.raises(TaskHung, match=r"'desk/quick', got: none in 1\d s"):
            await hung
        assert now() <= 12.0
        assert ("operation silent", Cause.HEARTBEAT) in await indices(desk)
        assert (await behind).outcome.good
        await asyncio.sleep(1.0)
        assert await indices(desk) == []
        assert PAGER.pages == []


async def test_who_has_nothing_to_do_after_it_hung_is_well_when_it_has_lived_for_some_rounds() -> None:
    async with started(Desk) as (_, desk):
        with pytest.raises(TaskHung):
            await asked(desk, "hang", to="desk/quick")
        await asyncio.sleep(2.0)
        assert await indices(desk) == [("operation silent", Cause.HEARTBEAT)]
        await asyncio.sleep(2.5)
        assert await indices(desk) == []


async def test_what_hangs_again_and_again_is_one_page() -> None:
    async with started(Desk) as (_, desk):
        for _ in range(4):
            asked(desk, "hang", to="desk/quick").add_done_callback(
                lambda one: one.cancelled() or one.exception()
            )
        await asyncio.sleep(45.0)
        assert {page.pain.index for _, page in PAGER.pages} == {"operation silent"}
        assert len({page.pain.since for _, page in PAGER.pages}) == 1


async def test_an_operation_without_a_limit_is_given_ten_minutes_and_one_at_a_port_the_ports_time() -> None:
    async with started(Desk) as (_, desk):
        TOOL.takes = 30.0
        assert (await asked(desk, "job", to="desk/quick")).outcome.good
        with pytest.raises(TaskHung):
            await asked(desk, "hang", to="desk/other")
        assert 30.0 + LONG <= now() <= 32.0 + LONG


async def test_a_task_that_is_at_work_when_its_deadline_is_over_ends_with_it_and_one_that_waits_then_is_late() -> (
    None
):
    async with started(Desk) as (_, desk):
        TOOL.takes = 50.0
        at_work = asked(desk, "job", to="desk/other", deadline=20.0)
        waits = asked(desk, "job", to="desk/other", deadline=10.0)
        with pytest.raises(TaskLate):
            await waits
        assert now() <= 12.0
        with pytest.raises(TaskHung):
            await at_work
        assert now() <= 24.0


async def test_a_unit_that_waits_for_itself_is_refused_by_name() -> None:
    async with started(Desk) as (_, desk):
        TOP[:] = [desk]
        for to in ("desk/other", "desk/quick"):
            other = {"desk/other": "desk/quick", "desk/quick": "desk/other"}[to]
            with pytest.raises(WaitsForItself):
                await asked(desk, "hand on", to, to=to)
            assert (await asked(desk, "hand on", other, to=to)).outcome.good
            assert (await asked(desk, "hand on", None, to=to)).outcome.good  # somebody else does it
            assert (await asked(desk, "leave for later", to, to=to)).outcome.good  # nobody waits
        await asyncio.sleep(5.0)
        assert len(TOOL.asked) == 12


async def test_an_agent_that_swallows_stuck_is_ended_at_the_second() -> None:
    async with started(Desk) as (_, desk):
        TRIES.clear()
        with pytest.raises(Stuck):
            await asked(desk, "circle", to="desk/other")
        assert (len(TOOL.asked), len(TRIES)) == (5, 7)
        assert ("stuck", Cause.ERRORS) in await indices(desk)
        await asyncio.sleep(6.0)
        assert await indices(desk) == []


async def test_calls_before_a_crash_are_no_loop_of_what_begins_anew() -> None:
    async with started(Desk) as (_, desk):
        TRIES.clear()
        performed = await asked(desk, "crash", to="desk/other")
        assert len(TRIES) == 4
        assert len(performed.receipts) == len(TOOL.asked) == 8


def test_who_waits_at_a_port_does_not_hang_and_who_waits_for_a_lease_is_given_longer() -> None:
    progress = Progress()
    assert progress.hangs(0.0, 10.0, 9.0) == 0.0
    assert progress.hangs(0.0, 10.0, 10.0) == 10.0
    progress.port(1, 1.0)
    assert progress.hangs(0.0, 10.0, 1e6) == 0.0
    progress.port(-1, 5.0)
    assert progress.hangs(0.0, 10.0, 14.0) == 0.0
    assert progress.hangs(0.0, 10.0, 15.0) == 10.0
    progress.turn(1, 20.0)
    assert progress.hangs(0.0, 10.0, 20.0 + LONG - 1.0) == 0.0
    assert progress.hangs(0.0, 10.0, 20.0 + LONG) == LONG
    assert limit_of(()) == LONG
    assert limit_of([Index("cycle_time", limits=(0.0, 30.0), cost=True)]) == 60.0
