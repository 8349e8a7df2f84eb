"""What a jump costs: the pair of regimes that weighs most is looked for once, and not in each regime again."""

import math
from itertools import accumulate

import pytest

from cybernetic.core import Chance
from cybernetic.vsm.cyberstride import HarrisonStevens, mixture

SIXTEEN = 16  # pairs of regimes


def weighed(monkeypatch: pytest.MonkeyPatch, series: list[float]) -> list[int]:
    """How many likelihoods are computed at each datum: of its pairs, and of those that are looked through for the
    heaviest. The deviation of the data counts as one more.
    """
    counts: list[int] = []

    def counted(precision: float) -> float:  # there is one of it in each
        counts[-1] += 1
        return math.sqrt(precision)

    monkeypatch.setattr(mixture, "sqrt", counted)
    one = HarrisonStevens(variance=1.0, level=0.0)
    for y in series:
        counts.append(0)
        one.update(y)
    return counts


def test_steps_are_as_dear_as_noise_nearly(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Chance(3).stream("steps")
    levels = accumulate(chance.choice([-1e3, 1e3]) if k % 5 == 0 else 0.0 for k in range(500))
    counts = weighed(monkeypatch, [level + chance.gauss(0.0, 1.0) for level in levels])
    assert max(counts) <= 3 * SIXTEEN
    assert sum(counts) < 1.5 * SIXTEEN * len(counts)


@pytest.mark.parametrize("size", [10.0, 30.0, 100.0])
@pytest.mark.parametrize("lasts", [True, False])
def test_after_a_jump_few_regimes_are_merged_again(
    size: float, lasts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Chance(3).stream("steps")
    jumps = [chance.choice([-size, size]) if k % 5 == 0 else 0.0 for k in range(500)]
    levels = accumulate(jumps) if lasts else jumps
    counts = weighed(monkeypatch, [level + chance.gauss(0.0, 1.0) for level in levels])
    assert sum(counts) < 1.25 * SIXTEEN * len(counts)


def test_data_that_are_half_of_them_out_are_not_twice_as_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Chance(4).stream("halved")
    counts = weighed(monkeypatch, [chance.choice([0.0, 1e6]) + chance.gauss(0.0, 1.0) for _ in range(500)])
    assert max(counts) <= 3 * SIXTEEN
    assert sum(counts) < 1.7 * SIXTEEN * len(counts)
