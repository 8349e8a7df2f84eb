"""Counts, what is 0 or 1, and what stands still first: their V is not lost, and where it is it is found again."""

from collections.abc import Callable
from math import exp

import pytest

from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import (
    Attention,
    Gauge,
    HarrisonStevens,
    Index,
    Judgement,
    Learning,
    first_guess,
)
from cybernetic.vsm.cyberstride.variance import resolved
from tests.support import soak

SEEDS = range(soak(6, 40))
DATA = 1500


def poisson(chance: Chance, mean: float) -> float:
    """A count."""
    left, count = exp(-mean), 0
    while (left := left / max(1e-300, chance.random())) < 1.0:
        count += 1
    return float(count)


def fed(gauge: Gauge, draw: Callable[[], float], count: int = DATA) -> list[Judgement]:
    return [gauge.update(draw()) for _ in range(count)]


SERIES: dict[str, tuple[Index, Callable[[Chance], float]]] = {
    "few counts": (Index("errors", plan=0.5, transform="anscombe"), lambda chance: poisson(chance, 0.5)),
    "counts": (Index("errors", plan=2.0, transform="anscombe"), lambda chance: poisson(chance, 2.0)),
    "rounded": (Index("size", plan=5.0), lambda chance: float(round(chance.gauss(5.0, 0.5)))),
    "coarse": (Index("size", plan=5.0), lambda chance: float(round(chance.gauss(5.0, 1.0)))),
    "either": (Index("success", plan=0.5), lambda chance: float(chance.random() < 0.5)),
}


@pytest.mark.parametrize("name", SERIES)
def test_noise_in_whole_numbers_pages_nobody(name: str) -> None:
    index, draw = SERIES[name]
    paged = 0
    for seed in SEEDS:
        chance = Chance(seed).stream(name)
        gauge = Gauge(index)
        judged = fed(gauge, lambda chance=chance: draw(chance))  # type: ignore[misc]
        reading = judged[-1].reading
        assert reading is not None
        assert reading.variance > 1e-3
        paged += sum(one.pages for one in judged)
    assert paged <= 0.002 * DATA * len(SEEDS)


def test_a_series_that_stood_still_is_believed_once_its_noise_is_known() -> None:
    for seed in SEEDS:
        chance = Chance(seed).stream("wakes")
        gauge = Gauge(Index("quality", plan=0.0))
        fed(gauge, lambda: 0.0, 200)
        judged = fed(gauge, lambda chance=chance: chance.gauss(0.0, 1.0), 600)  # type: ignore[misc]
        reading = judged[-1].reading
        assert reading is not None
        assert 0.4 < reading.variance < 2.0
        assert sum(one.pages for one in judged) < 20


def test_noise_that_grows_tenfold_is_learnt_anew_visibly() -> None:
    chance = Chance(3).stream("grows")
    gauge = Gauge(Index("quality", plan=0.0))
    fed(gauge, lambda: chance.gauss(0.0, 1.0), 300)
    judged = fed(gauge, lambda: chance.gauss(0.0, 10.0), 1000)
    reading = judged[-1].reading
    assert reading is not None
    assert 40.0 < reading.variance < 250.0
    assert any("anew" in (one.muted or "") for one in judged)
    assert judged[-1].muted is None


def test_an_alert_that_stands_while_errors_are_wrong_is_silenced_in_the_end() -> None:
    chance = Chance(5).stream("wrong")
    gauge = Gauge(Index("quality", plan=0.0), variance=0.01, learning=None)
    judged = fed(gauge, lambda: chance.gauss(3.0, 1.0), 1000)
    assert any(one.attention is Attention.ALERT for one in judged[:100])
    assert all(one.muted is not None for one in judged[250:])


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.0), (20.0, 2.0), (50.0, 5.0), (300.0, 10.0)])
def test_an_alert_of_what_failed_stands_though_its_noise_is_less_since(mean: float, deviation: float) -> None:
    for seed in SEEDS:
        chance = Chance(seed).stream("fails")
        gauge = Gauge(Index("yield", plan=100.0))
        fed(gauge, lambda chance=chance: chance.gauss(100.0, 10.0), 300)  # type: ignore[misc]
        judged = fed(gauge, lambda chance=chance: chance.gauss(mean, deviation), 700)  # type: ignore[misc]
        assert sum(one.attention is Attention.ALERT for one in judged) > 680


@pytest.mark.parametrize("rate", [1.0, 0.995, 0.95])
def test_what_always_went_well_and_then_always_fails_is_felt_and_stays_so(rate: float) -> None:
    for seed in SEEDS:
        chance = Chance(seed).stream("success")
        gauge = Gauge(Index("success", plan=0.9))
        fed(gauge, lambda chance=chance: float(chance.random() < rate), 500)  # type: ignore[misc]
        judged = fed(gauge, lambda: 0.0, 500)
        assert sum(one.attention is Attention.ALERT for one in judged[30:]) > 440


@pytest.mark.parametrize("value", [100.0, 5.0])
def test_what_stood_still_and_changes_for_good_is_alerted_also_after_a_spike(value: float) -> None:
    for spike in (False, True):
        gauge = Gauge(Index("quality", plan=0.0))
        fed(gauge, lambda: 0.0, 100)
        if spike:
            gauge.update(1000.0)
        fed(gauge, lambda: 0.0, 199)
        judged = fed(gauge, lambda: value, 600)
        assert sum(one.attention is Attention.ALERT for one in judged) > 570


def test_an_outage_is_not_muted_by_its_own_first_errors() -> None:
    for seed in range(soak(30, 200)):
        chance = Chance(seed).stream("onset")
        gauge = Gauge(Index("errors", plan=0.2, cost=True))
        before = fed(gauge, lambda chance=chance: poisson(chance, 0.2), 300 + seed)[-1]  # type: ignore[misc]
        if before.muted is None and before.attention is not Attention.ALERT:
            judged = fed(gauge, lambda chance=chance: poisson(chance, 20.0), 60)  # type: ignore[misc]
            assert any(one.attention is Attention.ALERT for one in judged[:4])


def test_what_is_wrong_when_an_index_has_settled_mutes_it_at_once() -> None:
    chance, value, gauge = Chance(1).stream("settles"), 0.0, Gauge(Index("quality", plan=0.0))
    for _ in range(300):
        value = 0.9 * value + chance.gauss(0.0, 1.0)
        judged = gauge.update(value)
        assert judged.muted is not None
    assert "autocorrelated" in str(judged.muted)


def test_an_alert_after_a_step_stands_as_long_as_the_step() -> None:
    chance = Chance(7).stream("step")
    gauge = Gauge(Index("quality", plan=0.0), variance=1.0, learning=None)
    fed(gauge, lambda: chance.gauss(0.0, 1.0), 200)
    judged = fed(gauge, lambda: chance.gauss(6.0, 1.0), 400)
    assert sum(one.attention is Attention.ALERT for one in judged) > 380


def test_a_guess_where_most_data_are_the_same_is_by_their_mean_square() -> None:
    assert first_guess([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]) == pytest.approx(2 / 14)
    assert first_guess([3.0, 3.0, 3.0]) == 1e-18
    assert resolved(6.0) == 3.0


def test_data_that_are_all_the_same_are_gathered_until_they_differ() -> None:
    gauge = Gauge(Index("quality"))
    for n in range(1, 21):
        assert gauge.update(1.0).muted == f"guessing the variance: {n} of 8 data"
    gauge.update(2.0)
    judged = gauge.update(1.0)
    assert judged.reading is not None
    assert judged.reading.variance == pytest.approx(1 / 12, rel=1.0)


@pytest.mark.parametrize(
    ("usual", "blip", "falls"), [(1.0, 0.0, 0.95), (1.0, 0.0, 0.8), (10.0, 0.0, 8.0), (5.0, 1005.0, 50.0)]
)
@pytest.mark.parametrize("blips", [(), (300,), (200, 300)])
def test_a_few_blips_are_no_rounding(usual: float, blip: float, falls: float, blips: tuple[int, ...]) -> None:
    gauge = Gauge(Index("availability"))
    judged = [gauge.update(blip if n in blips else usual) for n in range(500)]
    judged = [gauge.update(falls) for _ in range(20)]
    assert any(one.attention is Attention.ALERT for one in judged)


BLIPS = ([1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 2.0], [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("plan", [None, 0.0])
@pytest.mark.parametrize("blips", BLIPS)
def test_what_stood_still_and_does_again_pages_nobody_for_what_came_between(
    blips: list[float], plan: float | None, size: float
) -> None:
    gauge = Gauge(Index("errors", plan=plan))
    values = [0.0] * 200 + [size * one for one in blips] + [0.0] * 60
    assert not any(gauge.update(value).pages for value in values)
    judged = [gauge.update(size / 1000.0) for _ in range(8)]  # and that lasts
    assert any(one.pages for one in judged) or plan is None
    assert judged[0].attention is Attention.ALERT


def test_what_a_blip_passed_over_is_as_sure_of_its_v_as_before() -> None:
    quiet = [*[0.0] * 40, 1.0, *[0.0] * 63]
    learnt = []
    for blip in (0.0, 100.0):
        gauge = Gauge(Index("errors"))
        reading = [gauge.update(value) for value in [*quiet, blip, 0.0, 0.0, 0.5]][-1].reading
        assert reading is not None
        learnt.append(reading.variance)
    assert learnt[1] == pytest.approx(learnt[0], rel=0.1)


def test_after_a_spike_the_level_of_what_often_differs_is_what_it_was() -> None:
    chance, gauge = Chance(1).stream("often"), Gauge(Index("errors"))
    often = [float(chance.random() < 0.3) for _ in range(200)]
    judged = fed(gauge, iter([*often, *[0.0, 1.0, 0.0, 0.0] * 4, 20.0, 0.0]).__next__, 218)
    assert judged[-1].level == pytest.approx(0.3, abs=0.15)  # not 0, as most of the latest data are


@pytest.mark.parametrize("index", [Index("rest", plan=5.0), Index("rest", plan=5.0, transform="log")])
def test_of_what_stood_still_all_that_lasts_pages(index: Index) -> None:
    for after in ([5.001] * 8, [50.0] * 8, [5.0 + n for n in range(1, 9)], [6.0] * 8 + [5.0] * 8):
        gauge = Gauge(index)
        judged = [gauge.update(value) for value in [*[5.0] * 200, *after]][200:]
        assert [one.pages for one in judged[:8]] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("rate", [0.002, 0.005, 0.01])
@pytest.mark.parametrize("plan", [None, 0.0])
def test_a_count_of_what_is_rare_pages_nobody(plan: float | None, rate: float) -> None:
    for seed in SEEDS:
        chance, gauge = Chance(seed).stream("rare"), Gauge(Index("errors", plan=plan))
        assert not any(one.pages for one in fed(gauge, lambda chance=chance: poisson(chance, rate)))  # type: ignore[misc]


@pytest.mark.parametrize("rate", [0.3, 0.5])
def test_what_was_rare_and_is_frequent_pages_where_it_is_counted_in_windows(rate: float) -> None:
    for seed in SEEDS:
        chance = Chance(seed).stream("windows")
        index = Index("errors", plan=0.08, transform="anscombe")
        gauge = Gauge(index, variance=1.0, learning=None)

        def counted(part: float, chance: Chance = chance) -> float:
            return float(sum(chance.random() < part for _ in range(20)))

        assert not any(one.pages for one in fed(gauge, lambda: counted(0.004), 100))
        assert any(one.pages for one in fed(gauge, lambda: counted(rate), 12))


@pytest.mark.parametrize(
    ("blips", "forgotten"),
    [
        ([3.0], False),
        ([3.0, 3.0], False),
        ([1e3], True),
        ([1e3] * 7, True),
        ([1e3] * 8, False),
        ([1e3] * 14, False),
    ],
)
def test_only_what_was_far_off_and_no_level_is_judged_as_if_it_had_not_been(
    blips: list[float], forgotten: bool
) -> None:
    gauge = Gauge(Index("quality", plan=0.0), variance=1.0)
    plain = HarrisonStevens(variance=1.0, learning=Learning(), plan=0.0)
    pairs = [
        (gauge.update(value).reading, plain.update(value)) for value in [*[0.0] * 20, *blips, *[0.0] * 10]
    ]
    assert all(one == other for one, other in pairs) == (not forgotten)


def test_a_variance_that_was_given_is_believed_whatever_the_data_are() -> None:
    gauge = Gauge(Index("errors", plan=0.0), variance=1e-12, learning=None)
    assert any(gauge.update(value).pages for value in [0.0] * 200 + [1.0] + [0.0] * 20)


def test_nor_are_more_of_them_that_are_long_ago() -> None:
    gauge = Gauge(Index("availability"))
    for n in range(2000):
        gauge.update(0.0 if n in (200, 300, 400) else 1.0)
    assert any(gauge.update(0.9).attention is Attention.ALERT for _ in range(20))
