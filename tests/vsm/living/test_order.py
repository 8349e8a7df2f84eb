"""The order of a use: policy, reserve, pace, call, settle, evidence."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import (
    Allow,
    Budget,
    BudgetExhausted,
    Cost,
    Deny,
    Escalate,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Port,
    Porter,
    Rate,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.bargain import Purse
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.ports.proofs import Proofs
from tests.vsm.living.company import PAGER

STEPS: list[tuple[str, float]] = []  # what was done, and when
SOLO = "shop/solo"


def step(name: str) -> None:
    """Something is done, now."""
    STEPS.append((name, asyncio.get_running_loop().time()))


def asked(action: Any, context: Any) -> Any:
    """What it is asked about says what is to be said."""
    step("policy")
    said = action.facts.get("key")
    return {"no": Deny("no"), "somebody": Escalate("owner", deadline=30.0)}.get(said, Allow())


async def tool(key: str | None = None) -> str:
    """Takes half a second."""
    step("call")
    await asyncio.sleep(0.5)
    return "done"


class Solo(Operation):
    """Uses a port once."""

    async def handle(self, task: Task) -> Outcome:
        """As the body says."""
        used = await self.use("paced", tool, upper=Cost(usd=task.body["usd"]), key=task.body.get("key"))
        return Outcome(used.value, evidence=[used.receipt])


class Shop(ViableSystem):
    """One unit, ten dollars, and a use every ten seconds."""

    budget = Budget(usd=10, per=3600)
    ports: ClassVar[Any] = {"paced": Port(rate=Rate(6, per=60), cost=lambda value: Cost(usd=0.5))}
    policies = (Policy("asked", 1, asked),)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Solo, id="solo")]


async def opened(system: System) -> Any:
    """A shop that has its money."""
    PAGER.__init__()  # type: ignore[misc]
    shop = await system.start(Shop, name="shop")
    await asyncio.sleep(8.0)
    STEPS.clear()
    return shop


def use(shop: Any, **body: Any) -> Any:
    """One task."""
    return shop.within(None).call(ViableSystem.submit, Task("job", body))


async def aside(system: System) -> tuple[float, float]:
    """What is spent and set aside, and what of that is set aside."""
    books = await system.named(f"{SOLO}:porter", Porter).call(Porter.books)
    spent, held = books[0]
    return spent.amount("usd"), held.amount("usd")


async def reservations(system: System) -> int:
    """How many there have ever been, by the unit's own books."""
    kept = await system.named(f"{SOLO}:books", Books).call(Books.load, "porter")
    return int(kept[0])


def spied(patch: pytest.MonkeyPatch, cls: type, method: str, name: str) -> None:
    """Note when a step is done, which goes on as it would."""
    done = getattr(cls, method)

    def noting(self: Any, *args: Any, **keywords: Any) -> Any:
        step(name)
        return done(self, *args, **keywords)

    patch.setattr(cls, method, noting)


async def test_what_is_forbidden_is_forbidden_also_where_there_is_no_money_and_nothing_was_reserved() -> None:
    async with System() as system:
        shop = await opened(system)
        with pytest.raises(PolicyDenied, match="asked v1: no"):
            await use(shop, usd=100.0, key="no")
        with pytest.raises(PolicyDenied, match="asked v1: no"):
            await use(shop, usd=1.0, key="no")
        assert await reservations(system) == 0
        assert [name for name, _ in STEPS] == ["policy", "policy"]
        await asyncio.sleep(2.0)
        account = (await shop.call(ViableSystem.status)).accounts[SOLO]
        assert "spent" not in account.sources
        with pytest.raises(BudgetExhausted):
            await use(shop, usd=100.0)


async def test_while_somebody_is_asked_nothing_is_set_aside() -> None:
    async with System() as system:
        shop = await opened(system)
        task = asyncio.ensure_future(use(shop, usd=1.0, key="somebody"))
        await asyncio.sleep(10.0)
        assert [name for name, _ in STEPS] == ["policy"]
        assert await reservations(system) == 0
        assert await aside(system) == (0.0, 0.0)
        with pytest.raises(PolicyDenied):
            await task
        assert await reservations(system) == 0


async def test_policy_reserve_pace_call_settle_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    async with System() as system:
        shop = await opened(system)
        await use(shop, usd=1.0)  # the first need not wait
        for cls, method, name in (
            (Purse, "reserve", "reserve"),
            (Pacing, "wait", "pace"),
            (Purse, "settle", "settle"),
            (Proofs, "receipt", "evidence"),
        ):
            spied(monkeypatch, cls, method, name)
        STEPS.clear()
        task = asyncio.ensure_future(use(shop, usd=2.0))
        await asyncio.sleep(0.1)
        assert [name for name, _ in STEPS] == ["policy", "reserve", "pace"]
        await asyncio.sleep(2.0)
        assert await aside(system) == (2.5, 2.0)  # what it waits with
        performed = await task
        assert list(dict(STEPS)) == ["policy", "reserve", "pace", "call", "settle", "evidence"]
        for name in ("reserve", "pace", "call", "settle", "evidence"):
            assert [one for one, _ in STEPS].count(name) == 1
        when = dict(STEPS)
        assert when["call"] > when["pace"] + 3.0
        assert when["settle"] == pytest.approx(when["call"] + 0.5)
        assert performed.receipts[0].ended == when["evidence"]
        assert await aside(system) == (1.0, 0.0)
