"""What an operations room is told: a living viable system is asked, and the answer is plain data."""

import asyncio
import json
from typing import ClassVar

import pytest

from cybernetic import System
from cybernetic.core import CallError, OptionError, Refusal
from cybernetic.observe import NEVER, Alarm, LevelView, Panorama, panorama
from cybernetic.vsm import (
    Audit,
    Budget,
    Clocks,
    Cost,
    Index,
    Operation,
    Outcome,
    Port,
    Rate,
    Task,
    ViableSystem,
    unit,
)


async def look_up(what: str) -> str:
    await asyncio.sleep(1.0)
    if what == "wrong":
        raise ValueError("wrong")
    return what


class Answer(Operation):
    indices = (Index("cycle_time", limits=(0.0, 30.0), cost=True), Index("success", limits=(0.5, 1.0)))

    async def handle(self, task: Task) -> Outcome:
        if task.body == "held":
            async with self.exclusive("desk", ttl=30.0):
                found = await self.use("kb", look_up, task.body, upper=Cost(usd=0.5))
        else:
            found = await self.use("kb", look_up, task.body, upper=Cost(usd=0.5))
        return Outcome(found.value, evidence=[found.receipt])


class Support(ViableSystem):
    audit = Audit(probability=1.0, verify=look_up)

    def units(self):
        return [unit(Answer, id="one"), unit(Answer, id="two")]


class Silent:
    def page(self, page: object) -> None: ...

    def resolve(self, key: object) -> None: ...


class Shop(ViableSystem):
    budget = Budget(usd=100, per=3600)
    ports: ClassVar = {"kb": Port(rate=Rate(60, per=60))}
    clocks = Clocks(ack=5.0, recovery=120.0)
    human = (Silent(),)

    def units(self):
        return [unit(Support, id="support", share=0.7), unit(Answer, id="sales", share=0.3)]


async def test_it_shows_every_level_with_its_flow_money_and_rates() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        for number in range(3):
            await shop.within(60).call(Shop.submit, Task("ticket", f"n{number}", to="shop/support"))
        await asyncio.sleep(2.5)
        seen = await panorama(system, "shop")
    assert [level.path for level in seen.levels] == ["shop", "shop/support"]
    top, support = seen.levels
    assert (top.silent, support.silent) == ((), ())  # that nobody declared an audit of the top is no silence
    assert top.units == ("shop/sales", "shop/support")
    assert support.units == ("shop/support/one", "shop/support/two")
    assert {flow.unit: (flow.arrived, flow.load, flow.finished) for flow in top.flows} == {
        "shop/sales": (0, 0, 0),
        "shop/support": (3, 0, 3),
    }
    assert sum(flow.arrived for flow in support.flows if flow.arrived is not None) == 3
    assert [(pace.port, pace.waiting) for pace in top.paces] == [("kb", 0)]
    (money,) = top.money
    assert (money.resource, money.granted) == ("usd", 100.0)
    assert (money.taken, money.spent, money.used) == (1.5, 0.0, 1.5)
    assert money.lent == sum(held for _, held, _ in money.units) <= money.granted
    assert {name: held for name, held, _ in money.units}.keys() == {"shop/sales", "shop/support"}
    figures = {(one.unit, one.index): one for one in support.figures}
    assert figures["shop/support/one", "success"].actuality == 1.0
    assert figures["shop/support/one", "cycle_time"].cost
    assert not any(one.out for one in support.figures)


async def test_it_shows_what_is_expected_to_come() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        for number in range(40):
            await shop.within(60).call(Shop.submit, Task("ticket", f"n{number}", to="shop/sales"))
        seen = await panorama(system, "shop")
    forecasts = {one.unit: one for one in seen.top.forecasts}
    sales = forecasts["shop/sales"]
    assert sales.low is not None
    assert sales.high is not None
    assert sales.low <= sales.expected <= sales.high
    assert sales.high > 0.0


async def test_it_shows_who_holds_what_exclusively() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        shop.cast(Shop.submit, Task("ticket", "held", to="shop/sales"))
        await asyncio.sleep(0.5)
        seen = await panorama(system, "shop")
        await asyncio.sleep(2.0)
        later = await panorama(system, "shop")
    (lease,) = seen.top.leases
    assert (lease.key, lease.holder) == ("desk", "shop/sales")
    assert seen.at < lease.until <= seen.at + 30.0
    assert later.top.leases == ()


async def test_what_nobody_audits_is_never_called_clean() -> None:
    async with System() as system:
        await system.start(Shop, name="shop")
        await asyncio.sleep(3.0)
        seen = await panorama(system, "shop")
    assert seen.top.standing("shop/sales") == NEVER
    assert seen.levels[1].standing("shop/support/one") == NEVER
    assert seen.top.standing("shop/nobody") == NEVER


async def test_a_pain_stands_on_its_ladder_with_a_clock() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        for _ in range(3):
            task = Task("ticket", "wrong", to="shop/sales")
            with pytest.raises(CallError):
                await shop.within(60).call(Shop.submit, task)
        seen = await panorama(system, "shop")
    (alarm,) = [one for one in seen.alarms if one.index == "success"]
    assert alarm.rungs == ("shop/sales", "shop", "human")
    assert alarm.cause == "limits"
    assert alarm.stage in ("raised", "owned")
    assert alarm.due is not None
    assert alarm.due > seen.at
    assert any(line.kind == "pain" and "shop/sales success" in line.text for line in seen.log)


async def test_a_pain_within_has_every_level_above_it_on_its_ladder() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        with pytest.raises((CallError, Refusal)):
            await shop.within(60).call(Shop.submit, Task("ticket", "wrong", to="shop/support/one"))
        seen = await panorama(system, "shop")
    rungs = {one.rungs for one in seen.levels[1].alarms if one.path == "shop/support/one"}
    assert rungs == {("shop/support/one", "shop/support", "shop", "human")}


async def test_a_part_that_was_taken_out_is_named() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(2.0)
        await shop.call(Shop.ablate, "s3", "s2")
        seen = await panorama(system, "shop")
    assert {"control", "coordination"} <= set(seen.top.silent)
    assert seen.top.money == ()


async def test_only_the_lines_that_are_new_are_told() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(2.0)
        for number in range(250):
            await shop.call(Shop.suspend, "shop/sales", f"reason {number}", 10.0)
        last = await panorama(system, "shop", tail=10)
        numbers = [line.number for line in last.top.log]
        later = await panorama(system, "shop", since={"shop": numbers[-3]})
    assert len(numbers) == 10
    assert last.top.log[-1].text == "suspend shop/sales: reason 249"
    assert [line.number for line in later.top.log] == numbers[-2:]
    (grip,) = last.top.grips
    assert (grip.unit, grip.rung, grip.why) == ("shop/sales", "suspend", "reason 249")


async def test_it_goes_through_json_and_comes_back_the_same() -> None:
    async with System() as system:
        shop = await system.start(Shop, name="shop")
        await asyncio.sleep(6.0)
        await shop.within(60).call(Shop.submit, Task("ticket", "a", to="shop/support"))
        with pytest.raises(CallError):
            await shop.within(60).call(Shop.submit, Task("ticket", "wrong", to="shop/sales"))
        seen = await panorama(system, "shop")
    assert seen.alarms
    assert Panorama.of(json.loads(json.dumps(seen.plain()))) == seen


async def test_where_there_is_none_it_says_so() -> None:
    async with System() as system:
        with pytest.raises(CallError, match="there is no <ViableSystem named 'shop'>"):
            await panorama(system, "shop")


def test_what_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match=r"plain: expected what Panorama\.plain gives"):
        Panorama.of({"at": 1.0, "levels": [{"path": "shop", "flows": [{"colour": "red"}]}]})


def test_the_highest_pain_comes_first() -> None:
    low = Alarm("shop/a", "x", "limits", "raised", level=0, since=1.0)
    high = Alarm("shop/b", "x", "limits", "paged", level=2, since=5.0)
    all_over = Alarm("shop/c", "x", "invariant", "raised", level=0, since=9.0, critical=True)
    assert Panorama(9.0, (LevelView("shop", alarms=(low, high, all_over)),)).alarms == (all_over, high, low)
