"""What a wall clock is believed: never one that is ahead for some hours, and one that stays right at last."""

import pytest

from cybernetic.state.graph.belief import DOUBT, TOLERANCE, Belief

BEGAN = 1_700_000_000.0
LONG = 10 * 86_400.0
STEP = 600.0  # seconds between two questions


def believed(belief: Belief, begin: float, end: float, off: float = 0.0) -> float:
    """By how much what is sure is ahead of the true time, at most, with a clock that is wrong by `off` all the time."""
    most = -LONG * LONG
    at = begin
    while at < end:
        most = max(most, belief.sure(at, BEGAN + at + off) - BEGAN - at)
        at += STEP
    return most


def test_a_clock_that_is_right_is_believed_at_once() -> None:
    assert believed(Belief(0.0, BEGAN), 0.0, LONG) == 0.0
    assert Belief(0.0, BEGAN).sure(0.0, BEGAN - LONG) == BEGAN - LONG


@pytest.mark.parametrize("step", [0.0, STEP, DOUBT - STEP, DOUBT, 5.5 * DOUBT])
def test_a_step_forward_is_believed_once_it_has_stood_for_hours(step: float) -> None:
    belief = Belief(0.0, BEGAN)
    believed(belief, 0.0, step)
    assert believed(belief, step, step + DOUBT, LONG) == TOLERANCE
    assert believed(belief, step + DOUBT, step + 2 * DOUBT + STEP, LONG) == LONG
    back = step + 2 * DOUBT + STEP
    assert believed(belief, back, back + LONG) == 0.0
    assert believed(belief, back + LONG, back + LONG + DOUBT, LONG) == TOLERANCE


def test_a_clock_that_was_behind_at_the_start_is_believed_when_it_was_right_for_hours() -> None:
    belief = Belief(0.0, 0.0)
    assert believed(belief, STEP, DOUBT) < -LONG
    assert believed(belief, DOUBT, 2 * DOUBT + STEP) == 0.0


def test_it_is_never_before_what_was_known_at_the_start_with_what_has_passed_since() -> None:
    belief = Belief(0.0, 0.0, BEGAN - 60.0)
    assert believed(belief, STEP, DOUBT) == 0.0


@pytest.mark.parametrize("old", [0.0, LONG])
def test_a_clock_that_is_ahead_from_the_start_is_not_believed_for_hours_beyond_what_was_known(
    old: float,
) -> None:
    belief = Belief(0.0, BEGAN + LONG, BEGAN - old)
    assert believed(belief, 0.0, DOUBT, LONG) == TOLERANCE - old
    assert believed(belief, DOUBT, DOUBT + STEP) == 0.0


def test_nor_for_as_long_as_others_speak_and_their_old_words_are_no_matter() -> None:
    belief = Belief(0.0, BEGAN + LONG)
    at = 0.0
    while at < LONG:
        belief.hear(at, BEGAN + at)
        belief.hear(at + STEP, BEGAN + at + 1.0)
        assert believed(belief, at, at + DOUBT, LONG) == TOLERANCE
        at += DOUBT - STEP


def test_who_is_silent_for_hours_bounds_nothing() -> None:
    belief = Belief(0.0, BEGAN)
    belief.hear(0.0, BEGAN - LONG)
    belief.hear(DOUBT / 2, BEGAN - LONG)
    assert believed(belief, 0.0, DOUBT) == TOLERANCE - LONG
    assert believed(belief, DOUBT, DOUBT + STEP) == 0.0
    belief.hear(2 * DOUBT, BEGAN - 2.0)
    assert believed(belief, 2 * DOUBT, 2 * DOUBT + STEP) == TOLERANCE - 2.0 - 2 * DOUBT


def test_who_is_there_and_says_nothing_new_bounds_it_still_by_what_he_said() -> None:
    ahead = 8 * 86_400.0
    belief = Belief(0.0, ahead)
    belief.hear(10.0, 10.0)
    for at in range(60, 40 * 3600, 60):
        belief.present(float(at))
        assert belief.sure(float(at), at + ahead) <= at + TOLERANCE
    silent = Belief(0.0, ahead)
    for at in range(60, 40 * 3600, 60):
        silent.present(float(at))
    assert silent.sure(40 * 3600.0, 40 * 3600.0 + ahead) == 40 * 3600.0 + ahead
