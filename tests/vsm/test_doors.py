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
    Allocator,
    Budget,
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
from cybernetic.vsm.cyberstride import Gauge, HarrisonStevens, Health, examine, fault
from cybernetic.vsm.damping import (
    Aimd,
    Engagement,
    Fence,
    Lease,
    LeaseTable,
    Plan,
    Waiter,
    autocovariance,
    find_oscillation,
    next_turn,
)
from cybernetic.vsm.damping.choice import Choice
from cybernetic.vsm.damping.watch import Signal
from cybernetic.vsm.damping.work import Work
from cybernetic.vsm.homeostat import Balance, Bands, Spoken, diagnose
from cybernetic.vsm.ladder import Paging
from cybernetic.vsm.variety import entropy

HUGE = 10**400
ONE = Vector(usd=1)
PURSE = Purse.root("acme", Budget(usd=5, per=60))
LEVEL = Allocator(PURSE, {"a": ONE})
AIMD = Aimd(1.0, 2.0, 0.5, 0.1)
SWINGS = [1.0, -1.0] * 20
BALANCE = Balance(Spoken({}), Spoken({}), 0.0, 0.0, 0, 1.0)

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
    ("value", lambda: Signal(1.0, 0.0).after(nan)),
    ("since", lambda: Waiter("a", nan, 0.0)),
    ("priority", lambda: Waiter("a", 0.0, inf)),
    ("until", lambda: Lease("key", "a", 1, 1e308, 1e308)),
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


def test_the_wait_for_a_page_far_out_is_found_at_once() -> None:
    paging = Paging(ack=60.0, backoff=2.0, longest=3600.0)
    assert paging.wait(10**12) == paging.given(10**12) == 3600.0
    assert Paging(backoff=1.0).wait(10**12) == 60.0


def test_a_health_that_is_made_of_data_is_judged() -> None:
    health = Health()
    for error in SWINGS * 4:
        health = examine(health, error)
    assert fault(health) is not None
