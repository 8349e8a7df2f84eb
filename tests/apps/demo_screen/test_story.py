"""The screens of the demonstration: two companies in one currency, banners in plain words, keys on screen."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cybernetic.apps.demo.frames import Banner, Frame
from cybernetic.apps.demo.screen.scene import Fork, Scene
from cybernetic.apps.demo.screen.story import Page, screen
from cybernetic.observe import Look
from tests.apps.demo_screen.sample import film
from tests.observe.golden import same

HERE = Path(__file__).parent
STORY = Scene(film("gateway"), film("viable"), 7, now=1910.0)
FORKED = replace(STORY, now=2220.0, fork=Fork("s3star", 1500.0, film("viable", without=("s3star",))))


def _drawn(scene: Scene, width: int = 80, height: int = 24, *, unicode: bool = True) -> str:
    return screen(scene, Page(width, height, Look(unicode))).plain


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 30)])
def test_the_story_looks_as_it_should(width: int, height: int) -> None:
    same(HERE, f"story-{width}x{height}", _drawn(STORY, width, height))


def test_the_story_looks_as_it_should_in_ascii() -> None:
    picture = _drawn(STORY, unicode=False)
    assert picture.isascii()
    same(HERE, "story-ascii", picture)


def test_it_begins_with_three_sentences() -> None:
    same(HERE, "intro", _drawn(replace(STORY, mode="intro", now=0.0)))


def test_the_fork_shows_both_futures_and_says_what_came_of_it() -> None:
    picture = _drawn(FORKED)
    same(HERE, "fork", picture)
    assert "WITHOUT THE INSPECTOR" in picture
    assert "AS IT IS" in picture
    assert "Without the Inspector, 12 minutes later: 18 wrong answers instead of 9." in picture


def test_why_shows_causes_below_each_other() -> None:
    picture = _drawn(replace(STORY, mode="why"))
    same(HERE, "why", picture)
    lines = [line.strip() for line in picture.split("\n")]
    found = lines.index("25:00 the search tool starts lying; nobody knows yet")
    assert lines[found + 1 : found + 4] == [
        "31:00   → the Inspector found it at the 38th look",
        "31:00   → Inspector: reported ok, verified wrong",
        "31:01     → Director: kb.search is taken out of use",
    ]


def test_what_has_not_happened_yet_is_not_told() -> None:
    picture = _drawn(replace(STORY, now=1000.0))
    assert "search tool" not in picture
    assert "loop" in picture


def test_the_lower_number_is_green_and_the_higher_red() -> None:
    picture = screen(STORY, Page(80, 24, Look()))
    (line,) = [one for one in picture.split("\n") if one.plain.startswith("customers lost")]
    styles = {str(part.style): line.plain[part.start : part.end] for part in line.spans}
    assert len(styles["red"]) > len(styles["green"]) > 0


def test_what_is_too_long_for_a_line_goes_on_below_its_beginning() -> None:
    found = "the Inspector found out about the search tool at the 19th look; the archive from now on, for all of them"
    viable = film("viable", 1800.0)
    banner = Banner(1810.0, "consequence", "search", found)
    viable.add(Frame("viable", 1810.0, viable.at(1800.0).score, (banner,)))
    for mode in ("story", "why"):
        lines = _drawn(replace(STORY, viable=viable, now=1810.0, mode=mode)).split("\n")
        first = next(number for number, line in enumerate(lines) if "the Inspector found" in line)
        begun, place = lines[first].rstrip(), lines[first].index("the Inspector")
        assert f"{begun[place:]} {lines[first + 1].strip()}" == found
        assert lines[first + 1][:place].strip() == ""
        assert lines[first + 1][place] != " "


def test_who_waits_is_told_that_it_is_being_computed() -> None:
    behind = Scene(film("gateway", 300.0), film("viable", 300.0), 7, now=300.0)
    assert behind.waits
    assert "computing" in _drawn(behind)


@given(
    now=st.floats(0, 3600),
    width=st.integers(80, 200),
    height=st.integers(24, 60),
    mode=st.sampled_from(["intro", "story", "why", "room"]),
    unicode=st.booleans(),
    forked=st.booleans(),
)
def test_every_screen_fills_its_place_exactly(
    now: float, width: int, height: int, mode: str, unicode: bool, forked: bool
) -> None:
    scene = replace(FORKED if forked else STORY, now=now, mode=mode)
    picture = _drawn(scene, width, height, unicode=unicode).split("\n")
    assert len(picture) == height
    assert {cell_len(line) for line in picture} == {width}
