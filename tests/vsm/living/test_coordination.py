"""System 2 alive: exclusive leases through its death and rebirth, and what the dead leave behind."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.core import OptionError
from cybernetic.vsm import Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.operations.exclusive import Exclusive
from tests.vsm.living.company import done, started


class Shelf:
    """What is written to: who is at it now, and each visit."""

    def __init__(self) -> None:
        self.at_it: list[str] = []
        self.most = 0
        self.visits: list[tuple[float, str, int]] = []

    async def __call__(self, who: str, seconds: float, fence: int | None = None) -> None:
        """Somebody writes for so long."""
        self.at_it.append(who)
        self.most = max(self.most, len(self.at_it))
        self.visits.append((asyncio.get_running_loop().time(), who, fence or 0))
        try:
            await asyncio.sleep(seconds)
        finally:
            self.at_it.remove(who)


SHELF = Shelf()


class Clerk(Operation):
    """Writes to the shelf, alone."""

    async def handle(self, task: Task) -> Outcome:
        """For as long as the task says."""
        body = task.body
        async with self.exclusive(body.get("key", "shelf"), ttl=body.get("ttl", 6.0)) as lease:
            for n in range(body.get("times", 1)):
                used = await self.use("shelf", SHELF, task.id, body["takes"] + n / 1000, fence=lease.token)
        return Outcome(evidence=[used.receipt])


class Office(ViableSystem):
    """Three clerks and one shelf."""

    ports: ClassVar[Any] = {"shelf": Port(timeout=60.0)}

    def units(self) -> list[Any]:
        """Three."""
        return [unit(Clerk, id=f"c{n}") for n in range(3)]


@pytest.fixture(autouse=True)
def _empty() -> None:
    SHELF.__init__()  # type: ignore[misc]


async def kill(system: System, name: str) -> None:
    victim = system.whereis(name)
    assert victim is not None
    victim.exit(Kill())
    await asyncio.sleep(0.01)


async def test_t_s2_mutex_holds_through_the_deaths_of_system_2_and_tokens_grow() -> None:
    async with started(Office) as (system, office):
        jobs = [asyncio.ensure_future(done(office, f"office/c{n % 3}", takes=2.5)) for n in range(9)]
        for _ in range(4):
            await asyncio.sleep(3.3)
            await kill(system, "office:coordination")
        await asyncio.gather(*jobs)
        tokens = [token for _, _, token in SHELF.visits]
        assert SHELF.most == 1
        assert len(tokens) == 9
        assert tokens == sorted(set(tokens))


async def test_t_s2_mutex_a_successor_adopts_what_a_holder_goes_on_renewing() -> None:
    async with started(Office) as (system, office):
        long = asyncio.ensure_future(done(office, "office/c0", takes=30.0, ttl=6.0))
        await asyncio.sleep(1.0)
        await kill(system, "office:coordination")
        other = asyncio.ensure_future(done(office, "office/c1", takes=1.0, ttl=6.0))
        await asyncio.gather(long, other)  # the long one raises nothing: its lease was never lost
        assert SHELF.most == 1
        assert SHELF.visits[1][0] >= SHELF.visits[0][0] + 30.0


async def test_what_a_killed_holder_had_is_free_long_before_its_lease_is_over() -> None:
    async with started(Office) as (system, office):
        first = asyncio.ensure_future(done(office, "office/c0", takes=5.0, ttl=300.0))
        await asyncio.sleep(1.0)
        second = asyncio.ensure_future(done(office, "office/c1", takes=1.0, ttl=300.0))
        await asyncio.sleep(0.1)
        await kill(system, "office/c0")
        await second
        await first  # given again to its successor
        assert SHELF.visits[-1][0] < 30.0


async def test_one_that_was_killed_while_it_waited_waits_no_more() -> None:
    async with started(Office) as (system, office):
        first = asyncio.ensure_future(done(office, "office/c0", takes=10.0, ttl=300.0))
        await asyncio.sleep(0.1)
        waiting = asyncio.ensure_future(office.within(None).call(ViableSystem.submit, _once("office/c1")))
        await asyncio.sleep(0.1)
        await kill(system, "office/c1:porter")
        third = asyncio.ensure_future(done(office, "office/c2", takes=1.0, ttl=300.0))
        await asyncio.gather(first, third, waiting)
        assert SHELF.visits[1][0] < 12.0
        assert SHELF.visits[2][1] == "waits"  # given again to its successor, and then behind the third


def _once(to: str) -> Task:
    return Task("job", {"takes": 1.0, "ttl": 300.0}, to=to, id="waits")


async def test_a_lease_is_as_long_as_it_was_asked_for() -> None:
    async with started(Office) as (system, office):
        job = asyncio.ensure_future(done(office, "office/c0", takes=3.0, ttl=4.0))
        await asyncio.sleep(0.1)
        held = await system.named("office:coordination", Coordination).call(Coordination.leases)
        assert held["shelf"].ttl == 4.0
        await job


async def test_a_lease_of_no_time_is_refused_where_it_is_asked_for() -> None:
    with pytest.raises(OptionError, match="ttl"):
        Exclusive(None, "shelf", 0.0)
