"""System 4 alive: what it expects, what it proposes, and how systems 3 and 5 answer."""

import asyncio
import itertools
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.core import Chance
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Budget, Channel, Line, Note, Role, ViableSystem, line_name, now, unit
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.control.reweighing import considered
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.homeostat import AdaptationProposal, Balance, Bands, Spoken
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.intelligence.messages import BalanceReport, Deadlock, Shift
from cybernetic.vsm.intelligence.selfmodel import SelfModel
from cybernetic.vsm.intelligence.streams import Stream
from cybernetic.vsm.operations.messages import Arrived
from tests.vsm.living.company import Company, Worker, started


class Pair(ViableSystem):
    """Two units that share a budget."""

    budget = Budget(usd=1000, per=600)
    ports: ClassVar[Any] = Company.ports

    def units(self) -> list[Any]:
        """Equal ones."""
        return [unit(Worker, id=name, floor=0.1) for name in ("left", "right")]


def draw(chance: Chance, key: int, mean: float) -> int:
    """About `mean`, give or take its root."""
    return max(0, round(mean + (chance.uniform("n", key) - 0.5) * 3.4 * mean**0.5))


def ramped(seed: int, ticks: int) -> Stream:
    """A stream that has seen a demand which rises and falls."""
    stream, chance = Stream(lead=6), Chance(seed)
    for tick in range(ticks):
        phase = tick % 240
        stream.after(draw(chance, tick, 20 + min(phase, 240 - phase)))
    return stream


def test_t_s4_skill_trends_are_foreseen_better_than_by_as_now() -> None:
    stream = ramped(7, 300)
    assert stream.mase is not None
    assert stream.mase < 1.0
    assert not stream.muted


def test_t_s4_skill_who_knows_no_more_than_as_now_is_muted() -> None:
    stream, level, chance = Stream(lead=6), 400.0, Chance(7)
    assert stream.muted
    for tick in range(300):  # a level that walks at random: nothing can be known of it but where it is
        level = max(50.0, level + (chance.uniform("walk", tick) - 0.5) * 120.0)
        stream.after(round(level))
    assert stream.muted == (stream.mase is None or stream.mase >= 1.0)
    assert stream.mase is not None
    assert stream.mase > 0.9


def level(seed: int, ticks: int, lead: int, mean: float = 25.0) -> Stream:
    """A stream that has seen a demand which stays as it is."""
    stream, chance = Stream(lead), Chance(seed)
    for tick in range(ticks):
        stream.after(draw(chance, tick, mean))
    return stream


def test_t_s4_skill_who_looks_far_ahead_is_judged_by_the_next_tick_until_it_can_be_by_its_own_words() -> None:
    assert [level(1, ticks, 24).mase is None for ticks in (30, 31)] == [True, False]
    spoken = sum(not level(seed, 60, 24).muted for seed in range(20))
    assert spoken >= 18


def test_t_s4_skill_what_was_said_before_it_had_seen_enough_is_not_held_against_it() -> None:
    later = [level(seed, 110, 24).mase for seed in range(20)]
    assert sum(one is not None and one < 1.0 for one in later) >= 16


def test_a_level_that_stays_is_not_taken_for_a_trend_by_its_first_data() -> None:
    for seed in range(20):
        far = [level(seed, ticks, 24).expected() for ticks in (3, 6, 12)]
        assert max(abs(one - 25.0) for one in far) <= 14.0


def test_t_s4_calibration_four_of_five_data_come_within_the_interval() -> None:
    found, count = 0.0, 5
    for seed in range(count):
        stream, chance = Stream(), Chance(seed)
        for tick in range(200):
            stream.after(sum(chance.uniform(tick, n) < 0.5 for n in range(40)))
        assert stream.calibration is not None
        found += stream.calibration / count
    assert 0.75 <= found <= 0.85


def test_a_shift_that_is_simulated_meets_more_of_the_demand_and_ruins_nobody() -> None:
    model = SelfModel({"a": 1.0, "b": 1.0}, 100.0)
    demand = {"a": 90.0, "b": 5.0}
    fitted = model.fitted(demand)
    assert fitted.unmet(demand) < model.unmet(demand)
    assert fitted.weights["b"] >= 0.5
    assert sum(fitted.weights.values()) == pytest.approx(2.0)


def test_system_3_agrees_within_limits_counters_beyond_and_refuses_what_cannot_be() -> None:
    declared = {"a": 1.0, "b": 1.0}
    assert considered(Shift({"a": 1.5, "b": 0.5}, 60.0), declared, declared, (), True, 0.0).said.agreed
    counter = considered(Shift({"a": 3.0, "b": 0.1}, 60.0), declared, declared, (), True, 0.0)
    assert counter.shift == Shift({"a": 2.0, "b": 0.5}, 60.0)
    for held, counted in ((("a",), True), ((), False)):
        no = considered(Shift({"a": 1.5, "b": 0.5}, 60.0), declared, declared, held, counted, 0.0)
        assert not no.said.agreed
        assert no.shift is None


def test_each_shift_may_go_as_far_from_what_holds_and_so_several_as_far_as_the_demand() -> None:
    declared, weights = {"a": 1.0, "b": 7.0}, {"a": 1.0, "b": 7.0}
    wanted, rounds = {"a": 6.0, "b": 2.0}, 0
    while not (said := considered(Shift(wanted, 60.0), declared, weights, (), True, 0.0)).said.agreed:
        assert said.shift is not None
        assert all(0.5 <= said.shift.weights[unit] / weights[unit] <= 2.0 for unit in weights)
        weights, rounds = dict(said.shift.weights), rounds + 1
    assert rounds == 2
    assert SelfModel(weights, 8.0).fitted(wanted).unmet(wanted) == pytest.approx(0.0)


async def come(system: System, path: str, ticks: range) -> None:
    """Tasks come, as system 4 is told: more and more for the left one, as many as ever for the right one."""
    chance, line = Chance(3), system.named(line_name(path, Channel.ENVIRONMENT), Line)
    for tick in ticks:
        for name, mean in (("left", 8.0 + 1.25 * tick), ("right", 10.0)):
            for _ in range(draw(chance, tick, mean)):
                arrived = Arrived("job", f"{path}/{name}")
                line.cast(
                    Line.carry,
                    Note(
                        Channel.ENVIRONMENT,
                        Role.ENVIRONMENT,
                        path,
                        Role.INTELLIGENCE,
                        path,
                        arrived,
                        "n",
                        "n",
                    ),
                )
        await asyncio.sleep(10.0)


async def test_a_rise_that_is_foreseen_shifts_weights_and_what_is_agreed_is_carried_out() -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(50))
        log = await company.call(ViableSystem.decisions, 0, "shift")
        agreed = [entry for entry in log if entry.body["weights"]]
        assert agreed
        weights = agreed[0].body["weights"]
        assert weights["pair/left"] > weights["pair/right"] >= 0.5
        assert "demand of pair/left" in agreed[0].body["why"]


class Skewed(Pair):
    """Most is for the one to whom less and less comes beside the other."""

    def units(self) -> list[Any]:
        """Four parts of five for the right one."""
        return [unit(Worker, id="left", share=0.2), unit(Worker, id="right", share=0.8)]


async def test_what_is_in_force_is_gone_beyond_as_soon_as_that_is_worth_it_and_before_it_ends() -> None:
    async with started(Skewed) as (system, company):
        await come(system, "skewed", range(70))
        log = await company.call(ViableSystem.decisions, 0, "shift")
        weights = [entry.body["weights"] for entry in log if entry.body["weights"]]
        shares = [one["skewed/left"] / sum(one.values()) for one in weights]
        assert shares[0] <= 0.51  # one step goes no further than twice and a half
        assert max(shares) > 0.6
        assert any(later.at < one.body["until"] - 35.0 for one, later in itertools.pairwise(log))


async def test_a_shift_that_still_fits_is_renewed_before_it_lapses_and_that_is_no_change() -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(60))
        log = await company.call(ViableSystem.decisions, 0, "shift")
        held = [(entry.at, entry.body["until"]) for entry in log]
        assert len(held) > 1
        assert all(later < until for (_, until), (later, _) in itertools.pairwise(held))
        assert all(entry.body["weights"] for entry in log)
        found = await company.call(ViableSystem.balance)
        assert found.running is not None
        assert found.running.reallocations == len({tuple(entry.body["weights"].items()) for entry in log})


async def test_t_s4_model_of_self_is_what_is_registered() -> None:
    async with started() as (system, company):
        for level in await company.call(ViableSystem.levels):
            model = await system.named(f"{level}:intelligence", Intelligence).call(Intelligence.model)
            registered = {
                name.removesuffix(":management") for name in system.names if name.endswith(":management")
            }
            assert set(model) == {path for path in registered if path.rpartition("/")[0] == level}


async def test_new_weights_are_in_the_next_contracts_and_lapse() -> None:
    async with started(Pair) as (system, company):
        control = system.named("pair:control", Control)
        await asyncio.sleep(5.0)
        await control.call(Control.reweigh, Shift({"pair/left": 3.0, "pair/right": 1.0}, 700.0), "a test")
        control.exit(Kill())  # what was agreed outlives who agreed to it
        await asyncio.sleep(620.0)

        async def grants(epoch: int) -> list[float]:
            ledger = (await company.call(ViableSystem.ledger)).purse.ledger(epoch)
            return [ledger.open[f"pair/{one}"].upper.amount("usd") for one in ("left", "right")]

        left, right = await grants(1)
        assert left > 2.5 * right
        await asyncio.sleep(600.0)
        left, right = await grants(2)
        assert left == pytest.approx(right)


async def test_t_s4_premise_a_shift_is_taken_back_when_what_it_was_for_does_not_come() -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(50))
        log = await company.call(ViableSystem.decisions, 0, "shift")
        assert log[-1].body["weights"]
        await asyncio.sleep(60.0)  # nothing comes any more
        log = await company.call(ViableSystem.decisions, 0, "shift")
        assert log[-1].body["weights"] is None
        assert "are expected for pair/left" in log[-1].body["why"]


async def said(system: System, body: Any) -> Any:
    """What system 5 answers to what system 4 says."""
    note = Note(
        Channel.METASYSTEM,
        Role.INTELLIGENCE,
        "company",
        Role.POLICY,
        "company",
        body,
        "n1",
        "n1",
        sent_at=now(),
    )
    return await system.named(line_name("company", Channel.METASYSTEM), Line).call(Line.relay, note)


@pytest.mark.parametrize(("spread", "do"), [(1.0, True), (9.0, False)])
async def test_t_s5_closure_a_deadlock_is_ruled_by_the_declared_rule(spread: float, do: bool) -> None:
    async with started() as (system, company):
        proposal = AdaptationProposal("p", "demand", "weights", 0.0, 5.0, 60.0, spread=spread)
        ruled = await said(system, Deadlock(proposal, Shift({}, 60.0)))
        assert ruled.do is do
        (entry,) = await company.call(ViableSystem.decisions, 0, "ruling")
        assert entry.body["do"] is do


async def test_t_s5_closure_where_system_3_is_away_system_5_rules() -> None:
    async with started(Pair) as (system, company):
        system_3 = system.named("pair:metasystem", Supervisor)
        await system_3.call(Supervisor.terminate_child, "control")
        await come(system, "pair", range(50))
        ruled = await company.call(ViableSystem.decisions, 0, "ruling")
        assert ruled
        assert all(entry.root for entry in ruled)


@pytest.mark.parametrize(("reallocations", "pains"), [(2, 0), (20, 1)])
async def test_t_a2_an_imbalance_is_pain_and_balance_is_quiet(reallocations: int, pains: int) -> None:
    async with started() as (system, company):
        four, three = Spoken({"demand": 2}, (1.0, 2.0)), Spoken({})
        balance = Balance(three, four, 0.0, 0.0, reallocations, 1.0)
        await said(system, BalanceReport(balance, 3600.0))
        found = await company.call(ViableSystem.decisions, 0, "balance")
        assert len(found) == pains
        governance = system.named("company:policy", Governance)
        await governance.call(Governance.set_bands, Bands(churn=(0.0, 1.0)), "calm")
        await said(system, BalanceReport(balance, 3600.0))
        assert len(await company.call(ViableSystem.decisions, 0, "balance")) > pains
        governance.exit(Kill())
        await asyncio.sleep(2.0)
        assert (await governance.call(Governance.balance))[1] == Bands(churn=(0.0, 1.0))
