"""The pacer: the golden schedule, its bound in every window, changing rates, and what it refuses."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.bargain import Rate
from cybernetic.vsm.damping import Pacer, wip_limit

gaps = st.floats(0.0, 20.0)
costs = st.floats(0.01, 5.0)
rates = st.floats(0.05, 10.0)


def test_the_schedule_is_the_formula_to_twelve_digits() -> None:
    pacer, times = Pacer(0.95), []
    for now, cost in ((10.0, 1.0), (10.0, 1.0), (10.0, 2.5), (20.0, 1.0), (20.5, 1.0)):
        pacer, at = pacer.grant(now, cost)
        times.append(at)
    golden = [10.0, 11.052631578947368, 13.684210526315788, 20.0, 21.052631578947368]
    assert times == pytest.approx(golden, abs=1e-12)


def test_a_rate_of_nothing_earns_nothing_however_long_it_lasts() -> None:
    pacer = Pacer(0.0, credit=0.0, since=-1.7e308).at_rate(1.0, 1.7e308)
    assert (pacer.credit, pacer.since) == (0.0, 1.7e308)


def test_a_known_limit_starts_high() -> None:
    assert Pacer.known(2.0).rate == pytest.approx(1.9, abs=1e-12)


def test_a_burst_is_all_that_goes_at_once() -> None:
    pacer, times = Pacer(1.0, burst=3.0), []
    for _ in range(5):
        pacer, at = pacer.grant(0.0)
        times.append(at)
    assert times == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert [pacer.grant(now)[1] for now in (4.0, 9.0)] == [4.0, 9.0]
    pacer, _ = Pacer(1.0, burst=3.0).grant(0.0, cost=2.0)
    assert pacer.ready(0.0, cost=1.0) == 0.0
    assert pacer.ready(0.0, cost=2.0) == 1.0


def test_a_burst_comes_back_with_idle_time_and_no_more_than_once() -> None:
    pacer, times = Pacer(1.0, burst=2.0), []
    for now in (0.0, 0.0, 100.0, 100.0, 100.0):
        pacer, at = pacer.grant(now)
        times.append(at)
    assert times == [0.0, 0.0, 100.0, 100.0, 101.0]


@given(st.lists(st.tuples(gaps, st.floats(0.01, 3.0)), min_size=1, max_size=40))
def test_who_declares_a_rate_and_who_keeps_it_mean_the_same_burst(story: list[tuple[float, float]]) -> None:
    """A provider that holds `Rate` to the letter, a bucket of `burst` units, refuses nothing that is paced by it."""
    rate = Rate(30, per=20.0, burst=3.0)
    now, pacer = 0.0, Pacer(rate.per_second, rate.burst)
    bucket, filled = rate.burst, 0.0
    for gap, cost in story:
        now += gap
        pacer, at = pacer.grant(now, cost)
        bucket, filled = min(rate.burst, bucket + (at - filled) * rate.per_second) - cost, at
        assert bucket >= -1e-6


@given(st.lists(st.tuples(gaps, costs, rates | st.none()), min_size=1, max_size=40), st.floats(0.01, 5))
def test_no_window_gets_more_than_the_rate_and_the_burst_or_one_dearer_grant(
    story: list[tuple[float, float, float | None]], burst: float
) -> None:
    """T-S2-rate of one pacer, also when the rate changes on the way."""
    now, pacer = 0.0, Pacer(1.0, burst)
    grants: list[tuple[float, float]] = []
    rate_from = [(0.0, 1.0)]
    for gap, cost, rate in story:
        now += gap
        if rate is not None:
            rate_from.append((max(now, pacer.since), rate))
            pacer = pacer.at_rate(rate, now)
        pacer, at = pacer.grant(now, cost)
        grants.append((at, cost))
    for i, (start, first) in enumerate(grants):
        used = 0.0
        for end, cost in grants[i:]:
            used += cost
            due = allowed(rate_from, start, end) + max(burst, first)
            assert used <= due + 1e-6, (grants, rate_from)


def allowed(rate_from: list[tuple[float, float]], start: float, end: float) -> float:
    """The integral of the rate from start to end."""
    area = 0.0
    ends = [time for time, _ in rate_from[1:]] + [inf]
    for (begins, rate), stops in zip(rate_from, ends, strict=True):
        area += rate * max(0.0, min(end, stops) - max(start, begins))
    return area


@given(st.lists(st.tuples(gaps, costs), min_size=1, max_size=30))
def test_a_grant_is_never_before_now_and_never_before_the_one_before(
    story: list[tuple[float, float]],
) -> None:
    now, last, pacer = 0.0, 0.0, Pacer(1.5)
    for gap, cost in story:
        now += gap
        expected = pacer.ready(now, cost)
        pacer, at = pacer.grant(now, cost)
        assert at == expected
        assert at >= max(now, last)
        last = at


def test_a_barrier_holds_everything_back() -> None:
    pacer = Pacer(1.0).hold(0.0, until=30.0)
    assert pacer.ready(5.0) == 30.0
    assert pacer.hold(6.0, until=10.0).ready(6.0) == 30.0


def test_at_rate_zero_nothing_more_is_granted() -> None:
    pacer, at = Pacer(0.0).grant(1.0)
    assert at == 1.0  # nothing was granted before it, so it waits for nothing
    assert pacer.ready(2.0) == inf
    with pytest.raises(OptionError, match=r"rate: expected a finite number > 0"):
        pacer.grant(2.0)
    assert pacer.at_rate(2.0, 3.0).ready(3.0) == 3.5


def test_littles_law_gives_the_work_in_progress() -> None:
    assert wip_limit(1.0, 3.0) == 3
    assert wip_limit(0.95, 3.0) == 3
    assert wip_limit(0.1 * 3, 10.0) == 3  # 3.0000000000000004 is three
    assert wip_limit(0.1, 0.1) == 1


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("rate", lambda: Pacer(-1.0)),
        ("rate", lambda: Pacer(nan)),
        ("burst", lambda: Pacer(1.0, inf)),
        ("burst", lambda: Pacer(1.0, 0.0)),
        ("limit", lambda: Pacer.known(0.0)),
        ("cost", lambda: Pacer(1.0).grant(0.0, -1.0)),
        ("cost", lambda: Pacer(1.0).ready(0.0, nan)),
        ("now", lambda: Pacer(1.0).grant(nan)),
        ("now", lambda: Pacer(1.0).grant(5.0)[0].grant(4.0)),
        ("now", lambda: Pacer(1.0).grant(5.0)[0].at_rate(1.0, 4.0)),
        ("rate", lambda: Pacer(1.0).at_rate(inf, 0.0)),
        ("until", lambda: Pacer(1.0).hold(0.0, nan)),
        ("capacity", lambda: wip_limit(0.0, 1.0)),
        ("service_time", lambda: wip_limit(1.0, nan)),
        ("service_time", lambda: wip_limit(1e308, 1e308)),
        ("seen", lambda: Pacer(1.0, seen=nan)),
        ("cost", lambda: Pacer(1e-300).grant(0.0)[0].grant(0.0, 1e300)),
        ("barrier", lambda: Pacer(1.0, barrier=inf).grant(0.0)),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, act: object) -> None:
    assert callable(act)
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        act()
