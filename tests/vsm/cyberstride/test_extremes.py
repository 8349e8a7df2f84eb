"""Finite but extreme numbers: never a silent NaN or infinity, and an error names the argument."""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import (
    Achievement,
    Bocpd,
    Cusum,
    Ewma,
    Gauge,
    HarrisonStevens,
    Index,
    Learning,
    RegimeModel,
    Shewhart,
    attend,
    first_guess,
    weighted_performance,
)
from cybernetic.vsm.cyberstride.mixture import elapse
from cybernetic.vsm.cyberstride.presets import PRESETS
from cybernetic.vsm.cyberstride.transforms import unanscombe
from cybernetic.vsm.cyberstride.variance import Learnt, learn


def filtered(**options: float) -> HarrisonStevens:
    return HarrisonStevens(**{"variance": 1.0, "level": 0.0, **options})  # type: ignore[arg-type]


def alarmed(*series: float, chart: Bocpd | Cusum | Ewma | Shewhart | None = None) -> None:
    last_state(chart or Bocpd(), series)


def last_state(chart: Any, series: Iterable[float]) -> Any:
    state = chart.start()
    for y in series:
        state = chart.step(state, y)
    return state


def late(y: float | None) -> None:
    one = filtered()
    one.update(0.0, 0.0)
    one.update(y, 1e200)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: filtered(level=1e308, slope=1e308, plan=0.0), "slope"),
        (lambda: HarrisonStevens(variance=1.0, spread=(1e308, 0.0)), "spread"),
        (lambda: HarrisonStevens(variance=1e-200, plan=1e308).update(-1e30), "plan"),
        (lambda: late(None), "at"),
        (lambda: late(1.0), "at"),
        (lambda: filtered().forecast(1e120, changes=True), "periods"),
        (lambda: filtered().forecast(1e160, changes=True), "periods"),
        (lambda: filtered().forecast(1e160), "periods"),
        (lambda: first_guess([1e308, -1e308, 1e308]), "series"),
        (lambda: first_guess([1e200, -1e200, 1e200]), "series"),
        (lambda: unanscombe(1e300), "y"),
        (lambda: alarmed(0.0, 1e308, -1e308, 1e308), "y"),
        *(
            (lambda chart=chart: alarmed(1e300, 1e300, chart=chart), "y")  # type: ignore[misc]
            for chart in (Bocpd(sigma=1e-10), Cusum(sigma=1e-10), Ewma(sigma=1e-10), Shewhart(sigma=1e-10))
        ),
        (lambda: alarmed(1e308, chart=Shewhart(plan=-1e308)), "y"),
        (lambda: Bocpd(spread=1e-200), "spread"),
        (lambda: Bocpd(spread=1e200), "spread"),
        (lambda: Ewma(weight=1e-20), "weight"),
        (lambda: attend(-1.0, None), "change"),
        (lambda: attend(7.0, None), "change"),
    ],
)
def test_what_floats_cannot_hold_is_named(make: Callable[[], object], name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name


def test_a_refused_datum_leaves_the_filter_as_it_was() -> None:
    one, other = (HarrisonStevens(variance=1e-200, level=0.0, learning=Learning(least=1e-200)) for _ in "ab")
    one.plan = 1e308
    with pytest.raises(OptionError):
        one.update(1e-100)
    one.plan = None
    assert one.update(2e-100) == other.update(2e-100)


def test_a_refused_datum_leaves_the_gauge_as_it_was() -> None:
    gauge = Gauge(Index("load"))
    for k in range(7):
        gauge.update(1e200 * (-1.0) ** k)
    with pytest.raises(OptionError):
        gauge.update(-1e200)
    assert gauge.data == 7


def test_weights_may_be_as_large_as_floats_are() -> None:
    parts = [Achievement(1.0, 2.0, 4.0), Achievement(3.0, 3.0, 4.0)]
    assert weighted_performance(parts, [1e308] * 2) == pytest.approx(0.5)


@pytest.mark.parametrize("interval", [0.25, 3.0])
def test_a_missing_datum_widens_the_covariance_by_its_interval(interval: float) -> None:
    one = filtered(spread=(2.0, 0.5))  # type: ignore[arg-type]
    assert one._mixture is not None
    before = one._mixture._replace(weights=(0.25,) * 4, beliefs=((0.0, 0.0, 2.0, 0.3, 0.5),) * 4)
    rows = PRESETS["default"].rows(interval)
    after = elapse(before, interval, rows, 1.0)
    for (_, _, c00, c01, c11), row in zip(after.beliefs, rows.each, strict=True):
        assert c00 - row[2] == pytest.approx(2.0 + 2.0 * interval * 0.3 + interval**2 * 0.5)
        assert c01 - row[3] == pytest.approx(0.3 + interval * 0.5)
        assert c11 - row[4] == pytest.approx(0.5)


@pytest.mark.parametrize("truncation", [0.5, 0.84, 0.88])
def test_v_stays_where_errors_are_as_large_as_the_model_says(truncation: float) -> None:
    assert learn(Learnt(2.0, 5.0), 1.0, truncation, truncation, Learning()).variance == pytest.approx(2.0)


def test_the_filter_learns_with_the_truncation_of_its_own_model() -> None:
    def after(truncation: float) -> float:
        model = RegimeModel((1.0, 0.0, 0.0, 0.0), (1.0,) * 4, (0.0,) * 4, (0.0,) * 4, truncation)
        one = HarrisonStevens(model, variance=1.0, level=0.0, spread=(1e-9, 0.0), learning=Learning())
        return one.update(1.0).variance

    assert after(0.5) == pytest.approx(1.0 + 1.0 / 5.95, rel=1e-6)
    assert after(1.0) == pytest.approx(1.0, rel=1e-6)
    assert isfinite(after(1e-3))


@pytest.mark.parametrize("spread", [1e-100, 3.0, 1e100])
def test_hypotheses_that_have_become_impossible_are_forgotten_and_not_divided_by(spread: float) -> None:
    series = (1e5, 1e10, 1e10, -1e149, 5e148, -1e149, 0.0, -1e149)
    state = last_state(Bocpd(spread=spread), series)
    assert sum(run.probability for run in state.runs) == pytest.approx(1.0)
    assert all(isfinite(figure) for run in state.runs for figure in run)


@pytest.mark.parametrize("jump", [1e60, 1e105, 1e120, 1e130])
@pytest.mark.parametrize("model", PRESETS)
def test_what_is_known_of_a_level_stays_uncertain_after_whatever_jump(model: str, jump: float) -> None:
    one = HarrisonStevens(model, variance=1.0, level=0.0, plan=5.0)
    data = [0.5, -0.7] * 10 + [-1.3 * jump, None, None] + [1.0, -1.0] * 10
    assert min(one.update(y).level_sd for y in data) > 0.1
