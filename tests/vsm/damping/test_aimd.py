"""AIMD: how the rate moves, one cut for one storm, a hostile Retry-After, and what is refused."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.damping import Aimd


def rate(**more: float) -> Aimd:
    return Aimd(**{"rate": 1.0, "ceiling": 2.0, "floor": 0.1, "rise": 0.05, **more})


def test_refusals_cut_and_successes_add_to_twelve_digits() -> None:
    aimd = rate().refused(0.0).refused(2.0).succeeded(3.0).succeeded(3.5)
    assert aimd.rate == pytest.approx(0.7 * 0.7 + 0.1, abs=1e-12)


def test_a_storm_of_refusals_is_one_event() -> None:
    aimd = rate()
    for k in range(100):
        aimd = aimd.refused(k * 0.009)
    assert aimd.rate == pytest.approx(0.7, abs=1e-12)
    assert aimd.refused(1.0).rate == pytest.approx(0.49, abs=1e-12)


def test_a_retry_after_holds_until_it_is_over_and_successes_from_before_it_do_not_count() -> None:
    aimd = rate().refused(10.0, 30.0)
    assert aimd.barrier == 40.0
    assert aimd.succeeded(20.0).rate == aimd.rate
    assert aimd.succeeded(40.0).rate > aimd.rate
    assert aimd.refused(12.0, 1.0).barrier == 40.0


@pytest.mark.parametrize("hostile", [365 * 86400.0, inf])
def test_a_hostile_retry_after_is_capped(hostile: float) -> None:
    assert rate(longest=60.0).refused(0.0, hostile).barrier == 60.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 100.0)), max_size=50))
def test_the_rate_stays_between_floor_and_ceiling(story: list[tuple[bool, float]]) -> None:
    now, aimd = 0.0, rate()
    for good, gap in story:
        now += gap
        aimd = aimd.succeeded(now) if good else aimd.refused(now, gap)
        assert aimd.floor <= aimd.rate <= aimd.ceiling
        assert aimd.barrier <= now + aimd.longest


def test_a_cut_that_no_float_can_hold_ends_at_the_floor() -> None:
    assert rate(rate=5e-324, floor=5e-324, cut=0.1).refused(0.0).rate == 5e-324


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("rate", lambda: rate(rate=nan)),
        ("floor", lambda: rate(floor=0.0)),
        ("ceiling", lambda: rate(ceiling=0.05)),
        ("rise", lambda: rate(rise=-1.0)),
        ("cut", lambda: rate(cut=1.0)),
        ("cut", lambda: rate(cut=0.0)),
        ("calm", lambda: rate(calm=inf)),
        ("longest", lambda: rate(longest=inf)),
        ("retry_after", lambda: rate().refused(0.0, nan)),
        ("retry_after", lambda: rate().refused(0.0, -1.0)),
        ("now", lambda: rate().refused(5.0).succeeded(4.0)),
        ("now", lambda: rate().succeeded(nan)),
        ("seen", lambda: rate(seen=nan)),
        ("cut_at", lambda: rate(cut_at=inf)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
