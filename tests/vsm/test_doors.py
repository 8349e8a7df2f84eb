"""What cannot be is refused by name at every door of the mathematics: numbers too large, values of another kind."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.audit import (
    Sampler,
    assured_rate,
    audit_detection,
    binomial_cdf,
    clean_audits_needed,
    posiwid,
)
from cybernetic.vsm.bargain import (
    Accepted,
    Allocator,
    Budget,
    Claim,
    Contract,
    Ledger,
    Purse,
    Report,
    Seal,
    Talk,
    Vector,
    allocate,
    lend,
)
from cybernetic.vsm.bargain.ledger import Reservation, Settlement
from cybernetic.vsm.bargain.worth import Worth
from cybernetic.vsm.cyberstride import (
    Capability,
    Cusum,
    Gauge,
    HarrisonStevens,
    Health,
    Index,
    best_preset,
    examine,
    fault,
    first_alarm,
    log_likelihood,
)
from cybernetic.vsm.damping import (
    Aimd,
    Engagement,
    FairQueue,
    Fence,
    Lease,
    LeaseTable,
    Plan,
    SwingCounter,
    Waiter,
    Waiting,
    autocovariance,
    balanced_plan,
    find_oscillation,
    next_turn,
)
from cybernetic.vsm.damping.choice import Advice, Choice
from cybernetic.vsm.damping.watch import Herd, Signal, Window
from cybernetic.vsm.damping.work import Work
from cybernetic.vsm.decisions import Amendment, decision_table
from cybernetic.vsm.homeostat import (
    AdaptationProposal,
    Balance,
    Bands,
    Spoken,
    diagnose,
    open_conversation,
)
from cybernetic.vsm.ladder import Paging, Sensitivity, arouse
from cybernetic.vsm.variety import (
    Amplifier,
    Attenuator,
    Carried,
    ChannelLoad,
    Disturbance,
    Measured,
    Transducer,
    VarietyLedger,
    cyclic_game,
    entropy,
)

HUGE = 10**400
ONE = Vector(usd=1)
PURSE = Purse.root("acme", Budget(usd=5, per=60))
LEVEL = Allocator(PURSE, {"a": ONE})
AIMD = Aimd(1.0, 2.0, 0.5, 0.1)
SWINGS = [1.0, -1.0] * 20
SILENT = Spoken({})
BALANCE = Balance(SILENT, SILENT, 0.0, 0.0, 0, 1.0)
PROPOSAL = AdaptationProposal("1", "issue", "change", 1.0, 2.0, 60.0)
SERVED = Work(mean=1.0, known=20)
HERD = ("a", "b")
SEAL = Seal(1, 1)

NUMBERS: list[tuple[str, Callable[[], object]]] = [
    ("confidence", lambda: clean_audits_needed(0.1, HUGE)),
    ("clean", lambda: assured_rate(HUGE)),
    ("trials", lambda: binomial_cdf(1, HUGE, 0.5)),
    ("rate", lambda: Sampler(b"x" * 32).inspection("p", 1, 5e-324)),
    ("probability", lambda: audit_detection(0.15, 1e-310)),
    ("retry_after", lambda: AIMD.refused(1.0, HUGE)),
    ("ceiling", lambda: Aimd(1.0, HUGE, 0.5, 0.1)),
    ("step", lambda: find_oscillation(SWINGS, step=1e308)),
    ("lags", lambda: autocovariance(SWINGS, HUGE)),
    ("lags", lambda: autocovariance(SWINGS, len(SWINGS))),
    ("period", lambda: next_turn(1.0, 5e-324, "a")),
    ("highest", lambda: Fence("key", nan)),  # type: ignore[arg-type]
    ("health.mass", lambda: fault(Health(nan, nan, nan, None, 200))),
    ("health.squares", lambda: fault(Health(1.0, inf, 1.0, None, 200))),
    ("churn", lambda: Bands(churn=(0.0, HUGE))),
    ("until", lambda: Ledger(ONE, until=HUGE)),
    ("until", lambda: Reservation(ONE, nan)),
    ("term", lambda: Seal(inf, 0)),  # type: ignore[arg-type]
    ("version", lambda: Seal(1, -1)),
    ("version", lambda: Allocator(PURSE, {}, version=nan)),  # type: ignore[arg-type]
    ("epoch", lambda: PURSE.begun(HUGE)),
    ("epoch", lambda: PURSE.begun(2**50 + 1)),
    ("epoch", lambda: LEVEL.gone(nan, "a")),  # type: ignore[arg-type]
    ("covered", lambda: Settlement(ONE, Vector(usd=2), True)),
    ("attempt", lambda: Paging().given(0)),
    ("now", lambda: Choice().made({"a": 1.0}, nan, 0.5)),
    ("now", lambda: Work(60.0).began("a", nan)),
    ("now", lambda: Work(60.0).at(inf)),
    ("rate", lambda: SERVED.places(nan)),
    ("rate", lambda: SERVED.places(-1.0)),
    ("rate", lambda: Work().places(nan)),
    ("rate", lambda: Work(mean=1e10, known=20).places(1e300)),
    ("rate", lambda: SERVED.full(1.0, inf)),
    ("burst", lambda: SERVED.places(2.0, burst=nan)),
    ("burst", lambda: SERVED.full(1.0, 2.0, nan)),
    ("burst", lambda: SERVED.places(2.0, burst=0.0)),
    ("memory", lambda: Work(memory=HUGE)),
    ("out", lambda: Work(out=((nan, "a"),))),
    ("draw", lambda: Choice().made({"a": 1.0, "b": 1.0}, 0.0, nan)),
    ("draw", lambda: Choice().made({"a": 1.0, "b": 1.0}, 0.0, 1.0)),
    ("draw", lambda: Choice().made({"a": 1.0, "b": 1.0}, 0.0, -0.4)),
    ("held_until", lambda: Choice(held_until=nan)),
    ("moved_at", lambda: Choice(moved_at=nan)),
    ("followed", lambda: Choice(followed=nan)),  # type: ignore[arg-type]
    ("step", lambda: Herd(HERD, nan)),
    ("step", lambda: Herd(HERD, 0.0)),
    ("floor", lambda: Herd(HERD, 1.0, nan)),
    ("floor", lambda: Herd(HERD, 1.0, -5.0)),
    ("size", lambda: Herd(HERD, 1.0, size=23)),
    ("counts['a']", lambda: Herd(HERD, 1.0).crowd("m", {"a": -1})),
    ("counts['a']", lambda: Herd(HERD, 1.0).crowd("m", {"a": HUGE})),
    ("counts", lambda: Herd(HERD, 1.0).crowd("m", {"a": 600_000, "b": 600_000})),
    ("shares", lambda: Plan((("a", 0.5), ("a", 0.5)), 1.0)),
    ("shares", lambda: Plan(((5, 0.5), ("a", 0.5)), 1.0)),  # type: ignore[arg-type]
    ("shares", lambda: Advice(1.0, ((5, 0.5),))),  # type: ignore[arg-type]
    ("capacities", lambda: balanced_plan({5: 1.0, "a": 1.0}, 1.0)),  # type: ignore[dict-item]
    ("costs", lambda: Choice().made({5: 1.0, "a": 1.0}, 1.0, 0.5)),  # type: ignore[dict-item]
    ("here", lambda: Choice(here=5)),  # type: ignore[arg-type]
    ("policy", lambda: Amendment(1, "p", "x", 0.0)),  # type: ignore[arg-type]
    ("policies", lambda: decision_table(5, {})),  # type: ignore[arg-type]
    ("bounded", lambda: Reservation(ONE, 5.0, bounded="x")),  # type: ignore[arg-type]
    ("h_in", lambda: Measured(nan, 0.0, 1.0, 1, 1, None, 0)),
    ("fidelity", lambda: Measured(0.0, 0.0, nan, 1, 1, None, 0)),
    ("items_out", lambda: Measured(0.0, 0.0, 1.0, 1, -1, None, 0)),
    ("unknown", lambda: Carried(1.0, 1, -1, 0)),
    ("leases[5]", lambda: LeaseTable(1.0, leases={5: nan})),  # type: ignore[dict-item]
    ("waiting['k'][0]", lambda: LeaseTable(1.0, waiting={"k": ("a",)})),  # type: ignore[dict-item]
    ("issued", lambda: Allocator(PURSE, {}, issued={"a": SEAL})),  # type: ignore[dict-item]
    ("items", lambda: Amplifier("n", tuple).measure([[1]])),
    ("apply", lambda: Amplifier("n", lambda item: [[item]]).measure([1])),
    ("apply", lambda: Amplifier("n", lambda item: item).measure([1])),
    ("windows", lambda: Attenuator("n", tuple).measure([[[1]]])),
    ("apply", lambda: Attenuator("n", lambda window: [window]).measure([[1]])),
    ("apply", lambda: Attenuator("n", lambda window: 5).measure([[1]])),
    ("corpus", lambda: Transducer("n", tuple, tuple).measure([[1]])),
    ("decode", lambda: Transducer("n", str, list).measure([1])),
    ("plan", lambda: Index("x", plan=2.0, transform="logit")),
    ("now", lambda: SwingCounter(1.0, 1, 1.0).saw(0.0, -1e308).saw(0.0, 1e308)),
    ("now", lambda: LeaseTable(1e308).request("k", "a", 1.7e308)),
    ("now", lambda: LeaseTable(1e308, quiet=-1.7e308).request("k", "a", -1.7e308)),
    ("now", lambda: LeaseTable(1e308).request("k", "a", 0.0)[0].renew("k", 1, 9e307)),
    ("level", lambda: HarrisonStevens(variance=1.0).forecast(3.0)),
    ("counts", lambda: Herd(HERD, 1.0).crowd("m", {5: 1, "b": 1})),  # type: ignore[dict-item]
    ("pace", lambda: Window(0, 24)),
    ("size", lambda: Window(1, 0)),
    ("data", lambda: Window(1, 24, data=(nan,))),
    ("data", lambda: Window(1, 24, data=nan)),  # type: ignore[arg-type]
    ("rest", lambda: Window(4, 24, rest=(inf,))),
    ("fresh", lambda: Window(1, 24, fresh=-1)),
    ("value", lambda: Window(2, 24).after(1.5e308).after(1.5e308)),
    ("virtual", lambda: FairQueue[str](virtual=nan)),
    ("count", lambda: FairQueue[str](count=-1)),
    ("finish['a']", lambda: FairQueue[str](finish={"a": inf})),
    ("waiting", lambda: FairQueue[str](waiting=nan)),  # type: ignore[arg-type]
    ("waiting[0].start", lambda: FairQueue(waiting=(Waiting(nan, 0, "a", "item", 1.0, 1.0),))),
    ("purse", lambda: LEVEL.renewed("a", nan, 1.0)),  # type: ignore[arg-type]
    ("born", lambda: LEVEL.renewed("a", "", nan)),
    ("aroused", lambda: arouse(nan, Sensitivity(), 1.0, 1.0)),  # type: ignore[arg-type]
    ("aroused", lambda: arouse(1, Sensitivity(), 1.0, 1.0)),  # type: ignore[arg-type]
    ("size", lambda: cyclic_game(HUGE, 2, 0.1)),
    ("size", lambda: cyclic_game(10**7 + 1, 1)),
    ("size", lambda: cyclic_game(3163, 1, 0.1)),
    ("harm", lambda: Disturbance("late", 1.1e300, 0.0)),
    ("harm", lambda: VarietyLedger().enter("a", "late", 0.0, harm=1.5e308)),
    ("harm", lambda: VarietyLedger().enter("a", "late", 0.0, 1.0).enter("a", "late", 0.0, 100.0)),
    ("hours", lambda: Balance(SILENT, SILENT, 1.0, 1.0, 10, 1e-320)),
    ("issues['a']", lambda: Spoken({"a": HUGE})),
    ("capacity", lambda: ChannelLoad(1e-310, 1.0)),
    ("capacity", lambda: ChannelLoad(1e-10, 1.0, rate=1e300)),
    ("rate", lambda: ChannelLoad(1.4e-308, 1.0).sent(0.0).sent(0.0)),
    ("patience", lambda: open_conversation(PROPOSAL, 0.0, patience=1e308, ruling=1e308)),
    ("ruling", lambda: open_conversation(PROPOSAL, 1e308, patience=1.0, ruling=1.1e308)),
    ("now", lambda: open_conversation(PROPOSAL, 1.1e308, patience=1.0, ruling=1e308)),
    ("rounds", lambda: open_conversation(PROPOSAL, 0.0, patience=1.0, ruling=1.0, rounds=HUGE)),
    ("half_life", lambda: Capability(half_life=2**63)),
    ("half_life", lambda: Capability(half_life=2**60)),
    ("series[1]", lambda: log_likelihood([1.0, nan], "default", variance=1.0)),
    ("series[0]", lambda: log_likelihood([None, 1.0], "default", variance=1.0)),
    ("series[2]", lambda: best_preset([1.0, 2.0, inf], variance=1.0)),
    ("series[1]", lambda: first_alarm(Cusum(), [1.0, nan])),
    ("series[1]", lambda: first_alarm(Cusum(), [1.0, 1e300])),
    ("variance", lambda: log_likelihood([1.0], "default", variance=nan)),
    ("health.mass", lambda: examine(Health(mass=nan), 1.0)),
    ("health.last", lambda: examine(Health(last=inf), 1.0)),
    ("value", lambda: Signal(1.0, 0.0).after(nan)),
    ("since", lambda: Waiter("a", nan, 0.0)),
    ("priority", lambda: Waiter("a", 0.0, inf)),
    ("until", lambda: Lease("key", "a", 1, 1e308, 1e308)),
    ("chartered", lambda: posiwid({5: 1.0, "a": 1.0}, {"a": 1.0})),  # type: ignore[dict-item]
    ("chartered", lambda: posiwid({None: 1.0}, {"a": 1.0})),  # type: ignore[dict-item]
    ("actual", lambda: posiwid({"a": 1.0}, {5: 1.0, "a": 1.0})),  # type: ignore[dict-item]
    ("floors", lambda: Allocator(PURSE, {5: ONE, "a": ONE})),  # type: ignore[dict-item]
    ("purses", lambda: Allocator(PURSE, {}, purses={5: ""})),  # type: ignore[dict-item]
    ("births", lambda: Allocator(PURSE, {}, births={5: 1.0})),  # type: ignore[dict-item]
    ("claims", lambda: lend(ONE, {5: Claim(0.0)}, {}, 0.5)),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("name", "make"), NUMBERS)
def test_a_number_that_cannot_be_is_refused_by_name(name: str, make: Callable[[], object]) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name


KINDS: list[tuple[str, Callable[[Any], object]]] = [
    ("claims", lambda none: allocate(1.0, none)),
    ("claims['a']", lambda none: allocate(1.0, {"a": none})),
    ("claims", lambda none: lend(ONE, none, {}, 0.5)),
    ("claims['a']", lambda none: lend(Vector(), {"a": none}, {}, 0.5)),
    ("chartered", lambda none: posiwid(none, {"a": 1.0})),
    ("values", entropy),
    ("model", lambda none: HarrisonStevens(none, variance=1.0)),
    ("learning", lambda none: HarrisonStevens(variance=1.0, learning=none)),
    ("index", Gauge),
    ("health", fault),
    ("health", lambda none: examine(none, 1.0)),
    ("shares", lambda none: Advice(1.0, none)),
    ("shaping", lambda none: Advice(1.0, shaping=none)),
    ("advice", lambda none: Choice(advice=none)),
    ("advice", Choice().advised),
    ("costs", lambda none: Choice().made(none, 0.0, 0.5)),
    ("out", lambda none: Work(out=none)),
    ("targets", lambda none: Herd(none, 1.0)),
    ("where", lambda none: Herd(HERD, 1.0, where=none)),
    ("signals", lambda none: Herd(HERD, 1.0, signals=none)),
    ("signals['a']", lambda none: Herd(HERD, 1.0, signals={"a": none})),
    ("counts", lambda none: Herd(HERD, 1.0).crowd("m", none)),
    ("finish", lambda none: FairQueue[str](finish=none)),
    ("waiting[0]", lambda none: FairQueue[str](waiting=(none,))),
    ("seal", lambda none: Contract("a", 0, ONE, none)),
    ("seal", lambda none: Accepted("a", 0, ONE, none)),
    ("births", lambda none: Allocator(PURSE, {}, births=none)),
    ("purse", lambda none: LEVEL.renewed("a", none, 1.0)),
    ("sensitivity", lambda none: arouse(False, none, 1.0, 1.0)),
    ("issues", Spoken),
    ("shaping", lambda none: Engagement(none, 1.0)),
    ("shares", lambda none: Plan(none, 1.0)),
    ("shares", lambda none: Plan((none,), 1.0)),
    ("key", lambda none: Lease(none, "a", 1, 1.0, 1.0)),
    ("holder", lambda none: Lease("key", none, 1, 1.0, 1.0)),
    ("lease", lambda none: LeaseTable(5.0).adopt(none, 0.0)),
    ("control", lambda none: Balance(none, Spoken({}), 0.0, 0.0, 0, 1.0)),
    ("balance", lambda none: diagnose(none, Bands(), 1.0)),
    ("bands", lambda none: diagnose(BALANCE, none, 1.0)),
    ("upper", lambda none: Reservation(none, 1.0)),
    ("covered", lambda none: Settlement(ONE, none, True)),
    ("actual", lambda none: Settlement(none, ONE, True)),
    ("final", lambda none: Report("a", 0, ONE, none)),
    ("blocked", lambda none: Ledger(ONE, blocked=none)),
    ("open", lambda none: Ledger(ONE, open=none)),
    ("closed", lambda none: Ledger(ONE, closed=none)),
    ("ledgers", lambda none: Purse("a", 60.0, ledgers=none)),
    ("seal", lambda none: Purse("a", 60.0, seal=none)),
    ("contract", PURSE.accept),
    ("contract", LEVEL.accept),
    ("answer", LEVEL.accepted),
    ("report", LEVEL.reported),
    ("floors", lambda none: Allocator(PURSE, none)),
    ("offer", lambda none: Talk("a", none, ONE, ONE)),
    ("most", lambda none: Talk("a", ONE, none, ONE)),
    ("floor", lambda none: Talk("a", ONE, ONE, none)),
    ("asked", lambda none: Talk("a", ONE, ONE, ONE).countered(none)),
    ("made", Worth),
]


@pytest.mark.parametrize("none", [5, 2.5, nan, (1, 2)])
@pytest.mark.parametrize(("name", "give"), KINDS)
def test_what_is_of_another_kind_is_refused_by_name(
    name: str, give: Callable[[Any], object], none: object
) -> None:
    with pytest.raises(OptionError) as caught:
        give(none)
    assert caught.value.name == name


def test_what_has_an_infinity_of_its_own_may_be_infinite() -> None:
    never = Choice("a", moved_at=-inf, advice=Advice(9.0), held_until=inf)
    assert never.made({"a": 2.0, "b": 1.0}, 1.0, 0.5) is never
    assert never.held(-inf).made({"a": 2.0, "b": 1.0}, 1.0, 0.5).here == "b"
    assert SERVED.places(0.0) == Work().places(1.0) == inf


def test_costs_that_differ_by_more_than_a_float_holds_are_far_apart() -> None:
    choice = Choice("a", advice=Advice(9.0))
    assert choice.made({"a": 1.5e308, "b": -1.5e308}, 1.0, 0.5).here == "b"


def test_a_queue_that_is_built_upon_is_checked_at_the_door_and_not_again() -> None:
    queue = FairQueue[str]().put("a", "x").put("b", "y", cost=2.0)
    assert FairQueue(queue.virtual, queue.count, queue.finish, queue.waiting) == queue
    assert [queue.pop()[1].item, queue.pop()[0].pop()[1].item] == ["x", "y"]


def test_the_wait_for_a_page_far_out_is_found_at_once() -> None:
    paging = Paging(ack=60.0, backoff=2.0, longest=3600.0)
    assert paging.wait(10**12) == paging.given(10**12) == 3600.0
    assert Paging(backoff=1.0).wait(10**12) == 60.0


def test_a_health_that_is_made_of_data_is_judged() -> None:
    health = Health()
    for error in SWINGS * 4:
        health = examine(health, error)
    assert fault(health) is not None
