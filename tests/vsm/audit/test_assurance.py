"""What audits allow to be claimed, against sums that can be done by hand."""

from fractions import Fraction
from math import comb, expm1, fsum, log1p, nan, pi, sqrt

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.audit import (
    assured_rate,
    binomial_cdf,
    binomial_interval,
    clean_audits_needed,
    lower_bound,
    upper_bound,
)

SHARES = st.floats(0.001, 0.999)


@pytest.mark.parametrize(
    ("rate", "confidence", "needed"),
    [(0.01, 0.95, 299), (0.05, 0.95, 59), (0.02, 0.99, 228), (0.5, 0.5, 1), (0.001, 0.95, 2995)],
)
def test_clean_audits_needed(rate: float, confidence: float, needed: int) -> None:
    assert clean_audits_needed(rate, confidence) == needed


@given(st.floats(1e-6, 0.999), SHARES)
def test_it_is_the_least_number_that_suffices(rate: float, confidence: float) -> None:
    needed = clean_audits_needed(rate, confidence)
    assert (1 - rate) ** needed <= (1 - confidence) * (1 + 1e-8)
    assert needed == 1 or (1 - rate) ** (needed - 1) > (1 - confidence) * (1 - 1e-8)


@given(st.integers(1, 10_000), SHARES)
def test_assured_rate_is_its_inverse(clean: int, confidence: float) -> None:
    rate = assured_rate(clean, confidence)
    assert clean_audits_needed(rate * (1 + 1e-6), confidence) <= clean
    assert rate == pytest.approx(upper_bound(0, clean, confidence), rel=1e-9)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_as_many_audits_are_needed_as_assure_a_rate_and_not_one_more_for_a_rounding(
    confidence: float,
) -> None:
    assert [clean_audits_needed(assured_rate(n, confidence), confidence) for n in range(1, 400)] == list(
        range(1, 400)
    )


def test_no_audit_assures_nothing() -> None:
    assert assured_rate(0) == 1.0


@given(st.integers(1, 60), st.data(), SHARES)
def test_the_binomial_distribution_is_summed_rightly(n: int, data: st.DataObject, rate: float) -> None:
    k = data.draw(st.integers(0, n))
    by_hand = fsum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k + 1))
    assert binomial_cdf(k, n, rate) == pytest.approx(by_hand, abs=1e-12)


@given(st.integers(1, 500), st.data(), st.floats(0.5, 0.999))
def test_bounds_are_where_the_tail_is_what_it_should_be(
    n: int, data: st.DataObject, confidence: float
) -> None:
    k = data.draw(st.integers(0, n))
    upper, lower = upper_bound(k, n, confidence), lower_bound(k, n, confidence)
    assert lower <= k / n <= upper
    if k < n:
        assert binomial_cdf(k, n, upper) == pytest.approx(1 - confidence, abs=1e-9)
    if k:
        assert 1 - binomial_cdf(k - 1, n, lower) == pytest.approx(1 - confidence, abs=1e-9)


def test_a_known_interval() -> None:
    interval = binomial_interval(5, 100)
    assert interval.low == pytest.approx(0.01643188, abs=1e-8)
    assert interval.high == pytest.approx(0.11283491, abs=1e-8)
    assert 0.05 in interval
    assert 0.2 not in interval


def test_large_samples_are_no_trouble() -> None:
    assert 0.5 in binomial_interval(500_000, 1_000_000, 0.99)
    assert binomial_cdf(500_000, 1_000_000, 0.5) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: clean_audits_needed(0.0), "rate"),
        (lambda: clean_audits_needed(nan), "rate"),
        (lambda: clean_audits_needed(5e-324), "rate"),
        (lambda: clean_audits_needed(0.1, 1.0), "confidence"),
        (lambda: assured_rate(-1), "clean"),
        (lambda: assured_rate(10, nan), "confidence"),
        (lambda: upper_bound(2, 1), "audits"),
        (lambda: lower_bound(2, 1), "audits"),
        (lambda: binomial_cdf(2, 1, 0.5), "trials"),
        (lambda: binomial_interval(2, 1), "trials"),
        (lambda: upper_bound(-1, 1), "failures"),
        (lambda: binomial_cdf(1, 2, nan), "rate"),
        (lambda: binomial_interval(1, 2, 0.0), "confidence"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


@given(st.integers(1, 400), st.data(), st.floats(-12, 0), st.booleans())
def test_rare_rates_and_rare_failures_are_summed_rightly(
    n: int, data: st.DataObject, power: float, turned: bool
) -> None:
    k, rate = data.draw(st.integers(0, n - 1)), 10**power
    rate = 1 - rate if turned else rate
    exact = Fraction(rate)
    by_hand = float(sum(comb(n, i) * exact**i * (1 - exact) ** (n - i) for i in range(k + 1)))
    assert binomial_cdf(k, n, rate) == pytest.approx(by_hand, rel=1e-11, abs=1e-250)


def test_a_rate_that_is_less_than_a_float_can_be_away_from_one() -> None:
    assert binomial_cdf(1, 5, 1e-17) == 1.0
    assert binomial_cdf(0, 5, 1e-17) == 1.0
    assert upper_bound(1, 5, 1e-17) == pytest.approx(1e-9, rel=1e-8)  # 10 q^2 = 1e-17
    assert upper_bound(0, 5, 1e-17) == pytest.approx(2e-18, rel=1e-8)
    assert lower_bound(1, 5, 1e-17) == pytest.approx(1 - 1e-17**0.2, rel=1e-12)


def test_a_thousand_million_audits_are_judged_as_exactly_as_one() -> None:
    n = 10**9
    assert lower_bound(1, n) == pytest.approx(-expm1(log1p(-0.05) / n), rel=1e-12)
    assert upper_bound(0, n) == pytest.approx(assured_rate(n), rel=1e-12)
    middle = sqrt(2 / (pi * n)) / 2  # half of the chance of just n / 2, by Stirling
    assert binomial_cdf(n // 2, n, 0.5) == pytest.approx(0.5 + middle, abs=1e-12)


def test_more_audits_than_that_are_refused_by_name() -> None:
    with pytest.raises(OptionError, match=r"^trials: expected at most 1000000000, got: 1000000001"):
        binomial_cdf(1, 10**9 + 1, 0.5)
    with pytest.raises(OptionError, match=r"^clean: "):
        assured_rate(10**400)
