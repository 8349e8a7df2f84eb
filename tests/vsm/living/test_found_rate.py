"""System 2 alive: a rate that nobody declared is found once the other side says "too many", on two levels."""

import asyncio
from collections.abc import Sequence
from math import ceil, inf
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Operation, Outcome, Port, RateLimited, Task, ViableSystem, unit
from cybernetic.vsm.coordination.coordination import Coordination
from tests.vsm.living.company import done, started

LIMIT, BURST = 2.0, 4.0  # calls a second, calls at once


class Bucket:
    """A provider that says nothing of its limit; `hostile`: what its first refusal asks to wait instead."""

    def __init__(self, hostile: float | None = None) -> None:
        self.taken: list[tuple[float, str]] = []
        self.refused: list[float] = []
        self._hostile, self._bucket, self._at = hostile, BURST, 0.0

    async def __call__(self, who: str) -> str:
        """Take a call, or refuse it."""
        now = asyncio.get_running_loop().time()
        self._bucket, self._at = min(BURST, self._bucket + LIMIT * (now - self._at)), now
        if self._bucket < 1.0 - 1e-9:
            self.refused.append(now)
            wait, self._hostile = self._hostile, None
            raise RateLimited(ceil((1.0 - self._bucket) / LIMIT) if wait is None else wait)
        self._bucket -= 1.0
        self.taken.append((now, who))
        await asyncio.sleep(1.0)
        return who

    def between(self, begin: float, end: float) -> float:
        """Calls taken a second."""
        return sum(begin <= at < end for at, _ in self.taken) / (end - begin)


BUCKET = Bucket()


class Greedy(Operation):
    """Calls as fast as it may."""

    async def handle(self, task: Task) -> Outcome:
        """Until then."""
        loop = asyncio.get_running_loop()
        while True:
            used = await self.use("llm", BUCKET, task.body["who"])
            if loop.time() >= task.body["until"]:
                return Outcome(evidence=[used.receipt])


class Inner(ViableSystem):
    """A level of three."""

    def units(self) -> list[Any]:
        """Three."""
        return [unit(Greedy, id=f"g{n}") for n in range(3)]


class Outer(ViableSystem):
    """A level of that level and three more; no rate is declared."""

    pulse = 4.0
    ports: ClassVar[Any] = {"llm": Port(tries=1000, repeats=100_000)}

    def units(self) -> list[Any]:
        """Four, one of them nested."""
        return [unit(Inner, id="inner"), *(unit(Greedy, id=f"g{n}") for n in range(3))]


WHO = (*(f"outer/g{n}" for n in range(3)), *(f"outer/inner/g{n}" for n in range(3)))


@pytest.fixture(autouse=True)
def _full() -> None:
    BUCKET.__init__()  # type: ignore[misc]


def all_call(outer: Any, until: float, who: Sequence[str] = WHO) -> Any:
    """Everybody calls."""
    return asyncio.gather(*(done(outer, one, until=until, who=one) for one in who))


async def flows(system: Any) -> dict[str, tuple[float, int]]:
    """What the upper system 2 paces."""
    found: dict[str, tuple[float, int]] = await system.named("outer:coordination", Coordination).call(
        Coordination.flows
    )
    return found


async def test_a_rate_nobody_declared_is_found_on_two_levels_after_the_first_refusal() -> None:
    async with started(Outer) as (system, outer):
        assert await flows(system) == {}
        await all_call(outer, 180.0)
        rate, _ = (await flows(system))["llm"]
        assert 0.5 * LIMIT <= rate <= 1.5 * LIMIT
    settled = [at for at in BUCKET.refused if at >= 60.0]
    assert len(settled) <= 12  # one in ten seconds: what a search that goes on costs
    assert 0.75 * LIMIT <= BUCKET.between(80.0, 180.0) <= LIMIT
    each = [sum(one == who for at, one in BUCKET.taken if at >= 60.0) for who in WHO]
    assert min(each[:3]) >= 0.8 * max(each[:3])  # of one level each has its turn
    assert min(each[3:]) >= 0.8 * max(each[3:])
    assert sum(each[3:]) >= 0.2 * sum(each)  # the level within is one of four


async def test_a_hostile_retry_after_is_capped_for_all() -> None:
    BUCKET.__init__(hostile=inf)  # type: ignore[misc]
    async with started(Outer) as (system, outer):
        jobs = asyncio.ensure_future(all_call(outer, 360.0))
        await asyncio.sleep(0.5)
        assert await flows(system) != {}
        await jobs
    first = BUCKET.refused[0]
    assert BUCKET.between(first + 5.0, first + 295.0) == 0.0
    assert BUCKET.between(first + 300.0, first + 360.0) > 0.2


@pytest.mark.parametrize("level", ["outer", "outer/inner"])
async def test_a_successor_learns_from_the_units_what_is_paced(level: str) -> None:
    async with started(Outer) as (system, outer):
        jobs = asyncio.ensure_future(all_call(outer, 160.0))
        await asyncio.sleep(60.0)
        victim = system.whereis(f"{level}:coordination")
        assert victim is not None
        victim.exit(Kill())
        await asyncio.sleep(10.0)
        assert "llm" in await flows(system)
        before = len(BUCKET.refused)
        await jobs
    assert len(BUCKET.refused) - before <= 12
    assert BUCKET.between(100.0, 160.0) >= 0.6 * LIMIT
    assert {who for at, who in BUCKET.taken if at >= 100.0} == set(WHO)


async def test_without_system_2_each_waits_for_itself_and_goes_on() -> None:
    async with started(Outer) as (_, outer):
        await outer.within(None).call(ViableSystem.ablate, "s2")
        await all_call(outer, 60.0)
    assert len(BUCKET.refused) > 60  # each finds out for itself, again and again
    assert {who for _, who in BUCKET.taken} == set(WHO)
