"""The pipeline of one index, from its values to who should look."""

from collections.abc import Callable, Iterable
from math import exp, sin, tau
from random import Random

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Attention, Gauge, HarrisonStevens, Index, Judgement, Regime
from tests.support import soak
from tests.vsm.cyberstride.judged import mean_is_at_most, share_is_at_most, stream
from tests.vsm.cyberstride.worlds import autocorrelated, noise

TIME = Index("cycle_time", limits=(0.0, 30.0), cost=True, plan=10.0)


def known() -> Gauge:
    """A gauge of noise about 0 with the variance 1."""
    return Gauge(Index("known", plan=0.0), variance=1.0, learning=None)


def feed(gauge: Gauge, values: Iterable[float | None]) -> list[Judgement]:
    return [gauge.update(value) for value in values]


def test_an_index_on_plan_is_quiet() -> None:
    judged = feed(Gauge(TIME), [10.0 + y for y in noise(stream("calm"), 400)])
    assert {one.attention for one in judged[60:]} <= {Attention.QUIET, Attention.NOTICE}
    assert judged[-1].muted is None
    assert judged[-1].level == pytest.approx(10.0, abs=1.0)


def test_a_step_is_an_alert_that_pages_when_it_has_stood_for_three_further_data() -> None:
    judged = feed(known(), [0.0] * 30 + [8.0] * 10)[30:]
    first = next(k for k, one in enumerate(judged) if one.attention is Attention.ALERT)
    assert first == 1
    assert [one.standing for one in judged[first : first + 5]] == [0, 1, 2, 3, 4]
    assert [one.pages for one in judged[first : first + 5]] == [False, False, False, True, True]


def test_a_spike_neither_alerts_nor_pages() -> None:
    for run in range(soak(20, 500)):
        chance = stream("one spike", run)
        values = noise(chance, 40)
        values[30] += 10.0
        judged = feed(known(), values)[30:]
        assert not any(one.pages for one in judged)
        assert judged[2].reading is not None
        assert judged[2].reading.regime is Regime.TRANSIENT


def test_a_missing_datum_does_not_count_as_a_further_one() -> None:
    judged = feed(known(), [0.0] * 30 + [8.0, 8.0, None, None, 8.0])
    assert [one.standing for one in judged[-4:]] == [0, 0, 0, 1]


def test_the_alert_ends_when_the_level_is_back_on_plan() -> None:
    judged = feed(known(), [0.0] * 30 + [8.0] * 10 + [0.0] * 20)
    assert judged[39].pages
    assert (judged[-1].attention, judged[-1].standing, judged[-1].pages) == (Attention.QUIET, 0, False)


def test_which_side_of_plan_is_good_depends_on_the_index() -> None:
    slow = feed(Gauge(TIME, variance=1.0, learning=None), [14.0] * 5)[-1]
    good = feed(Gauge(Index("quality", plan=10.0), variance=1.0, learning=None), [14.0] * 5)[-1]
    assert (slow.better, good.better) == (False, True)
    assert feed(Gauge(Index("other"), variance=1.0, learning=None), [14.0])[-1].better is None


def test_limits_are_those_of_the_datum_and_are_not_muted() -> None:
    judged = feed(Gauge(TIME), [10.0, 31.0, -1.0])
    assert [one.breach for one in judged] == [None, "high", "low"]
    assert all(one.muted for one in judged)


def test_an_index_says_why_it_is_not_listened_to_yet() -> None:
    judged = feed(Gauge(TIME), noise(stream("why"), 120))
    assert judged[0].muted == "guessing the variance: 1 of 8 data"
    assert judged[0].reading is None
    assert judged[20].muted == "learning the variance: 13 of 100 data"
    assert judged[-1].muted is None


def test_an_index_whose_errors_are_not_independent_is_muted_and_says_so() -> None:
    judged = feed(Gauge(Index("warm")), autocorrelated(stream("warm"), 500, 0.7))
    muted = [one for one in judged[150:] if one.muted is not None]
    assert len(muted) > 250
    assert all("autocorrelated" in str(one.muted) for one in muted)
    assert {one.attention for one in muted} == {Attention.QUIET}


def test_an_alert_that_stands_is_not_silenced_by_the_errors_it_makes() -> None:
    gauge = known()
    feed(gauge, noise(stream("loud"), 150))
    chance = stream("louder")
    judged = feed(gauge, [20.0 + 6.0 * chance.gauss(0.0, 1.0) for _ in range(60)])
    alerts = [one.attention is Attention.ALERT for one in judged[2:]]
    assert sum(alerts) > 50


@pytest.mark.parametrize("gap", [30, 100])
@pytest.mark.parametrize("length", [60, 300])
def test_a_second_outage_is_heard_as_soon_as_the_first(length: int, gap: int) -> None:
    for seed in range(soak(2, 10)):
        chance = stream(f"outages {seed}")
        gauge = Gauge(Index("yield", plan=100.0))
        feed(gauge, [chance.gauss(100.0, 2.0) for _ in range(300)])
        feed(gauge, [0.0] * length)
        repaired = feed(gauge, [chance.gauss(100.0, 2.0) for _ in range(gap)])
        assert repaired[-1].attention is not Attention.ALERT
        assert repaired[-1].muted is None
        assert [one.attention for one in feed(gauge, [0.0] * 3)][1:] == [Attention.ALERT] * 2


QUIETER: dict[str, tuple[Index, Callable[[Random], float], Callable[[Random], float]]] = {
    "fails fast": (
        Index("latency", plan=100.0, cost=True),
        lambda chance: chance.gauss(100.0, 20.0),
        lambda chance: chance.gauss(2.0, 0.1),
    ),
    "times out": (
        Index("latency", plan=100.0, cost=True, transform="log"),
        lambda chance: 100.0 * exp(chance.gauss(0.0, 0.5)),
        lambda chance: 30_000.0 + 5.0 * chance.random(),
    ),
    "seldom works": (
        Index("yield", plan=100.0),
        lambda chance: chance.gauss(100.0, 2.0),
        lambda chance: float(chance.random() < 0.1),
    ),
}


@pytest.mark.parametrize("length", [300, 1000])
@pytest.mark.parametrize("name", QUIETER)
def test_so_is_one_after_an_outage_whose_data_nearly_stood_still(name: str, length: int) -> None:
    index, good, bad = QUIETER[name]
    for seed in range(soak(2, 10)):
        chance = stream(name, seed)
        gauge = Gauge(index)
        feed(gauge, [good(chance) for _ in range(300)])
        feed(gauge, [bad(chance) for _ in range(length)])
        assert feed(gauge, [good(chance) for _ in range(100)])[-1].muted is None
        again = feed(gauge, [bad(chance) for _ in range(100)])
        assert all(one.attention is Attention.ALERT for one in again[3:])


def test_a_repair_is_seen_at_once_however_long_the_data_of_the_outage_stood_still() -> None:
    for seed in range(soak(2, 10)):
        chance = stream("long", seed)
        gauge = Gauge(Index("yield", plan=100.0))
        feed(gauge, [chance.gauss(100.0, 2.0) for _ in range(300)])
        feed(gauge, [0.0] * 3000)
        repaired = feed(gauge, [chance.gauss(100.0, 2.0) for _ in range(60)])
        assert not any(one.attention is Attention.ALERT for one in repaired[5:])


def test_noise_that_is_less_while_an_alert_stands_is_learnt() -> None:
    chance = stream("never on plan")
    gauge = Gauge(Index("yield", plan=0.0))
    feed(gauge, [chance.gauss(50.0, 10.0) for _ in range(150)])
    feed(gauge, [chance.gauss(50.0, 1.0) for _ in range(1000)])
    judged = feed(gauge, [6.0 + chance.gauss(0.0, 1.0) for _ in range(60)] + [6.0] * 60)
    assert all(one.attention is Attention.ALERT for one in judged)


def test_an_index_that_has_many_alerts_by_its_nature_is_muted() -> None:
    chance = stream("cycles")
    gauge = Gauge(Index("load", plan=0.0))
    feed(gauge, noise(chance, 200))
    judged = feed(gauge, [8.0 * sin(n * tau / 60.0) + chance.gauss(0.0, 1.0) for n in range(800)])
    assert sum(one.muted is not None for one in judged[200:]) > 450
    assert judged[-1].muted is not None


def test_the_scale_of_an_index_does_not_matter_where_v_is_learnt() -> None:
    values = noise(stream("scale"), 200)
    small = feed(Gauge(Index("small", plan=0.0)), [1e-6 * y for y in values])[-1]
    large = feed(Gauge(Index("large", plan=0.0)), [1e6 * y for y in values])[-1]
    assert small.reading is not None
    assert large.reading is not None
    assert small.reading.z_plan == pytest.approx(large.reading.z_plan, abs=1e-6)
    assert small.reading.posterior == pytest.approx(large.reading.posterior, abs=1e-6)


def test_a_share_is_filtered_on_its_own_scale_and_reported_in_its_own_unit() -> None:
    gauge = Gauge(Index("quality", plan=0.9, transform="logit"), variance=0.04, learning=None)
    judged = feed(gauge, [0.9, 1.0, 0.9, 0.0, 0.9, 0.9])
    assert all(one.level is not None and 0.0 < one.level < 1.0 for one in judged)
    assert judged[-1].level == pytest.approx(0.9, abs=0.02)


def test_what_it_expects_is_on_the_scale_of_the_index_and_nothing_before_it_has_begun() -> None:
    index = Index("share", transform="logit")
    one, plain = Gauge(index, variance=0.04, learning=None), HarrisonStevens(variance=0.04)
    assert one.forecast() is None
    for value in (0.2, None, 0.22, 0.19):
        one.update(value)
        plain.update(None if value is None else index.scale.forward(value))
    for periods, changes in ((1.0, False), (3.5, True)):
        expected = one.forecast(periods, changes=changes)
        assert expected is not None
        assert expected == plain.forecast(periods, changes=changes)
    assert 0.15 < index.scale.backward(expected.quantile(0.5)) < 0.25
    assert Gauge(index).forecast() is None
    with pytest.raises(OptionError, match="periods"):
        Gauge(index).forecast(0.0)


def test_pages_from_noise_are_rare_also_where_v_is_learnt() -> None:
    data = soak(8_000, 400_000)
    gauge = Gauge(Index("noise", plan=0.0))
    pages = alerts = 0
    standing = False
    for y in noise(stream("pages"), data):
        one = gauge.update(y)
        alerts += one.attention is Attention.ALERT and one.standing == 0
        pages += one.pages and not standing
        standing = one.pages
    assert share_is_at_most(1 / 10_000, alerts, data)
    assert share_is_at_most(1 / 50_000, pages, data)


def test_muting_does_not_cost_the_power_to_find_a_drift() -> None:
    found = []
    for run in range(soak(15, 300)):
        gauge = Gauge(Index("drift", plan=0.0), variance=1.0)
        chance = stream("drifting", run)
        feed(gauge, noise(chance, 200))
        judged = feed(gauge, [0.25 * (k + 1) + chance.gauss(0.0, 1.0) for k in range(60)])
        found.append(next(k for k, one in enumerate(judged) if one.attention is Attention.ALERT))
    assert mean_is_at_most(11.0, found)


def test_times_are_kept_from_the_first_datum_on() -> None:
    gauge = Gauge(Index("timed"), period=10.0)
    for k in range(20):
        gauge.update(float(k % 3), 10.0 * k)
    with pytest.raises(OptionError, match=r"^at: "):
        gauge.update(1.0, 190.0)
    early = Gauge(Index("timed"))
    early.update(1.0, 5.0)
    with pytest.raises(OptionError, match=r"^at: "):
        early.update(1.0, 5.0)
    with pytest.raises(OptionError, match=r"^at: "):
        early.update(1.0)
    for k in range(7):
        early.update(1.0, 6.0 + k)
    with pytest.raises(OptionError, match=r"^at: "):
        early.update(1.0, 12.0)  # the filter's first, but not the gauge's


def test_an_index_may_begin_with_missing_data() -> None:
    for gauge in (Gauge(TIME), Gauge(TIME, variance=1.0)):
        judged = feed(gauge, [None, None, 10.0])
        assert judged[0].muted == "no data yet"
        assert judged[0].attention is Attention.QUIET
        assert judged[-1].muted != "no data yet"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "1", True])
def test_a_value_that_is_no_number_is_refused_and_changes_nothing(bad: object) -> None:
    gauge, other = known(), known()
    feed(gauge, [0.0, 1.0])
    feed(other, [0.0, 1.0])
    with pytest.raises(OptionError, match=r"^value: "):
        gauge.update(bad)  # type: ignore[arg-type]
    assert gauge.update(2.0) == other.update(2.0)


def test_a_value_that_the_index_cannot_have_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^value: expected a share"):
        Gauge(Index("quality", transform="logit")).update(1.2)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("variance", {"variance": None, "learning": None}),
        ("variance", {"variance": -1.0}),
        ("model", {"model": "classic", "variance": 1.0}),
        ("model", {"model": "classic"}),
        ("settle", {"settle": -1}),
        ("period", {"period": 0.0}),
    ],
)
def test_an_impossible_option_is_refused_by_name(name: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Gauge(TIME, **options)  # type: ignore[arg-type]
