"""V is learnt from the data, wherever the guess began."""

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import PRESETS, HarrisonStevens, Learning, first_guess
from cybernetic.vsm.cyberstride.variance import Learnt, learn
from tests.support import soak
from tests.vsm.cyberstride.judged import mean_is_at_least, mean_is_at_most, stream
from tests.vsm.cyberstride.worlds import noise

RUNS = soak(3, 60)


@pytest.mark.parametrize("model", sorted(PRESETS))
@pytest.mark.parametrize("guess", [0.25, 1.0, 4.0])
def test_v_settles_at_the_truth_from_a_guess_four_times_off(model: str, guess: float) -> None:
    means = []
    for run in range(RUNS):
        one = HarrisonStevens(model, variance=guess, learning=Learning())
        learnt = [one.update(y).variance for y in noise(stream("learn", run), 1300)]
        means.append(fmean(learnt[300:]))
        assert pstdev(learnt[300:]) < 0.25
    assert mean_is_at_most(1.06, means)
    assert mean_is_at_least(0.94, means)


def test_spikes_and_steps_do_not_spoil_v() -> None:
    one = HarrisonStevens(variance=1.0, learning=Learning())
    chance = stream("spoil")
    for k in range(1500):
        level = 20.0 * (k // 300)
        reading = one.update(level + chance.gauss(0.0, 1.0) + (12.0 if k % 40 == 0 else 0.0))
    assert 0.7 < reading.variance < 1.3


def test_v_follows_noise_that_grows() -> None:
    one = HarrisonStevens(variance=1.0, learning=Learning())
    chance = stream("grow")
    for k in range(1200):
        reading = one.update(chance.gauss(0.0, 1.0 if k < 400 else 2.0))
    assert 3.0 < reading.variance < 5.0


def test_a_series_that_stands_still_does_not_drive_v_to_nothing() -> None:
    one = HarrisonStevens(variance=1.0, learning=Learning(least=1e-6))
    for _ in range(6000):
        reading = one.update(5.0)
    assert reading.variance == 1e-6
    assert reading.level == pytest.approx(5.0)


@given(st.floats(1e-6, 1e6), st.floats(0, 1), st.floats(0, 1e9), st.floats(0.1, 200))
def test_a_datum_moves_v_by_a_bounded_part(
    variance: float, weight: float, squared: float, evidence: float
) -> None:
    how = Learning()
    after = learn(Learnt(variance, evidence), weight, squared, 0.887, how)
    assert (
        0.0 < after.variance <= variance * (1.0 + how.cap / 0.887 / (how.forget * evidence + weight) + 1e-9)
    )
    assert after.evidence == pytest.approx(how.forget * evidence + weight)


def test_missing_data_teach_nothing_about_v() -> None:
    one = HarrisonStevens(variance=3.0, level=0.0, learning=Learning())
    assert [one.update(None).variance for _ in range(5)] == [3.0] * 5


def test_a_first_guess_is_of_the_right_size_despite_a_step_and_a_spike() -> None:
    guesses = []
    for run in range(300):
        series = noise(stream("guess", run), 16)
        series = [y + (50.0 if k >= 8 else 0.0) + (30.0 if k == 4 else 0.0) for k, y in enumerate(series)]
        guesses.append(first_guess(series))
    assert 0.7 < sorted(guesses)[150] < 1.8


def test_a_first_guess_at_nothing_is_the_least() -> None:
    assert first_guess([3.0] * 8, least=1e-4) == 1e-4


@pytest.mark.parametrize("series", [[1.0, 2.0], [1.0, float("nan"), 2.0]])
def test_a_first_guess_needs_three_numbers(series: list[float]) -> None:
    with pytest.raises(OptionError, match="series"):
        first_guess(series)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("forget", 1.0),
        ("forget", 0.0),
        ("trust", 0.0),
        ("cap", -1.0),
        ("least", 0.0),
        ("least", float("nan")),
    ],
)
def test_impossible_learning_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Learning(**{name: value})


def test_v_may_be_set_and_is_learnt_from_there_by_the_trust_it_is_given() -> None:
    learnt = []
    for trust in (1.0, 1e6):
        one = HarrisonStevens(variance=1.0, level=0.0, learning=Learning())
        one.suppose(100.0, trust)
        assert one.variance == 100.0
        learnt.append(one.update(1.0).variance)
    assert learnt[0] < 80.0 < 99.9 < learnt[1] < 100.0


@pytest.mark.parametrize(("name", "variance", "trust"), [("variance", 0.0, 1.0), ("trust", 1.0, 0.0)])
def test_what_is_no_v_and_no_trust_is_refused_and_changes_nothing(
    name: str, variance: float, trust: float
) -> None:
    one = HarrisonStevens(variance=2.0)
    with pytest.raises(OptionError, match=f"^{name}: "):
        one.suppose(variance, trust)
    assert one.variance == 2.0
