"""The Nile at Aswan fell in 1899, by about two standard deviations: a step that is too small for the default
model.
"""

import pytest

from cybernetic.vsm.cyberstride import HarrisonStevens, Reading, Regime, best_preset
from tests.vsm.cyberstride.nile import FIRST_YEAR, FLOW

VARIANCE = 125.0**2


def through(model: str, last: int) -> Reading:
    """The reading of the year `last`."""
    one = HarrisonStevens(model, variance=VARIANCE)
    return [one.update(flow) for flow in FLOW[: last - FIRST_YEAR + 1]][-1]


def test_the_series_is_the_well_known_one() -> None:
    assert (len(FLOW), sum(FLOW), min(FLOW), max(FLOW)) == (100, 91935, 456, 1370)


def test_the_default_model_does_not_call_1899() -> None:
    reading = through("default", 1901)
    assert reading.back2[Regime.STEP] == pytest.approx(0.025, abs=0.001)
    assert reading.regime is Regime.STEADY


def test_a_model_of_levels_alone_suspects_1899() -> None:
    assert through("level_only", 1901).back2[Regime.STEP] == pytest.approx(0.32, abs=0.005)


def test_a_model_of_levels_alone_takes_1913_for_a_transient() -> None:
    assert through("level_only", 1915).back2[Regime.TRANSIENT] == pytest.approx(0.45, abs=0.005)


def test_the_model_of_levels_foresaw_the_nile_best() -> None:
    assert best_preset(FLOW, variance=VARIANCE) == "level_only"


def test_the_plan_test_sees_that_the_river_stays_low() -> None:
    one = HarrisonStevens(variance=VARIANCE, plan=1100.0)
    z = {FIRST_YEAR + k: one.update(flow).z_plan for k, flow in enumerate(FLOW)}
    assert next(year for year, value in z.items() if value is not None and value <= -3.5) in range(1900, 1910)
