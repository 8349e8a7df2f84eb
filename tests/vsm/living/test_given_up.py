"""A task that crashes its operation is tried five times in all, however deep, and one whose unit is away is given up
once; both are told by name.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import CallFailed, Crash, Kill, NoProc, Refusal, System
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Operation, Outcome, Port, Task, TaskGivenUp, TaskHung, ViableSystem, unit
from cybernetic.vsm.operations.environment import Environment

CALLED: list[Any] = []


async def tool(what: Any) -> Any:
    """Takes a moment."""
    CALLED.append(what)
    await asyncio.sleep(0.02)
    return what


class Worker(Operation):
    """Crashes, hands on, or does it."""

    async def handle(self, task: Task) -> Outcome:
        """As the kind says."""
        used = await self.use("tool", tool, len(CALLED))
        if task.kind == "crash":
            raise ValueError("as told")
        if task.kind == "hand on":
            await self.hand_on(Task("crash", to=task.body, id=f"{task.id}/crash"))
        return Outcome(1, evidence=[used.receipt])


class Lower(ViableSystem):
    """Two."""

    def units(self) -> list[Any]:
        """Alike."""
        return [unit(Worker, id="w"), unit(Worker, id="n")]


class Middle(ViableSystem):
    """A level and a unit."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Lower, id="l"), unit(Worker, id="w")]


class Upper(ViableSystem):
    """A level with a level within, and two units."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """All three."""
        return [unit(Middle, id="m"), unit(Worker, id="w"), unit(Worker, id="n")]


@asynccontextmanager
async def started() -> AsyncIterator[tuple[System, Any]]:
    """It, with nothing called yet."""
    CALLED.clear()
    async with System() as system:
        upper = await system.start(Upper)
        await asyncio.sleep(2.0)
        yield system, upper


def asked(upper: Any, kind: str, body: Any = None, **marks: Any) -> "asyncio.Future[Any]":
    """A task is submitted."""
    return asyncio.ensure_future(upper.within(None).call(ViableSystem.submit, Task(kind, body, **marks)))


DEEP = ["upper/w", "upper/m/w", "upper/m/l/w"]


@pytest.mark.parametrize("to", DEEP)
async def test_a_task_that_crashes_its_operation_is_tried_five_times_in_all_at_whatever_depth(
    to: str,
) -> None:
    async with started() as (_, upper):
        with pytest.raises(TaskGivenUp, match=r"'seven'.*as told") as given_up:
            await asked(upper, "crash", to=to, id="seven")
        assert len(CALLED) == 5
        assert (given_up.value.task, given_up.value.path) == ("seven", to)
        assert isinstance(given_up.value.reason, Crash)
        assert isinstance(given_up.value, CallFailed | Refusal)
        assert (await asked(upper, "job", to=to)).outcome.good


@pytest.mark.parametrize("to", ["upper/n", "upper/m/w", "upper/m/l/w"])
async def test_who_hands_on_what_crashes_another_is_told_and_does_not_crash_with_it(to: str) -> None:
    async with started() as (_, upper):
        with pytest.raises(TaskGivenUp, match="'seven/crash'"):
            await asked(upper, "hand on", to, to="upper/w", id="seven")
        assert len(CALLED) == 1 + 5


@pytest.mark.parametrize("level", ["upper", "upper/m", "upper/m/l"])
async def test_an_environment_that_dies_meanwhile_does_not_begin_to_count_anew(level: str) -> None:
    async with started() as (system, upper):
        job = asked(upper, "crash", to="upper/m/l/w")
        while len(CALLED) < 3:
            await asyncio.sleep(0.01)
        system.named(f"{level}:environment", Environment).exit(Kill())
        with pytest.raises(TaskGivenUp):
            await job
        assert 5 <= len(CALLED) <= 6  # of the one that was under way nobody heard


@pytest.mark.parametrize("to", DEEP)
async def test_a_task_whose_unit_is_away_is_given_up_after_a_minute_at_whatever_depth(to: str) -> None:
    async with started() as (system, upper):
        operations = system.named(f"{to.rpartition('/')[0]}:operations", Supervisor)
        await operations.call(Supervisor.terminate_child, "w")
        began = asyncio.get_running_loop().time()
        with pytest.raises(TaskGivenUp) as given_up:
            await asked(upper, "job", to=to)
        assert 60.0 <= asyncio.get_running_loop().time() - began <= 62.0
        assert isinstance(given_up.value.reason, NoProc)
        await operations.call(Supervisor.restart_child, "w")
        job = asked(upper, "job", to=to)
        assert (await job).outcome.good


class Sleeper(Operation):
    """Does nothing for ever."""

    async def handle(self, task: Task) -> Outcome:
        """So."""
        await asyncio.Event().wait()
        return Outcome()


class Bed(Upper):
    """With one who sleeps."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Sleeper, id="s")]


async def test_one_that_is_ended_because_of_a_deadline_is_said_to_be_late_and_not_to_be_silent() -> None:
    async with System() as system:
        bed = await system.start(Bed)
        at = asyncio.get_running_loop().time() + 30.0
        with pytest.raises(
            TaskHung, match=r"by its deadline, got: 'bed/s' is still at it after 3. s"
        ) as hung:
            await asked(bed, "job", deadline=at)
        assert hung.value.late
