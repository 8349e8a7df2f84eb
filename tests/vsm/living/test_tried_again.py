"""Calls of which the other side says "too many": when they are tried again, what they took, what counts as the same."""

import asyncio
import itertools
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Allow, Cost, Escalate, Policy, Port, Rate, RateLimited, ViableSystem
from cybernetic.vsm.operations.messages import Command, Intervention, Rung
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, ENDED, REFUSALS, TAKES, Office, _fresh, ask, at

__all__ = ["_fresh"]


class Billed(Office):
    """Who refuses is paid as well."""

    ports: ClassVar[Any] = {
        "shared": Port(cost=lambda value: Cost(usd=value), failed=lambda error: Cost(usd=0.05), timeout=5.0),
        "fast": Port(rate=Rate(60, per=60), timeout=5.0),
        "unsure": Port(cost=lambda value: value / 0, failed=lambda error: Cost(usd=0.05), timeout=5.0),
    }


class Once(Office):
    """No call of a task is made twice."""

    ports: ClassVar[Any] = {"paced": Port(rate=Rate(1, per=20), repeats=1, timeout=5.0)}


def ask_first(action: Any, context: Any) -> Escalate:
    """Goes on when nobody minds."""
    return Escalate("human", deadline=5.0, on_timeout=Allow())


async def throttle(system: Any, unit: str, seconds: float) -> None:
    """Have a unit go slowly for so long."""
    one = Intervention(Rung.THROTTLE, "slow", at() + seconds, "quality")
    await system.named(f"{unit}:porter", Porter).call(Porter.obey, Command(10**9, 1, (one,), {}, {}))


@pytest.mark.parametrize("port", ["fast", "shared"])
@pytest.mark.parametrize("throttled", [False, True])
async def test_without_system_2_a_unit_waits_as_long_as_it_is_asked_to(port: str, throttled: bool) -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        await office.within(None).call(ViableSystem.ablate, "s2")
        if throttled:
            await throttle(system, "billed/a", 600.0)
        await asyncio.sleep(60.0)
        REFUSALS.extend(RateLimited(60.0) for _ in range(3))
        job = ask(office, "billed/a", "whales", port=port)
        assert (await job).outcome.good
        gaps = [after - before for (before, _), (after, _) in itertools.pairwise(CALLS)]
        assert len(gaps) == 3
        assert all(59.9 <= gap <= 65.0 for gap in gaps)


@pytest.mark.parametrize("how", ["done", "given up", "suspended"])
async def test_what_refused_tries_took_is_counted_however_it_goes_on(how: str) -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        REFUSALS.extend(RateLimited(20.0) for _ in range(2))
        ask(office, "billed/a", "whales", port="shared", patience=50.0 if how == "done" else 30.0)
        await asyncio.sleep(22.0)
        if how == "suspended":
            await asyncio.sleep(2.0)
            await office.call(ViableSystem.suspend, "billed/a", "by request", 600.0)
        await asyncio.sleep(60.0)
        spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent == Cost(usd=0.11 if how == "done" else 0.10)


@pytest.mark.parametrize("usd", [0.0, 0.1])
async def test_who_waits_to_try_again_takes_no_more_than_what_refused_tries_took(usd: float) -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        REFUSALS.append(RateLimited(100.0))
        first = ask(office, "billed/a", "whales", port="shared", usd=usd)
        for _ in range(8):
            await asyncio.sleep(10.0)
            spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
            assert spent <= Cost(usd=max(usd, 0.05))  # the refused try took that; and as much is set aside
        second = ask(office, "billed/a", "bank", port="shared")
        assert (await second).outcome.good
        assert (await first).outcome.good
        spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent == Cost(usd=0.07)


@pytest.mark.parametrize("usd", [0.0, 0.1])
async def test_what_refused_tries_took_is_counted_when_the_porter_ends(usd: float) -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        REFUSALS.append(RateLimited(100.0))
        ask(office, "billed/a", "whales", port="shared", usd=usd)
        await asyncio.sleep(50.0)
        system.named("billed/a:porter", Agent).exit(Kill())
        await asyncio.sleep(10.0)
        spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent == Cost(usd=0.05 + 0.01 * (len(CALLS) - 1))


@pytest.mark.parametrize("usd", [0.0, 0.03])
async def test_so_it_is_while_the_call_is_made_again_and_when_the_porter_ends_then(usd: float) -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        await ask(office, "billed/a", "bank", port="shared", usd=usd)
        TAKES[0] = 100.0
        REFUSALS.append(RateLimited(20.0))
        ask(office, "billed/a", "whales", port="shared", usd=usd)
        while len(CALLS) < 3:
            await asyncio.sleep(1.0)
        spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent == Cost(usd=0.01 + 0.05)
        system.named("billed/a:porter", Agent).exit(Kill())
        await asyncio.sleep(60.0)
        spent, _ = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent >= Cost(usd=0.01 + (usd or 0.01) * (len(CALLS) - 3) + (0.05 if usd else 0.06))


async def test_where_the_port_cannot_tell_it_is_all_that_is_left_with_what_refused_tries_took() -> None:
    async with started(Billed) as (system, office):
        await asyncio.sleep(3.0)
        REFUSALS.append(RateLimited(5.0))
        await ask(office, "billed/a", "whales", port="unsure", usd=0.0)
        spent, granted = await system.named("billed/a:porter", Porter).call(Porter.spent)
        assert spent == granted


async def test_what_has_to_be_asked_first_is_no_second_call() -> None:
    async with started(Once) as (_, office):
        await asyncio.sleep(3.0)
        job = ask(office, "once/a", "x", "y")
        await asyncio.sleep(2.0)
        await office.call(ViableSystem.set_policy, Policy("ask", 1, ask_first), "secret")
        assert (await job).outcome.value == 2
        assert not ENDED


async def test_who_gave_up_at_a_throttled_unit_leaves_no_gap_and_its_end_lets_all_go() -> None:
    async with started(Office) as (system, office):
        await asyncio.sleep(3.0)
        await throttle(system, "office/a", 30.0)
        await ask(office, "office/a", *range(40), port="shared", patience=3.5, usd=0.01)
        made, gone = len(CALLS), at()
        assert 3 <= made <= 5
        await ask(office, "office/a", "next", port="shared", usd=0.01)
        assert CALLS[-1][0] <= gone + 2.0
        await asyncio.sleep(10.0)
        job = ask(office, "office/a", *range(50, 90), port="shared", usd=0.01)
        await job
        assert 30.0 <= CALLS[-1][0] <= 36.0
