"""Integers beyond what Python shows, and beyond what floats hold: refused by name, or reckoned with."""

from collections.abc import Callable
from math import inf

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Seal
from cybernetic.vsm.cyberstride import Gauge, HealthLimits, Index
from cybernetic.vsm.damping import FlapDamper, Flapping, LeaseLost, LeaseTable, Pacer, SwingCounter
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.decisions import Policy, allow_all
from cybernetic.vsm.homeostat import AdaptationProposal, open_conversation
from cybernetic.vsm.ladder import Clocks, Deadman, Sensitivity, time_to_human

DIGITS = 10**5000  # more than Python turns into a string


PROPOSAL = AdaptationProposal("1", "issue", "change", 1.0, 2.0, 60.0)
MOST = 10**308  # an integer, of which a float holds one but not two


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


def test_integers_near_the_largest_float_are_reckoned_with_as_floats_are() -> None:
    assert Deadman(MOST, 0.0).due == inf
    assert not Deadman(MOST, MOST).missed(MOST)
    assert FlapDamper().at(Flapping(1.0, at=-MOST), MOST).penalty == 0.0
    assert Sensitivity(extra=1.0, at=-MOST).threshold(MOST) == 3.5
    assert Pacer(1.0, credit=0.0, since=-MOST, seen=-MOST).grant(MOST)[1] == MOST


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("levels", lambda: time_to_human([Clocks(MOST, MOST)])),
        ("patience", lambda: open_conversation(PROPOSAL, 0.0, patience=MOST, ruling=1)),
        ("now", lambda: SwingCounter(1.0, 1, 1.0).saw(1, -MOST).saw(1, MOST)),
        ("now", lambda: LeaseTable(MOST).request("k", "a", MOST)),
        ("misses", lambda: Deadman(1.0, 0.0, 10**400)),
    ],
)
def test_what_they_come_to_that_is_none_is_refused(name: str, act: Callable[[], object]) -> None:
    with pytest.raises(OptionError) as caught:
        act()
    assert caught.value.name == name
