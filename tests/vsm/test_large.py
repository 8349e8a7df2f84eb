"""Integers beyond what Python shows, and beyond what floats hold: refused by name, or reckoned with."""

from collections.abc import Callable

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Seal
from cybernetic.vsm.cyberstride import Gauge, HealthLimits, Index
from cybernetic.vsm.damping import LeaseLost, LeaseTable
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.decisions import Policy, allow_all

DIGITS = 10**5000  # more than Python turns into a string


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("version", lambda: Policy("p", DIGITS, allow_all)),
        ("settle", lambda: Gauge(Index("x"), settle=DIGITS)),
        ("least", lambda: HealthLimits(least=DIGITS)),
        ("epoch", lambda: LeaseTable(10.0, epoch=DIGITS)),
        ("term", lambda: Seal(DIGITS, 1)),
        ("version", lambda: Seal(1, 2**63)),
    ],
)
def test_what_is_counted_is_not_more_than_can_be_shown(name: str, act: Callable[[], object]) -> None:
    with pytest.raises(OptionError, match=rf"^{name}: expected an integer of at most {2**63 - 1}, got: "):
        act()


def test_a_seal_may_be_as_large_as_an_integer_that_travels() -> None:
    assert str(Seal(2**63 - 1, 0)) == f"{2**63 - 1}.0"


def test_a_lease_is_lost_whatever_token_holds_it() -> None:
    table = LeaseTable(10.0, leases={"k": Lease("k", "a", DIGITS, 5.0, 5.0)})
    with pytest.raises(LeaseLost, match="'a' holds it with token of 16610 bits"):
        table.renew("k", 1, 1.0)
