"""Models are compared by how well they foresaw a series."""

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import PRESETS, HarrisonStevens, Learning, best_preset, log_likelihood, preset
from tests.vsm.cyberstride.judged import stream


def restless(count: int) -> list[float]:
    """A level that moves by some four deviations every twelfth datum or so."""
    chance = stream("restless")
    level, series = 0.0, []
    for _ in range(count):
        if chance.random() < 1 / 12:
            level += chance.gauss(0.0, 4.5)
        series.append(level + chance.gauss(0.0, 1.0))
    return series


def test_the_likelihood_is_that_of_the_readings() -> None:
    series = [0.0, 1.0, None, 5.0]
    one = HarrisonStevens(variance=2.0)
    total = sum(one.update(y).log_density for y in series)
    assert log_likelihood(series, "default", variance=2.0) == pytest.approx(total)


def test_a_restless_series_is_foreseen_best_by_the_model_of_frequent_changes() -> None:
    assert best_preset(restless(400), variance=1.0) == "dairy"
    assert best_preset(restless(400), variance=1.0, learning=Learning()) == "dairy"


def test_a_generator_is_read_once() -> None:
    assert best_preset(iter(restless(400)), variance=1.0) == "dairy"


def test_models_of_ones_own_can_be_compared() -> None:
    own = {"calm": PRESETS["default"], "restless": PRESETS["dairy"]}
    assert best_preset(restless(400), variance=1.0, models=own) == "restless"


def test_there_must_be_something_to_compare() -> None:
    with pytest.raises(OptionError, match=r"^models: "):
        best_preset([1.0], variance=1.0, models={})


def test_a_preset_has_a_name() -> None:
    assert preset("default") is PRESETS["default"]
    with pytest.raises(OptionError, match=r"^model: expected one of 'default'"):
        preset("classic_1971")
