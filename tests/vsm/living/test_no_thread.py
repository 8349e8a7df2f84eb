"""Plain functions wait for a thread: what never had one was not made, and is not paid for."""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from cybernetic import Agent
from cybernetic.vsm import (
    Audit,
    Budget,
    Cost,
    NoThread,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.aside import Attempt
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.inspection.auditor import Auditor
from tests.vsm.living.company import PAGER, started

MADE: list[Any] = []
FREE = asyncio.Semaphore()


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, in simulated time: who has it holds `FREE`."""
    global FREE
    FREE = asyncio.Semaphore()
    MADE.clear()

    async def run_blocking(self: Any, fn: Any, *args: Any) -> Any:
        done = asyncio.get_running_loop().create_future()

        async def queued() -> None:
            async with FREE:
                done.set_result(fn(*args)) if not done.cancelled() else fn(*args)
                await asyncio.sleep(1.0)

        waiting.append(asyncio.ensure_future(queued()))
        return await done

    waiting: list[Any] = []
    monkeypatch.setattr(Agent, "run_blocking", run_blocking)
    monkeypatch.setattr("cybernetic.vsm.aside.real_time", lambda loop: True)
    monkeypatch.setattr("cybernetic.vsm.inspection.auditor.real_time", lambda loop: True)
    yield
    assert all(one.done() for one in waiting)


def client(what: Any, key: str | None = None) -> Any:
    """A plain function."""
    MADE.append(what)
    return what


async def other(what: Any) -> Any:
    """One that needs no thread."""
    return what


class Asks(Operation):
    """Asks once."""

    async def handle(self, task: Task) -> Outcome:
        """For a dollar at most."""
        upper = Cost(usd=1.0) if task.kind == "bounded" else Cost()
        target = other if task.kind == "async" else client
        used = await self.use("model", target, task.id, upper=upper)
        return Outcome(used.value, evidence=[used.receipt])


class Desk(ViableSystem):
    """Of one unit."""

    budget = Budget(usd=10.0, per=3600)
    ports: ClassVar[Any] = {
        "model": Port(cost=lambda value: Cost(usd=1.0), timeout=2.0),
        "check": Port(timeout=2.0),
    }
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Asks, id="a")]


async def spent(desk: Any) -> Vector:
    """By the unit."""
    await asyncio.sleep(3.0)
    return (await desk.call(ViableSystem.status)).accounts["desk/a"].spent


@pytest.mark.parametrize("kind", ["bounded", "free"])
async def test_a_call_that_no_thread_was_free_for_was_not_made_and_takes_nothing(kind: str) -> None:
    async with started(Desk) as (_, desk):
        await asyncio.sleep(2.0)
        async with FREE:
            for _ in range(4):
                with pytest.raises(
                    NoThread, match=r"expected a thread for the call within 2 s.*it was not made"
                ):
                    await desk.within(None).call(ViableSystem.submit, Task(kind, None))
        assert await spent(desk) == Vector()
        await asyncio.sleep(30.0)
        assert MADE == []  # nor is it later
        assert (await desk.within(None).call(ViableSystem.submit, Task(kind, None))).outcome.good
        assert await spent(desk) == Vector(usd=1)


async def test_a_task_that_ends_while_its_call_waits_for_a_thread_takes_nothing() -> None:
    class Hasty(Asks):
        """Waits for half a second."""

        async def handle(self, task: Task) -> Outcome:
            """And gives up."""
            async with asyncio.timeout(0.5):
                return await super().handle(task)
            raise AssertionError

    class Quick(Desk):
        """Of one of them."""

        def units(self) -> list[Any]:
            """One."""
            return [unit(Hasty, id="a")]

    Quick.__name__ = "Desk"
    async with started(Quick) as (_, desk):
        await asyncio.sleep(2.0)
        async with FREE:
            with pytest.raises(Exception, match="TimeoutError"):
                await desk.within(None).call(ViableSystem.submit, Task("free", None))
        await asyncio.sleep(30.0)
        assert MADE == []
        assert await spent(desk) == Vector()


async def test_a_verifier_that_no_thread_was_free_for_has_not_failed() -> None:
    class Audited(Desk):
        """All of it, by a plain function."""

        audit = Audit(probability=1.0, verify=lambda evidence: MADE.append("verified") is None, patience=3.0)

    Audited.__name__ = "Desk"
    async with started(Audited) as (system, desk):
        await asyncio.sleep(2.0)
        async with FREE:
            await desk.within(None).call(ViableSystem.submit, Task("async", None))
            await asyncio.sleep(10.0)
        await asyncio.sleep(2.0)
        assert MADE == []
        entries = await desk.call(ViableSystem.decisions, 0, "unverified")
        assert ["no thread was free for it within 3 s" in one.body["why"] for one in entries] == [True]
        health = await system.named("desk:audit", Auditor).call(Auditor.health)
        assert health.failures.audits == 0


async def test_what_has_begun_when_it_is_given_up_may_have_happened() -> None:
    free = asyncio.Event()

    async def aside(fn: Any, *args: Any) -> Any:
        await free.wait()
        fn(*args)
        await asyncio.sleep(10.0)

    for begins, made in ((False, False), (True, True)):
        free.clear()
        attempt = Attempt(aside)
        waiting = asyncio.ensure_future(attempt.make(client, "x"))
        await asyncio.sleep(0.1)
        if begins:
            free.set()
            await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert attempt.made is made
        assert ["x"] * made == MADE
