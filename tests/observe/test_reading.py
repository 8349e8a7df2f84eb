"""Numbers and signs as they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.observe import Look, figure


@given(st.floats(-99_999_999, 99_999_999))
def test_a_number_takes_six_places_at_most(value: float) -> None:
    assert len(figure(value)) <= 7 if value < 0 else len(figure(value)) <= 6


def test_what_is_not_known_is_no_number() -> None:
    assert figure(None) == "–"
    assert figure(float("inf")) == "inf"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.123, "0.12"),
        (12.34, "12.3"),
        (250.0, "250"),
        (12_345.0, "12.3k"),
        (2_500_000.0, "2.5M"),
    ],
)
def test_three_digits_count(value: float, said: str) -> None:
    assert figure(value) == said


@given(st.floats(0, 1), st.integers(1, 60), st.booleans())
def test_a_bar_has_its_width_and_a_little_is_not_nothing(part: float, width: int, unicode: bool) -> None:
    bar = Look(unicode).bar(part, width).plain
    assert len(bar) == width
    full = bar.count("▓" if unicode else "#")
    assert (full == 0) == (part == 0)


@given(st.lists(st.floats(0, 1e6), max_size=60), st.integers(1, 40))
def test_a_trend_is_as_high_as_its_last_values(values: list[float], width: int) -> None:
    trend = Look().trend(values, width)
    last = values[-width:]
    assert len(trend) == len(last)
    if last and max(last) > 0:
        assert trend[last.index(max(last))] == "█"


def test_ascii_has_no_other_signs() -> None:
    assert Look(unicode=False).plain("a → b – “c” …").isascii()
