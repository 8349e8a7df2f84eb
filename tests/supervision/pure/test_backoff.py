"""Restart back-off (EX-1): the formula, when the row of restarts ends, and what values are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.supervision.backoff import Backoff

BACKOFFS = st.builds(
    lambda least, extra, factor, jitter, reset: Backoff(least, least + extra, factor, jitter, reset),
    st.floats(1e-3, 100),
    st.floats(0, 1e4),
    st.floats(1, 10),
    st.floats(0, 1),
    st.none() | st.floats(1e-3, 1e3),
)
CHANCES = st.floats(0, 1, exclude_max=True)


def test_ex_1_delays_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 5)
    assert [backoff.delay(n) for n in range(6)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_ex_1_a_factor_of_one_is_a_constant_delay() -> None:
    assert {Backoff(2, 9, factor=1).delay(n) for n in (0, 1, 10, 10**9)} == {2.0}


def test_ex_1_chance_lengthens_a_delay_by_its_share_of_the_jitter() -> None:
    backoff = Backoff(1, 4, jitter=0.5)
    assert [backoff.delay(n, 0.5) for n in range(4)] == [1.25, 2.5, 5.0, 5.0]


@given(BACKOFFS, st.integers(0, 5000), CHANCES)
def test_ex_1_a_delay_follows_the_formula(backoff: Backoff, attempt: int, chance: float) -> None:
    try:
        exact = min(backoff.most, backoff.least * backoff.factor**attempt)
    except OverflowError:
        exact = backoff.most
    assert backoff.delay(attempt, chance) == exact * (1 + chance * backoff.jitter)


@given(BACKOFFS, st.integers(0, 5000), CHANCES)
def test_ex_1_a_delay_never_shrinks_and_keeps_its_bounds(
    backoff: Backoff, attempt: int, chance: float
) -> None:
    delay = backoff.delay(attempt, chance)
    assert backoff.least <= delay <= backoff.most * (1 + backoff.jitter)
    assert delay <= backoff.delay(attempt + 1, chance)
    assert backoff.delay(attempt) <= delay


def test_ex_1_a_child_that_lived_long_enough_begins_anew() -> None:
    backoff = Backoff(1, 8, reset_after=10)
    assert [backoff.attempt(3, lived) for lived in (0, 9.9, 10, 1000)] == [3, 3, 0, 0]


def test_ex_1_by_default_a_child_is_forgiven_after_the_first_delay() -> None:
    assert [Backoff(2, 8).attempt(3, lived) for lived in (0, 1.9, 2)] == [3, 3, 0]


@given(BACKOFFS, st.lists(st.floats(0, 2000), max_size=20))
def test_ex_1_a_restart_that_failed_is_never_forgiven(backoff: Backoff, lives: list[float]) -> None:
    row = 0
    for lived in [*lives, 0.0]:
        before = row
        row = backoff.attempt(row, lived) + 1
    assert row == before + 1


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ((0, 1), "least"),
        ((-1, 1), "least"),
        (("1", 1), "least"),
        ((True, 1), "least"),
        ((2, 1), "most"),
        ((1, float("inf")), "most"),
        ((1, 2, 0.5), "factor"),
        ((1, 2, float("nan")), "factor"),
        ((1, 2, 2, -0.1), "jitter"),
        ((1, 2, 2, 1.1), "jitter"),
        ((1, 2, 2, 0, 0), "reset_after"),
        ((1, 2, 2, 0, -1), "reset_after"),
    ],
)
def test_an_impossible_backoff_is_refused(values: Any, name: str) -> None:
    with pytest.raises(OptionError, match=rf"^{name}: expected .*, got: "):
        Backoff(*values)


@pytest.mark.parametrize(
    ("attempt", "chance", "name"),
    [(-1, 0, "attempt"), (1.5, 0, "attempt"), (0, 1, "chance"), (0, -0.1, "chance")],
)
def test_an_impossible_attempt_or_chance_is_refused(attempt: Any, chance: Any, name: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}"):
        Backoff(1, 2).delay(attempt, chance)


def test_a_backoff_is_a_value() -> None:
    assert Backoff(1, 2) == Backoff(1.0, 2.0, 2, 0)
    assert hash(Backoff(1, 2)) == hash(Backoff(1.0, 2.0))
    assert repr(Backoff(1, 2)) == repr(Backoff(1.0, 2.0))
