"""A file is small and says first what it is for: a giant file is a room that wants walls."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT

LINES = 400
FOLDERS = (PACKAGE, ROOT / "tests", ROOT / "benchmarks", ROOT / "examples")


def crowded(folder: Path) -> Iterator[str]:
    """The files that have more than `LINES` lines."""
    for path in sorted(folder.rglob("*.py")):
        count = len(path.read_text().splitlines())
        if count > LINES:
            yield f"{path.relative_to(folder)}: expected at most {LINES} lines, got: {count}"


def wordless(folder: Path) -> Iterator[str]:
    """The files, other than empty ones, that do not begin by saying what they are for."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text()
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            yield f"{path.relative_to(folder)}: expected a docstring first, got: {text.splitlines()[0]!r}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_file_is_crowded(folder: Path) -> None:
    assert not list(crowded(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_says_what_it_is_for(folder: Path) -> None:
    assert not list(wordless(folder))


def test_the_checks_see_bad_files(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "good.py").write_text('"""For this."""\n' + "x = 1\n" * (LINES - 1))
    (tmp_path / "room" / "empty.py").touch()
    assert not [*crowded(tmp_path), *wordless(tmp_path)]
    (tmp_path / "room" / "bad.py").write_text("x = 1\n" * (LINES + 1))
    assert list(crowded(tmp_path)) == ["room/bad.py: expected at most 400 lines, got: 401"]
    assert list(wordless(tmp_path)) == ["room/bad.py: expected a docstring first, got: 'x = 1'"]
