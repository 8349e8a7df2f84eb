"""The suite has nothing against ports that are sound, and tries them: of dear calls, of calls that are made once."""

from typing import Any, ClassVar

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.vsm import Allow, Budget, Deny, Escalate, Policy, Port, Rate, ViableSystem, unit
from tests.vsm.conformance.test_sound import Worker

AT_PORTS = ("T-S1-stuck", "T-S2-rate", "T-S3-overrun", "T-S5-last-resort")


def refunds(action: Any, context: Any) -> Any:
    """Of what an operation tells by its upper bound, and by nothing else."""
    return Allow() if action.usd <= 50 else Escalate("owner", 5, Deny("no answer"))


def thrifty(action: Any, context: Any) -> Any:
    """Of another resource."""
    return Allow() if action.tokens <= 50 else Deny("too many")


class Paying(ViableSystem):
    """Two units that pay."""

    budget = Budget(usd=1000, per=3600)
    ports: ClassVar[Any] = {"bank": Port(rate=Rate(10, per=1))}
    policies: ClassVar[Any] = [Policy("refunds", 1, refunds)]

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}", floor=0.1) for n in range(2)]


class Reading(Paying):
    """By the token."""

    budget = Budget(tokens=1000, per=3600)
    policies: ClassVar[Any] = [Policy("thrifty", 1, thrifty)]


class Unbudgeted(Paying):
    """Without a budget: an operation may give an upper bound of money even so."""

    budget: ClassVar[Any] = None


@pytest.mark.parametrize("cls", [Paying, Reading])
def test_a_policy_by_what_a_call_takes_leaves_nothing_untried(cls: Any) -> None:
    found = conformance(cls, only=AT_PORTS)
    found.check()
    assert found.untried == ()


def test_so_it_does_where_nothing_is_budgeted() -> None:
    found = conformance(Unbudgeted, only=["T-S1-stuck", "T-S5-last-resort"])
    found.check()
    assert found.untried == ()


class Once(Paying):
    """Through its ports nothing is called twice."""

    ports: ClassVar[Any] = {"bank": Port(repeats=1), "mint": Port(repeats=1, rate=Rate(10, per=1))}
    policies: ClassVar[Any] = ()


def test_calls_that_may_be_made_once_are_each_another() -> None:
    found = conformance(Once, only=AT_PORTS)
    found.check()
    assert found.untried == ()


def test_where_hardly_anything_is_left_there_is_nothing_to_take_more_than() -> None:
    poor = type("Poor", (Paying,), {"budget": Budget(usd=2e-9, per=3600), "__module__": __name__})
    found = conformance(poor, only=["T-S3-overrun"])
    assert [one.untried for one in found.found] == ["poor/w0 has hardly anything left: Vector(usd=1e-09)"]
