"""What is decided again and again, rates and shares: where it swings that is noted, and a rate is sought with care."""

import asyncio
from typing import Any

from cybernetic.core import Chance
from cybernetic.vsm import ViableSystem
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.coordination.flow import Flow
from cybernetic.vsm.coordination.swings import Swings, shares
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import started


def test_shares_that_go_to_and_fro_are_found_once_a_window_and_those_that_do_not_are_not() -> None:
    swings, found = Swings(1.0), []
    lots = Chance(3).stream("noise")
    for at in range(240):
        granted = {"a": 7.0, "b": 3.0} if at // 10 % 2 else {"a": 3.0, "b": 7.0}
        figures = shares({**granted, "c": 10.0}) | {"rate of x": 5.0 + lots.gauss(0.0, 1.0)}
        swings, notices = swings.after(figures)
        found += notices
    assert {one.signal for one in found} == {"share of a", "share of b"}
    assert len(found) == 4
    assert all(abs(one.period - 20.0) < 1.0 for one in found)


def test_the_saw_of_a_rate_that_is_sought_is_none() -> None:
    swings, rate = Swings(1.0), 1.0
    for _ in range(600):
        rate = rate * 0.7 if rate >= 1.0 else rate + 0.03
        swings, notices = swings.after({"rate of x": rate})
        assert notices == []


def test_what_is_not_granted_has_no_share() -> None:
    assert shares({}) == shares({"a": 0.0}) == {}
    assert shares({"a": 1.0, "b": 3.0}) == {"share of a": 0.25, "share of b": 0.75}


def test_a_rate_that_swings_rises_half_as_fast() -> None:
    flow = Flow.seeking(1.0, frozenset("a"), 5.0, -5.0)
    assert flow.calm().aimd.rise == flow.aimd.rise / 2


async def test_grants_that_swing_stand_in_the_log_of_their_level() -> None:
    async with started() as (system, _):
        await asyncio.sleep(1.0)
        node: Any = system.named("company/division:coordination", Coordination)
        for at in range(150):
            low, high = (2.0, 4.0) if at // 10 % 2 else (4.0, 2.0)
            for unit, amount in (("w0", low), ("w1", high)):
                porter = system.named(f"company/division/{unit}:porter", Porter)
                porter.cast(Porter.say_granted, amount)
            await asyncio.sleep(1.0)
        division = system.named("company/division", ViableSystem)
        log = await division.call(ViableSystem.decisions, 0, "oscillation")
        assert {entry.body["signal"] for entry in log} == {
            "share of company/division/w0",
            "share of company/division/w1",
        }
        assert await node.call(Coordination.herds) == {}
