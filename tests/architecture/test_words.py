"""What tests never say outside tests/integration: `time.sleep`. On virtual time `asyncio.sleep` is free."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT


def sleepers(tests: Path) -> Iterator[str]:
    """The lines of tests that stop their thread for a while."""
    for path in sorted(tests.rglob("*.py")):
        place = path.relative_to(tests)
        if place.parts[0] != "integration":
            for line in sorted(_sleeps(ast.parse(path.read_text()))):
                yield f"{place}:{line}: expected virtual time, got: time.sleep"


def _sleeps(syntax: ast.Module) -> Iterator[int]:
    """The lines that take `sleep` from `time`, under whatever name."""
    clocks = {"time"}
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            clocks.update(alias.asname for alias in node.names if alias.name == "time" and alias.asname)
    for node in ast.walk(syntax):
        match node:
            case ast.ImportFrom(module="time", names=names) if any(
                alias.name in ("sleep", "*") for alias in names
            ):
                yield node.lineno
            case ast.Attribute(value=ast.Name(clock), attr="sleep") if clock in clocks:
                yield node.lineno


def test_no_test_really_sleeps() -> None:
    assert not list(sleepers(ROOT / "tests"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time\ntime.sleep(1)", [2]),
        ("import time as clock\nclock.sleep(0.1)", [2]),
        ("from time import monotonic, sleep", [1]),
        ("from time import *", [1]),
        ("import time\npause = time.sleep", [2]),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)", []),
        ("import time\ntime.monotonic()\n'time.sleep(1)'", []),
    ],
)
def test_the_check_sees_sleep(text: str, found: list[int], tmp_path: Path) -> None:
    (tmp_path / "integration").mkdir()
    (tmp_path / "integration" / "test_real.py").write_text("import time\ntime.sleep(1)")
    (tmp_path / "test_it.py").write_text(text)
    assert list(sleepers(tmp_path)) == [
        f"test_it.py:{n}: expected virtual time, got: time.sleep" for n in found
    ]
