"""A process that ends takes all with it that its units have in hand: whoever of these has ended it is found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from cybernetic import NoConnection, System, child
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Outcome, Performed, Task, TaskGivenUp
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear, hears, line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.task import Assignment
from cybernetic.vsm.operations.upward import handed_on
from cybernetic.vsm.recursion.parcels import Saying
from tests.vsm.living.company import TOOL, done
from tests.vsm.living.test_junction_doors import Way, apart
from tests.vsm.living.test_remote import PATH, Outlet, two

BEGUN: list[str] = []
FAR, NEAR = "top/far:management", "top/near:management"


class Process(Ear):
    """Stands for a level on a node, that does any number of tasks side by side, and ends as a lost node's does."""

    role: ClassVar[Role] = Role.MANAGEMENT

    @hears(Assignment)
    def _assigned(self, given: Assignment, note: Note) -> Any:
        answer = self.defer()
        self.task(self._done(given.task, answer))
        return answer

    async def _done(self, task: Task, answer: Any) -> None:
        BEGUN.append(task.id)
        if task.kind == "hand on":
            await handed_on(
                self.system, "top", Task("job", task.body, id=f"{task.id}/it", to="top/near"), ["top/far/w"]
            )
        else:
            await asyncio.sleep(task.body)
        if task.kind == "end":
            for name in (NEAR, FAR):
                self.exit(self.system.named(name, Agent), NoConnection("there"))
        answer.reply(Performed(task.id, Outcome(good=False), (), 0.0))


class Top(Supervisor):
    """The environment of a level, and two units of one process."""

    max_restarts = 1000

    def children(self) -> list[Any]:
        """All that a task needs to come to a unit."""
        line = line_name("top", Channel.OPERATIONS)
        return [
            child(Line, Channel.OPERATIONS, "top", name=line),
            child(Environment, "top", {"top/far": 1.0, "top/near": 1.0}, name="top:environment"),
            child(Process, name=FAR),
            child(Process, name=NEAR),
        ]


@asynccontextmanager
async def started() -> AsyncIterator[System]:
    """It."""
    BEGUN.clear()
    async with System() as system:
        await system.start(Top)
        yield system


def asked(system: System, kind: str, body: float, id: str) -> "asyncio.Future[Performed]":
    """A task is submitted."""
    environment = system.named("top:environment", Environment).within(600.0)
    return asyncio.ensure_future(environment.call(Environment.submit, Task(kind, body, "top/far", id)))


async def test_what_ends_its_process_is_tried_five_times_in_all_and_what_is_beside_it_is_done() -> None:
    async with started() as system:
        beside = [asked(system, "job", 3.0, f"before {n}") for n in range(4)]
        poison = asked(system, "end", 1.0, "poison")
        beside += [asked(system, "job", 3.0, f"after {n}") for n in range(4)]
        with pytest.raises(TaskGivenUp, match=r"top/far.*'poison'.*NoConnection.*there"):
            await poison
        assert BEGUN.count("poison") == 5
        assert all(isinstance(one, Performed) for one in await asyncio.gather(*beside))
        assert BEGUN.count("poison") == 5


async def ended(system: System, times: int) -> None:
    """Somebody else ends the process, every two seconds."""
    for _ in range(times):
        await asyncio.sleep(2.0)
        for name in (FAR, NEAR):
            system.named(name, Agent).exit(NoConnection("there"))


@pytest.mark.parametrize(("times", "least", "most"), [(2, 3.0, 4.0), (4, 12.0, 15.0)])
async def test_a_process_that_is_ended_from_outside_takes_no_task_along(
    times: int, least: float, most: float
) -> None:
    async with started() as system:
        jobs = [asked(system, "job", 3.0, f"{n}") for n in range(4)]
        await ended(system, times)
        began = asyncio.get_running_loop().time()
        assert all(isinstance(one, Performed) for one in await asyncio.gather(*jobs))
        assert (
            least <= asyncio.get_running_loop().time() - began <= most
        )  # one at a time, before the last try


async def test_who_is_tried_for_the_last_time_is_not_waited_for_by_whom_he_waits_for() -> None:
    async with started() as system:
        jobs = [asked(system, "hand on", 3.0, f"{n}") for n in range(3)]
        await ended(system, 4)
        assert all(isinstance(one, Performed) for one in await asyncio.gather(*jobs))


async def test_a_link_that_is_lost_again_and_again_is_no_try_of_what_is_done_elsewhere_meanwhile() -> None:
    async with two() as (here, there, shop):
        TOOL.takes = 20.0
        job = asyncio.ensure_future(done(shop, PATH))
        for _ in range(7):
            await asyncio.sleep(2.0)
            link = here.whereis(f"{PATH}:outpost", Agent)
            assert link is not None
            await link.stop()
            await asyncio.sleep(0.5)
            await here.start(Outlet, there, name=f"{PATH}:outpost")
        assert (await job).outcome.good
        assert len(TOOL.asked) == 1


async def test_who_comes_elsewhere_by_a_door_that_is_shut_has_not_tried_his_task() -> None:
    Way.clear()
    async with apart() as (_, _, shop):
        astray = list[Saying]()

        def said(value: Any) -> Any:
            given = isinstance(value, Saying) and any(isinstance(one, Note) for one in value.args)
            if not given or not isinstance(value.args[0].body, Assignment) or len(astray) == 7:
                return value
            astray.append(value)
            return replace(value, open="of another life")

        Way.as_said = said
        assert (await done(shop, PATH)).outcome.good
        assert len(astray) == 7
        assert len(TOOL.asked) == 1
