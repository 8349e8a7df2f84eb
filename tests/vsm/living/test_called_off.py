"""Calls that wait for their turn, or for that of another, and that nobody wants any more, or that may not be made."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Budget,
    BudgetExhausted,
    Cost,
    Deny,
    Escalate,
    LeaseLost,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Port,
    Quarantined,
    Rate,
    RateLimited,
    Suspended,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import PAGER, started

CALLS: list[tuple[float, Any]] = []  # when what was called
ENDED: dict[Any, Any] = {}  # when each ended that did not go well, and how
REFUSALS: list[RateLimited] = []
TAKES = [0.1]
PERIOD = 20.0 / 0.95  # of a turn, seconds


def at() -> float:
    return round(asyncio.get_running_loop().time(), 1)


async def look(what: Any, fence: int | None = None) -> float:
    CALLS.append((at(), what))
    if REFUSALS:
        raise REFUSALS.pop()
    await asyncio.sleep(TAKES[0])
    return 0.01


class Asker(Operation):
    """Asks all at once, some without patience, or under a lease that it gives back after a while."""

    async def handle(self, task: Task) -> Outcome:
        body = task.body
        if not body.get("lease"):
            return await self.asked(body, None)
        async with self.exclusive("k", ttl=5) as lease:
            asked = asyncio.ensure_future(self.asked(body, lease.token))
            await asyncio.sleep(3.0)
        return await asked

    async def asked(self, body: Any, fence: int | None) -> Outcome:
        async def one(what: Any) -> Any:
            try:
                async with asyncio.timeout(body.get("patience")):
                    upper = Cost(usd=body.get("usd", 0.1))
                    return await self.use(body.get("port", "paced"), look, what, upper=upper, fence=fence)
            except Exception as error:
                ENDED[what] = at(), type(error)
                return None

        used = await asyncio.gather(*map(one, body["what"]))
        receipts = [one.receipt for one in used if one is not None]
        return Outcome(len(receipts), evidence=receipts, good=bool(receipts))


class Office(ViableSystem):
    """Two units."""

    budget = Budget(usd=10, per=36_000)
    ports: ClassVar[Any] = {
        "paced": Port(rate=Rate(1, per=20), cost=lambda value: Cost(usd=value), timeout=5.0),
        "both": Port(rate=Rate(1, per=20), shared=3000.0, cost=lambda value: Cost(usd=value), timeout=5.0),
        "shared": Port(shared=3000.0, cost=lambda value: Cost(usd=value), timeout=5.0),
    }
    human = (PAGER,)

    def units(self) -> list[Any]:
        return [unit(Asker, id=name) for name in "ab"]


class Narrow(Office):
    """One, with little."""

    budget = Budget(usd=2, per=36_000)

    def units(self) -> list[Any]:
        return [unit(Asker, id="a")]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()
    ENDED.clear()
    REFUSALS.clear()
    TAKES[0] = 0.1


def ask(office: Any, to: str, *what: Any, **body: Any) -> "asyncio.Future[Any]":
    task = Task("ask", {"what": what, **body}, to=to)
    return asyncio.ensure_future(office.within(None).call(ViableSystem.submit, task))


def no(action: Any, context: Any) -> Any:
    """Nothing may be done."""
    return Deny("no")


def person(action: Any, context: Any) -> Any:
    """All is asked first."""
    return Escalate("human", deadline=30.0)


async def suspend(system: Any, office: Any) -> None:
    await office.call(ViableSystem.suspend, "office/a", "by request", 600.0)


async def forbid(system: Any, office: Any) -> None:
    await office.call(ViableSystem.set_policy, Policy("no", 1, no), "secret")


async def refer(system: Any, office: Any) -> None:
    await office.call(ViableSystem.set_policy, Policy("ask", 1, person), "secret")


async def quarantine(system: Any, office: Any) -> None:
    for port in ("paced", "shared"):
        await system.named("office:control", Control).call(Control.quarantine, Quarantine(port, "it lies"))


ORDERS: dict[Callable[[Any, Any], Awaitable[None]], tuple[type[Exception], float]] = {
    suspend: (Suspended, 0.0),
    forbid: (PolicyDenied, 0.0),
    refer: (PolicyDenied, 30.0),
    quarantine: (Quarantined, 0.0),
}


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)
async def test_what_waits_for_its_turn_is_turned_away_when_it_may_not_be_made_any_more(order: Any) -> None:
    error, after = ORDERS[order]
    async with started(Office) as (system, office):
        await asyncio.sleep(3.0)
        task = ask(office, "office/a", 0, 1, 2)
        await asyncio.sleep(2.0)
        given = at()
        await order(system, office)
        await asyncio.sleep(100.0)
        assert task.done()
        assert not CALLS
        assert {why for _, why in ENDED.values()} == {error}
        assert all(given + after <= when <= given + after + 2.0 for when, _ in ENDED.values())
        assert not (await system.named("office/a:porter", Porter).call(Porter.spent))[0]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)
async def test_so_is_what_waits_to_be_tried_again(order: Any) -> None:
    error, after = ORDERS[order]
    async with started(Office) as (system, office):
        REFUSALS.append(RateLimited(60.0))
        await asyncio.sleep(3.0)
        ask(office, "office/a", "whales", port="shared")
        await asyncio.sleep(2.0)
        given = at()
        await order(system, office)
        await asyncio.sleep(100.0)
        assert len(CALLS) == 1
        when, why = ENDED["whales"]
        assert why is error
        assert given + after <= when <= given + after + 2.0


async def test_a_policy_that_leaves_it_to_somebody_holds_for_who_waits_for_the_call_of_another() -> None:
    async with started(Office) as (system, office):
        TAKES[0] = 4.0
        await asyncio.sleep(3.0)
        ask(office, "office/a", "whales", port="shared")
        await asyncio.sleep(0.5)
        ask(office, "office/b", "whales", port="shared")
        await asyncio.sleep(0.5)
        await refer(system, office)
        await asyncio.sleep(50.0)
        assert len(CALLS) == 1
        assert ENDED["whales"][1] is PolicyDenied
        assert 34.0 <= ENDED["whales"][0] <= 36.0


async def test_what_a_lease_was_for_is_not_done_after_it() -> None:
    async with started(Office) as (_, office):
        await asyncio.sleep(3.0)
        ask(office, "office/a", 0, 1, lease=True)
        await asyncio.sleep(60.0)
        assert not CALLS
        assert {why for _, why in ENDED.values()} == {LeaseLost}
        assert all(when <= 8.0 for when, _ in ENDED.values())


async def test_who_died_while_it_waited_has_taken_nothing_from_its_successor() -> None:
    async with started(Narrow) as (system, office):
        await asyncio.sleep(3.0)
        task = ask(office, "narrow/a", 0, 1, usd=0.9)
        await asyncio.sleep(3.0)
        victim = system.whereis("narrow/a", Agent)
        victim.exit(Kill())
        performed = await task
        assert (performed.outcome.value, ENDED) == (2, {})


async def test_who_gave_up_while_it_waited_takes_nothing() -> None:
    async with started(Narrow) as (_system, office):
        await asyncio.sleep(3.0)
        await ask(office, "narrow/a", 0, 1, usd=0.9, patience=2.0)
        assert (await ask(office, "narrow/a", 2, usd=1.5)).outcome.good
        assert [what for _, what in CALLS] == [2]
        assert {why for _, why in ENDED.values()} == {TimeoutError}
        assert BudgetExhausted not in {why for _, why in ENDED.values()}


async def test_who_gave_up_takes_no_turn_from_the_others() -> None:
    async with started(Office) as (_, office):
        await asyncio.sleep(3.0)
        await ask(office, "office/a", *range(5), patience=1.0)
        await asyncio.sleep(2.0)
        await ask(office, "office/b", "first", "second")
        assert [what for _, what in CALLS] == ["first", "second"]
        assert [when for when, _ in CALLS] == pytest.approx([PERIOD, 2 * PERIOD], abs=0.2)


async def test_who_gave_up_what_all_wait_for_holds_nobody() -> None:
    async with started(Office) as (_, office):
        await asyncio.sleep(3.0)
        first = ask(office, "office/a", "whales", port="both", patience=5.0)
        await asyncio.sleep(2.0)
        await ask(office, "office/b", "whales", port="both")
        assert first.done()
        assert [(pytest.approx(PERIOD, abs=0.2), "whales")] == CALLS


async def test_who_waited_for_the_call_of_another_and_gave_up_is_not_waited_for() -> None:
    async with started(Office) as (system, office):
        TAKES[0] = 4.0
        await asyncio.sleep(3.0)
        first = ask(office, "office/a", "whales", port="shared")
        await asyncio.sleep(0.3)
        ask(office, "office/b", "whales", port="shared", patience=1.0)
        await asyncio.sleep(1.9)
        system.whereis("office/a", Agent).exit(Kill())
        assert (await first).outcome.good
        assert len(CALLS) == 2
        assert CALLS[1][0] <= 8.0
