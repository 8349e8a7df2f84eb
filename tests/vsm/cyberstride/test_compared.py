"""Figures beside the design's: how far apart, and what chance may have made of both."""

import pytest

from benchmarks.vsm.cyberstride.compared import Cell, apart, delay, share
from benchmarks.vsm.cyberstride.expected import RUNS


def test_what_the_design_rounds_away_is_no_difference() -> None:
    cell = Cell([2, 3] * 50, 100)
    assert delay(cell, 2.45).away == 0.0
    assert share(Cell([0] * 503, 1000), 0.5).away == 0.0
    assert share(Cell([0] * 503, 1000), 0.501).away > 0.0


def test_a_difference_is_told_in_standard_errors_of_both_with_its_sign() -> None:
    cell = Cell([2, 4] * 50, 100)
    assert delay(cell, 5.0).away == pytest.approx(-1.95 / (1 / 100 + 1 / RUNS) ** 0.5)
    assert "se" in str(delay(cell, 5.0))
    assert "se" not in str(delay(cell, 3.1))


def test_what_came_too_late_was_not_found() -> None:
    cell = Cell([5, 79, 80, 99], 8)
    assert cell.share == 0.5
    assert cell.within(80).share == 0.25
    assert cell.within(80).delay == 42.0


def test_alarms_are_compared_by_their_number_even_if_there_was_none() -> None:
    assert apart(1000, 1_000_000, 1000.0).away == 0.0
    assert apart(0, 1000, 100_000.0).away == pytest.approx(0.1, abs=0.01)
    assert apart(0, 1_000_000, 1000.0).away > 4.0
    assert apart(3000, 1_000_000, 1000.0).away < -4.0
