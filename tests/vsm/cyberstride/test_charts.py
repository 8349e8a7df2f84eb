"""Control charts step by step, against arithmetic that can be done by hand."""

from math import exp, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Bocpd, Chart, Cusum, Ewma, Shewhart, first_alarm
from tests.vsm.cyberstride.judged import stream

CHARTS = (Shewhart, Cusum, Ewma, Bocpd)
VALUES = st.lists(st.floats(-8, 8), max_size=30)


def test_shewhart_alarms_at_the_datum_alone() -> None:
    chart = Shewhart(limit=3.0, plan=10.0, sigma=2.0)
    assert first_alarm(chart, [10, 15.9, 4.1, 16]) == 3
    assert first_alarm(chart, [10, 15.9, 4.0]) == 2
    assert first_alarm(chart, [10, 15.9]) is None


def test_cusum_sums_what_exceeds_its_drift_on_either_side() -> None:
    chart = Cusum(drift=0.5, limit=4.0)
    state = chart.start()
    for y, up, down in [
        (1.0, 0.5, 0.0),
        (2.0, 2.0, 0.0),
        (-1.0, 0.5, 0.5),
        (-3.0, 0.0, 3.0),
        (-1.5, 0.0, 4.0),
    ]:
        state = chart.step(state, y)
        assert (state.up, state.down) == (up, down)
    assert state.alarm


def test_ewma_weighs_the_newest_most_and_begins_narrow() -> None:
    chart = Ewma(weight=0.5, limit=3.0)
    state = chart.step(chart.start(), 2.0)
    assert state.mean == 1.0
    assert not state.alarm  # 1 is below 3 × .5, its own deviation
    assert chart.step(state, 3.2).mean == pytest.approx(2.1)
    assert first_alarm(chart, [3.1]) == 0
    assert first_alarm(chart, [2.9]) is None


def test_bocpd_weighs_runs_by_what_they_foresaw() -> None:
    chart = Bocpd(hazard=0.1, spread=2.0, established=50)
    state = chart.step(chart.start(), 3.0)

    def density(z: float, variance: float) -> float:
        return exp(-z * z / (2 * variance)) / sqrt(2 * pi * variance)

    fresh, old = 0.1 * density(3.0, 1 + 4.0), 0.9 * density(3.0, 1 + 1 / 50)
    assert [run.length for run in state.runs] == [1, 51]
    assert state.runs[0].probability == pytest.approx(fresh / (fresh + old))
    assert state.runs[0].mean == pytest.approx(3.0 / 1.25)
    assert state.runs[1].precision == 51.0
    assert state.recent == 0.0  # one datum is no run yet


@given(VALUES)
def test_bocpd_keeps_probabilities_and_a_bounded_memory(series: list[float]) -> None:
    chart = Bocpd()
    state = chart.start()
    for y in series:
        state = chart.step(state, y)
        assert sum(run.probability for run in state.runs) == pytest.approx(1.0)
        assert len(state.runs) <= chart.apart + 1
        assert 0.0 <= state.recent <= 1.0 + 1e-12


def test_bocpd_tells_as_many_runs_apart_as_it_is_asked_to() -> None:
    """Where few are, a small shift that was missed at first is seen as a new one again, and found more often."""
    found = {}
    for apart in (20, 60):
        chart = Bocpd(spread=10.0, threshold=0.35, apart=apart)
        found[apart] = 0
        for run in range(40):
            chance, state = stream("apart", run), chart.start()
            for shift in [0.0] * 50 + [1.0] * 80:
                state = chart.step(state, shift + chance.gauss(0.0, 1.0))
                if state.alarm and shift:
                    found[apart] += 1
                    break
        assert len(state.runs) <= apart + 1
    assert found[60] < found[20]


def test_bocpd_survives_what_it_could_never_foresee() -> None:
    assert first_alarm(Bocpd(), [0.0, 1e8, 1e8, 1e8]) == 2


@given(st.sampled_from(CHARTS), VALUES, st.floats(0.01, 100), st.floats(-100, 100))
def test_plan_and_sigma_are_only_a_scale(make: type, series: list[float], sigma: float, plan: float) -> None:
    plain = [round(y, 3) + 0.0003 for y in series]  # never just at a limit, where rounding decides
    scaled = [plan + sigma * y for y in plain]
    assert first_alarm(make(plan=plan, sigma=sigma), scaled) == first_alarm(make(), plain)


@given(st.sampled_from(CHARTS), VALUES)
def test_both_directions_are_alike(make: type, series: list[float]) -> None:
    assert first_alarm(make(), series) == first_alarm(make(), [-y for y in series])


@pytest.mark.parametrize("chart", [make() for make in CHARTS], ids=lambda chart: type(chart).__name__)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_a_datum_that_is_no_number_is_refused(chart: Chart, bad: float) -> None:  # type: ignore[type-arg]
    with pytest.raises(OptionError, match=r"^y: "):
        chart.step(chart.start(), bad)


@pytest.mark.parametrize(
    "chart", [Bocpd(), Cusum(), Ewma(), Shewhart()], ids=lambda chart: type(chart).__name__
)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "x", None, 10**400])
def test_a_state_that_no_data_make_is_refused(chart: Chart, bad: object) -> None:  # type: ignore[type-arg]
    state = chart.start()
    for k in range(30):
        state = chart.step(state, (-1.0) ** k)
    spoilt = [state._replace(**{name: bad}) for name in state._fields if name not in ("alarm", "recent")]
    for at, run in enumerate(getattr(state, "runs", ())):
        for name in ("probability", "mean", "precision"):
            runs = (*state.runs[:at], run._replace(**{name: bad}), *state.runs[at + 1 :])
            spoilt.append(state._replace(runs=runs))
    for one in (*spoilt, bad):
        with pytest.raises(OptionError, match=r"^state"):
            chart.step(one, 1.0)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        *[(make, "sigma", bad) for make in CHARTS for bad in (0.0, -1.0, float("nan"))],
        *[(make, "plan", float("inf")) for make in CHARTS],
        (Shewhart, "limit", 0.0),
        (Cusum, "limit", 0.0),
        (Cusum, "drift", -0.1),
        (Ewma, "limit", 0.0),
        (Ewma, "weight", 0.0),
        (Ewma, "weight", 1.1),
        (Bocpd, "hazard", 1.0),
        (Bocpd, "threshold", 0.0),
        (Bocpd, "spread", 0.0),
        (Bocpd, "longest", 1),
        (Bocpd, "apart", 19),
        (Bocpd, "established", 20),
    ],
)
def test_an_impossible_chart_is_refused_by_name(make: type, name: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        make(**{name: value})
