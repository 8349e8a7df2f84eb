"""Variety in bits, against numbers known beforehand; and Ashby's law as a property."""

from math import comb, inf, isclose, log, log2, nan, sqrt

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.variety import (
    conditional_entropy,
    cyclic_game,
    effective_number,
    entropy,
    fidelity,
    joint_counts,
    miller_madow,
    mutual_information,
    open_set_rate,
    regulate,
)
from tests.support import soak

COUNTS = st.dictionaries(st.integers(0, 9), st.integers(0, 1000), min_size=1).filter(
    lambda counts: sum(counts.values()) > 0
)
JOINT = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.floats(0, 1e6), min_size=1
).filter(lambda joint: sum(joint.values()) > 0)


def close(value: float, expected: float) -> bool:
    return isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)


def test_golden_entropies() -> None:
    assert close(entropy({"a": 1, "b": 1}), 1.0)
    assert close(entropy(dict.fromkeys(range(16), 3.0)), 4.0)
    assert close(entropy({"a": 1, "b": 3}), 0.8112781244591328)
    assert entropy({"a": 5}) == 0.0
    assert close(effective_number({"a": 1, "b": 3}), 1.7547653506033232)


def test_golden_information() -> None:
    noisy = {(0, 0): 0.4, (0, 1): 0.1, (1, 0): 0.1, (1, 1): 0.4}
    assert close(mutual_information(noisy), 0.27807190511263774)
    assert close(conditional_entropy(noisy), 0.7219280948873623)
    assert close(fidelity(noisy), 0.27807190511263774)
    assert fidelity({("only", "x"): 1.0}) == 1.0


def test_golden_miller_madow() -> None:
    estimate = miller_madow({"a": 3, "b": 1})
    assert close(estimate.bits, 0.8112781244591328 + 1 / 8 / 0.6931471805599453)
    assert (estimate.size, estimate.unseen) == (4, 0.25)
    assert estimate.low < 0.8112781244591328 < estimate.high


@given(COUNTS)
def test_entropy_lies_between_nothing_and_all_alike(counts: dict[int, int]) -> None:
    kinds = sum(1 for count in counts.values() if count)
    assert 0 <= entropy(counts) <= log2(kinds) + 1e-9
    assert miller_madow(counts).bits >= entropy(counts) - 1e-9


@given(JOINT)
def test_information_is_symmetric_and_no_more_than_either_side_has(joint: dict) -> None:
    turned = {(y, x): weight for (x, y), weight in joint.items()}
    information = mutual_information(joint)
    assert isclose(information, mutual_information(turned), abs_tol=1e-9)
    first = {x: sum(w for (a, _), w in joint.items() if a == x) for x, _ in joint}
    assert information <= entropy(first) + 1e-9
    assert isclose(entropy(first) - information, conditional_entropy(joint), abs_tol=1e-9)
    assert 0 <= fidelity(joint) <= 1


def test_the_correction_removes_most_of_the_bias_of_small_samples() -> None:
    """8 equally likely kinds, 40 data: judged over N samples by the one-sided 99 % bound of the mean."""
    samples, stream = soak(400, 10_000), Chance(7).stream("miller-madow")
    plain, corrected = [], []
    for _ in range(samples):
        counts = joint_counts((stream.randrange(8), 0) for _ in range(40))
        estimate = miller_madow(counts)
        plain.append(entropy(counts))
        corrected.append(estimate.bits)
    mean = sum(corrected) / samples
    error = sqrt(sum((bits - mean) ** 2 for bits in corrected) / samples / samples)
    assert abs(mean - 3) < 0.02 + 2.33 * error
    assert sum(plain) / samples < 3 - 0.1


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = {"a": 0.5, "b": 0.25, "c": 0.15, "d": 0.1}
    samples, stream, covered = soak(400, 10_000), Chance(7).stream("coverage"), 0
    for _ in range(samples):
        drawn = stream.choices(list(truth), list(truth.values()), k=200)
        estimate = miller_madow(joint_counts((kind, 0) for kind in drawn))
        covered += estimate.low <= entropy(truth) <= estimate.high
    assert covered / samples > 0.93 - 2.33 * sqrt(0.93 * 0.07 / samples)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ({"a": 1}, 0.0, inf),
        ({"a": 1, "b": 1, "c": 1}, 1.0, inf),
        ({"a": 2, "b": 2}, 0.5, inf),
        ({"a": 5}, 0.0, inf),
        ({"a": 10, "b": 10}, 0.9, 1.15),
    ],
)
def test_few_data_give_a_wide_interval(counts: dict[str, int], low: float, high: float) -> None:
    estimate = miller_madow(counts)
    assert estimate.low <= low
    assert estimate.high >= high
    assert miller_madow({kind: 1000 * count for kind, count in counts.items()}).high < inf


@pytest.mark.parametrize("size", [1, 2, 3, 5, 10, 30])
@pytest.mark.parametrize("kinds", [1, 2, 8, 50, 1000])
@pytest.mark.parametrize("tail", [0.0, 1.0])
def test_the_interval_of_few_data_covers_the_truth_as_often_as_it_says(
    size: int, kinds: int, tail: float
) -> None:
    """Also where most kinds are unseen: judged over N samples by the one-sided 99 % bound."""
    weights = [(1 + kind) ** -tail for kind in range(kinds)]
    truth, stream = entropy(dict(enumerate(weights))), Chance(11).stream("few", size, kinds, tail)
    samples, covered = soak(100, 2000), 0
    for _ in range(samples):
        drawn = stream.choices(range(kinds), weights, k=size)
        estimate = miller_madow(joint_counts((kind, 0) for kind in drawn))
        covered += estimate.low - 1e-9 <= truth <= estimate.high + 1e-9
    assert covered / samples > 0.93 - 2.33 * sqrt(0.93 * 0.07 / samples)


@pytest.mark.parametrize(
    ("rare", "size"),
    [(0.01, 200), (0.005, 200), (0.002, 500), (0.01, 100), (0.02, 100), (0.05, 100), (0.1, 50), (0.3, 30)],
)
def test_the_interval_of_two_kinds_covers_the_truth_by_exact_count(rare: float, size: int) -> None:
    """By the binomial distribution of the rarer one, also where it is likely not seen at all."""
    truth, missed = entropy({"a": 1 - rare, "b": rare}), 0.0
    for count in range(size + 1):
        estimate = miller_madow({"a": size - count, "b": count})
        if not estimate.low <= truth <= estimate.high:
            missed += comb(size, count) * rare**count * (1 - rare) ** (size - count)
    assert missed <= 0.07


@pytest.mark.parametrize("size", [20, 100, 200, 500, 1000, 3000])
def test_the_interval_covers_one_kind_with_a_long_tail(size: int) -> None:
    """One of 98 %, and a thousand that share the rest: judged over N samples by the one-sided 99 % bound."""
    weights = [0.98, *[0.02 / 1000] * 1000]
    truth, stream = entropy(dict(enumerate(weights))), Chance(13).stream("tail", size)
    samples, covered = soak(100, 2000), 0
    for _ in range(samples):
        drawn = stream.choices(range(1001), weights, k=size)
        estimate = miller_madow(joint_counts((kind, 0) for kind in drawn))
        covered += estimate.low <= truth <= estimate.high
    assert covered / samples > 0.93 - 2.33 * sqrt(0.93 * 0.07 / samples)


@pytest.mark.parametrize("size", [20, 50, 200, 1000, 10_000])
def test_one_kind_alone_leaves_room_for_another_at_the_bound_of_what_is_unseen(size: int) -> None:
    unseen = (1 + 1.96) / size
    assert miller_madow({"a": size}).high > entropy({"a": 1 - unseen, "b": unseen})


@pytest.mark.parametrize(
    ("counts", "once", "twice"),
    [
        ({"a": 900, "b": 60, "c": 30, "d": 8, "e": 2}, 0, 1),
        ({"a": 300, "b": 40, "c": 5, "d": 1}, 1, 0),
        (dict.fromkeys(range(20), 10), 0, 0),
        ({"a": 18, "b": 2}, 0, 1),
        ({"a": 400, **dict.fromkeys(range(8), 1)}, 8, 0),
    ],
)
def test_the_upper_end_is_what_the_sources_say(counts: dict[str | int, int], once: int, twice: int) -> None:
    """Esty's bound of the coverage, one kind added; the entropy by it as Chao and Shen have it."""
    size, normal = sum(counts.values()), 1.959963984540054
    new = (once + 1 + normal * sqrt(once * (1 - once / size) + 2 * twice + 1)) / size
    parts = [(1 - new) * count / size for count in counts.values()]
    seen = sum(-p * log2(p) / (1 - (1 - p) ** size) for p in parts)
    plain = [count / size for count in counts.values()]
    second = sum(p * log(p) ** 2 for p in plain) - sum(p * log(p) for p in plain) ** 2
    margin = normal * sqrt(second / size + len(counts) / (2 * size**2)) / log(2)
    expected = seen + new * log2(size / new) + margin if new < 0.2 else inf
    assert miller_madow(counts).high == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "finite"),
    [
        ({"a": 7, "b": 7}, False),
        ({"a": 8, "b": 7}, True),
        ({"a": 19, "b": 2}, False),
        ({"a": 20, "b": 2}, True),
    ],
)
def test_where_more_than_a_fifth_may_be_new_nothing_is_too_much(counts: dict[str, int], finite: bool) -> None:
    assert (miller_madow(counts).high < inf) is finite


def test_open_set_rate() -> None:
    assert open_set_rate(["a", "b", "c", "a"], ["a", "b"]) == 0.25
    assert open_set_rate([], ["a"]) == 0.0


@pytest.mark.parametrize(("responses", "left"), [(1, 4), (2, 3), (4, 2), (8, 1), (16, 0)])
def test_sixteen_disturbances_leave_what_the_law_says(responses: int, left: int) -> None:
    game = regulate(cyclic_game(16, responses), lambda d, r: (d - r) % 16)
    assert close(game.outcomes, left)
    assert close(game.bound, left)


def test_a_noisy_channel_leaves_what_it_does_not_carry() -> None:
    game = regulate(cyclic_game(16, 16, error=0.05), lambda d, r: (d - r) % 16)
    wrong = 0.05 * 15 / 16
    expected = -(1 - wrong) * log2(1 - wrong) - wrong * log2(wrong / 15)
    assert close(game.outcomes, expected)
    assert close(game.bound, expected)
    assert round(expected, 2) == 0.46


@given(st.dictionaries(st.tuples(st.integers(0, 7), st.integers(0, 7)), st.floats(0.01, 1), min_size=1))
def test_no_regulator_does_better_than_the_law(joint: dict) -> None:
    game = regulate(joint, lambda d, r: (d - r) % 8)
    assert game.outcomes >= game.bound - 1e-9
    assert game.outcomes >= game.disturbances - game.responses - 1e-9


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: entropy({}), "values"),
        (lambda: entropy({"a": 0}), "values"),
        (lambda: entropy({"a": nan}), "values['a']"),
        (lambda: entropy({"a": -1}), "values['a']"),
        (lambda: entropy({"a": inf}), "values['a']"),
        (lambda: mutual_information({(0, 0): nan}), "joint[(0, 0)]"),
        (lambda: mutual_information({}), "joint"),
        (lambda: miller_madow({}), "counts"),
        (lambda: miller_madow({"a": 0}), "counts"),
        (lambda: miller_madow({"a": 1.5}), "counts['a']"),  # type: ignore[dict-item]
        (lambda: miller_madow({"a": 1}, confidence=1.0), "confidence"),
        (lambda: cyclic_game(0, 1), "size"),
        (lambda: cyclic_game(16, 3), "responses"),
        (lambda: cyclic_game(16, 4, error=nan), "error"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


@pytest.mark.parametrize(
    "counts", [{"a": 10**300, "b": 1}, dict.fromkeys(range(100), 10**305), {"a": 10**308}]
)
def test_of_very_many_items_the_bounds_close_in(counts: dict[str | int, int]) -> None:
    seen = miller_madow(counts)
    assert seen.low <= seen.bits <= seen.high
    assert close(seen.low, log2(len(counts)) if len(counts) > 2 else 0.0)
    assert close(seen.high, seen.low)


def test_also_the_least_sure_interval_has_the_estimate_in_it() -> None:
    seen = miller_madow({kind: 3 + kind for kind in range(40)}, confidence=1e-9)
    assert seen.low <= seen.bits <= seen.high < inf


def test_the_surest_interval_is_an_interval() -> None:
    sure, surer = (miller_madow({"a": 300, "b": 200}, 1 - risk) for risk in (1e-12, 2**-53))
    assert surer.low < sure.low < sure.bits < sure.high < surer.high < inf


def test_counts_beyond_what_floats_hold_are_named() -> None:
    with pytest.raises(OptionError) as caught:
        miller_madow({"a": 10**400, "b": 1})
    assert caught.value.name == "counts"
