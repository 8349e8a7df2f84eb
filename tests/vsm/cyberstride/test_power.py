"""How soon, and how rarely for nothing, an alarm comes: V known, seeds fixed, judged by one-sided 99 %
bounds.
"""

from collections.abc import Callable

import pytest

from cybernetic.vsm.cyberstride import (
    Bocpd,
    Chart,
    Cusum,
    Ewma,
    HarrisonStevens,
    Reading,
    Regime,
    Shewhart,
    first_alarm,
)
from tests.support import soak
from tests.vsm.cyberstride.judged import (
    mean_is_at_least,
    mean_is_at_most,
    share_is_at_least,
    share_is_at_most,
    stream,
)
from tests.vsm.cyberstride.worlds import BEFORE, changed, noise

RUNS = soak(80, 3000)


def off_plan(limit: float) -> Callable[[Reading], bool]:
    return lambda reading: reading.z_plan is not None and abs(reading.z_plan) >= limit


def delays(kind: str, size: float, after: int, alarm: Callable[[Reading], bool]) -> list[int | None]:
    """For each run, how many data after the one that changed the alarm came; None when it did not."""
    found = []
    for run in range(RUNS):
        one = HarrisonStevens(variance=1.0, level=0.0, plan=0.0)
        readings = (one.update(y) for y in changed(stream(kind, size, run), kind, size, after))
        alarms = (k for k, reading in enumerate(readings, -BEFORE) if k >= 0 and alarm(reading))
        found.append(next(alarms, None))
    return found


def come(found: list[int | None]) -> list[int]:
    return [delay for delay in found if delay is not None]


@pytest.mark.parametrize(("size", "soonest", "latest"), [(2.0, 3.4, 3.8), (6.0, 1.9, 2.1)])
def test_the_level_finds_a_step_in_a_few_data(size: float, soonest: float, latest: float) -> None:
    found = come(delays("step", size, 80, off_plan(2.44)))
    assert len(found) == RUNS
    assert mean_is_at_most(latest, found)
    assert mean_is_at_least(soonest, found)


def test_a_spike_of_eight_deviations_hardly_ever_moves_the_level() -> None:
    hits = len(come(delays("spike", 8.0, 11, off_plan(2.44))))
    assert share_is_at_most(0.02, hits, RUNS)


def test_the_level_drifts_into_an_alert() -> None:
    found = come(delays("drift", 0.25, 80, off_plan(3.5)))
    assert len(found) == RUNS
    assert mean_is_at_most(9.4, found)


@pytest.mark.parametrize(("size", "share"), [(4.0, 0.51), (6.0, 0.95)])
def test_the_probability_of_change_finds_large_steps(size: float, share: float) -> None:
    found = come(delays("step", size, 30, lambda reading: reading.change >= 0.5))
    assert share_is_at_least(share, len(found), RUNS)
    assert mean_is_at_most(1.3, found)


def test_the_probability_of_change_does_not_find_small_steps() -> None:
    found = come(delays("step", 2.0, 30, lambda reading: reading.change >= 0.5))
    assert share_is_at_most(0.1, len(found), RUNS)


def test_noise_alone_seldom_looks_like_news() -> None:
    data = soak(10_000, 1_000_000)
    one = HarrisonStevens(variance=1.0, level=0.0, plan=0.0)
    off = {2.44: 0, 3.5: 0}
    changes = 0
    before = one.update(0.0)
    for y in noise(stream("quiet"), data):
        reading = one.update(y)
        for limit in off:
            off[limit] += off_plan(limit)(reading) and not off_plan(limit)(before)
        changes += reading.change >= 0.5
        before = reading
    assert share_is_at_most(1 / 300, off[2.44], data)  # onsets come in clusters; runs without alarm last 520
    assert share_is_at_most(1 / 20_000, off[3.5], data)
    assert share_is_at_most(1 / 200_000, changes, data)


@pytest.mark.parametrize(
    ("kind", "size", "regime", "share"),
    [
        ("spike", 6.0, Regime.TRANSIENT, 0.98),
        ("step", 6.0, Regime.STEP, 0.83),
        ("step", 4.0, Regime.STEP, 0.39),
        ("drift", 4.0, Regime.SLOPE, 0.82),
        ("drift", 1.0, Regime.STEADY, 0.97),
    ],
)
def test_two_data_later_the_regime_has_the_right_name(
    kind: str, size: float, regime: Regime, share: float
) -> None:
    hits = 0
    for run in range(RUNS):
        one = HarrisonStevens(variance=1.0, level=0.0)
        for y in changed(stream("names", kind, size, run), kind, size, 3):
            reading = one.update(y)
        hits += reading.regime is regime
    assert share_is_at_least(share, hits, RUNS)


@pytest.mark.parametrize(
    ("chart", "least"),
    [(Shewhart(), 0.99), (Cusum(), 0.98), (Ewma(), 0.94), (Bocpd(), 0.9)],
    ids=lambda value: type(value).__name__,
)
def test_the_charts_take_a_spike_for_an_alarm(chart: Chart, least: float) -> None:  # type: ignore[type-arg]
    hits = 0
    for run in range(RUNS):
        state = chart.start()
        alarmed = False
        for k, y in enumerate(changed(stream("spiked", run), "spike", 8.0, 11)):
            state = chart.step(state, y)
            alarmed = alarmed or (k >= BEFORE and state.alarm)
        hits += alarmed
    assert share_is_at_least(least, hits, RUNS)


@pytest.mark.parametrize(
    ("chart", "latest"),
    [(Shewhart(), 7.5), (Cusum(), 3.0), (Ewma(), 2.9), (Bocpd(), 3.6)],
    ids=lambda value: type(value).__name__,
)
def test_the_charts_find_a_step_of_two_deviations(chart: Chart, latest: float) -> None:  # type: ignore[type-arg]
    found = []
    for run in range(RUNS):
        state = chart.start()
        for k, y in enumerate(changed(stream("stepped", run), "step", 2.0, 80), -BEFORE):
            state = chart.step(state, y)
            if k >= 0 and state.alarm:
                found.append(k)
                break
    assert share_is_at_least(0.99, len(found), RUNS)
    assert mean_is_at_most(latest, found)


@pytest.mark.parametrize(
    "chart", [Shewhart(), Cusum(), Ewma(), Bocpd()], ids=lambda chart: type(chart).__name__
)
def test_the_charts_alarm_about_once_in_five_hundred_data_by_chance(chart: Chart) -> None:  # type: ignore[type-arg]
    lengths = []
    for run in range(soak(25, 1500)):
        chance = stream("chart", run)
        length = first_alarm(chart, (chance.gauss(0.0, 1.0) for _ in range(20_000)))
        assert length is not None
        lengths.append(length + 1)
    assert mean_is_at_least(440, lengths)
    assert mean_is_at_most(570, lengths)
