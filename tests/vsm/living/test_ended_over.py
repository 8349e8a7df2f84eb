"""Whatever ends an operation, or what it needs, over a task is a try of it; what others do to a unit is none."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, NoProc, Normal, Reason, Shutdown, Stop
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm import (
    Intervention,
    Operation,
    Outcome,
    Performed,
    Port,
    Rung,
    Task,
    TaskGivenUp,
    ViableSystem,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.doers import CALLED, started


async def tool(what: Any, seconds: float = 0.02) -> Any:
    """Takes a moment."""
    CALLED.append(what)
    await asyncio.sleep(seconds)
    return what


async def cancelled(what: Any) -> Any:
    """A client whose own task was cancelled by somebody."""
    CALLED.append(what)
    raise asyncio.CancelledError


async def cancelling(what: Any) -> Any:
    """One that cancels the task in which it is called."""
    CALLED.append(what)
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1.0)


class Worker(Operation):
    """Does, or ends, as the kind says."""

    async def handle(self, task: Task) -> Outcome:
        """With one use of a tool."""
        if task.kind == "steady":
            return Outcome(1, evidence=[(await self.use("tool", tool, len(CALLED), task.body)).receipt])
        called = {"cancelled": cancelled, "cancelling": cancelling}.get(task.kind, tool)
        used = await self.use("tool", called, len(CALLED))
        match task.kind:
            case "stop":
                raise Stop(task.body)
            case "itself":
                self.exit(self.ref, Kill())
                await asyncio.sleep(1.0)
            case "porter":
                self.exit(self.system.named(f"{task.to}:porter", Porter), Kill())
                await asyncio.sleep(1.0)
        return Outcome(1, evidence=[used.receipt])


class Lower(ViableSystem):
    """One."""

    def units(self) -> list[Any]:
        """It."""
        return [unit(Worker, id="w")]


class Upper(ViableSystem):
    """A level and a unit."""

    ports: ClassVar[Any] = {"tool": Port(timeout=600.0)}
    human = ()

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Lower, id="l"), unit(Worker, id="w")]


def asked(upper: Any, kind: str, body: Any = None, to: str = "upper/w") -> "asyncio.Future[Performed]":
    """A task is submitted."""
    task = Task(kind, body, to=to, id="seven")
    return asyncio.ensure_future(upper.within(None).call(ViableSystem.submit, task))


ENDS: list[tuple[str, Any, str]] = [
    ("cancelled", None, "Cancelled()"),
    ("cancelling", None, "Cancelled()"),
    ("stop", Normal(), "Normal()"),
    ("stop", Shutdown("it has had enough"), "it has had enough"),
    ("stop", NoProc(), "NoProc()"),
    ("itself", None, "Killed()"),
    ("porter", None, "its porter had ended"),
]


@pytest.mark.parametrize("to", ["upper/w", "upper/l/w"])
@pytest.mark.parametrize(("kind", "body", "why"), ENDS)
async def test_whatever_an_operation_ends_of_over_a_task_that_is_tried_five_times_in_all(
    kind: str, body: Reason | None, why: str, to: str
) -> None:
    async with started(Upper) as (_, upper):
        began = asyncio.get_running_loop().time()
        with pytest.raises(TaskGivenUp) as given_up:
            await asked(upper, kind, body, to)
        assert len(CALLED) == 5
        assert asyncio.get_running_loop().time() - began < 15.0
        assert (given_up.value.task, given_up.value.path) == ("seven", to)
        assert why in repr(given_up.value.reason)
        assert (await asked(upper, "job", to=to)).outcome.good


async def restarted(system: Any, upper: Any) -> None:
    """Somebody has the unit begin anew."""
    operations = system.named("upper:operations", Supervisor)
    await operations.call(Supervisor.terminate_child, "w")
    await operations.call(Supervisor.restart_child, "w")


async def replaced(system: Any, upper: Any) -> None:
    """System 3 has its operation replaced."""
    control = system.named("upper:control", Control)
    until = asyncio.get_running_loop().time() + 1e6  # another one each time
    await control.call(Control.intervene, "upper/w", Intervention(Rung.REPLACE, "worn out", until))


@pytest.mark.parametrize("how", [restarted, replaced])
async def test_what_a_supervisor_or_a_system_3_does_to_a_unit_is_no_try_of_its_task(
    how: Callable[..., Any],
) -> None:
    async with started(Upper) as (system, upper):
        job = asked(upper, "steady", 5.0)
        for _ in range(7):
            await asyncio.sleep(2.0)
            before = system.whereis("upper/w", Agent)
            await how(system, upper)
            await asyncio.sleep(1.0)
            assert system.whereis("upper/w", Agent) not in (None, before)
        assert (await job).outcome.good
        assert len(CALLED) == 8


async def test_who_was_at_a_task_again_is_away_from_when_that_has_ended() -> None:
    async with started(Upper) as (system, upper):
        job = asked(upper, "steady", 50.0)
        for _ in range(2):
            await asyncio.sleep(45.0)
            system.named("upper/w", Operation).exit(Kill())
            operations = system.named("upper:operations", Supervisor)
            await operations.call(Supervisor.terminate_child, "w")
            await asyncio.sleep(40.0)
            await operations.call(Supervisor.restart_child, "w")
        assert (await job).outcome.good
        assert len(CALLED) == 3
