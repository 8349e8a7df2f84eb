"""An index is believed as long as its errors are independent and of the right size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import HarrisonStevens, Health, HealthLimits, Learning, examine, fault
from tests.support import soak
from tests.vsm.cyberstride.judged import share_is_at_least, share_is_at_most, stream
from tests.vsm.cyberstride.worlds import autocorrelated

RUNS = soak(25, 400)


def faults(phi: float, sd: float, learning: Learning | None) -> list[str | None]:
    """What is wrong after 400 data of noise with autocorrelation `phi`, when V is taken for 1."""
    found = []
    for run in range(RUNS):
        one = HarrisonStevens(variance=1.0, learning=learning)
        health = Health()
        for y in autocorrelated(stream("health", phi, run), 400, phi):
            health = examine(health, one.update(sd * y).error)
        found.append(fault(health))
    return found


@pytest.mark.parametrize("learning", [None, Learning()])
def test_white_noise_is_believed(learning: Learning | None) -> None:
    found = faults(0.0, 1.0, learning)
    assert share_is_at_most(0.01, sum(why is not None for why in found), RUNS)


def test_neighbours_that_resemble_each_other_are_not_believed() -> None:
    found = faults(0.6, 1.0, Learning())
    assert share_is_at_least(0.95, sum(why is not None and "autocorrelated" in why for why in found), RUNS)


@pytest.mark.parametrize("sd", [2.0**0.5, 0.5**0.5])
def test_a_variance_taken_for_half_or_twice_is_not_believed(sd: float) -> None:
    found = faults(0.0, sd, None)
    assert share_is_at_least(0.95, sum(why is not None and "size" in why for why in found), RUNS)


def test_nothing_is_judged_before_there_are_enough_data() -> None:
    health = Health()
    for k in range(HealthLimits().least):
        assert fault(health) is None
        health = examine(health, 3.0 if k % 2 else 2.9)
    assert fault(health) == "errors are autocorrelated: 0.99, expected -0.35 to 0.2"


def test_one_spike_is_not_what_errors_are_like() -> None:
    health = Health()
    chance = stream("spike")
    for k in range(300):
        health = examine(health, 1e6 if k == 250 else chance.gauss(0.0, 1.0))
    assert fault(health) is None


def test_a_missing_datum_has_no_neighbour() -> None:
    health = examine(examine(examine(Health(), 1.0), None), 1.0)
    assert health.autocorrelation == 0.0
    assert health.data == 2


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), max_size=200))
def test_figures_stay_in_their_bounds(errors: list[float | None]) -> None:
    health = Health()
    for error in errors:
        health = examine(health, error)
    assert -1.05 <= health.autocorrelation <= 1.05
    assert 0.0 <= health.ratio <= 9.0 + 1e-9


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("autocorrelation", {"autocorrelation": (0.3, 0.1)}),
        ("ratio", {"ratio": (float("nan"), 1.0)}),
        ("least", {"least": 0}),
        ("forget", {"forget": 1.0}),
    ],
)
def test_impossible_limits_are_refused_by_name(name: str, options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        HealthLimits(**options)  # type: ignore[arg-type]
