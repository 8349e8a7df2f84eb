"""The bargain alive: what lies idle is moved, overruns are answered for, wishes are talked over, and floors hold."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, BudgetExhausted, Cost, Operation, Outcome, Port, Task, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER, Company, Worker, done, started

A, B = "pair/a", "pair/b"


class Pair(Company):
    """Two workers with as much money each."""

    budget = Budget(usd=10, per=60)
    ports: ClassVar[Any] = {"tool": Port(timeout=5.0)}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id="a", floor=0.1), unit(Worker, id="b", floor=0.1)]


async def spend(company: Any, to: str, count: int, every: float, usd: float) -> int:
    """So many tasks, one every so many seconds; how many were done."""

    async def one() -> bool:
        try:
            return (await done(company, to, usd=usd)).outcome.good
        except BudgetExhausted:
            return False

    jobs = []
    for _ in range(count):
        jobs.append(asyncio.ensure_future(one()))
        await asyncio.sleep(every)
    return sum(await asyncio.gather(*jobs))


async def leases(company: Any) -> dict[str, float]:
    """What each unit is lent in this epoch, in dollars."""
    ledger = (await company.call(ViableSystem.ledger)).purse.ledger(0)
    return {path: one.upper.amount("usd") for path, one in ledger.open.items()}


async def test_what_lies_idle_goes_to_who_can_use_it_and_who_was_idle_keeps_his_rate() -> None:
    async with started(Pair) as (_, company):
        assert await spend(company, A, 40, 1.0, 0.2) >= 36  # eight dollars of ten; its half is five
        held = await leases(company)
        assert sum(held.values()) <= 10
        assert held[A] > 7
        assert (
            await spend(company, B, 8, 1.0, 0.2) >= 7
        )  # a third of the epoch is left, and of its five dollars
        ledger = (await company.call(ViableSystem.ledger)).purse.ledger(0)
        assert ledger.committed <= ledger.grant


async def test_nothing_is_moved_where_nobody_uses_more_than_his_part() -> None:
    async with started(Pair) as (_, company):
        await spend(company, A, 20, 1.0, 0.05)
        assert await leases(company) == {A: 5.0, B: 5.0}


class Dear(Operation):
    """Its bills are what the task says, whatever it sets aside."""

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("billed", float, task.body["bill"], upper=Cost(usd=task.body.get("upper", 1.0)))
        return Outcome(used.value, evidence=[used.receipt])


def bill(usd: float) -> Cost:
    """What it took."""
    return Cost(usd=usd)


class Billed(Pair):
    """Units whose bills may be above what they set aside."""

    ports: ClassVar[Any] = {"billed": Port(cost=bill)}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Dear, id="a", floor=0.1), unit(Dear, id="b", floor=0.1)]


async def felt(company: Any) -> set[str]:
    """What hurts."""
    return {climb.pain.index for climb in await company.call(ViableSystem.alarms)}


async def log(company: Any, kind: str) -> list[Any]:
    """What stands in the log, of a kind."""
    return [entry.body for entry in await company.call(ViableSystem.decisions, 0, kind)]


async def test_an_overrun_is_charged_blocks_the_next_call_and_hurts_until_it_is_answered_for() -> None:
    async with started(Billed) as (_, company):
        assert (await done(company, "billed/a", bill=6.0)).outcome.good  # five were lent
        with pytest.raises(BudgetExhausted, match="not cleared"):
            await done(company, "billed/a", bill=0.1, upper=0.1)
        await asyncio.sleep(1.2)
        assert "overrun" in await felt(company)
        await asyncio.sleep(3.0)
        assert "overrun" not in await felt(company)
        assert [one["unit"] for one in await log(company, "overrun")] == ["billed/a"]
        ledger = (await company.call(ViableSystem.ledger)).purse.ledger(0)
        assert ledger.open["billed/a"].upper >= Vector(usd=6)
        assert ledger.committed <= ledger.grant
        assert (await done(company, "billed/a", bill=0.1, upper=0.1)).outcome.good


async def test_an_overrun_of_more_than_there_is_stands_to_the_end_of_the_epoch_and_is_one_pain() -> None:
    async with started(Billed) as (_, company):
        await done(company, "billed/a", bill=12.0)
        await asyncio.sleep(20.0)
        assert "overrun" in await felt(company)
        with pytest.raises(BudgetExhausted, match="not cleared"):
            await done(company, "billed/a", bill=0.1, upper=0.1)
        assert len(await log(company, "overrun")) == 1
        await asyncio.sleep(45.0)
        assert "overrun" not in await felt(company)
        assert (await done(company, "billed/a", bill=0.1, upper=0.1)).outcome.good
        assert len(PAGER.pages) <= 1


async def test_bills_that_are_above_what_was_estimated_are_pain_before_long() -> None:
    async with started(Billed) as (_, company):
        for _ in range(8):
            await done(company, "billed/b", bill=0.12, upper=0.1)
            await asyncio.sleep(3.0)
        assert "drift" in await felt(company)
        for _ in range(10):
            await done(company, "billed/b", bill=0.05, upper=0.1)
            await asyncio.sleep(1.0)
        assert "drift" not in await felt(company)


class Planner(Worker):
    """Asks for what it is made to ask for."""

    def __init__(self, wish: float | None, limit: float = 1e9) -> None:
        self.wish_of_its_own, self.limit = wish, limit

    def plan(self, offer: Vector) -> Vector:
        """So much; nothing but the offer, from its limit on."""
        usd = offer.amount("usd")
        return (
            offer if self.wish_of_its_own is None or usd >= self.limit else Vector(usd=self.wish_of_its_own)
        )


def team(*planners: Any) -> type[Pair]:
    """A pair whose units ask for that much."""

    class Made(Pair):
        def units(self) -> list[Any]:
            """As many."""
            return [
                unit(Planner, *wishes, id=name, floor=0.1)
                for name, wishes in zip("ab", planners, strict=True)
            ]

    Made.__name__ = Made.__qualname__ = "Pair"
    return Made


async def test_what_one_unit_does_not_want_another_gets_that_asks_for_it() -> None:
    async with started(team((2.0,), (8.0,))) as (_, company):
        await asyncio.sleep(3.0)
        assert await leases(company) == {A: 2.0, B: 8.0}
        [agreed] = await log(company, "bargain")
        assert (agreed["unit"], agreed["offered"]["usd"], agreed["agreed"]["usd"]) == (B, 5.0, 8.0)
        await asyncio.sleep(60.0)  # and again in the next epoch
        assert len(await log(company, "bargain")) == 2


async def test_who_comes_half_way_gets_what_was_offered_then() -> None:
    async with started(team((3.0,), (9.0, 7.0))) as (_, company):
        await asyncio.sleep(3.0)
        assert await leases(company) == {A: 3.0, B: 7.0}
        assert await log(company, "disagreement") == []


async def test_who_wants_more_than_there_is_to_the_end_gets_his_floor_and_it_is_written_down() -> None:
    async with started(team((None,), (50.0,))) as (_, company):
        await asyncio.sleep(5.0)
        assert (await leases(company))[B] == 1.0
        [quarrel] = await log(company, "disagreement")
        assert (quarrel["unit"], quarrel["asked"]["usd"], quarrel["agreed"]["usd"]) == (B, 50.0, 1.0)
        assert await spend(company, B, 5, 1.0, 0.4) == 2
        assert await spend(company, A, 6, 1.0, 1.0) == 6  # what the other does not get it may have


async def test_the_talk_with_one_that_insists_is_over_after_three_counter_offers() -> None:
    Insistent.asked.clear()

    class Talked(Pair):
        def units(self) -> list[Any]:
            """One of them insists."""
            return [unit(Planner, None, id="a", floor=0.1), unit(Insistent, 50.0, id="b", floor=0.1)]

    async with started(Talked):
        await asyncio.sleep(10.0)
        offers = [offer.amount("usd") for offer in Insistent.asked]
        assert len(offers) == 1 + 3
        assert offers == sorted(offers)


class Insistent(Planner):
    """Remembers what it was offered."""

    asked: ClassVar[list[Vector]] = []

    def plan(self, offer: Vector) -> Vector:
        """Always more."""
        self.asked.append(offer)
        return super().plan(offer)


def deep(levels: int, *wishes: float) -> Any:
    """A unit "a" whose units, so many levels within, ask for that much."""

    class Inner(ViableSystem):
        def units(self) -> list[Any]:
            """As many, or one level more."""
            if levels > 1:
                return [deep(levels - 1, *wishes)]
            return [unit(Planner, wish, id=f"p{n}", floor=0.1) for n, wish in enumerate(wishes)]

    return unit(Inner, id="a", floor=0.1)


@pytest.mark.parametrize("levels", [1, 2, 3])
async def test_a_level_within_asks_for_what_its_units_ask_for_however_deep_they_are(levels: int) -> None:
    class Made(Pair):
        def units(self) -> list[Any]:
            """A level, and a worker that can use what is left."""
            return [deep(levels, 1.5, 0.5), unit(Planner, 8.0, id="b", floor=0.1)]

    Made.__name__ = Made.__qualname__ = "Pair"
    async with started(Made) as (_, company):
        await asyncio.sleep(8.0)
        assert await leases(company) == {A: 2.0, B: 8.0}
        [agreed] = await log(company, "bargain")
        assert (agreed["unit"], agreed["offered"]["usd"], agreed["agreed"]["usd"]) == (B, 5.0, 8.0)


async def test_a_level_within_that_wants_more_gets_it_and_one_that_insists_has_its_floor() -> None:
    for wish, held in ((7.0, 7.0), (60.0, 1.0)):

        class Made(Pair):
            wants: ClassVar[float] = wish

            def units(self) -> list[Any]:
                """A level, and a worker that leaves most of its part."""
                return [deep(1, self.wants), unit(Planner, 2.0, id="b", floor=0.1)]

        Made.__name__ = Made.__qualname__ = "Pair"
        async with started(Made) as (_, company):
            await asyncio.sleep(8.0)
            assert (await leases(company))[A] == held
            assert len(await log(company, "disagreement")) == (held == 1.0)


async def test_a_level_whose_system_3_is_away_takes_what_it_is_offered() -> None:
    class Made(Pair):
        def units(self) -> list[Any]:
            """A level, and a worker."""
            return [deep(1, 2.0), unit(Planner, None, id="b", floor=0.1)]

    Made.__name__ = Made.__qualname__ = "Pair"
    async with started(Made) as (system, company):
        await system.named(A, ViableSystem).within(None).call(ViableSystem.ablate, "s3")
        await asyncio.sleep(70.0)
        assert (await company.call(ViableSystem.ledger)).purse.ledger(1).open[A].upper == Vector(usd=5.0)


async def test_units_without_a_plan_of_their_own_are_not_asked() -> None:
    async with started(Pair) as (_, company):
        await asyncio.sleep(3.0)
        assert await log(company, "bargain") == await log(company, "disagreement") == []
        assert await leases(company) == {A: 5.0, B: 5.0}
