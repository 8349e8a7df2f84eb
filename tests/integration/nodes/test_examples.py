"""The examples that start processes, run as a user runs them."""

import subprocess
import sys

from tests.architecture.tree import ROOT


def test_the_crew_comes_back() -> None:
    done = subprocess.run(
        [sys.executable, "crew.py"],
        cwd=ROOT / "examples",
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    nodes, reason, answer = done.stdout.splitlines()
    assert nodes == "['worker-1', 'worker-2']"
    assert reason.startswith("NoConnection(")
    assert answer == "worker 0 did task 7"
    assert done.stderr == ""
