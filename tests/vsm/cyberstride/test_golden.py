"""The figures that the filter must give to twelve digits, and the pattern that they teach."""

import pytest

from cybernetic.vsm.cyberstride import HarrisonStevens, Reading, Regime

CLOSE = 1e-12


def readings(series: list[float]) -> list[Reading]:
    one = HarrisonStevens(variance=1.0, level=0.0, spread=(1.0, 0.01))
    return [one.update(y) for y in series]


@pytest.fixture(scope="module")
def step() -> list[Reading]:
    return readings([0, 0, 0, 0, 6, 6, 6, 6])


def close(value: float | tuple[float, ...]) -> object:
    return pytest.approx(value, rel=0.0, abs=CLOSE)


def test_at_the_jump_everything_looks_like_a_transient(step: list[Reading]) -> None:
    golden = (0.0007937437817175859, 0.9342700583680389, 0.030802321572326288, 0.03413387627791721)
    assert step[4].posterior == close(golden)
    assert step[4].level == close(0.4038225214428546)
    assert step[4].latest is Regime.TRANSIENT


def test_one_datum_later_the_step_is_known(step: list[Reading]) -> None:
    golden = (0.009822668652409177, 0.27145760124154833, 0.6903732171351744, 0.028346512970868272)
    assert step[5].back1 == close(golden)
    assert step[5].level == close(4.537133975516344)


def test_two_data_later_it_is_certain(step: list[Reading]) -> None:
    golden = (0.012652554626167992, 0.06255109792432444, 0.8982185119668419, 0.026577835482665504)
    assert step[6].back2 == close(golden)
    assert step[6].level == close(6.01200729436511)
    assert step[6].slope == close(0.1747620933607135)
    assert step[6].regime is Regime.STEP


@pytest.mark.parametrize(
    ("tail", "regime", "back2"),
    [
        ([8, 0, 0], Regime.TRANSIENT, (0.0000, 0.9998, 0.0001, 0.0001)),
        ([8, 8, 8], Regime.STEP, (0.0008, 0.0371, 0.9590, 0.0031)),
        ([4, 8, 12], Regime.SLOPE, (0.0022, 0.0111, 0.0226, 0.9641)),
    ],
)
def test_two_data_tell_a_spike_a_step_and_a_slope_apart(
    tail: list[float], regime: Regime, back2: tuple[float, ...]
) -> None:
    last = readings([0.0] * 8 + tail)[-1]
    assert last.back2 == pytest.approx(back2, abs=5e-5)
    assert last.regime is regime
