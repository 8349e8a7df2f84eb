"""What is done again is done again once, whoever dies meanwhile, and what is told of it is told once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Channel, Note, Operation, Outcome, Port, Role, Task, ViableSystem, unit
from cybernetic.vsm.channels import Line, line_name
from cybernetic.vsm.channels.note import note_id
from cybernetic.vsm.inspection.messages import Discrepancy

CALLED: list[Any] = []


async def tool(what: Any) -> Any:
    """Takes five seconds, and nobody names what it does."""
    CALLED.append(what)
    await asyncio.sleep(5.0)
    return len(CALLED)


class Worker(Operation):
    """One use."""

    async def handle(self, task: Task) -> Outcome:
        """That."""
        used = await self.use("tool", tool, task.id)
        return Outcome(task.body, evidence=[used.receipt])


class Lower(ViableSystem):
    """One worker."""

    def units(self) -> list[Any]:
        """It."""
        return [unit(Worker, id="w")]


class Upper(ViableSystem):
    """A worker, and one in a level within."""

    ports: ClassVar[Any] = {"tool": Port(), "other": Port(), "third": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Worker, id="w"), unit(Lower, id="low")]


TASKS = ("one", "two", "three")


@asynccontextmanager
async def done(where: str) -> AsyncIterator[tuple[System, Any]]:
    """Three tasks were done there, and nothing was called since."""
    async with System() as system:
        upper = await system.start(Upper)
        await asyncio.sleep(2.0)
        for id in TASKS:
            await upper.within(None).call(ViableSystem.submit, Task("job", 1, to=where, id=id))
        CALLED.clear()
        yield system, upper


def found(system: Any, unit: str, *ports: str) -> None:
    """Audits have found that the three may be false; some ports are to blame."""
    id, now = note_id(), asyncio.get_running_loop().time()
    body = Discrepancy(unit, 10, 0.5, ports, TASKS)
    note = Note(Channel.AUDIT, Role.AUDIT, "upper", Role.CONTROL, "upper", body, id, id, sent_at=now)
    system.named(line_name("upper", Channel.AUDIT), Line).cast(Line.carry, note)


def kill(system: Any, name: str) -> None:
    """It is."""
    ref = system.whereis(name, Agent)
    assert ref is not None
    ref.exit(Kill())


@pytest.mark.parametrize("at", [2.0, 14.8])
@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("upper/w", ["upper:environment"]),
        ("upper/w", ["upper:control"]),
        ("upper/w", ["upper:environment", "upper:control"]),
        ("upper/low", ["upper:environment"]),
        ("upper/low", ["upper/low:environment"]),
        ("upper/low", ["upper/low:environment", "upper:control"]),
    ],
)
async def test_what_is_done_again_is_done_once_whoever_dies_meanwhile(
    where: str, names: list[str], at: float
) -> None:
    async with done(where) as (system, upper):
        found(system, where, "other")
        await asyncio.sleep(at)
        for name in names:
            kill(system, name)
        await asyncio.sleep(40.0)
        assert sorted(CALLED) == sorted(TASKS)
        log = [entry.body for entry in await upper.call(ViableSystem.decisions, 0, "redone")]
        assert sorted(id for body in log for id in body["good"]) == sorted(TASKS)


async def test_what_was_done_again_by_a_unit_that_has_begun_anew_since_is_not_done_once_more() -> None:
    async with done("upper/w") as (system, _):
        found(system, "upper/w", "other")
        await asyncio.sleep(11.0)
        for name in ("upper/w", "upper:control"):
            kill(system, name)
        await asyncio.sleep(40.0)
        assert sorted(CALLED) == sorted((*TASKS, "three"))  # it was at the third


async def test_what_is_found_false_for_another_reason_is_done_again_once_more() -> None:
    async with done("upper/w") as (system, _):
        for ports in (("other",), ("other", "third"), ("other", "third")):
            found(system, "upper/w", *ports)
            await asyncio.sleep(30.0)
        assert sorted(CALLED) == sorted(TASKS * 2)
