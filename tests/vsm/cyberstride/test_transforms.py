"""Scales on which noise is even, and back."""

from statistics import pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import TRANSFORMS, anscombe, expit, log_cost, logit, transform, unanscombe
from tests.vsm.cyberstride.judged import stream


@given(st.floats(0.001, 0.999))
def test_logit_and_back(share: float) -> None:
    assert expit(logit(share)) == pytest.approx(share)


@given(st.floats(0, 1e9))
def test_anscombe_and_back(count: float) -> None:
    assert unanscombe(anscombe(count)) == pytest.approx(count, rel=1e-12, abs=1e-9)


@given(st.floats(1e-6, 1e9))
def test_log_and_back(cost: float) -> None:
    assert TRANSFORMS["log"].backward(log_cost(cost)) == pytest.approx(cost)


@given(st.sampled_from(sorted(TRANSFORMS)), st.floats(0, 1), st.floats(0, 1))
def test_every_scale_keeps_the_order(name: str, one: float, other: float) -> None:
    forward = transform(name).forward
    assert (forward(one) - forward(other)) * (one - other) >= 0.0


def test_the_ends_of_a_share_stay_finite() -> None:
    assert logit(0.0) == pytest.approx(-6.9, abs=0.01)
    assert logit(1.0) == pytest.approx(6.9, abs=0.01)
    assert expit(-1000.0) == 0.0
    assert expit(1000.0) == 1.0


def test_nothing_has_a_logarithm_here() -> None:
    assert log_cost(0.0) == log_cost(1e-6)


@pytest.mark.parametrize("mean", [4, 30])
def test_anscombe_gives_counts_a_variance_of_about_one(mean: int) -> None:
    chance = stream("counts", mean)
    counts = [sum(chance.random() < mean / 1000 for _ in range(1000)) for _ in range(400)]
    assert pvariance(map(anscombe, counts)) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *[(name, bad) for name in sorted(TRANSFORMS) for bad in (float("nan"), float("inf"))],
        ("logit", -0.01),
        ("logit", 1.01),
        ("anscombe", -1.0),
        ("log", -1.0),
    ],
)
def test_what_no_index_can_be_is_refused(name: str, bad: float) -> None:
    with pytest.raises(OptionError, match=r"^value: "):
        transform(name).forward(bad)


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^transform: expected one of 'plain'"):
        transform("square")
