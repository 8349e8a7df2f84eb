"""Typical user code is what mypy and pyright say it is, and mistakes are refused where they stand."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IGNORES = ("# type: ignore[", "# pyright: ignore[")


@pytest.mark.parametrize(
    ("checker", "options"),
    [("mypy", ["--no-error-summary"]), ("pyright", ["--pythonpath", sys.executable])],
    ids=["mypy", "pyright"],
)
def test_typical_programs_pass_and_mistakes_are_refused(checker: str, options: list[str]) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: it comes with the extra `dev`")
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, "tests/types/usage.py", "tests/types/refused.py"],
        cwd=ROOT,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ignores_that_are_not_needed_are_errors_in_both() -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    assert "strict = true" in settings
    assert "reportUnnecessaryTypeIgnoreComment = true" in settings
    assert "enableTypeIgnoreComments = false" in settings


def test_usage_needs_no_ignore_and_every_mistake_is_refused_by_both_but_one() -> None:
    assert not any(ignore in (HERE / "usage.py").read_text() for ignore in IGNORES)
    lines = [line for line in (HERE / "refused.py").read_text().splitlines() if re.search(r"ignore\[", line)]
    assert len(lines) > 40
    alone = [line for line in lines if not all(ignore in line for ignore in IGNORES)]
    assert [line.split("  #")[0].strip() for line in alone] == ["await ref.call(Counter.prop)"]
