"""The door of the viable system: what it shows, the declarations as the design writes them, and that nothing that
is no number gets in anywhere.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from math import inf, nan
from typing import Any

import pytest

from cybernetic import vsm
from cybernetic.core import OptionError, Refusal
from cybernetic.vsm import (
    Allow,
    Audit,
    Budget,
    BudgetExhausted,
    Clocks,
    Cost,
    Deny,
    Escalate,
    Index,
    LeaseLost,
    Policy,
    Rate,
    Regime,
    Severity,
    Verdict,
)
from cybernetic.vsm.audit import AuditRecord
from cybernetic.vsm.bargain import Claim, Ledger, Vector, allocate
from cybernetic.vsm.cyberstride import Achievement, HarrisonStevens, weighted_performance, weighted_quantile
from cybernetic.vsm.damping import Pacer, Plan, SwingCounter, balanced_plan
from cybernetic.vsm.decisions import Action, Rulebook, decide
from cybernetic.vsm.homeostat import AdaptationProposal, open_conversation
from cybernetic.vsm.ladder import Deadman, Ladder
from cybernetic.vsm.variety import ChannelLoad, entropy, fidelity, regulate
from tests.architecture.tree import imports, read
from tests.vsm.accepted import PLAIN
from tests.vsm.asked import METHODS
from tests.vsm.entries import ENDLESS, HANDED_OUT, PACKAGES, REMEMBERED, arguments, entries, target


def test_the_door_shows_what_it_says_and_the_packages_as_well() -> None:
    for module in (vsm, *(import_module(f"cybernetic.vsm.{package}") for package in PACKAGES)):
        names = module.__all__
        assert isinstance(names, tuple)
        assert list(names) == sorted(set(names)), module.__name__
        assert all(hasattr(module, name) for name in names)
        assert "`cybernetic.vsm." in (vsm.__doc__ or "")


def test_a_name_means_one_thing_in_all_the_packages() -> None:
    shown: dict[str, object] = {}
    for package in PACKAGES:
        module = import_module(f"cybernetic.vsm.{package}")
        for name in module.__all__:
            assert shown.setdefault(name, getattr(module, name)) is getattr(module, name), name
    for name in vsm.__all__:
        assert shown.get(name, getattr(vsm, name)) is getattr(vsm, name)


def test_the_mathematics_needs_no_agent_no_clock_and_no_loop() -> None:
    """Each package imports the values of the core, its own like and the standard library, of that nothing that acts."""
    tree = read()
    pure = (
        "cybernetic.core",
        "cybernetic.vsm.changed",
        "cybernetic.vsm.checks",
        "cybernetic.vsm.growing",
        *(f"cybernetic.vsm.{package}" for package in PACKAGES),
    )
    acting = {"asyncio", "random", "select", "signal", "socket", "subprocess", "threading", "time"}
    for package in PACKAGES:
        ours = [module for module in tree.values() if module.path.startswith(f"vsm/{package}/")]
        assert ours, package
        for module in ours:
            for found in imports(module, tree):
                inside = any(found.target == room or found.target.startswith(f"{room}.") for room in pure)
                allowed = inside or (found.top in sys.stdlib_module_names and found.top not in acting)
                assert allowed, f"{module.path}:{found.line}: {found.target}"


def refunds(action: Any, context: Any) -> Verdict:
    if action.kind != "refund":
        return Allow()
    return Allow() if action.usd < 50 else Escalate("human", deadline=900, on_timeout=Deny("no answer"))


def test_a_policy_as_the_design_writes_it() -> None:
    policy = Policy("refunds", version=1, decide=refunds)
    asked = Escalate("human", deadline=900, on_timeout=Deny("no answer"))
    assert decide([policy], Action("refund", {"usd": 49})).verdict == Allow()
    assert decide([policy], Action("refund", {"usd": 50})).verdict == asked
    assert decide([policy], Action("greeting")).verdict == Allow()


def test_a_budget_a_rate_and_a_cost_as_the_design_writes_them() -> None:
    budget = Budget(usd=250, tokens=5_000_000, per=3600)
    assert budget.grant == Vector(usd=250, tokens=5_000_000)
    assert Rate(60, per=60).per_second == 1.0
    upper = Cost(usd=0.04, tokens=3000)
    assert Ledger(budget.grant).reserve("call", upper, now=0.0, until=30.0).available.amount("usd") == 249.96


def test_indices_clocks_and_an_audit_as_the_design_writes_them() -> None:
    assert Index("quality", limits=(0.8, 1.0)).breach(0.7) == "low"
    slow = Index("cycle_time", limits=(0, 30.0), cost=True)
    assert slow.cost
    assert slow.breach(31) == "high"
    assert Clocks(ack=1.0, recovery=120.0, look=0.5) == Clocks()
    audit = Audit(probability=0.05, verify=refunds, independent_of="llm", budget_share=0.05)
    assert (audit.probability, audit.verify, audit.independent_of) == (0.05, refunds, "llm")


def test_what_is_expected_to_happen_is_a_refusal_and_enumerations_have_their_order() -> None:
    assert issubclass(BudgetExhausted, Refusal)
    assert issubclass(LeaseLost, Refusal)
    assert [regime.name for regime in Regime] == ["STEADY", "TRANSIENT", "STEP", "SLOPE"]
    assert Severity.NOTICE < Severity.ALERT < Severity.CRITICAL


def test_every_public_entry_that_takes_figures_is_tried() -> None:
    passed = {f"{package}.{name}" for package, names in HANDED_OUT.items() for name in names.split()}
    found = {entry.name for entry in entries()}
    assert found - passed == PLAIN.keys() | METHODS.keys()
    assert passed <= found


def spoilt(value: Any, bad: float) -> Any:
    """`value` with `bad` for a figure in it."""
    if isinstance(value, Mapping):
        return {**value, next(iter(value)): bad}
    if isinstance(value, tuple | list):
        return type(value)([spoilt(value[0], bad), *value[1:]])
    return (value, bad)[isinstance(value, int | float)] if not isinstance(value, str) else value


def cases() -> list[tuple[str, str, float]]:
    return [
        (entry.name, figure, bad)
        for entry in entries()
        if entry.name in PLAIN or entry.name in METHODS
        for figure in entry.figures
        if figure not in REMEMBERED.get(entry.name, ())
        for bad in (nan, inf, -inf)
        if bad not in ENDLESS.get(f"{entry.name}.{figure}", ())
    ]


@pytest.mark.parametrize("name", [*PLAIN, *METHODS])
def test_the_arguments_tried_are_good_ones(name: str) -> None:
    target(name)(**arguments(name))


@pytest.mark.parametrize(("name", "figure", "bad"), cases())
def test_what_is_no_finite_number_is_refused_by_its_name(name: str, figure: str, bad: float) -> None:
    given = dict(arguments(name))
    if figure in ("amounts", "more"):
        figure = "usd"
    given[figure] = last_spoilt(given[figure], bad) if figure == "shares" else spoilt(given[figure], bad)
    with pytest.raises(OptionError) as caught:
        target(name)(**given)
    assert caught.value.name.startswith(figure), caught.value
    assert "expected" in str(caught.value)


def last_spoilt(shares: tuple[tuple[str, float], ...], bad: float) -> tuple[tuple[str, float], ...]:
    return ((shares[0][0], bad), *shares[1:])


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("cyberstride.HarrisonStevens", "variance"),
        ("cyberstride.HarrisonStevens", "spread"),
        ("cyberstride.Gauge", "variance"),
        ("cyberstride.Learning", "least"),
        ("cyberstride.RegimeModel", "noise"),
        ("cyberstride.RegimeModel", "level"),
        ("cyberstride.RegimeModel", "slope"),
        ("cyberstride.best_preset", "variance"),
        ("cyberstride.log_likelihood", "variance"),
        ("cyberstride.first_guess", "least"),
        ("cyberstride.Cusum", "sigma"),
        ("cyberstride.Ewma", "sigma"),
        ("cyberstride.Shewhart", "sigma"),
        ("cyberstride.Bocpd", "sigma"),
        ("cyberstride.Bocpd", "spread"),
        ("homeostat.AdaptationProposal", "spread"),
        ("cyberstride.weighted_performance", "weights"),
        ("cyberstride.weighted_quantile", "weights"),
        ("bargain.Claim", "weight"),
        ("bargain.earned_weights", "base"),
        ("damping.FairQueue.put", "weight"),
        ("damping.balanced_plan", "capacities"),
        ("audit.posiwid", "chartered"),
        ("variety.entropy", "values"),
        ("variety.regulate", "joint"),
    ],
)
def test_a_negative_variance_or_weight_is_refused_by_its_name(name: str, figure: str) -> None:
    given = dict(arguments(name))
    given[figure] = spoilt(given[figure], -1.0)
    with pytest.raises(OptionError) as caught:
        target(name)(**given)
    assert caught.value.name.startswith(figure)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("weights", lambda: weighted_performance([Achievement(1.0, 2.0, 3.0)], [0.0])),
        ("weights", lambda: weighted_quantile([1.0], [0.0], 0.5)),
        ("weights", lambda: allocate(1.0, {"a": Claim(0.0)})),
        ("weights", lambda: allocate(1.0, {})),
        ("capacities", lambda: balanced_plan({"a": 0.0}, 1.0)),
        ("capacities", lambda: balanced_plan({}, 1.0)),
        ("shares", lambda: Plan((("a", 0.0),), 1.0)),
        ("chartered", lambda: target("audit.posiwid")({"a": 0.0}, {"a": 1.0})),
        ("actual", lambda: target("audit.posiwid")({"a": 1.0}, {})),
        ("values", lambda: entropy({"a": 0.0})),
        ("joint", lambda: fidelity({})),
        ("joint", lambda: regulate({(0, 0): 0.0}, lambda d, r: d)),
        (
            "probability",
            lambda: target("cyberstride.RegimeModel")((0.0,) * 4, (1.0,) * 4, (0.0,) * 4, (0.0,) * 4),
        ),
    ],
)
def test_weights_that_sum_to_nothing_are_refused_by_their_name(name: str, act: Callable[[], object]) -> None:
    with pytest.raises(OptionError) as caught:
        act()
    assert caught.value.name == name


def filtered() -> object:
    one = HarrisonStevens(variance=1.0)
    one.update(1.0, at=5.0)
    return one.update(1.0, at=5.0)


def gauged() -> object:
    one = METHODS["cyberstride.Gauge.update"][0]()
    return one.update(1.0, at=0.5)


PROPOSAL = AdaptationProposal("1", "issue", "change", 1.0, 2.0, 60.0)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("at", filtered),
        ("at", gauged),
        ("now", lambda: Pacer(1.0).grant(5.0)[0].grant(4.0)),
        ("now", lambda: Pacer(1.0).at_rate(2.0, 5.0).hold(4.0, 6.0)),
        ("now", lambda: SwingCounter(1.0, 3, 60.0).saw(1.0, 5.0).saw(1.0, 4.0)),
        ("now", lambda: target("damping.LeaseTable.turn")(0.5)),
        ("now", lambda: target("damping.LeaseTable.request")("k", "b", 0.5)),
        (
            "now",
            lambda: target("damping.FlapDamper.saw")(
                *[METHODS["damping.FlapDamper.saw"][1]["state"], "a", -1.0]
            ),
        ),
        ("now", lambda: target("damping.SharedPacer.heard")("a", 5.0, -1.0)),
        ("now", lambda: target("damping.Member.leased")(5.0, 9.0).ready(4.0)),
        ("now", lambda: target("damping.Aimd.succeeded")(5.0).refused(4.0)),
        ("now", lambda: AuditRecord().after(False, 5.0).after(False, 4.0)),
        ("now", lambda: AuditRecord().after(False, 5.0).standing(4.0, 60.0)),
        ("now", lambda: Deadman(1.0, 5.0).beat(4.0)),
        ("now", lambda: target("ladder.ErrorBurst.after")(-1.0)),
        ("now", lambda: Ladder("acme").tick(5.0)[0].tick(4.0)),
        ("now", lambda: target("ladder.Sensitivity.signalled")(-1.0)),
        ("now", lambda: ChannelLoad(1.0, 10.0).sent(5.0).sent(4.0)),
        (
            "now",
            lambda: target("variety.VarietyLedger.close")(
                "1", METHODS["variety.VarietyLedger.close"][1]["absorber"], -1.0
            ),
        ),
        ("now", lambda: target("decisions.Question.tick")(-1.0)),
        ("now", lambda: Rulebook().adopt(Policy("p", 1, refunds), 5.0).adopt(Policy("p", 2, refunds), 4.0)),
        ("now", lambda: open_conversation(PROPOSAL, 5.0, patience=5.0, ruling=5.0).tick(4.0)),
    ],
)
def test_a_time_before_the_last_one_is_refused_by_its_name(name: str, act: Callable[[], object]) -> None:
    with pytest.raises(OptionError) as caught:
        act()
    assert caught.value.name == name
