"""Values of a viable system there and back: what arrives is equal, of the same types, and exact."""

from enum import Enum
from functools import partial
from importlib import import_module
from inspect import isclass
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cybernetic.core import CannotTravel
from cybernetic.vsm.bargain import Budget, Cost, Ledger, Vector
from cybernetic.vsm.decisions import (
    NO_RULES,
    Action,
    Allow,
    Authority,
    AuthorityMatrix,
    Deny,
    Policy,
    Rulebook,
    decide,
)
from cybernetic.vsm.functions import Absent
from cybernetic.vsm.travel import TRAVELLERS
from cybernetic.wire import TYPES, Codec
from tests.support import soak
from tests.vsm.entries import PACKAGES
from tests.vsm.travel import rules
from tests.vsm.travel.making import of
from tests.vsm.travel.rules import Cap, Desk, allows, refunds

CODEC = Codec()
EXACT = Codec(canonical=True)  # keeps 1 and 1.0 apart, so that equal bytes say more than equal values

FILTERS = (  # with their states: each lives in its agent
    *("Bocpd", "BocpdState", "Capability", "Chart", "ChartState", "Cusum", "CusumState", "Ewma", "EwmaState"),
    *("Gauge", "HarrisonStevens", "Learning", "Shewhart", "ShewhartState", "Transform"),
)
STAYS = {
    *("audit.Audit", "homeostat.Homeostat", "homeostat.Party"),  # hold functions
    *("variety.Amplifier", "variety.Attenuator", "variety.Transducer"),
    "audit.Sampler",  # holds a secret
    "audit.RunLength",  # a table for a design, made anew wherever it is needed
    *(
        "damping.FairQueue",
        "damping.Waiting",
        "damping.FlapDamper",
        "damping.SharedPacer",
        "damping.SwingCounter",
    ),
    *(f"cyberstride.{name}" for name in FILTERS),
}


def arrived(value: Any) -> Any:
    """`value` as another node has it."""
    return CODEC.copy(value)


def public_classes(module: ModuleType) -> dict[str, type]:
    return {name: getattr(module, name) for name in module.__all__ if isclass(getattr(module, name))}


def test_every_public_class_travels_or_it_is_said_why_not() -> None:
    shown = {
        f"{package}.{name}": cls
        for package in PACKAGES
        for name, cls in public_classes(import_module(f"cybernetic.vsm.{package}")).items()
    }
    assert {name for name, cls in shown.items() if cls not in TRAVELLERS} == STAYS


@pytest.mark.parametrize("cls", TRAVELLERS, ids=lambda cls: cls.__name__)
def test_what_arrives_equals_what_was_sent(cls: type) -> None:
    @settings(
        max_examples=soak(15, 300), suppress_health_check=[HealthCheck.filter_too_much]
    )  # bands are ordered
    @given(of(cls))
    def there_and_back(value: Any) -> None:
        there = arrived(value)
        assert type(there) is type(value) is cls
        if isinstance(value, Exception):
            assert (str(there), vars(there)) == (str(value), vars(value))
        else:
            assert there == value
        if isinstance(value, Enum):
            assert there is value
        assert EXACT.encode(there) == EXACT.encode(value)

    there_and_back()


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 2**300)), st.sampled_from((Vector, Cost)))
def test_amounts_arrive_to_the_last_grain(grains: dict[str, int], cls: type[Vector]) -> None:
    sent = cls.of_grains(grains)
    assert sent.grains == {name: count for name, count in grains.items() if count}
    there = arrived(sent)
    assert (there.grains, type(there)) == (sent.grains, cls)
    assert (there + sent).less(sent) == sent


@pytest.mark.parametrize("grains", [{"usd": -1}, {"usd": 1.5}, {"usd": True}, {"": 1}, {1: 1}, ["usd"]])
def test_forged_amounts_are_refused(grains: Any) -> None:
    with pytest.raises(Exception, match=r"expected|object has no"):
        Vector.of_grains(grains)


def test_the_budget_of_a_vector_is_that_vector() -> None:
    grant = Vector.of_grains({"tokens": 2**80 + 1})
    assert Budget.granting(grant, 60).grant is grant
    assert Budget.granting(Vector(usd=1), 60) == Budget(usd=1, per=60)


def test_a_ledger_goes_on_where_it_was() -> None:
    ledger = Ledger(Vector(usd=10)).reserve("a", Vector(usd=4), 0, 9).settle("b", Vector(usd=1))
    there = arrived(ledger)
    assert there.settle("a", Vector(usd=3)) == ledger.settle("a", Vector(usd=3))
    assert there.settle("b", Vector(usd=2)) == there  # settled for good before it travelled


def test_an_action_is_still_read_only() -> None:
    there = arrived(Action("refund", {"usd": 30, "to": ("a", 1)}))
    assert (there.usd, there.to) == (30, ("a", 1))
    with pytest.raises(TypeError):
        there.facts["usd"] = 1


# policies


def test_a_policy_travels_as_the_place_of_its_function() -> None:
    policy = Policy("refunds", 3, refunds)
    there = arrived(policy)
    assert there == policy
    assert there.decide is refunds
    assert b"tests.vsm.travel.rules:refunds" in CODEC.encode(policy)


def test_a_rule_with_parameters_travels_as_the_value_it_is() -> None:
    there = arrived(Policy("cap", 1, Cap(20.0)))
    assert there == Policy("cap", 1, Cap(20.0))
    assert decide([there], Action("buy", {"usd": 21})).denied


def test_the_policy_of_a_matrix_travels_with_the_matrix() -> None:
    matrix = AuthorityMatrix({"refund": Authority.ASK, "reply": Authority.AUTO})
    there = arrived(matrix.policy(1))
    assert there == matrix.policy(1)
    assert decide([there], Action("reply")).allowed
    assert decide([there], Action("refund")).escalated
    assert decide([there], Action("shoot")).denied


def test_a_system_without_rules_says_so_wherever_it_is() -> None:
    there = arrived(NO_RULES)
    assert there == NO_RULES
    assert decide([there], Action("anything")).allowed
    assert decide([there], Action("anything")).by == "no rules v1"
    assert decide([NO_RULES, Policy("never", 1, lambda action, context: Deny("no"))], Action("a")).denied


def inner() -> Any:
    def rule(action: Any, context: Any) -> Allow:
        return Allow()

    return rule


HIDDEN = [
    lambda action, context: Allow(),
    inner(),
    Desk().rule,
    Desk.fixed,
    partial(refunds, context=None),
    print,
]


@pytest.mark.parametrize("function", HIDDEN)
def test_a_function_that_nobody_could_find_is_refused_where_it_is_sent(function: Any) -> None:
    for value in (Policy("hidden", 1, function), Rulebook().adopt(Policy("hidden", 1, function), 0.0)):
        with pytest.raises(CannotTravel, match=r"by `def` at the top level of a module"):
            CODEC.encode(value)


def test_a_function_that_another_has_replaced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "refunds", allows)
    with pytest.raises(CannotTravel, match="top level"):
        CODEC.encode(Policy("refunds", 1, refunds))


def test_a_rule_that_is_not_there_denies_until_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    data = CODEC.encode(Policy("refunds", 1, refunds))
    with monkeypatch.context() as without:
        without.delattr(rules, "refunds")
        there = CODEC.decode(data)
        assert there == Policy("refunds", 1, Absent("tests.vsm.travel.rules:refunds"))
        decision = decide([there], Action("reply"))
        assert decision.denied
        assert "tests.vsm.travel.rules:refunds" in decision.failures[0].verdict.reason  # type: ignore[union-attr]
        assert arrived(there) == there
    assert decide([there], Action("reply")).allowed
    assert CODEC.decode(CODEC.encode(there)).decide is refunds


def test_nothing_is_imported_for_a_name_that_arrives() -> None:
    there = CODEC.decode(CODEC.encode(Policy("p", 1, Absent("this:s"))))
    assert decide([there], Action("any")).verdict == Deny(
        "policy p v1 raised OptionError: decide: expected a function whose module is imported on this node,"
        " got: 'this:s'"
    )


@pytest.mark.parametrize("place", ["os:system", "tests.vsm.travel.rules:Cap", "", ":", "sys:modules"])
def test_what_is_no_function_of_python_is_not_called(place: str) -> None:
    assert CODEC.decode(CODEC.encode(Policy("p", 1, Absent(place)))).decide == Absent(place)


def test_secrets_and_functions_stay() -> None:
    for name in ("audit.Sampler", "homeostat.Party"):
        package, _, cls = name.partition(".")
        assert TYPES.of(getattr(import_module(f"cybernetic.vsm.{package}"), cls)) is None
