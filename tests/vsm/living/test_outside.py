"""What system 4 sees outside, what policies forbade, and the balance of systems 3 and 4 when it stays off."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill
from cybernetic.core import Chance
from cybernetic.vsm import Allow, Deny, Policy, PolicyDenied, ViableSystem
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.governance.watch import Kept, Watch
from cybernetic.vsm.homeostat import Balance, Bands, Spoken, homeostat, imbalance
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.intelligence.messages import BalanceReport
from cybernetic.vsm.intelligence.outside import LATEST, Health, Kinds
from cybernetic.vsm.intelligence.premises import Premise, tripped
from cybernetic.vsm.ports.notices import MOST, PortUse
from cybernetic.vsm.ports.receipts import Came
from tests.vsm.living.company import TOOL, Company, done, started
from tests.vsm.living.test_governance import ruled
from tests.vsm.living.test_intelligence import said

SOLO = "company/solo"


def dear(action: Any, context: Any) -> Any:
    """What is dear is forbidden."""
    return Deny("too dear") if action.facts.get("usd", 0) > 0.5 else Allow()


Thrifty = ruled(Policy("dear", 1, dear))


async def test_what_policies_forbid_a_unit_stands_in_the_log_with_who_what_and_why() -> None:
    async with started(Thrifty) as (_, company):
        with pytest.raises(PolicyDenied):
            await done(company, SOLO, usd=0.9)
        await asyncio.sleep(2.0)
        (entry,) = await company.call(ViableSystem.decisions, 0, "denial")
        assert entry.body["unit"] == SOLO
        assert (entry.body["by"], entry.body["why"], entry.body["times"]) == ("dear v1", "too dear", 1)
        assert entry.body["action"].kind == "tool"
        assert entry.at < 1.0  # when it was forbidden, not when it was told
        assert entry.cause


async def test_a_unit_that_is_forbidden_everything_does_not_flood_the_log() -> None:
    async with started(Thrifty) as (_, company):
        for _ in range(3):
            jobs = (done(company, SOLO, usd=0.9) for _ in range(2 * MOST))
            assert len(await asyncio.gather(*jobs, return_exceptions=True)) == 2 * MOST
        await asyncio.sleep(2.0)
        log = await company.call(ViableSystem.decisions, 0, "denial")
        told = [entry for entry in log if "task" in entry.body]
        assert len(told) == MOST
        assert sum(entry.body.get("more", 0) for entry in log) == 6 * MOST - MOST


async def test_how_a_port_serves_is_in_the_outlook_as_a_stream() -> None:
    async with started() as (_, company):
        for _ in range(12):
            await done(company, SOLO, usd=0.01)
        await asyncio.sleep(12.0)
        before = (await company.call(ViableSystem.outlook)).ports["tool"]
        assert before.bad == 0.0
        assert before.calls > 0
        TOOL.hangs = True
        await asyncio.gather(*(done(company, SOLO, usd=0.01) for _ in range(6)), return_exceptions=True)
        await asyncio.sleep(12.0)
        after = (await company.call(ViableSystem.outlook)).ports["tool"]
        assert after.bad > 0.3
        assert after.expected.expected > before.expected.expected


def test_the_health_of_a_port_is_of_all_its_calls() -> None:
    use = PortUse()
    for came, seconds in ((Came.DONE, 1.0), (Came.FAILED, 2.0), (Came.UNKNOWN, 5.0)):
        use = use.after(came, seconds)
    assert (use.calls, use.bad, use.seconds) == (3, 2, 8.0)
    health = Health(lead=3)
    assert health.told is None
    for _ in range(40):
        health.used(use)
        health.after()
    assert health.told is not None
    assert health.told.bad == pytest.approx(2 / 3)
    assert health.told.expected.expected == pytest.approx(2.0, abs=0.5)


def test_kinds_that_have_never_come_are_strange_once() -> None:
    kinds = Kinds()
    for n in range(LATEST):
        kinds.came("job" if n % 10 else f"new {n}")
    assert kinds.strange == pytest.approx(0.1 + 1 / LATEST)
    for _ in range(LATEST):
        kinds.came("job")
    assert kinds.strange == 0.0


async def test_tasks_of_a_kind_that_never_came_are_in_the_outlook() -> None:
    async with started() as (_, company):
        for n in range(10):
            await done(company, SOLO, kind=f"kind {n}")
        assert (await company.call(ViableSystem.outlook)).strange == 1.0


def test_a_premise_trips_below_what_it_takes_for_granted() -> None:
    premises = (Premise("a", 2.0), Premise("b", 3.0))
    assert tripped(premises, {"a": 2.0, "b": 3.0}) is None
    assert "for b" in str(tripped(premises, {"a": 2.0, "b": 2.9}))
    assert "for a" in str(tripped(premises, {}))


# The homeostat of systems 3 and 4.


def balance(churn: int = 0, answered: int = 4) -> Balance:
    """Of an hour in which system 4 raised four things."""
    return Balance(Spoken({}), Spoken({"demand": 4}, (1.0,) * answered), 0.0, 0.0, churn, 1.0)


@pytest.mark.parametrize(
    ("one", "variable"), [(balance(), 0.0), (balance(churn=9), 0.5), (balance(answered=1), -0.5)]
)
def test_the_essential_variable_says_who_dominates(one: Balance, variable: float) -> None:
    assert imbalance(one, Bands()) == pytest.approx(variable)


def test_a_balance_that_stays_off_takes_a_step_of_chance_and_in_the_end_asks_for_help() -> None:
    watch, chance, steps = Watch.of("shop"), Chance(5), 0
    for _ in range(100):
        before = watch.temper
        watch, seen = watch.after(balance(churn=30), 3600.0, chance)
        steps += seen.step is not None
        assert (watch.temper != before) is (seen.step is not None)
        if seen.helpless:
            break
    assert steps == homeostat("shop").most
    calm, seen = watch.after(balance(), 3600.0, chance)
    assert seen.step is None
    assert calm.temper == watch.temper


def test_a_watch_is_kept_and_goes_on_where_it_was() -> None:
    watch, chance = Watch.of("shop"), Chance(5)
    for _ in range(5):
        watch, _ = watch.after(balance(churn=30), 3600.0, chance)
    again = Watch.of("shop", watch.kept)
    assert isinstance(watch.kept, Kept)
    assert again.kept == watch.kept
    assert again.after(balance(churn=30), 3600.0, chance)[0].kept == (
        watch.after(balance(churn=30), 3600.0, chance)[0].kept
    )


async def test_systems_3_and_4_are_told_to_go_about_it_in_another_way_and_so_are_their_successors() -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        for _ in range(2):
            await said(system, BalanceReport(balance(churn=30), 3600.0))
        await asyncio.sleep(0.1)
        (step,) = await company.call(ViableSystem.decisions, 0, "step")
        assert step.body["before"] != step.body["after"]
        kept = await system.named("company:books", Books).call(Books.load, "watch")
        assert kept.chosen != (0, 0)
        log = await company.call(ViableSystem.decisions, 0, "balance")
        assert {entry.body["pathology"] for entry in log} == {"INTELLIGENCE_DOMINATES"}


async def test_where_nothing_helps_it_hurts_until_the_balance_holds_again() -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)

        async def hurts() -> list[str]:
            await asyncio.sleep(1.0)
            found = [one.pain.index for one in await company.call(ViableSystem.alarms)]
            return [index for index in found if index.startswith("balance")]

        for _ in range(20):
            await said(system, BalanceReport(balance(churn=30), 3600.0))
        assert await hurts() == ["balance: nothing helps"]
        await said(system, BalanceReport(balance(), 3600.0))
        assert await hurts() == []


class Calm(Company):
    """Nothing of its own."""


async def test_a_successor_of_system_3_hears_how_far_it_may_let_a_shift_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[tuple[str, Any]] = []
    for cls in (Control, Intelligence):
        was = cls._tempered

        def noted(self: Any, temper: Any, note: Any, was: Any = was) -> None:
            heard.append((self.role.value, temper))
            was(self, temper, note)

        monkeypatch.setattr(cls, "_tempered", noted)
    async with started(Calm) as (system, _):
        await asyncio.sleep(1.0)
        heard.clear()
        ref = system.whereis("calm:control")
        assert ref is not None
        ref.exit(Kill())
        await asyncio.sleep(2.0)
        assert heard == [("control", Watch.of("calm").temper)]
