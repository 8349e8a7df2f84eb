"""One computed sentence of what a system was good for."""

import pytest

from cybernetic.apps.demo.frames import SYSTEMS, Score
from cybernetic.apps.demo.screen.sentence import sentence


@pytest.mark.parametrize(
    ("system", "without", "whole", "said"),
    [
        (
            "s3star",
            Score(wrong=61, lost=80),
            Score(wrong=9, lost=2),
            "Without the Inspector, 12 minutes later: 61 wrong answers instead of 9.",
        ),
        (
            "s2",
            Score(refused=410),
            Score(),
            "Without the Scheduler, 12 minutes later: 410 refused calls (429) instead of 0.",
        ),
        (
            "s3",
            Score(spent=271.4, budget=250.0),
            Score(spent=240.0, budget=250.0),
            "Without the Director, 12 minutes later: $21 over budget instead of $0.",
        ),
        (
            "s4",
            Score(lost=1),
            Score(),
            "Without the Scout, 12 minutes later: 1 customer lost instead of 0.",
        ),
        (
            "s3star",
            Score(lost=14),
            Score(lost=2),
            "Without the Inspector, 12 minutes later: 14 customers lost instead of 2.",
        ),
        (
            "algedonic",
            Score(wrong=4, refused=90),
            Score(wrong=3),
            "Without the alarm bell, 12 minutes later: 90 refused calls (429) instead of 0.",
        ),
    ],
)
def test_it_tells_what_the_system_is_there_for(system: str, without: Score, whole: Score, said: str) -> None:
    assert sentence(system, 720.0, without, whole) == said


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_difference_is_told_as_none(system: str) -> None:
    assert sentence(system, 60.0, Score(wrong=3), Score(wrong=3)).endswith(
        "1 minute later: no difference yet."
    )


def test_what_is_better_without_the_system_is_told_too() -> None:
    said = sentence("s4", 600.0, Score(lost=2), Score(lost=5))
    assert said == "Without the Scout, 10 minutes later: 2 customers lost instead of 5."


def test_half_a_minute_is_told_in_seconds() -> None:
    assert (
        sentence("s2", 20.0, Score(), Score())
        == "Without the Scheduler, 20 seconds later: no difference yet."
    )
