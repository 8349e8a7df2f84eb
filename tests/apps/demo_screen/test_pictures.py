"""Pictures for the README: the right moment, and the scoreboard between its marks."""

import pytest

from cybernetic.apps.demo.frames import Frame, Score
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.pictures import BEGIN, END, telling_moment, with_board
from tests.apps.demo_screen.sample import film


def test_the_moment_is_that_of_the_most_alarms() -> None:
    quiet = {"levels": [{"alarms": []}]}
    loud = {"levels": [{"alarms": [1]}, {"alarms": [2, 3]}]}
    frames = [
        Frame("viable", 10.0 * number, Score(), room=room)
        for number, room in enumerate((quiet, loud, quiet, None))
    ]
    assert telling_moment(Film("viable", (), frames)) == 10.0
    assert telling_moment(film("viable")) > 0.0


def test_the_scoreboard_stands_between_its_marks() -> None:
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = with_board(readme, 7, "customers lost")
    assert once == f"before\n{BEGIN}\n```text\nseed 7\ncustomers lost\n```\n{END}\nafter\n"
    assert with_board(once, 7, "customers lost") == once


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="got: 0 times"):
        with_board("nothing", 7, "customers lost")
