"""The layers of the package, as pyproject.toml tells import-linter; and import-linter, held to bad trees."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, plant

GOOD = {
    "core/__init__.py": "",
    "wire/__init__.py": "import cybernetic.core",
    "runtime/__init__.py": "import cybernetic.core",
    "apps/__init__.py": "import cybernetic.runtime, cybernetic.wire",
    "testing/__init__.py": "import cybernetic.runtime",
}


def lint(folder: Path) -> tuple[bool, str]:
    """Whether the package in `folder` keeps the contracts, and what import-linter said."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache", "--no-logo", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},  # else the report breaks its lines where a terminal would
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def lint_tree(folder: Path, files: Mapping[str, str]) -> tuple[bool, str]:
    plant(folder, files)
    return lint(folder)


def test_the_package_keeps_its_layers() -> None:
    kept, report = lint(ROOT)
    assert kept, report


def test_a_good_tree_keeps_the_layers(tmp_path: Path) -> None:
    kept, report = lint_tree(tmp_path, GOOD)
    assert kept, report


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        (
            "core/a.py",
            "import cybernetic.runtime",
            "cybernetic.core is not allowed to import cybernetic.runtime",
        ),
        (
            "wire/a.py",
            "import cybernetic.runtime",
            "cybernetic.wire is not allowed to import cybernetic.runtime",
        ),
        (
            "apps/a.py",
            "import cybernetic.testing",
            "cybernetic.apps is not allowed to import cybernetic.testing",
        ),
        ("attic/__init__.py", "", "attic"),
    ],
)
def test_a_bad_tree_breaks_the_layers(path: str, text: str, complaint: str, tmp_path: Path) -> None:
    kept, report = lint_tree(tmp_path, GOOD | {path: text})
    assert not kept
    assert complaint in report
