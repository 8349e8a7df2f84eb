"""What the other side of a port says of how long to wait may be anything, and ends nobody; it outlives system 2."""

import asyncio
from collections.abc import Callable
from math import inf, nan
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Allow, Cost, Policy, Port, Rate, RateLimited, ViableSystem
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, ENDED, REFUSALS, TAKES, Office, _fresh, ask
from tests.vsm.living.test_tried_again import ask_first

__all__ = ["_fresh"]

PARTS = ["odd:coordination", "odd/a:porter", "odd/a"]


class Limit(Exception):
    """What a library raises."""


def said(error: BaseException) -> Any:
    """What it asks for, of these errors only."""
    return error.args[0] if isinstance(error, Limit) else None


class Odd(Office):
    """Its libraries raise errors of their own."""

    ports: ClassVar[Any] = {
        "paced": Port(rate=Rate(60, per=60), timeout=5.0),
        "own": Port(rate=Rate(60, per=60), refused=said, timeout=5.0),
        "wrong": Port(refused=lambda error: error.retry, cost=lambda value: Cost(usd=value), timeout=5.0),  # type: ignore[attr-defined]
        "undeclared": Port(timeout=5.0),
        "shared": Port(shared=3000.0, timeout=20.0),
    }


def limited(value: Any) -> Exception:
    return RateLimited(value)


def of_its_own(value: Any) -> Exception:
    return Limit(value)


@pytest.mark.parametrize("value", [-5.0, nan, inf, 1e308, 10**400, "60", ("60",), True])
@pytest.mark.parametrize(("port", "raised"), [("paced", limited), ("own", of_its_own)])
async def test_whatever_it_says_nobody_ends_and_the_call_is_tried_again(
    port: str, raised: Callable[[Any], Exception], value: Any
) -> None:
    async with started(Odd) as (system, office):
        await asyncio.sleep(3.0)
        before = [system.whereis(name, Agent) for name in PARTS]
        REFUSALS.append(raised(value))  # type: ignore[arg-type]
        job = ask(office, "odd/a", "whales", port=port)
        wait = 300.0 if value in (inf, 1e308) else 0.1  # what is endless is capped
        await asyncio.sleep(wait + 30.0)
        assert [system.whereis(name, Agent) for name in PARTS] == before
        assert job.done()
        (first, _), (second, _) = CALLS
        assert wait <= second - first <= wait + 5.0


async def test_what_cannot_be_told_to_be_a_refusal_is_any_other_error() -> None:
    async with started(Odd) as (system, office):
        await asyncio.sleep(3.0)
        REFUSALS.append(ValueError("not found"))  # type: ignore[arg-type]
        ask(office, "odd/a", "whales", port="wrong")
        await asyncio.sleep(1.0)
        assert ENDED["whales"][1] is ValueError
        (spent, aside), *_ = await system.named("odd/a:porter", Porter).call(Porter.books)
        assert (spent, aside) == (Cost(usd=0.1), Cost())  # it was made: its upper bound, settled


@pytest.mark.parametrize("port", ["paced", "undeclared"])
@pytest.mark.parametrize("after", [0.5, 4.0])
async def test_the_death_of_system_2_shortens_no_wait(port: str, after: float) -> None:
    async with started(Odd) as (system, office):
        REFUSALS.append(RateLimited(120.0))
        await asyncio.sleep(3.0)
        ask(office, "odd/a", "whales", port=port)
        await asyncio.sleep(after)
        two = system.whereis("odd:coordination", Agent)
        assert two is not None
        two.exit(Kill())
        await asyncio.sleep(10.0)
        ask(office, "odd/b", "squids", port=port)
        await asyncio.sleep(200.0)
        (first, _), *others = CALLS
        assert len(others) == 2
        assert all(when >= first + 120.0 for when, what in others if what == "whales" or after > 1.0)


async def test_what_has_to_be_asked_first_still_waits_as_long() -> None:
    async with started(Odd) as (_, office):
        await office.within(None).call(ViableSystem.ablate, "s2")
        await asyncio.sleep(33.0)
        REFUSALS.append(RateLimited(60.0))
        ask(office, "odd/a", "whales", port="undeclared")
        await asyncio.sleep(2.0)
        await office.call(ViableSystem.set_policy, Policy("ask", 1, ask_first), "secret")
        await asyncio.sleep(120.0)
        (first, _), (second, _) = CALLS
        assert 60.0 <= second - first <= 66.0


def of_a_first(action: Any, context: Any) -> Any:
    """What unit a does is asked first."""
    return ask_first(action, context) if context["path"] == "odd/a" else Allow()


async def test_what_is_tried_again_may_have_been_made_by_another_meanwhile() -> None:
    async with started(Odd) as (_, office):
        REFUSALS.append(RateLimited(20.0))
        await asyncio.sleep(3.0)
        one = ask(office, "odd/a", "whales", port="shared")
        await asyncio.sleep(2.0)
        await office.call(ViableSystem.set_policy, Policy("ask", 1, of_a_first), "secret")
        await asyncio.sleep(2.5)
        TAKES[0] = 8.0
        other = ask(office, "odd/b", "whales", port="shared")
        assert (await one).outcome.good
        assert (await other).outcome.good
        assert not ENDED
        assert len(CALLS) == 2
