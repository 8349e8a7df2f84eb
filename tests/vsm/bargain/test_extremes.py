"""Amounts and weights near the end of the floats are refused by name."""

from collections.abc import Callable
from math import inf
from sys import float_info
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import (
    Accepted,
    Allocator,
    Budget,
    Claim,
    Contract,
    Ledger,
    Productivity,
    Purse,
    Rate,
    Report,
    Seal,
    Vector,
    allocate,
    divide,
    drift,
    lend,
    moved,
    total,
)
from cybernetic.vsm.decisions import Escalate, time_to_verdict

ONE = Vector(usd=1)
MOST = Vector.of_grains({"a": 10**317})
LEDGER = Ledger(Vector(usd=5)).reserve("call", ONE, 0.0, 9.0)
ROOT = Purse.root("acme", Budget(usd=5, per=60))
NONE: list[Any] = [None, 1.0, {"usd": 1}, (1,)]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: allocate(1e308, {"a": Claim(1e308), "b": Claim(1e308)}), "weights"),
        (lambda: allocate(1e308, {"a": Claim(1e-300)}), "weights"),
        (lambda: allocate(1e308, {"a": Claim(1.0, 1e308), "b": Claim(1.0, 1e308)}), "floors"),
        (lambda: allocate(1.0, {"a": Claim(1.0, 0.0, 1e308), "b": Claim(1.0, 0.0, 1e308)}), "caps"),
        (lambda: Vector(a=1e308) + Vector(a=1e308), "a"),
        (lambda: Vector(a=10**400), "a"),
        (lambda: Vector(a=1e200).times(1e200), "factor"),
        (lambda: MOST + MOST, "a"),
        (lambda: total([MOST, MOST, Vector(b=1)]), "a"),
        (lambda: Rate(1e308, per=1e-308), "amount"),
        (lambda: Rate(1e-308, per=1e308), "amount"),
        (lambda: Productivity(1.0, value=1e308).after(1e308, 0.0), "value"),
        (lambda: Productivity(1e308, spent=1.7e308).after(0.0, 1.5e308), "spent"),
    ],
)
def test_what_floats_cannot_hold_is_named(make: Callable[[], object], name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name


@pytest.mark.parametrize("none", NONE)
@pytest.mark.parametrize(
    ("give", "name"),
    [
        (Ledger, "grant"),
        (lambda none: Ledger(ONE, spent=none), "spent"),
        (lambda none: Ledger(ONE, reserved=none), "reserved"),
        (lambda none: Ledger(ONE, overrun=none), "overrun"),
        (lambda none: LEDGER.reserve("other", none, 0.0, 9.0), "upper"),
        (lambda none: LEDGER.reserve("call", none, 0.0, 9.0), "upper"),
        (lambda none: LEDGER.aside("unit", none, 9.0), "most"),
        (lambda none: LEDGER.settle("call", none), "actual"),
        (lambda none: LEDGER.revise("call", none), "upper"),
        (lambda none: LEDGER.regrant(none), "grant"),
        (lambda none: Purse("a", 60.0, none), "floor"),
        (lambda none: ROOT.reserve("call", none, 0.0, 9.0), "upper"),
        (lambda none: Allocator(ROOT, {"a": none}), "floors['a']"),
        (lambda none: Allocator(ROOT, {"a": ONE}).issue("a", none, 0.0), "grant"),
        (lambda none: Contract("a", 0, none, Seal(1, 1)), "grant"),
        (lambda none: Accepted("a", 0, none, Seal(1, 1)), "holds"),
        (lambda none: Report("a", 0, none, True), "spent"),
        (lambda none: Allocator(none, {}), "purse"),
        (ONE.less, "other"),
        (ONE.least, "other"),
        (ONE.most, "other"),
        (lambda none: Budget.granting(none, 60.0), "grant"),
        (lambda none: divide(none, {"a": Claim(1.0)}), "grant"),
        (lambda none: drift(none, ONE), "estimated"),
        (lambda none: drift(ONE, none), "billed"),
        (lambda none: lend(none, {"a": Claim(1.0)}, {}, 0.5), "pool"),
        (lambda none: lend(ONE, {"a": Claim(1.0)}, {"a": none}, 0.5), "used['a']"),
        (lambda none: lend(ONE, {"a": Claim(1.0)}, {}, 0.5, {"a": none}), "bounds['a']"),
        (lambda none: moved(none, ONE, ONE, ONE), "old"),
        (lambda none: moved(ONE, none, ONE, ONE), "new"),
        (lambda none: moved(ONE, ONE, none, ONE), "used"),
        (lambda none: moved(ONE, ONE, ONE, none), "pool"),
        (lambda none: total([ONE, none]), "vectors"),
    ],
)
def test_what_is_no_vector_is_named(give: Callable[[Any], object], name: str, none: Any) -> None:
    with pytest.raises(OptionError) as caught:
        give(none)
    assert (caught.value.name, caught.value.got) == (name, none)


def test_nothing_infinite_comes_out_of_what_is_finite() -> None:
    assert Productivity(1.0, value=1e308, spent=1e-300).ratio == float_info.max
    assert Claim(1e200).at(1e200) == float_info.max
    assert Claim(1.0).at(inf) == inf
    assert Claim(1e200, 0.0, 7.0).at(1e200) == 7.0
    long = Escalate("human", 1e308, on_timeout=Escalate("owner", 1e308))
    assert time_to_verdict(long) == float_info.max
    assert drift(Vector.of_grains({"a": 1}), MOST) == {"a": float_info.max}
    assert drift(Vector(b=2), Vector(a=1)) == {"a": inf, "b": -1.0}


def test_a_vector_and_what_is_none_are_not_added() -> None:
    with pytest.raises(TypeError):
        ONE + 1  # type: ignore[operator]


def test_the_largest_amounts_can_be_added_and_shown() -> None:
    assert (Vector(a=1e299) + Vector(a=1e299)).amount("a") == 2e299
