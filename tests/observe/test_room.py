"""The operations room as a picture: in its place, of its size, and readable without colours."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cybernetic.observe import Flow, LevelView, Look, Panorama, draw, lines, span
from tests.observe.golden import same
from tests.observe.sample import TRENDS, company

HERE = Path(__file__).parent


@pytest.mark.parametrize(("width", "height"), [(80, 21), (80, 24), (120, 30)])
def test_it_looks_as_it_should(width: int, height: int) -> None:
    same(HERE, f"room-{width}x{height}", draw(company(), width, height, trends=TRENDS).plain)


def test_it_looks_as_it_should_in_ascii() -> None:
    picture = draw(company(), 80, 24, look=Look(unicode=False), trends=TRENDS).plain
    assert picture.isascii()
    same(HERE, "room-ascii", picture)


def test_all_of_it_stands_in_plain_lines() -> None:
    told = lines(company(), trends=TRENDS)
    same(HERE, "room-lines", "\n".join(told))
    assert not any(line.startswith("and ") for line in told)  # nothing is left out


@given(width=st.integers(60, 220), height=st.integers(12, 80), unicode=st.booleans())
def test_it_fills_its_place_exactly(width: int, height: int, unicode: bool) -> None:
    picture = draw(company(), width, height, look=Look(unicode), trends=TRENDS).plain.split("\n")
    assert len(picture) == height
    assert {cell_len(line) for line in picture} == {width}


def test_nothing_to_see_is_said() -> None:
    assert "nothing is seen" in draw(Panorama(0.0), 80, 24).plain
    assert lines(Panorama(0.0)) == ["nothing is seen"]


def test_unaudited_is_never_drawn_as_clean() -> None:
    """No colour and no sign of a clean unit stands in the line of one that nobody audits."""
    picture = draw(company(), 120, 30, trends=TRENDS)
    (line,) = [one for one in picture.split("\n") if one.plain.startswith("orders")]
    work = line[: line.plain.index("│")]
    assert "○" in work.plain
    assert "✓" not in work.plain
    assert not any("green" in str(part.style) for part in work.spans)


def test_every_colour_stands_beside_a_sign_or_a_word() -> None:
    """Who sees no colours sees the same: coloured text is a sign, a word, or a bar, never a blank."""
    picture = draw(company(), 120, 30, trends=TRENDS)
    coloured = [
        picture.plain[part.start : part.end]
        for part in picture.spans
        if str(part.style) in ("green", "yellow", "red")
    ]
    assert coloured
    assert all(text.strip() for text in coloured)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0:00"), (-3.0, "0:00"), (12.4, "0:12"), (75.0, "1:15"), (3605.0, "1:00:05")]
)
def test_a_span_is_told_as_on_a_clock(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("own", "within", "mark"),
    [
        ("clean", "unaudited", "✓"),
        ("clean", "clean", "✓"),
        ("clean", "discrepant", "■"),
        ("unaudited", "clean", "✓"),
        ("unaudited", "unaudited", "○"),
        ("unaudited", "verifier suspect", "■"),
        ("discrepant", "clean", "■"),
    ],
)
def test_a_level_is_called_by_the_worst_that_audits_say_of_it(own: str, within: str, mark: str) -> None:
    top = LevelView("a", flows=(Flow("a/b"),), standings=(("a/b", own),))
    inner = LevelView("a/b", flows=(Flow("a/b/c"),), standings=(("a/b/c", within),))
    picture = draw(Panorama(0.0, (top, inner)), 80, 24).plain.split("\n")
    assert picture[1].partition("│")[0].split()[-1] == mark
