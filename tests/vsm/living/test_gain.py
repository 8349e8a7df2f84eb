"""System 2 alive against the best that agents do each for himself, in the same worlds, seed by seed."""

from functools import cache

import pytest

from benchmarks.vsm.trials.compare import differ, interval
from benchmarks.vsm.trials.rates.living import living
from benchmarks.vsm.trials.rates.plain import jitter, retrying
from benchmarks.vsm.trials.rates.world import RateWorld
from benchmarks.vsm.trials.trial import Arm, Result
from cybernetic.testing import run
from tests.support import soak

SEEDS = soak(3, 20)
LENGTH = soak(4, 20) / 100  # of the half hour

OTHERS = ("s3", "s4", "s5", "algedonic")  # have no part in it

ARMS: dict[str, Arm] = {
    "jitter": retrying(jitter, None),
    "declared": living(*OTHERS, pulse=10.0),
    "not declared": living(*OTHERS, declared=False, pulse=10.0),
}


@cache
def lived(arm: str) -> list[Result]:
    """The arm in the world of each seed."""
    return [run(ARMS[arm](RateWorld(seed, LENGTH), seed), seed=seed) for seed in range(SEEDS)]


@pytest.mark.parametrize("figure", ["p95", "refused"])
@pytest.mark.parametrize("ours", ["declared", "not declared"])
def test_t_s2_gain_p95_and_refusals_are_below_those_of_jittered_back_off(ours: str, figure: str) -> None:
    pairs = zip(lived(ours), lived("jitter"), strict=True)
    gaps = [differ(mine.figures[figure], other.figures[figure]) for mine, other in pairs]
    _, high = interval(gaps)
    assert high < 0.0, gaps


def test_t_s2_gain_told_the_limit_it_is_never_refused_and_in_any_case_fails_nothing() -> None:
    assert [result.figures["refused"] for result in lived("declared")] == [0.0] * SEEDS
    for arm in ("declared", "not declared"):
        assert [result.figures["failed"] for result in lived(arm)] == [0.0] * SEEDS
